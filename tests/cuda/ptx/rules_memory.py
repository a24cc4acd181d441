"""Moves, memory, atomics and votes."""

from typing import Any

from tests.cuda.ptx.parse import Instruction, width
from tests.cuda.ptx.rules import VOTE, log_width, numpy_type, refuse, rule


@rule("cvta")
def _pointer(w: Any, i: Instruction) -> None:
    w.assign(i.operands[0], w.value(i.operands[1], "u64"), "u64")


@rule("mov")
def _move(w: Any, i: Instruction) -> None:
    kind, (to, of) = i.modifiers[-1], i.operands
    if of[0] == "{":
        parts = [p.strip() for p in of[1:-1].split(",")]
        part, whole = f"b{8 * width(kind) // len(parts)}", f"b{kind[1:]}"
        dtype = numpy_type(whole)
        code = " | ".join(f"({w.value(p, part)}.astype({dtype}) << "
                          f"{dtype}({n * int(part[1:])}))" for n, p in enumerate(parts))
        return w.assign(to, code, whole)
    if to[0] == "{":
        parts = [p.strip() for p in to[1:-1].split(",")]
        part, whole = f"b{8 * width(kind) // len(parts)}", f"b{kind[1:]}"
        w.lines.append(f"_whole = {w.value(of, whole)}")
        for n, p in enumerate(parts):
            w.assign(p, f"(_whole >> {numpy_type(whole)}({n * int(part[1:])}))"
                     f".astype({numpy_type(part)})", part)
        return None
    w.assign(to, w.value(of, kind), kind)


@rule("ld")
def _load(w: Any, i: Instruction) -> None:
    kind, (to, of) = i.modifiers[-1], i.operands
    if "param" in i.modifiers:
        if of[1:-1] not in w.names.module.parameters:
            raise NotImplementedError(i.text)
        return w.assign(to, w.value(of[1:-1], kind), kind)
    targets = [t.strip() for t in to.strip("{}").split(",")]
    many = f", {len(targets)}" if len(targets) > 1 else ""
    code = f"M.load({w.address(of)}, {numpy_type(kind)!r}, {log_width(kind)}, {i.text!r}{many})"
    if not many:
        return w.assign(targets[0], code, kind)
    w.lines.append(f"_loaded = {code}")
    for n, target in enumerate(targets):
        w.assign(target, f"_loaded[{n}]", kind)


@rule("st")
def _store(w: Any, i: Instruction) -> None:
    refuse(i, "param")
    kind, (to, of) = i.modifiers[-1], i.operands
    values = ", ".join(w.value(v.strip(), kind) for v in of.strip("{}").split(","))
    w.lines.append(f"M.store({w.address(to)}, {numpy_type(kind)!r}, {log_width(kind)}, {i.text!r}, "
                   f"{values})")


@rule("atom", "red")
def _atomic(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    operation = next((m for m in i.modifiers if m in (
        "add", "max", "min", "and", "or", "xor", "exch", "cas", "inc", "dec")), None)
    if operation is None or len(kind) > 3:
        raise NotImplementedError(i.text)
    operands = i.operands[1:] if i.opcode == "atom" else i.operands
    used = i.opcode == "atom" and i.operands[0] in w.used
    values = ", ".join(w.value(x, kind) for x in operands[1:])
    count = "count if index is None else len(index)"
    code = (f"M.update({operation!r}, {w.address(operands[0])}, {numpy_type(kind)!r}, "
            f"{log_width(kind)}, {i.text!r}, {count}, {used}, {values})")
    if used:
        w.assign(i.operands[0], code, kind)
    else:
        w.lines.append(code)


@rule("membar", "fence")
def _fence(w: Any, i: Instruction) -> None:
    """Threads see each other's stores at once."""


@rule("bar", "barrier")
def _vote(w: Any, i: Instruction) -> None:
    """What the votes make, the launch writes to the result once all threads wait."""
    if "red" not in i.modifiers or len(i.operands) != 3:
        raise NotImplementedError(i.text)
    w.assign(VOTE, w.value(i.operands[2], "pred"), "pred")
