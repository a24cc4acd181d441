"""PTX text to instructions, parameters, registers and symbols. Knows no meaning of an opcode."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.cuda.ptx.calls import Functions, find


class Instruction(NamedTuple):
    """One instruction: ``@guard opcode.modifiers operands``."""

    text: str
    opcode: str
    modifiers: tuple[str, ...]
    operands: tuple[str, ...]  # as written; a vector is one operand, in its braces
    guard: str | None  # predicate register, with "!" before it where negated


class Symbol(NamedTuple):
    """A named piece of memory."""

    space: str  # global, const, shared, local
    align: int
    size: int | None  # bytes; None: dynamic shared memory
    data: bytes | None


@dataclass
class Module:
    """The one kernel of a PTX text, and what it names."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)  # name -> type
    registers: dict[str, str] = field(default_factory=dict)  # name or prefix -> type
    symbols: dict[str, Symbol] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)  # -> the instruction that follows

    def register_type(self, name: str) -> str | None:
        """The declared type of a register: ``%r<9>`` declares those of the prefix ``%r``."""
        return self.registers.get(name) or self.registers.get(name.rstrip("0123456789"))


_SYMBOL = re.compile(
    r"\.(shared|global|const|local)\s+(?:\.attribute\S+\s+)?(?:\.align\s+(\d+)\s+)?\.([bfsu]\d+)"
    r"\s+([\w$]+)(\[\d*\])?(?:\s*=\s*\{([^}]*)\})?\s*;")
_STATEMENT = re.compile(r"(?:@(!?%?\w+)\s+)?([a-z][\w.:]*)\s*(.*)", re.DOTALL)
_OPERAND = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|[^,\s]+")


def width(kind: str) -> int:
    """Bytes of a type."""
    return int(kind[1:]) // 8


def parse(text: str) -> Module:
    """Read a PTX text with one kernel; the functions that it calls become part of it."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    entries = list(re.finditer(r"\.entry\s+([\w$]+)\s*\(([^)]*)\)", text))
    if len(entries) != 1:
        raise ValueError(f"ptx must hold one kernel, got {len(entries)}")
    entry = entries[0]
    module = Module(entry[1])
    for kind, name in re.findall(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+(\S+?)\s*(?:,|$)",
                                 entry[2].strip()):
        module.parameters[name] = kind
    body = _braced(text, text.index("{", entry.end()))
    outside = text[:entry.start()]
    for found in _SYMBOL.finditer(outside):
        _add_symbol(module, found)
    functions = Functions()
    for header in find(text):
        functions.add(header, _lines(_braced(text, header.end() - 1)))
    for line in functions.inlined(_lines(body)):
        _read(module, line)
    return module


def _braced(text: str, start: int) -> str:
    depth = 0
    for brace in re.finditer(r"[{}]", text[start:]):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return text[start + 1:start + brace.start()]
    raise ValueError("ptx must close the braces of its kernel")


def _lines(body: str) -> list[str]:
    """The statements and labels of a kernel; scopes are of no matter: names are unique."""
    statements, pending = [], ""
    for line in body.splitlines():
        line = line.strip()
        if not pending and (line in ("", "{", "}") or re.fullmatch(r"[\w$]+:", line)):
            statements.append(line)
            continue
        pending = f"{pending} {line}".strip()
        while ";" in pending:
            statement, pending = pending.split(";", 1)
            statements.append(statement.strip() + ";")
            pending = pending.strip()
    return [s for s in statements if s not in ("", "{", "}")]


def _add_symbol(module: Module, found: re.Match) -> None:
    space, align, kind, name, count, values = found.groups()
    number = 1 if count is None else int(count[1:-1]) if count != "[]" else None
    data = None
    if values is not None:  # of other types than bytes, numba makes none
        data = bytes(map(int, values.split(","))) if kind == "b8" else None
        if data is None:
            raise NotImplementedError(found[0])
    module.symbols[name] = Symbol(space, int(align or width(kind)),
                                  None if number is None else number * width(kind), data)


def _read(module: Module, line: str) -> None:
    if line.endswith(":"):
        module.labels[line[:-1]] = len(module.instructions)
    elif line.startswith(".reg"):
        _, kind, names = line[:-1].split(maxsplit=2)
        for name in names.split(","):
            module.registers[name.strip().partition("<")[0]] = kind[1:]
    elif found := _SYMBOL.match(line):
        _add_symbol(module, found)
    elif line.startswith((".param", ".loc", ".pragma")):
        pass
    elif found := _STATEMENT.fullmatch(line[:-1]):
        guard, name, rest = found.groups()
        opcode, *modifiers = name.split(".")
        module.instructions.append(Instruction(
            line, opcode, tuple(m for m in modifiers if m),
            tuple(_OPERAND.findall(rest)), guard))
    else:
        raise NotImplementedError(line)
