"""Float instructions of the interpreter, against rational arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.cuda import one_instruction
from tests.cuda.ptx import assemble

TINY, HUGE = np.float32(1e-45), np.finfo(np.float32).max
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 3.0, TINY, -TINY, 1e-39, 1.1754944e-38, HUGE, -HUGE,
                    np.inf, -np.inf, np.nan, 2**24 + 2, 0.1], np.float32)


def pairs(kind="f4"):
    a, b = np.meshgrid(SPECIAL.astype(kind), SPECIAL.astype(kind))
    return a.ravel(), b.ravel()


def spread(count, seed, kind=np.float32):
    """Numbers of many sizes, whose sums often cancel and round."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=count) * 2.0**rng.integers(-30, 30, count)).astype(kind)


def same(result, expected):
    """Equal in every bit, but for the bits of a NaN."""
    assert result.dtype == expected.dtype
    assert_array_equal(result, expected)
    number = ~np.isnan(result)
    assert_array_equal(np.signbit(result)[number], np.signbit(expected)[number])


def rounded(exact, kind, mode):
    """A fraction to a float: to nearest with ties to even, down, up or toward zero."""
    near = kind(float(exact)) if kind is np.float32 else np.float64(float(exact))
    around = [np.nextafter(near, kind(-np.inf)), near, np.nextafter(near, kind(np.inf))]
    below = max((x for x in around if Fraction(float(x)) <= exact))
    above = min((x for x in around if Fraction(float(x)) >= exact))
    if mode == "rz":
        mode = "rm" if exact > 0 else "rp"
    if mode in ("rm", "rp"):
        return below if mode == "rm" else above
    low, high = exact - Fraction(float(below)), Fraction(float(above)) - exact
    if low != high:
        return below if low < high else above
    even = below.view(f"u{below.itemsize}") % 2 == 0
    return below if even else above


@pytest.mark.parametrize("opcode, function", [
    ("add.f32", np.add), ("sub.rn.f32", np.subtract), ("mul.f32", np.multiply),
    ("div.rn.f32", np.divide)], ids=["add", "sub", "mul", "div"])
def test_float32__keeps_subnormals_signs_infinities_and_nan(opcode, function):
    a, b = pairs()

    result = one_instruction.run(f"{opcode} {{0}}, {{1}}, {{2}};", "f4", a, b)

    with np.errstate(all="ignore"):
        same(result, function(a, b))
    assert ((result != 0) & (np.abs(result) < np.finfo(np.float32).tiny)).any()


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
def test_fma_float32__is_rounded_once(mode):
    a, b = spread(400, 1), spread(400, 2)
    with np.errstate(all="ignore"):
        c = np.where(np.arange(400) % 2, -(a * b), spread(400, 3)).astype(np.float32)

    result = one_instruction.run(f"fma.{mode}.f32 {{0}}, {{1}}, {{2}}, {{3}};", "f4", a, b, c)

    exact = [Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
             for x, y, z in zip(a, b, c, strict=True)]
    same(result, np.array([rounded(e, np.float32, mode) for e in exact]))
    assert (result != a * b + c).sum() > 100  # which rounds twice


@pytest.mark.parametrize("instruction, of", [
    ("add.{mode}.f32 {{0}}, {{1}}, {{2}};", lambda x, y: x + y),
    ("sub.{mode}.f32 {{0}}, {{1}}, {{2}};", lambda x, y: x - y),
    ("mul.{mode}.f32 {{0}}, {{1}}, {{2}};", lambda x, y: x * y)], ids=["add", "sub", "mul"])
@pytest.mark.parametrize("mode", ["rz", "rm", "rp"])
def test_directed_rounding__goes_its_way(instruction, of, mode):
    a, b = spread(300, 4), spread(300, 5)

    result = one_instruction.run(instruction.format(mode=mode), "f4", a, b)

    same(result, np.array([rounded(of(Fraction(float(x)), Fraction(float(y))), np.float32, mode)
                           for x, y in zip(a, b, strict=True)]))


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
def test_rounding__keeps_signs_of_zeros_and_what_overflows(mode):
    a = np.array([1.0, 0.0, -0.0, -0.0, HUGE, -HUGE, np.inf, np.inf], np.float32)
    b = np.array([-1.0, -0.0, 0.0, -0.0, HUGE, -HUGE, 1.0, -np.inf], np.float32)

    result = one_instruction.run(f"add.{mode}.f32 {{0}}, {{1}}, {{2}};", "f4", a, b)

    zero = -0.0 if mode == "rm" else 0.0
    same(result, np.array([zero, zero, zero, -0.0, HUGE if mode in ("rz", "rm") else np.inf,
                           -HUGE if mode in ("rz", "rp") else -np.inf, np.inf, np.nan],
                          np.float32))


def test_fma_float64__is_rounded_once():
    a, b = spread(200, 6, np.float64), spread(200, 7, np.float64)
    c = -(a * b)

    result = one_instruction.run("fma.rn.f64 {0}, {1}, {2}, {3};", "f8", a, b, c)

    exact = [Fraction(x) * Fraction(y) + Fraction(z)
             for x, y, z in zip(a.tolist(), b.tolist(), c.tolist(), strict=True)]
    same(result, np.array([rounded(e, np.float64, "rn") for e in exact]))
    assert (result != 0).mean() > 0.9


@pytest.mark.parametrize("name", ["min", "max"])
def test_extremes__take_the_number_and_order_zeros(name):
    a, b = pairs()

    result = one_instruction.run(f"{name}.f32 {{0}}, {{1}}, {{2}};", "f4", a, b)

    def key(x):
        return (float(x), not np.signbit(x))
    pick = min if name == "min" else max
    expected = [y if np.isnan(x) else x if np.isnan(y) else pick(x, y, key=key)
                for x, y in zip(a, b, strict=True)]
    same(result, np.array(expected))


COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@pytest.mark.parametrize("how", [*COMPARED, *(f"{c}u" for c in COMPARED), "num", "nan"])
def test_float_comparison__says_what_a_nan_does(how):
    a, b = pairs()

    result = one_instruction.run(
        f"setp.{how}.f32 %p1, {{1}}, {{2}}; selp.u32 {{0}}, 1, 0, %p1;", "u4", a, b)

    def expected(x, y):
        unordered = math.isnan(x) or math.isnan(y)
        if how in ("num", "nan"):
            return unordered == (how == "nan")
        return how[2:] == "u" if unordered else eval(f"x {COMPARED[how[:2]]} y")
    assert result.tolist() == [expected(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]


def test_flush__turns_subnormals_to_zeros_of_their_sign():
    a = SPECIAL

    same(one_instruction.run("add.ftz.f32 {0}, {1}, 0f80000000;", "f4", a),
         np.where(np.abs(a) < np.finfo(np.float32).tiny, np.copysign(np.float32(0), a), a))


def test_saturation__is_to_the_unit_interval():
    a = np.array([-1.0, -0.0, 0.25, 1.0, 7.0, np.inf, -np.inf, np.nan], np.float32)

    same(one_instruction.run("cvt.sat.f32.f32 {0}, {1};", "f4", a),
         np.array([0.0, 0.0, 0.25, 1.0, 1.0, 1.0, 0.0, 0.0], np.float32))


@pytest.mark.parametrize("opcode, function", [
    ("ex2.approx.f32", math.exp2 if hasattr(math, "exp2") else lambda x: 2.0**x),
    ("lg2.approx.f32", math.log2), ("sqrt.rn.f32", math.sqrt),
    ("rcp.rn.f32", lambda x: 1 / x), ("rsqrt.approx.f32", lambda x: 1 / math.sqrt(x)),
    ("sin.approx.f32", math.sin), ("cos.approx.f32", math.cos), ("tanh.approx.f32", math.tanh)],
    ids=["ex2", "lg2", "sqrt", "rcp", "rsqrt", "sin", "cos", "tanh"])
def test_functions__are_correctly_rounded(opcode, function):
    a = np.abs(spread(100, 8))
    a = np.minimum(a, np.float32(100))

    result = one_instruction.run(f"{opcode} {{0}}, {{1}};", "f4", a)

    same(result, np.array([function(float(x)) for x in a]).astype(np.float32))


@pytest.mark.parametrize("instruction, kinds", [
    ("fma.rm.f32 {0}, {1}, {2}, {3};", ("f4", "f4", "f4", "f4")),
    ("setp.geu.and.f32 %p1|%p2, {1}, {2}, !%p3; selp.u32 {0}, 1, 0, %p2;", ("u4", "f4", "f4")),
    ("copysign.f32 {0}, {1}, {2};", ("f4", "f4", "f4")),
    ("cvt.rzi.s16.f32 {0}, {1};", ("i2", "f4")),
    ("prmt.b32 {0}, {1}, {2}, {3};", ("u4", "u4", "u4", "u4"))])
def test_instructions_of_these_tests__are_ones(instruction, kinds):
    assemble(one_instruction.source(instruction, kinds))
