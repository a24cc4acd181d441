"""Runs compiled CUDA kernels on the CPU: NVVM's PTX, instruction by instruction, many threads at
once.

What it cannot show: warp-level primitives (they raise), races within a group of threads that run in
lockstep (a `seed` makes the groups random), speed. It is stricter than a device where that would
hide a mistake: all threads of a block must come to each barrier.
"""

import math
from typing import Any

import numpy as np

from tests.cuda.ptx.arguments import Arguments
from tests.cuda.ptx.blocks import split
from tests.cuda.ptx.memory import GARBAGE, Layout, Memory
from tests.cuda.ptx.parse import Instruction, parse
from tests.cuda.ptx.rules import SPECIAL, VOTE
from tests.cuda.ptx.threads import Group
from tests.cuda.ptx.translate import Names, translate

TOGETHER = 2048  # threads that run at once, about; blocks are independent
GROUPS = 4  # at most, under a seed

# Of a launch that asks for nothing special, on every device (CUDA programming guide, "Compute
# capabilities"): blocks and threads along x, y and z, and bytes of shared memory.
MOST_BLOCKS, MOST_THREADS = (2**31 - 1, 65535, 65535), (1024, 1024, 64)
MOST_SHARED = 48 * 1024

_OWN = ("shared", "local")  # spaces of which each block, or each thread, has its own


class DivergentBarrier(Exception):
    """Threads of a block wait at different barriers, or left the kernel before one."""


class Program:
    """A compiled kernel."""

    def __init__(self, ptx: str) -> None:
        self.module = parse(ptx)
        self.names = Names(self.module)
        blocks = split(self.module)
        self.votes = {block.target: block.vote for block in blocks if block.vote}
        results = [vote.operands[0] for vote in self.votes.values()]
        for name in (*self.module.parameters, *self.module.symbols, *SPECIAL, VOTE, *results):
            self.names.index(name)
        self.code = translate(self.names, blocks)

    def launch(self, grid: Any, block: Any, *arguments: Any, shared: int = 0,
               seed: int | None = None) -> None:
        """Run the kernel; arrays among the arguments are written in place.

        Parameters
        ----------
        grid, block : int or tuple of int
            Blocks of the grid, threads of a block.
        arguments : arrays, NumPy scalars, None, or tuples of them
        shared : int
            Bytes of dynamic shared memory.
        seed : int, optional
            Shuffles threads and blocks. Those of a block run in several groups, one after the
            other from barrier to barrier, so that what lacks a barrier goes wrong. Without a seed
            they run in step, which hides that.
        """
        grid, block = _three(grid), _three(block)
        layout = Layout()
        given = Arguments(self.module, arguments, layout)
        launch = _Launch(self, layout, grid, block, shared, seed)
        launch.registers.update(given.values)
        given.write(launch.memory)
        try:
            with np.errstate(all="ignore"):
                launch.run()
        finally:
            given.read_back(launch.memory)


class _Launch:
    """One launch: its memory, and which threads run when."""

    def __init__(self, program: Program, layout: Layout, grid: tuple, block: tuple, shared: int,
                 seed: int | None) -> None:
        self.program, self.grid, self.block, self.shared = program, grid, block, shared
        self.random = None if seed is None else np.random.default_rng(seed)
        self.threads, blocks = math.prod(block), math.prod(grid)
        _check_sizes(program, grid, block, shared)
        self.order = np.arange(blocks) if self.random is None else self.random.permutation(blocks)
        self.together = min(blocks, max(1, TOGETHER // self.threads))
        self.registers: dict[str, Any] = {}  # the same for all threads
        self.bases: dict[str, Any] = {}  # addresses of what each block or thread has for itself
        symbols = program.module.symbols
        for name, symbol in symbols.items():
            if symbol.space not in _OWN:
                self.registers[name] = np.uint64(layout.add(name, symbol.size))
        own = layout.end
        for name, symbol in symbols.items():
            if symbol.space in _OWN:
                size = shared if symbol.size is None else symbol.size
                owners = self.together * (self.threads if symbol.space == "local" else 1)
                self.bases[name] = np.array([layout.add(f"{symbol.space} memory {name}", size)
                                             for _ in range(owners)], np.uint64)
        self.memory = Memory(layout)
        self.own = self.memory.bytes[own:layout.end]
        for name, symbol in symbols.items():
            if symbol.data is not None:
                start = int(self.registers[name])
                self.memory.bytes[start:start + len(symbol.data)] = bytearray(symbol.data)

    def run(self) -> None:
        for start in range(0, len(self.order), self.together):
            self._run(self.order[start:start + self.together])

    def _run(self, blocks: Any) -> None:
        """Run some blocks together, from barrier to barrier."""
        self.own[:] = GARBAGE
        groups = [Group(*self._threads(blocks, lanes)) for lanes in self._groups(len(blocks))]
        running = [(group, group.run(self.program.code, self.memory)) for group in groups]
        while running:
            if self.random is not None:
                running = [running[i] for i in self.random.permutation(len(running))]
            running = [(g, run) for g, run in running if next(run, self) is not self]
            self._meet([g for g, _ in running])

    def _groups(self, blocks: int) -> list:
        """Which of ``blocks * threads`` threads run in lockstep."""
        lanes = np.arange(blocks * self.threads)
        if self.random is None:
            return [lanes]
        lanes = self.random.permutation(lanes)
        group = self.random.integers(0, self.random.integers(2, GROUPS + 1), len(lanes))
        return [lanes[group == g] for g in range(GROUPS) if (group == g).any()]

    def _threads(self, blocks: Any, lanes: Any) -> tuple[list, Any]:
        """Registers at the start, and the number of the block, of threads."""
        names = self.program.names
        owners, thread = lanes // self.threads, lanes % self.threads
        special = dict(zip(SPECIAL, (
            *_positions(thread, self.block), *map(np.uint32, self.block),
            *_positions(blocks[owners], self.grid), *map(np.uint32, self.grid),
            np.uint32(self.shared)), strict=True))
        special |= self.registers
        for name, bases in self.bases.items():
            own = lanes if self.program.module.symbols[name].space == "local" else owners
            special[name] = bases[own]
        registers = [np.dtype(kind).type(0) for kind in names.stored]
        for name, value in special.items():
            registers[names.index(name)] = value
        return registers, owners

    def _meet(self, groups: list[Group]) -> None:
        """All threads of a block that has not ended must wait at the same barrier."""
        if not groups:
            return
        owners = np.concatenate([g.owners for g in groups])
        places = np.concatenate([np.broadcast_to(g.place, len(g.owners)) for g in groups])
        count = np.bincount(owners, minlength=self.together)
        if ((count != 0) & (count != self.threads)).any():
            raise DivergentBarrier("some threads of a block wait at a barrier, and others have "
                                   "left the kernel")
        lowest, highest = places.max() + 0 * count, 0 * count
        np.minimum.at(lowest, owners, places)
        np.maximum.at(highest, owners, places)
        if ((count != 0) & (lowest != highest)).any():
            raise DivergentBarrier("threads of a block wait at different barriers")
        for place, vote in self.program.votes.items():
            if (places == place).any():
                self._vote(groups, place, vote)

    def _vote(self, groups: list[Group], place: int, vote: Instruction) -> None:
        """Give the threads that wait at `place` what their block voted there."""
        index = self.program.names.index
        count = sum(np.bincount(g.owners, np.broadcast_to(g.registers[index(VOTE)], g.owners.shape),
                                self.together) for g in groups)
        result = {"popc": count, "and": count == self.threads, "or": count > 0}[vote.modifiers[1]]
        to = index(vote.operands[0])
        kind = self.program.names.stored[to]
        for g in groups:
            g.registers[to] = np.where(np.equal(g.place, place), result[g.owners].astype(kind),
                                       g.registers[to])


def _check_sizes(program: Program, grid: tuple, block: tuple, shared: int) -> None:
    """What a device refuses to launch is refused here."""
    for name, sizes, most in (("grid", grid, MOST_BLOCKS), ("block", block, MOST_THREADS)):
        if not all(1 <= size <= limit for size, limit in zip(sizes, most, strict=True)):
            raise ValueError(f"{name} must be 1 to {most}, got {sizes}")
    if math.prod(block) > MOST_THREADS[0]:
        raise ValueError(f"block must have at most {MOST_THREADS[0]} threads, got {block}")
    used = shared + sum(s.size or 0 for s in program.module.symbols.values()
                        if s.space == "shared")
    if used > MOST_SHARED:
        raise ValueError(f"shared memory must be at most {MOST_SHARED} bytes, got {used}")


def _three(size: Any) -> tuple:
    sizes = tuple(size) if isinstance(size, tuple | list) else (size,)
    return tuple(map(int, (*sizes, 1, 1)[:3]))


def _positions(number: Any, size: tuple) -> tuple:
    """x, y and z of places counted with x fastest."""
    x, y, _ = size
    return tuple(v.astype(np.uint32) for v in (number % x, number // x % y, number // (x * y)))
