"""What each opcode does, as Python code: ``RULES[opcode](writer, instruction)`` writes it."""

from collections.abc import Callable

from tests.cuda.ptx.parse import Instruction, width

SPECIAL = tuple(f"%{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid")
                for axis in "xyz") + ("%dynamic_smem_size",)
NUMPY_TYPES = ("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")
RULES: dict[str, Callable] = {}

_ROUNDING = {"rni": "np.rint", "rzi": "np.trunc", "rmi": "np.floor", "rpi": "np.ceil"}
_DIRECTED = ("rz", "rm", "rp")


def rule(*opcodes: str) -> Callable:
    """Make a function known as the rule of opcodes."""
    def known(function: Callable) -> Callable:
        RULES.update(dict.fromkeys(opcodes, function))
        return function
    return known


def _refuse(instruction: Instruction, *modifiers: str) -> None:
    if set(modifiers) & set(instruction.modifiers):
        raise NotImplementedError(instruction.text)


def _log(kind: str) -> int:
    return width(kind).bit_length() - 1


def _numpy(kind: str) -> str:
    return {"s": "i", "f": "f"}.get(kind[0], "u") + str(width(kind))


def _float_result(w, i: Instruction, code: str, kind: str) -> None:
    if "sat" in i.modifiers:
        code = f"A.saturate({code})"
    if "ftz" in i.modifiers and kind == "f32":
        code = f"A.flush({code})"
    w.assign(i.operands[0], code, kind)


def _floats(w, i: Instruction, kind: str) -> list[str]:
    values = [w.value(x, kind) for x in i.operands[1:]]
    return [f"A.flush({v})" for v in values] if "ftz" in i.modifiers and kind == "f32" else values


def _directed(i: Instruction, kind: str) -> str | None:
    modes = [m for m in i.modifiers if m in _DIRECTED]
    if modes and kind != "f32":
        raise NotImplementedError(i.text)
    return modes[0] if modes else None


@rule("add", "sub")
def _add(w, i: Instruction) -> None:
    kind, sign = i.modifiers[-1], "+" if i.opcode == "add" else "-"
    if kind[0] != "f":
        if "cc" in i.modifiers:
            return _carry(w, i)
        _refuse(i, "sat")
        unsigned = f"u{kind[1:]}"
        a, b = (w.value(x, unsigned) for x in i.operands[1:])
        return w.assign(i.operands[0], f"{a} {sign} {b}", unsigned)
    a, b = _floats(w, i, kind)
    mode = _directed(i, kind)
    _float_result(w, i, f"A.directed({a}, f4(1), {sign}({b}), {mode!r})" if mode
                  else f"{a} {sign} {b}", kind)


@rule("addc", "subc", "madc")
def _carry(w, i: Instruction) -> None:
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
def _mul(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        a, b = _floats(w, i, kind)
        mode = _directed(i, kind)
        return _float_result(w, i, f"A.directed({a}, {b}, f4(-0.0), {mode!r})" if mode
                             else f"{a} * {b}", kind)
    code, wide = _product(w, i)
    w.assign(i.operands[0], code, wide)


def _product(w, i: Instruction) -> tuple[str, str]:
    """The product of two integers, and its type."""
    kind = i.modifiers[-1]
    if "hi" in i.modifiers:
        a, b = (w.value(x, kind) for x in i.operands[1:3])
        return f"A.high_half({a}, {b})", kind
    if "wide" in i.modifiers:
        a, b = (w.value(x, kind) for x in i.operands[1:3])
        wide = kind[0] + str(2 * 8 * width(kind))
        return f"{a}.astype({_numpy(wide)}) * {b}.astype({_numpy(wide)})", wide
    unsigned = f"u{kind[1:]}"
    a, b = (w.value(x, unsigned) for x in i.operands[1:3])
    return f"{a} * {b}", unsigned


@rule("mad", "fma")
def _mad(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        a, b, c = _floats(w, i, kind)
        mode = _directed(i, kind)
        return _float_result(w, i, f"A.directed({a}, {b}, {c}, {mode!r})" if mode
                             else f"A.fma({a}, {b}, {c})", kind)
    if "cc" in i.modifiers:
        return _carry(w, i)
    _refuse(i, "sat")
    code, wide = _product(w, i)
    w.assign(i.operands[0], f"{code} + {w.value(i.operands[3], wide)}", wide)


@rule("div", "rem")
def _div(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        if _directed(i, kind):
            raise NotImplementedError(i.text)
        a, b = _floats(w, i, kind)
        return _float_result(w, i, f"{a} / {b}", kind)
    a, b = (w.value(x, kind) for x in i.operands[1:])
    name = "quotient" if i.opcode == "div" else "remainder"
    w.assign(i.operands[0], f"A.{name}({a}, {b})", kind)


@rule("min", "max")
def _extreme(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        _refuse(i, "NaN", "xorsign", "abs")
        name = "A.least" if i.opcode == "min" else "A.greatest"
        return _float_result(w, i, f"{name}({', '.join(_floats(w, i, kind))})", kind)
    a, b = (w.value(x, kind) for x in i.operands[1:])
    w.assign(i.operands[0], f"np.{i.opcode}imum({a}, {b})", kind)


@rule("neg", "abs")
def _sign(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if kind[0] == "f":
        a, = _floats(w, i, kind)
        return _float_result(w, i, f"-{a}" if i.opcode == "neg" else f"np.abs({a})", kind)
    a = w.value(i.operands[1], kind)
    zero = w.value("0", kind)
    negative = f"{zero} - {a}"
    w.assign(i.operands[0], negative if i.opcode == "neg" else
             f"np.where({a} < {zero}, {negative}, {a})", kind)


@rule("rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh")
def _function(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    if _directed(i, kind) or kind[0] != "f":
        raise NotImplementedError(i.text)
    a, = _floats(w, i, kind)
    code = {"rcp": f"{_numpy(kind)}(1) / {a}", "sqrt": f"np.sqrt({a})",
            "rsqrt": f"A.approximate(lambda x: 1 / np.sqrt(x), {a})",
            "ex2": f"A.approximate(np.exp2, {a})", "lg2": f"A.approximate(np.log2, {a})"}
    _float_result(w, i, code.get(i.opcode, f"A.approximate(np.{i.opcode}, {a})"), kind)


@rule("copysign")
def _copysign(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    sign, size = (w.value(x, kind) for x in i.operands[1:])
    w.assign(i.operands[0], f"np.copysign({size}, {sign})", kind)


@rule("and", "or", "xor", "not")
def _logic(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    values = [w.value(x, kind) for x in i.operands[1:]]
    sign = {"and": "&", "or": "|", "xor": "^", "not": "~"}[i.opcode]
    w.assign(i.operands[0], f"~{values[0]}" if i.opcode == "not"
             else f"{values[0]} {sign} {values[1]}", kind)


@rule("shl", "shr")
def _shift(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    a, amount = w.value(i.operands[1], kind), i.operands[2]
    if amount.isdigit():
        n = w.value(str(min(int(amount), 8 * width(kind))), kind)
    else:
        n = f"A.shift_amount({w.value(amount, 'u32')}, {_numpy(kind)})"
    w.assign(i.operands[0], f"{a} {'<<' if i.opcode == 'shl' else '>>'} {n}", kind)


@rule("shf")
def _funnel(w, i: Instruction) -> None:
    low, high, amount = (w.value(x, "u32") for x in i.operands[1:])
    w.assign(i.operands[0], f"A.funnel({low}, {high}, {amount}, {'l' in i.modifiers}, "
             f"{'clamp' in i.modifiers})", "u32")


@rule("prmt")
def _permute(w, i: Instruction) -> None:
    if i.modifiers != ("b32",):
        raise NotImplementedError(i.text)
    a, b, c = (w.value(x, "u32") for x in i.operands[1:])
    w.assign(i.operands[0], f"A.permute({a}, {b}, {c})", "u32")


@rule("popc", "clz", "brev", "bfind")
def _bits(w, i: Instruction) -> None:
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
def _field(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    whole = len(i.operands) - 2
    values = [w.value(x, kind if n < whole - 1 else "u32") for n, x in enumerate(i.operands[1:])]
    name = "insert_bits" if i.opcode == "bfi" else "extract_bits"
    w.assign(i.operands[0], f"A.{name}({', '.join(values)})", kind)


@rule("selp")
def _select(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    a, b, p = i.operands[1:]
    w.assign(i.operands[0], f"np.where({w.value(p, 'pred')}, {w.value(a, kind)}, "
             f"{w.value(b, kind)})", kind)


@rule("slct")
def _select_by_sign(w, i: Instruction) -> None:
    kind, of = i.modifiers[-2:]
    a, b = (w.value(x, kind) for x in i.operands[1:3])
    w.assign(i.operands[0], f"np.where({w.value(i.operands[3], of)} >= 0, {a}, {b})", kind)


_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
             "lo": "<", "ls": "<=", "hi": ">", "hs": ">="}
_OPPOSITE = {"ltu": ">=", "leu": ">", "gtu": "<=", "geu": "<"}


@rule("setp")
def _compare(w, i: Instruction) -> None:
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
def _convert(w, i: Instruction) -> None:
    to, of = i.modifiers[-2:]
    a = w.value(i.operands[1], of)
    if "ftz" in i.modifiers and of == "f32":
        a = f"A.flush({a})"
    rounding = [_ROUNDING[m] for m in i.modifiers if m in _ROUNDING]
    if to[0] != "f" and of[0] == "f":
        return w.assign(i.operands[0], f"A.to_integer({a}, {_numpy(to)}, {rounding[0]})", to)
    _refuse(i, *_DIRECTED)
    if to[0] != "f":
        _refuse(i, "sat")
        return w.assign(i.operands[0], a if to == of else f"{a}.astype({_numpy(to)})", to)
    code = f"{rounding[0]}({a})" if rounding else a
    _float_result(w, i, code if to == of else f"{code}.astype({_numpy(to)})", to)


@rule("cvta")
def _pointer(w, i: Instruction) -> None:
    w.assign(i.operands[0], w.value(i.operands[1], "u64"), "u64")


@rule("mov")
def _move(w, i: Instruction) -> None:
    kind, (to, of) = i.modifiers[-1], i.operands
    if of[0] == "{":
        parts = [p.strip() for p in of[1:-1].split(",")]
        part, whole = f"b{8 * width(kind) // len(parts)}", f"b{kind[1:]}"
        dtype = _numpy(whole)
        code = " | ".join(f"({w.value(p, part)}.astype({dtype}) << "
                          f"{dtype}({n * int(part[1:])}))" for n, p in enumerate(parts))
        return w.assign(to, code, whole)
    if to[0] == "{":
        parts = [p.strip() for p in to[1:-1].split(",")]
        part, whole = f"b{8 * width(kind) // len(parts)}", f"b{kind[1:]}"
        w.lines.append(f"_whole = {w.value(of, whole)}")
        for n, p in enumerate(parts):
            w.assign(p, f"(_whole >> {_numpy(whole)}({n * int(part[1:])}))"
                     f".astype({_numpy(part)})", part)
        return None
    w.assign(to, w.value(of, kind), kind)


@rule("ld")
def _load(w, i: Instruction) -> None:
    kind, (to, of) = i.modifiers[-1], i.operands
    if "param" in i.modifiers:
        if of[1:-1] not in w.names.module.parameters:
            raise NotImplementedError(i.text)
        return w.assign(to, w.value(of[1:-1], kind), kind)
    targets = [t.strip() for t in to.strip("{}").split(",")]
    many = f", {len(targets)}" if len(targets) > 1 else ""
    code = f"M.load({w.address(of)}, {_numpy(kind)!r}, {_log(kind)}, {i.text!r}{many})"
    if not many:
        return w.assign(targets[0], code, kind)
    w.lines.append(f"_loaded = {code}")
    for n, target in enumerate(targets):
        w.assign(target, f"_loaded[{n}]", kind)


@rule("st")
def _store(w, i: Instruction) -> None:
    _refuse(i, "param")
    kind, (to, of) = i.modifiers[-1], i.operands
    values = ", ".join(w.value(v.strip(), kind) for v in of.strip("{}").split(","))
    w.lines.append(f"M.store({w.address(to)}, {_numpy(kind)!r}, {_log(kind)}, {i.text!r}, "
                   f"{values})")


@rule("atom", "red")
def _atomic(w, i: Instruction) -> None:
    kind = i.modifiers[-1]
    operation = next((m for m in i.modifiers if m in (
        "add", "max", "min", "and", "or", "xor", "exch", "cas", "inc", "dec")), None)
    if operation is None or len(kind) > 3:
        raise NotImplementedError(i.text)
    operands = i.operands[1:] if i.opcode == "atom" else i.operands
    used = i.opcode == "atom" and i.operands[0] in w.used
    values = ", ".join(w.value(x, kind) for x in operands[1:])
    code = (f"M.update({operation!r}, {w.address(operands[0])}, {_numpy(kind)!r}, {_log(kind)}, "
            f"{i.text!r}, count if index is None else len(index), {used}, {values})")
    if used:
        w.assign(i.operands[0], code, kind)
    else:
        w.lines.append(code)


@rule("membar", "fence")
def _fence(w, i: Instruction) -> None:
    """Threads see each other's stores at once."""
