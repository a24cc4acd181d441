"""Arithmetic of integers and floats."""

from typing import Any

from tests.cuda.ptx.parse import Instruction, width
from tests.cuda.ptx.rules import directed, float_result, floats, numpy_type, refuse, rule


@rule("add", "sub")
def _add(w: Any, i: Instruction) -> None:
    kind, sign = i.modifiers[-1], "+" if i.opcode == "add" else "-"
    if kind[0] != "f":
        if "cc" in i.modifiers:
            return _carry(w, i)
        refuse(i, "sat")
        unsigned = f"u{kind[1:]}"
        a, b = (w.value(x, unsigned) for x in i.operands[1:])
        return w.assign(i.operands[0], f"{a} {sign} {b}", unsigned)
    a, b = floats(w, i, kind)
    mode = directed(i, kind)
    code = f"{a} {sign} {b}"
    if mode:
        code = f"A.directed({a}, f4(1), {sign}({b}), {mode!r})"
    float_result(w, i, code, kind)


@rule("addc", "subc", "madc")
def _carry(w: Any, i: Instruction) -> None:
    """32-bit arithmetic with a carry, in 64 bits; the carry stays within a block."""
    if width(i.modifiers[-1]) != 4:
        raise NotImplementedError(i.text)
    *factors, addend = (f"{w.value(x, 'u32')}.astype(u8)" for x in i.operands[1:])
    carry = "_carry" if i.opcode in ("addc", "subc", "madc") else "u8(0)"
    if i.opcode in ("mad", "madc"):
        product = f"({factors[0]} * {factors[1]})"
        factors = [f"({product} >> u8(32))" if "hi" in i.modifiers
                   else f"({product} & u8(0xFFFFFFFF))"]
    sign = "-" if i.opcode in ("sub", "subc") else "+"
    w.lines.append(f"_wide = {factors[0]} {sign} {addend} {sign} {carry}")
    if "cc" in i.modifiers:
        w.lines.append("_carry = (_wide >> u8(32)) & u8(1)")
    w.assign(i.operands[0], "_wide.astype(u4)", "u32")


@rule("mul")
def _mul(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        a, b = floats(w, i, kind)
        mode = directed(i, kind)
        code = f"{a} * {b}"
        if mode:
            code = f"A.directed({a}, {b}, f4(-0.0), {mode!r})"
        return float_result(w, i, code, kind)
    code, wide = _product(w, i)
    w.assign(i.operands[0], code, wide)


def _product(w: Any, i: Instruction) -> tuple[str, str]:
    """The product of two integers, and its type."""
    kind = i.modifiers[-1]
    if "hi" in i.modifiers:
        a, b = (w.value(x, kind) for x in i.operands[1:3])
        return f"A.high_half({a}, {b})", kind
    if "wide" in i.modifiers:
        a, b = (w.value(x, kind) for x in i.operands[1:3])
        wide = kind[0] + str(2 * 8 * width(kind))
        return f"{a}.astype({numpy_type(wide)}) * {b}.astype({numpy_type(wide)})", wide
    unsigned = f"u{kind[1:]}"
    a, b = (w.value(x, unsigned) for x in i.operands[1:3])
    return f"{a} * {b}", unsigned


@rule("mad", "fma")
def _mad(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        a, b, c = floats(w, i, kind)
        mode = directed(i, kind)
        code = f"A.fma({a}, {b}, {c})"
        if mode:
            code = f"A.directed({a}, {b}, {c}, {mode!r})"
        return float_result(w, i, code, kind)
    if "cc" in i.modifiers:
        return _carry(w, i)
    refuse(i, "sat")
    code, wide = _product(w, i)
    w.assign(i.operands[0], f"{code} + {w.value(i.operands[3], wide)}", wide)


@rule("div", "rem")
def _div(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        if directed(i, kind):
            raise NotImplementedError(i.text)
        a, b = floats(w, i, kind)
        return float_result(w, i, f"{a} / {b}", kind)
    a, b = (w.value(x, kind) for x in i.operands[1:])
    name = "quotient" if i.opcode == "div" else "remainder"
    w.assign(i.operands[0], f"A.{name}({a}, {b})", kind)


@rule("min", "max")
def _extreme(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        refuse(i, "NaN", "xorsign", "abs")
        name = "A.least" if i.opcode == "min" else "A.greatest"
        return float_result(w, i, f"{name}({', '.join(floats(w, i, kind))})", kind)
    a, b = (w.value(x, kind) for x in i.operands[1:])
    w.assign(i.operands[0], f"np.{i.opcode}imum({a}, {b})", kind)


@rule("neg", "abs")
def _sign(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        a, = floats(w, i, kind)
        return float_result(w, i, f"-{a}" if i.opcode == "neg" else f"np.abs({a})", kind)
    a = w.value(i.operands[1], kind)
    zero = w.value("0", kind)
    negative = f"{zero} - {a}"
    w.assign(i.operands[0], negative if i.opcode == "neg" else
             f"np.where({a} < {zero}, {negative}, {a})", kind)


@rule("rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh")
def _function(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if directed(i, kind) or kind[0] != "f":
        raise NotImplementedError(i.text)
    a, = floats(w, i, kind)
    code = {"rcp": f"{numpy_type(kind)}(1) / {a}", "sqrt": f"np.sqrt({a})",
            "rsqrt": f"A.approximate(lambda x: 1 / np.sqrt(x), {a})",
            "ex2": f"A.approximate(np.exp2, {a})", "lg2": f"A.approximate(np.log2, {a})"}
    float_result(w, i, code.get(i.opcode, f"A.approximate(np.{i.opcode}, {a})"), kind)


@rule("copysign")
def _copysign(w: Any, i: Instruction) -> None:
    kind = i.modifiers[-1]
    sign, size = (w.value(x, kind) for x in i.operands[1:])
    w.assign(i.operands[0], f"np.copysign({size}, {sign})", kind)
