"""Integer instructions of the interpreter and conversions, against Python's integers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tests.cuda import one_instruction

KINDS = {"s16": "i2", "u16": "u2", "s32": "i4", "u32": "u4", "s64": "i8", "u64": "u8"}
ARITHMETIC = ("s32", "u32", "s64", "u64")


def numbers(kind, count=40, seed=0):
    """Numbers of a type: its bounds, small ones, and any others."""
    bounds = np.iinfo(KINDS[kind])
    rng = np.random.default_rng(seed)
    edge = [bounds.min, bounds.min + 1, bounds.max, bounds.max - 1, 0, 1, 2, 7, bounds.max // 2]
    edge += [-1, -7] if bounds.min else []
    some = rng.integers(bounds.min, bounds.max, count, bounds.dtype, endpoint=True)
    return np.concatenate([np.array(edge, bounds.dtype), some])


def pairs(kind):
    a, b = np.meshgrid(numbers(kind), numbers(kind, seed=1))
    return a.ravel()[:1024], b.ravel()[:1024]


def wrapped(value, kind):
    """A Python integer modulo 2^bits, as the type holds it."""
    bits = int(kind[1:])
    value %= 1 << bits
    return value - (1 << bits) if kind[0] == "s" and value >> (bits - 1) else value


def toward_zero(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


BINARY = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul.lo": lambda a, b: a * b,
    "min": min, "max": max}


@pytest.mark.parametrize("kind", ARITHMETIC)
@pytest.mark.parametrize("opcode", BINARY)
def test_arithmetic__wraps(opcode, kind):
    a, b = pairs(kind)

    result = one_instruction.run(f"{opcode}.{kind} {{0}}, {{1}}, {{2}};", KINDS[kind], a, b)

    assert result.tolist() == [wrapped(BINARY[opcode](x, y), kind)
                               for x, y in zip(a.tolist(), b.tolist(), strict=True)]


@pytest.mark.parametrize("kind", ARITHMETIC)
def test_high_product__is_the_upper_half(kind):
    a, b = pairs(kind)

    result = one_instruction.run(f"mul.hi.{kind} {{0}}, {{1}}, {{2}};", KINDS[kind], a, b)

    assert result.tolist() == [wrapped(x * y >> int(kind[1:]), kind)
                               for x, y in zip(a.tolist(), b.tolist(), strict=True)]


@pytest.mark.parametrize("kind", ["s32", "u32", "s16", "u16"])
def test_wide_product__keeps_all_bits(kind):
    a, b = pairs(kind)
    wide = f"{kind[0]}{2 * int(kind[1:])}"
    c = np.resize(numbers(wide), a.size)

    product = one_instruction.run(f"mul.wide.{kind} {{0}}, {{1}}, {{2}};", KINDS[wide], a, b)
    total = one_instruction.run(f"mad.wide.{kind} {{0}}, {{1}}, {{2}}, {{3}};", KINDS[wide],
                                a, b, c)

    assert product.tolist() == [x * y for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert total.tolist() == [wrapped(x * y + z, wide) for x, y, z
                              in zip(a.tolist(), b.tolist(), c.tolist(), strict=True)]


@pytest.mark.parametrize("kind", ARITHMETIC)
def test_division__goes_toward_zero(kind):
    a, b = pairs(kind)
    a, b = a[b != 0], b[b != 0]

    quotient = one_instruction.run(f"div.{kind} {{0}}, {{1}}, {{2}};", KINDS[kind], a, b)
    rest = one_instruction.run(f"rem.{kind} {{0}}, {{1}}, {{2}};", KINDS[kind], a, b)

    both = list(zip(a.tolist(), b.tolist(), strict=True))
    assert quotient.tolist() == [wrapped(toward_zero(x, y), kind) for x, y in both]
    assert rest.tolist() == [wrapped(x - y * toward_zero(x, y), kind) for x, y in both]


@pytest.mark.parametrize("kind", ARITHMETIC)
def test_shifts__end_at_the_width(kind):
    bits = int(kind[1:])
    a = np.repeat(numbers(kind), 6)
    amount = np.resize(np.array([0, 1, 13, bits - 1, bits, 200], np.uint32), a.size)

    left = one_instruction.run(f"shl.b{bits} {{0}}, {{1}}, {{2}};", KINDS[kind], a, amount)
    right = one_instruction.run(f"shr.{kind} {{0}}, {{1}}, {{2}};", KINDS[kind], a, amount)

    both = list(zip(a.tolist(), amount.tolist(), strict=True))
    assert left.tolist() == [wrapped(x << n, kind) for x, n in both]
    assert right.tolist() == [x >> n for x, n in both]


@pytest.mark.parametrize("kind", ARITHMETIC)
def test_comparison__knows_the_sign(kind):
    a, b = pairs(kind)

    less = one_instruction.run(f"setp.lt.{kind} %p1, {{1}}, {{2}}; selp.u32 {{0}}, 1, 0, %p1;",
                               "u4", a, b)

    assert less.tolist() == [x < y for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert less.any() and not less.all()


@pytest.mark.parametrize("kind", ["u32", "u64"])
def test_bit_counts__are_those_of_python(kind):
    a, bits = numbers(kind), int(kind[1:])

    def run(instruction, result="u4"):
        return one_instruction.run(instruction, result, a).tolist()

    assert run(f"popc.b{bits} {{0}}, {{1}};") == [x.bit_count() for x in a.tolist()]
    assert run(f"clz.b{bits} {{0}}, {{1}};") == [bits - x.bit_length() for x in a.tolist()]
    assert run(f"bfind.{kind} {{0}}, {{1}};") == [
        (x.bit_length() - 1) % 2**32 for x in a.tolist()]
    assert run(f"bfind.shiftamt.{kind} {{0}}, {{1}};") == [
        bits - x.bit_length() if x else 2**32 - 1 for x in a.tolist()]
    assert run(f"brev.b{bits} {{0}}, {{1}};", KINDS[kind]) == [
        int(f"{x:0{bits}b}"[::-1], 2) for x in a.tolist()]


@pytest.mark.parametrize("kind", ARITHMETIC)
@pytest.mark.parametrize("at, count", [(0, 8), (5, 13), (20, 12), (20, 30), (31, 1), (3, 0)])
def test_bit_fields__are_cut_out_and_put_in(kind, at, count):
    a, bits = numbers(kind), int(kind[1:])

    cut = one_instruction.run(f"bfe.{kind} {{0}}, {{1}}, {at}, {count};", KINDS[kind], a)
    put = one_instruction.run(f"bfi.b{bits} {{0}}, {{1}}, {{2}}, {at}, {count};", KINDS[kind],
                              a, a[::-1])

    def field(x):
        digits = [x >> min(p, bits - 1) & 1 if kind[0] == "s" or p < bits else 0
                  for p in range(at, at + count)]
        value = sum(d << n for n, d in enumerate(digits))
        return value - (1 << count) if kind[0] == "s" and count and digits[-1] else value
    assert cut.tolist() == [field(x) for x in a.tolist()]
    mask = ((1 << count) - 1) << at
    assert put.tolist() == [wrapped((y & ~mask) | (x << at & mask), kind)
                            for x, y in zip(a.tolist(), a[::-1].tolist(), strict=True)]


@pytest.mark.parametrize("side", ["l", "r"])
@pytest.mark.parametrize("mode", ["wrap", "clamp"])
def test_funnel_shift__shifts_two_words(side, mode):
    low, high = pairs("u32")
    amount = np.resize(np.array([0, 1, 9, 31, 32, 40], np.uint32), low.size)

    result = one_instruction.run(f"shf.{side}.{mode}.b32 {{0}}, {{1}}, {{2}}, {{3}};", "u4",
                                 low, high, amount)

    def expected(a, b, n):
        n = min(n, 32) if mode == "clamp" else n % 32
        both = b << 32 | a
        return (both << n >> 32 if side == "l" else both >> n) % 2**32
    assert result.tolist() == [expected(*x) for x in zip(low.tolist(), high.tolist(),
                                                         amount.tolist(), strict=True)]


def test_byte_permutation__picks_bytes_and_signs():
    a, b = pairs("u32")
    selector = np.resize(np.array([0x3210, 0x7654, 0x0426, 0xF8C3], np.uint32), a.size)

    result = one_instruction.run("prmt.b32 {0}, {1}, {2}, {3};", "u4", a, b, selector)

    def expected(x, y, s):
        source = (y << 32 | x).to_bytes(8, "little")
        names = [s >> 4 * i & 15 for i in range(4)]
        return int.from_bytes(bytes(255 * (source[n & 7] >> 7) if n & 8 else source[n]
                                    for n in names), "little")
    assert result.tolist() == [expected(*x) for x in zip(a.tolist(), b.tolist(),
                                                         selector.tolist(), strict=True)]


def test_carry__makes_64_bits_of_32():
    a, b = pairs("u64")
    unpack = "mov.b64 {{%r1, %r2}}, {1}; mov.b64 {{%r3, %r4}}, {2};"
    pack = "mov.b64 {0}, {{%r5, %r6}};"

    def run(*middle):
        return one_instruction.run(" ".join([unpack, *middle, pack]), "u8", a, b).tolist()

    both = list(zip(a.tolist(), b.tolist(), strict=True))
    assert run("add.cc.u32 %r5, %r1, %r3;", "addc.u32 %r6, %r2, %r4;") == [
        (x + y) % 2**64 for x, y in both]
    assert run("sub.cc.u32 %r5, %r1, %r3;", "subc.u32 %r6, %r2, %r4;") == [
        (x - y) % 2**64 for x, y in both]
    assert run("mov.u32 %r7, 77;", "mad.lo.cc.u32 %r5, %r1, %r3, %r7;",
               "madc.hi.u32 %r6, %r1, %r3, 0;") == [
        (x % 2**32) * (y % 2**32) + 77 for x, y in both]


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("of", KINDS)
def test_conversion_of_integers__extends_by_the_sign_and_cuts(to, of):
    a = numbers(of)

    result = one_instruction.run(f"cvt.{to}.{of} {{0}}, {{1}};", KINDS[to], a)

    assert result.tolist() == [wrapped(x, to) for x in a.tolist()]


ROUNDED = {"rni": round, "rzi": math.trunc, "rmi": math.floor, "rpi": math.ceil}


@pytest.mark.parametrize("of, dtype", [("f32", np.float32), ("f64", np.float64)])
@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("mode", ROUNDED)
def test_conversion_to_integers__rounds_and_saturates(of, dtype, to, mode):
    bounds = np.iinfo(KINDS[to])
    a = np.array([0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 3.7, -3.7, bounds.max, bounds.min, 1e9,
                  -1e9, 1e25, -1e25, np.inf, -np.inf, np.nan], dtype)

    result = one_instruction.run(f"cvt.{mode}.{to}.{of} {{0}}, {{1}};", KINDS[to], a)

    def expected(x):
        if math.isnan(x):  # see "cvt" in the PTX manual
            wide = of == "f64" or to in ("s64", "u64")
            return (bounds.min or 1 << (bounds.bits - 1)) if wide else 0
        if math.isinf(x):
            return bounds.max if x > 0 else bounds.min
        return min(max(ROUNDED[mode](x), bounds.min), bounds.max)
    assert result.tolist() == [expected(x) for x in a.tolist()]


@pytest.mark.parametrize("to, dtype, digits", [("f32", np.float32, 24), ("f64", np.float64, 53)])
@pytest.mark.parametrize("of", KINDS)
def test_conversion_of_integers_to_floats__is_to_nearest(to, dtype, digits, of):
    a = numbers(of, 200)

    result = one_instruction.run(f"cvt.rn.{to}.{of} {{0}}, {{1}};", dtype, a)

    for got, x in zip(result.tolist(), a.tolist(), strict=True):
        unit = Fraction(2) ** max(abs(x).bit_length() - digits, 0)
        assert got == round(Fraction(x) / unit) * unit


def test_unknown_instruction__is_named():
    with pytest.raises(NotImplementedError, match=r"dp4a\.u32\.u32 %r1, %r2, %r3, %r4;"):
        one_instruction.run("dp4a.u32.u32 {0}, {1}, {2}, {3};", "u4",
                            *[np.zeros(2, np.uint32)] * 3)
