"""Bits, comparisons, selections and conversions."""

from typing import Any

from tests.cuda.ptx.parse import Instruction, width
from tests.cuda.ptx.rules import DIRECTED, float_result, numpy_type, refuse, rule

_ROUNDING = {"rni": "np.rint", "rzi": "np.trunc", "rmi": "np.floor", "rpi": "np.ceil"}


@rule("and", "or", "xor", "not")
def _logic(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    values = [w.value(x, kind) for x in i.operands[1:]]
    sign = {"and": "&", "or": "|", "xor": "^", "not": "~"}[i.opcode]
    w.assign(i.operands[0], f"~{values[0]}" if i.opcode == "not"
             else f"{values[0]} {sign} {values[1]}", kind)


@rule("shl", "shr")
def _shift(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    a, amount = w.value(i.operands[1], kind), i.operands[2]
    if amount.isdigit():
        n = w.value(str(min(int(amount), 8 * width(kind))), kind)
    else:
        n = f"A.shift_amount({w.value(amount, 'u32')}, {numpy_type(kind)})"
    w.assign(i.operands[0], f"{a} {'<<' if i.opcode == 'shl' else '>>'} {n}", kind)


@rule("shf")
def _funnel(w: Any, i: Instruction) -> None:
    low, high, amount = (w.value(x, "u32") for x in i.operands[1:])
    w.assign(i.operands[0], f"A.funnel({low}, {high}, {amount}, {'l' in i.modifiers}, "
             f"{'clamp' in i.modifiers})", "u32")


@rule("prmt")
def _permute(w: Any, i: Instruction) -> None:
    if i.modifiers != ("b32",):
        raise NotImplementedError(i.text)
    a, b, c = (w.value(x, "u32") for x in i.operands[1:])
    w.assign(i.operands[0], f"A.permute({a}, {b}, {c})", "u32")


@rule("popc", "clz", "brev", "bfind")
def _bits(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "s":
        raise NotImplementedError(i.text)
    a = w.value(i.operands[1], kind)
    code, result = {
        "popc": (f"np.bitwise_count({a}).astype(u4)", "u32"),
        "clz": (f"u4({8 * width(kind)}) - A.bit_length({a})", "u32"),
        "brev": (f"A.reversed_bits({a})", kind),
        "bfind": (f"A.highest_one({a}, {'shiftamt' in i.modifiers})", "u32")}[i.opcode]
    w.assign(i.operands[0], code, result)


@rule("bfi", "bfe")
def _field(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    whole = len(i.operands) - 2
    values = [w.value(x, kind if n < whole - 1 else "u32") for n, x in enumerate(i.operands[1:])]
    name = "insert_bits" if i.opcode == "bfi" else "extract_bits"
    w.assign(i.operands[0], f"A.{name}({', '.join(values)})", kind)


@rule("selp")
def _select(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    a, b, p = i.operands[1:]
    w.assign(i.operands[0], f"np.where({w.value(p, 'pred')}, {w.value(a, kind)}, "
             f"{w.value(b, kind)})", kind)


@rule("slct")
def _select_by_sign(w: Any, i: Instruction) -> None:
    kind, of = i.modifiers[-2:]
    a, b = (w.value(x, kind) for x in i.operands[1:3])
    w.assign(i.operands[0], f"np.where({w.value(i.operands[3], of)} >= 0, {a}, {b})", kind)


_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
             "lo": "<", "ls": "<=", "hi": ">", "hs": ">="}
_OPPOSITE = {"ltu": ">=", "leu": ">", "gtu": "<=", "geu": "<"}


@rule("setp")
def _compare(w: Any, i: Instruction) -> None:
    kind, how = i.modifiers[-1], i.modifiers[0]
    a, b = (w.value(x, kind) for x in i.operands[1:3])
    if "ftz" in i.modifiers and kind == "f32":
        a, b = f"A.flush({a})", f"A.flush({b})"
    if kind[0] == "f" and how in _OPPOSITE:  # true with a NaN
        code = f"~({a} {_OPPOSITE[how]} {b})"
    elif kind[0] == "f" and how == "equ":
        code = f"~(({a} < {b}) | ({a} > {b}))"
    elif kind[0] == "f" and how == "ne":  # false with a NaN
        code = f"(({a} < {b}) | ({a} > {b}))"
    elif how == "neu":
        code = f"({a} != {b})"
    elif how in ("num", "nan"):
        code = f"{'~' if how == 'num' else ''}(np.isnan({a}) | np.isnan({b}))"
    else:
        code = f"({a} {_COMPARED[how]} {b})"
    targets = i.operands[0].split("|")
    joins = [{"and": "&", "or": "|", "xor": "^"}[m] for m in i.modifiers[1:-1]
             if m in ("and", "or", "xor")]
    third = f" {joins[0]} {w.value(i.operands[3], 'pred')}" if joins else ""
    w.lines.append(f"_compared = {code}")
    values = [f"_compared{third}", f"(~_compared){third}"]
    for target, value in zip(targets, values, strict=False):
        w.assign(target, value, "pred")


@rule("cvt")
def _convert(w: Any, i: Instruction) -> None:
    to, of = i.modifiers[-2:]
    a = w.value(i.operands[1], of)
    if "ftz" in i.modifiers and of == "f32":
        a = f"A.flush({a})"
    rounding = [_ROUNDING[m] for m in i.modifiers if m in _ROUNDING]
    if to[0] != "f" and of[0] == "f":
        return w.assign(i.operands[0], f"A.to_integer({a}, {numpy_type(to)}, {rounding[0]})", to)
    refuse(i, *DIRECTED)
    if to[0] != "f":
        refuse(i, "sat")
        return w.assign(i.operands[0], a if to == of else f"{a}.astype({numpy_type(to)})", to)
    code = f"{rounding[0]}({a})" if rounding else a
    float_result(w, i, code if to == of else f"{code}.astype({numpy_type(to)})", to)
