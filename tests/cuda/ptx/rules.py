"""How rules say what an opcode does: ``RULES[opcode](writer, instruction)`` writes Python code."""

from collections.abc import Callable
from typing import Any

from tests.cuda.ptx.parse import Instruction, width

SPECIAL = tuple(f"%{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid")
                for axis in "xyz") + ("%dynamic_smem_size",)
VOTE = "%vote"  # not PTX's: holds what a thread votes at a barrier
NUMPY_TYPES = ("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")
DIRECTED = ("rz", "rm", "rp")
RULES: dict[str, Callable] = {}  # filled by the files rules_*.py


def rule(*opcodes: str) -> Callable:
    """Make a function known as the rule of opcodes."""
    def known(function: Callable) -> Callable:
        RULES.update(dict.fromkeys(opcodes, function))
        return function
    return known


def refuse(instruction: Instruction, *modifiers: str) -> None:
    """Raise if an instruction has one of the modifiers."""
    if set(modifiers) & set(instruction.modifiers):
        raise NotImplementedError(instruction.text)


def log_width(kind: str) -> int:
    """Binary logarithm of the bytes of a type."""
    return width(kind).bit_length() - 1


def numpy_type(kind: str) -> str:
    """NumPy's name for a PTX type."""
    if kind == "pred":
        return "b1"
    if kind[0] not in "bsuf" or kind == "f16":
        raise NotImplementedError(f"type .{kind}")
    return {"s": "i", "f": "f"}.get(kind[0], "u") + str(width(kind))


def float_result(w: Any, i: Instruction, code: str, kind: str) -> None:
    """Write a float result, saturated or without subnormal numbers where the instruction says."""
    if "sat" in i.modifiers:
        code = f"A.saturate({code})"
    if "ftz" in i.modifiers and kind == "f32":
        code = f"A.flush({code})"
    w.assign(i.operands[0], code, kind)


def floats(w: Any, i: Instruction, kind: str) -> list[str]:
    """The operands after the first as floats, without subnormal ones where it says so."""
    values = [w.value(x, kind) for x in i.operands[1:]]
    return [f"A.flush({v})" for v in values] if "ftz" in i.modifiers and kind == "f32" else values


def directed(i: Instruction, kind: str) -> str | None:
    """The way an instruction rounds, if it is not to nearest; of float32 only."""
    modes = [m for m in i.modifiers if m in DIRECTED]
    if modes and kind != "f32":
        raise NotImplementedError(i.text)
    return modes[0] if modes else None
