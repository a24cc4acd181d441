"""Threads in lockstep: those at the lowest block run it, all at once.

Threads that diverged meet again at the block where their ways join, since the compiler orders
blocks so. At a barrier a group waits when none of its threads can go on.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.cuda.ptx.blocks import EXIT, WAITING


LIMIT = 10**6  # blocks of instructions that a group may run in a launch: some 20 s


class Group:
    """Threads that run in lockstep, with their registers."""

    def __init__(self, registers: list, owners: Any) -> None:
        self.registers = registers  # each a scalar or one value a thread
        self.owners = owners  # number of the block (of threads) that each belongs to
        self.place: Any = 0  # of all threads, or of each: see `blocks`

    def run(self, code: list, memory: Any) -> Iterator[None]:
        """Run, with a stop at each barrier."""
        for _ in range(LIMIT):
            if not len(self.owners):
                return
            if isinstance(self.place, int):
                if self.place >= WAITING:
                    yield
                    self.place -= WAITING
                self._move(None, code[self.place](self.registers, None, len(self.owners), memory))
                continue
            first = int(self.place.min())
            if first >= WAITING:
                yield
                self.place -= WAITING
                continue
            index = np.flatnonzero(self.place == first)
            if len(index) == len(self.owners):
                self.place = first
                continue
            self._move(index, code[first](self.registers, index, len(self.owners), memory))
        raise RuntimeError("threads do not come to an end: do they wait for each other?")

    def _move(self, index: Any, step: Any) -> None:
        """Send threads on; those that leave the kernel leave the group."""
        place = step
        if isinstance(step, tuple):
            taken, target, otherwise = step
            count = np.count_nonzero(taken)
            if count == 0 or count == np.size(taken):
                place = target if count else otherwise
            else:
                place = np.where(taken, target, otherwise)
        if index is not None:
            self.place[index] = place
        else:
            self.place = place
        if isinstance(self.place, int):
            if self.place == EXIT:
                self._keep(np.zeros(0, np.int64))
            return
        stays = self.place != EXIT
        if not stays.all():
            kept = np.flatnonzero(stays)
            self.place = self.place[kept]
            self._keep(kept)

    def _keep(self, kept: Any) -> None:
        self.owners = self.owners[kept]
        self.registers[:] = [r[kept] if r.ndim else r for r in self.registers]
