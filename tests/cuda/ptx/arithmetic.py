"""What PTX computes and NumPy has no one call for, on arrays or scalars of threads' values.

Everything is exact: rounded once, as the instruction says. Instructions that PTX allows to be
inexact (``.approx``) are computed in float64 and rounded to float32. The bits of a NaN are not
PTX's.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

F4, F8 = np.float32, np.float64


@functools.cache
def _fused() -> Callable:
    """a * b + c rounded once, by the processor's own instruction or the C library."""
    from numba import types, vectorize
    from numba.extending import intrinsic

    @intrinsic
    def fused(typingctx, a, b, c):
        return a(a, a, a), lambda context, builder, signature, args: builder.fma(*args)

    signatures = [types.float32(*[types.float32] * 3), types.float64(*[types.float64] * 3)]
    return vectorize(signatures)(lambda a, b, c: fused(a, b, c))


def fma(a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded to nearest once."""
    return _fused()(a, b, c)


def directed(a: Any, b: Any, c: Any, mode: str) -> Any:
    """a * b + c of float32, rounded toward zero (``rz``), down (``rm``) or up (``rp``)."""
    nearest = fma(a, b, c)
    product, addend = F8(a) * F8(b), F8(c)  # the product is exact
    total = product + addend
    back = total - product
    error = (product - (total - back)) + (addend - back)  # total + error is exact
    excess = (total - F8(nearest)) + error  # of the exact result over the nearest: its sign counts
    down, up = np.nextafter(nearest, F4(-np.inf)), np.nextafter(nearest, F4(np.inf))
    below, above = excess < 0, excess > 0
    if mode == "rz":
        positive = nearest > 0
        below, above = below & positive, above & ~positive
    elif mode == "rm":
        above = False
    else:
        below = False
    result = np.where(below, down, np.where(above, up, nearest))
    if mode == "rm":  # of terms that cancel, -0
        cancel = (total == 0) & (error == 0) & (np.signbit(product) != np.signbit(addend))
        return np.where(cancel, F4(-0.0), result)
    return result


def flush(x: Any) -> Any:
    """Subnormal float32 to zero, with its sign."""
    return np.where(np.abs(x) < np.finfo(F4).tiny, np.copysign(F4(0), x), x)


def saturate(x: Any) -> Any:
    """To [0, 1]; NaN to 0."""
    return np.where(x > 0, np.minimum(x, x.dtype.type(1)), x.dtype.type(0))


def approximate(function: Callable, x: Any) -> Any:
    """A function in float64, rounded to the type of x."""
    return function(F8(x)).astype(x.dtype)


def least(a: Any, b: Any) -> Any:
    """The lesser; the number where one is NaN; -0 is less than 0."""
    return np.where(a == b, np.where(np.signbit(a), a, b), np.fmin(a, b))


def greatest(a: Any, b: Any) -> Any:
    """The greater; the number where one is NaN; 0 is greater than -0."""
    return np.where(a == b, np.where(np.signbit(a), b, a), np.fmax(a, b))


def to_integer(x: Any, kind: type, round_: Callable) -> Any:
    """A float to the nearest integer that the type holds."""
    bounds = np.iinfo(kind)
    wide = bounds.bits == 64 or x.dtype.itemsize == 8
    nan = (bounds.min or 1 << (bounds.bits - 1)) if wide else 0  # see "cvt" in the PTX manual
    rounded = round_(F8(x))
    # The largest integer may not be a float64: compare with the power of two above it.
    high, low = rounded >= F8(2.0) ** (bounds.bits - (bounds.min < 0)), rounded < bounds.min
    inside = np.where(high | low | np.isnan(rounded), 0.0, rounded).astype(kind)
    result = np.where(high, kind(bounds.max), np.where(low, kind(bounds.min), inside))
    return np.where(np.isnan(rounded), kind(nan), result)


def quotient(a: Any, b: Any) -> Any:
    """Integer division toward zero; all ones for a division by zero, as devices give."""
    if a.dtype.kind == "u":
        return np.where(b == 0, ~a.dtype.type(0), a // b)
    unsigned = a.dtype.str.replace("i", "u")
    size = np.abs(a).view(unsigned) // np.abs(b).view(unsigned)
    signed = size.view(a.dtype)
    return np.where(b == 0, a.dtype.type(-1), np.where((a < 0) != (b < 0), 0 - signed, signed))


def remainder(a: Any, b: Any) -> Any:
    """What is left of a, with its sign."""
    return np.where(b == 0, a, a - b * quotient(a, b))


def high_half(a: Any, b: Any) -> Any:
    """The upper half of the product."""
    bits = 8 * a.dtype.itemsize
    if bits < 64:
        wide = np.dtype(f"{a.dtype.kind}{a.dtype.itemsize * 2}")
        return ((a.astype(wide) * b.astype(wide)) >> wide.type(bits)).astype(a.dtype)
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    x, y = a.view(np.uint64), b.view(np.uint64)
    x0, x1, y0, y1 = x & low, x >> shift, y & low, y >> shift
    middle = x1 * y0 + (x0 * y0 >> shift)
    other = x0 * y1 + (middle & low)
    high = x1 * y1 + (middle >> shift) + (other >> shift)
    if a.dtype.kind == "i":  # a negative factor was read as itself + 2^64
        high = high - np.where(a < 0, y, np.uint64(0)) - np.where(b < 0, x, np.uint64(0))
    return high.view(a.dtype)


def bit_length(x: Any) -> Any:
    """Position of the highest one of an unsigned integer, from 1; 0 without one. uint32."""
    if x.dtype.itemsize < 8:
        return np.frexp(x.astype(F8))[1].astype(np.uint32)
    high, low = (x >> np.uint64(32)).astype(np.uint32), x.astype(np.uint32)
    return np.where(high != 0, np.uint32(32) + bit_length(high), bit_length(low))


def highest_one(x: Any, from_top: bool) -> Any:
    """Number of the highest one, from the lowest bit or from the top; all ones without one."""
    bits = np.uint32(8 * x.dtype.itemsize)
    length = bit_length(x)
    where = bits - length if from_top else length - np.uint32(1)
    return np.where(x == 0, np.uint32(0xFFFFFFFF), where)


def reversed_bits(x: Any) -> Any:
    """The bits of an unsigned integer, last first."""
    kind, bits = x.dtype.type, 8 * x.dtype.itemsize
    shift, ones = bits // 2, kind((1 << bits) - 1)
    mask = ones
    while shift:
        mask = mask ^ (mask << kind(shift))
        x = ((x >> kind(shift)) & mask) | ((x << kind(shift)) & ~mask)
        shift //= 2
    return x


def insert_bits(a: Any, b: Any, position: Any, length: Any) -> Any:
    """`b` with `length` bits of `a` put in at `position`."""
    kind, bits = b.dtype.type, 8 * b.dtype.itemsize
    at, count = (position & np.uint32(255)).astype(kind), (length & np.uint32(255)).astype(kind)
    ones = np.where(count >= bits, ~kind(0), (kind(1) << count) - kind(1)) << at
    return (b & ~ones) | ((a << at) & ones)


def extract_bits(a: Any, position: Any, length: Any) -> Any:
    """`length` bits of `a` from `position`; of a signed type, with the sign of the last."""
    bits = 8 * a.dtype.itemsize
    at = np.minimum(position & np.uint32(255), np.uint32(bits))
    count = np.minimum(length & np.uint32(255), np.uint32(bits))
    empty = count == 0
    if a.dtype.kind == "i":
        top = np.minimum(at + count, np.uint32(bits))  # one above the last bit there is
        kind = a.dtype.type
        raised = a << (np.uint32(bits) - top).astype(kind)
        result = raised >> (np.uint32(bits) - top + at).astype(kind)
        beyond = np.where(a < 0, kind(-1), kind(0))
        return np.where(empty, kind(0), np.where(at >= bits, beyond, result))
    kind = a.dtype.type
    ones = np.where(count >= bits, ~kind(0), (kind(1) << count.astype(kind)) - kind(1))
    return (a >> at.astype(kind)) & ones


def shift_amount(amount: Any, kind: type) -> Any:
    """How far to shift a value of the type, at most its width: NumPy then gives PTX's result."""
    return np.minimum(amount, np.uint32(8 * np.dtype(kind).itemsize)).astype(kind)


def funnel(low: Any, high: Any, amount: Any, left: bool, clamp: bool) -> Any:
    """32 bits of the 64 of `high` and `low`, shifted."""
    n = np.minimum(amount, np.uint32(32)) if clamp else amount & np.uint32(31)
    both = (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)
    if left:
        return ((both << n.astype(np.uint64)) >> np.uint64(32)).astype(np.uint32)
    return (both >> n.astype(np.uint64)).astype(np.uint32)


def permute(a: Any, b: Any, selector: Any) -> Any:
    """Four bytes of the eight of `b` and `a`, each named by four bits of the selector."""
    both = (b.astype(np.uint64) << np.uint64(32)) | a.astype(np.uint64)
    result = np.uint32(0)
    for i in range(4):
        name = (selector >> np.uint32(4 * i)) & np.uint32(15)
        byte = (both >> ((name & np.uint32(7)) * np.uint32(8)).astype(np.uint64)).astype(np.uint32)
        byte = byte & np.uint32(255)
        sign = np.where(byte > np.uint32(127), np.uint32(255), np.uint32(0))
        byte = np.where(name > np.uint32(7), sign, byte)
        result = result | (byte << np.uint32(8 * i))
    return result
