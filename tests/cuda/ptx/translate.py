"""A block of instructions to a Python function on the values of many threads at once.

A register is a local variable: a NumPy scalar where its value is the same for all threads because
of how it came about, else an array with one value a thread. Registers that other blocks read are
kept in a list between blocks; `index` says which threads run the block, None that all do.
"""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.cuda.ptx import arithmetic, rules, rules_bits, rules_memory, rules_numbers
from tests.cuda.ptx.blocks import Block
from tests.cuda.ptx.parse import Instruction, Module
from tests.cuda.ptx.rules import numpy_type

FILES = rules_bits, rules_memory, rules_numbers  # to import them fills `rules.RULES`


class Names:
    """Registers of a kernel by number: its own, its parameters, its symbols, %tid and the like."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.number: dict[str, int] = {}
        self.stored: list[str] = []  # NumPy type of each
        self.constants: dict[str, Any] = {}

    def type_of(self, name: str) -> str:
        """NumPy type in which a register, parameter, symbol or special register is kept."""
        if name in self.module.parameters:
            return numpy_type(self.module.parameters[name])
        if name in self.module.symbols:
            return "u8"
        if name in rules.SPECIAL:
            return "u4"
        if name == rules.VOTE:
            return "b1"
        kind = self.module.register_type(name)
        if kind is None:  # a special register
            raise NotImplementedError(name)
        return numpy_type(kind)

    def index(self, name: str) -> int:
        """The number of a register."""
        if name not in self.number:
            self.number[name] = len(self.stored)
            self.stored.append(self.type_of(name))
        return self.number[name]

    def constant(self, value: Any) -> str:
        """The name, in the code, of a NumPy scalar."""
        name = f"C{value.dtype.str[1:]}_{value.tobytes().hex()}"
        self.constants[name] = value
        return name


def variable(name: str) -> str:
    """The Python variable of a register."""
    return "_" + "".join(c if c.isalnum() else "_" for c in name)


class Writer:
    """The statements of one block, and which registers they read and write."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.lines: list[str] = []
        self.read: dict[str, None] = {}  # before they are written, in order
        self.written: dict[str, None] = {}
        self.used: set[str] = set()  # filled by `used_registers`

    def register(self, name: str) -> str:
        """The variable that holds a register, which is read."""
        if name not in self.written:
            self.read[name] = None
        return variable(name)

    def value(self, operand: str, kind: str) -> str:
        """An operand as an expression of the PTX type `kind`."""
        wanted = numpy_type(kind)
        if operand[0] == "!":
            return f"(~{self.value(operand[1:], kind)})"
        if operand[0] != "%" and operand not in self.names.module.symbols \
                and operand not in self.names.module.parameters \
                and operand not in self.names.module.registers:
            return self.names.constant(_immediate(operand, wanted))
        code, stored = self.register(operand), self.names.type_of(operand)
        if stored == wanted:
            return code
        if stored[1:] == wanted[1:]:
            return f"{code}.view({wanted})"
        return f"{code}.astype({wanted})"

    def assign(self, operand: str, code: str, kind: str) -> None:
        """Write an expression of the PTX type `kind` to a register, widened by its sign."""
        if operand == "_":
            return
        stored, given = self.names.type_of(operand), numpy_type(kind)
        if stored != given:
            form = "view" if stored[1:] == given[1:] else "astype"
            code = f"({code}).{form}({stored})"
        self.lines.append(f"{variable(operand)} = {code}")
        self.written[operand] = None

    def address(self, operand: str) -> str:
        """The address that ``[register+offset]`` names."""
        base, _, offset = operand[1:-1].partition("+")
        code = self.value(base.strip(), "u64")
        if not offset or int(offset) == 0:
            return code
        return f"({code} + {self.names.constant(np.uint64(int(offset) % 2**64))})"


def _immediate(text: str, wanted: str) -> Any:
    if text[:2] in ("0f", "0F"):
        bits = np.uint32(int(text[2:], 16))
        return bits.view(np.float32) if wanted[0] == "f" else bits.astype(wanted)
    if text[:2] in ("0d", "0D"):
        bits = np.uint64(int(text[2:], 16))
        return bits.view(np.float64) if wanted[0] == "f" else bits.astype(wanted)
    if wanted == "b1":
        return np.bool_(int(text, 0) != 0)
    number = int(text.rstrip("U"), 0)
    if wanted[0] == "f":
        return np.dtype(wanted).type(number)
    raw = struct.pack("<Q", number % 2**64)[:int(wanted[1:])]
    return np.frombuffer(raw, wanted)[0]


def translate(names: Names, blocks: list[Block]) -> list[Callable]:
    """A function ``(registers, index, count, memory) -> place or (condition, place, place)``
    for each block."""
    used = _used_registers(blocks)
    writers = [_write(names, block, used) for block in blocks]
    shared = {rules.VOTE, *(name for writer in writers for name in writer.read)}
    scope: dict[str, Any] = {"np": np, "A": arithmetic, "gather": _gather, "scatter": _scatter,
                             **{kind: np.dtype(kind).type for kind in rules.NUMPY_TYPES}}
    source = []
    for i, (block, writer) in enumerate(zip(blocks, writers, strict=True)):
        source.append(f"def block_{i}(R, index, count, M):")
        if writer.read:
            source.append(f"    {''.join(f'{variable(n)}, ' for n in writer.read)}= gather(R, "
                          f"{tuple(map(names.index, writer.read))}, index)")
        source += [f"    {line}" for line in writer.lines]
        if kept := [n for n in writer.written if n in shared]:
            pairs = "".join(f"({names.index(n)}, {variable(n)}), " for n in kept)
            source.append(f"    scatter(R, ({pairs}), index, count)")
        if block.condition is None or block.target == block.otherwise:
            source.append(f"    return {block.target}")
        else:
            sign = "~" if block.condition[0] == "!" else ""
            condition = sign + variable(block.condition.lstrip("!"))
            source.append(f"    return {condition}, {block.target}, {block.otherwise}")
    scope.update(names.constants)
    exec(compile("\n".join(source), "<ptx>", "exec"), scope)
    return [scope[f"block_{i}"] for i in range(len(blocks))]


def _write(names: Names, block: Block, used: set[str]) -> Writer:
    writer = Writer(names)
    writer.used = used
    for instruction in block.body:
        _write_instruction(writer, instruction)
    if block.condition is not None:
        writer.register(block.condition.lstrip("!"))
    return writer


def _write_instruction(writer: Writer, instruction: Instruction) -> None:
    """What is not known raises when a thread comes to it: libraries hold paths for rare cases."""
    rule = rules.RULES.get(instruction.opcode)
    before = len(writer.lines)
    try:
        if rule is None:
            raise NotImplementedError(instruction.text)
        rule(writer, instruction)
    except NotImplementedError:
        del writer.lines[before:]
        writer.lines.append(f"raise NotImplementedError({instruction.text!r})")


def _used_registers(blocks: list[Block]) -> set[str]:
    """Registers that some instruction reads: an atomic need not give what nobody reads."""
    used: set[str] = set()
    for block in blocks:
        for instruction in block.body:
            first = 0 if instruction.opcode in ("st", "red") else 1
            for operand in instruction.operands[first:]:
                used |= {part.strip(" !") for part in
                         operand.strip("{}[]").replace("+", ",").split(",")}
    used |= {block.condition.lstrip("!") for block in blocks if block.condition}
    return used


def _gather(registers: list, numbers: tuple, index: Any) -> list:
    if index is None:
        return [registers[i] for i in numbers]
    return [r[index] if (r := registers[i]).ndim else r for i in numbers]


def _scatter(registers: list, pairs: tuple, index: Any, count: int) -> None:
    """Registers share arrays, so none is changed in place."""
    for i, value in pairs:
        if index is not None:
            old = registers[i]
            new = old.copy() if old.ndim else np.full(count, old)
            new[index] = value
            value = new
        registers[i] = value
