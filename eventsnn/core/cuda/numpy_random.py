"""The numbers of NumPy's Philox generator, of `core.random.generator`, drawn on a CUDA device.

NumPy's Philox4x64-10 gives four words of 64 bits for each value of a counter of 256, which it
raises by one before it draws; a float32 is the upper 24 of 32 bits, the lower half of a word first.
Products and sums of 64 bits are made of halves, so that plain Python's are the same.
"""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_each, kernel
from eventsnn.core.device import DeviceArray, empty, to
from eventsnn.core.jit import scalar

_U, _U32 = np.uint64, np.uint32
_ONE, _TWO = np.uint64(1), np.uint64(2)
_HALF, _LOW, _EIGHT, _UNUSED = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(8), np.uint64(8)
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_ROUNDS, _SCALE = 10, np.float32(2.0**-24)


@scalar
def _product(a, b):
    """The upper and the lower 64 bits of a product."""
    a0, a1, b0, b1 = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    low = a0 * b0
    first = a1 * b0 + (low >> _HALF)
    second = a0 * b1 + (first & _LOW)
    return (a1 * b1 + (first >> _HALF) + (second >> _HALF),
            ((second & _LOW) << _HALF) | (low & _LOW))


@scalar
def philox4x64(c0, c1, c2, c3, keys):
    """Four words for a counter; `keys` (20,) are the two words of the key of each round."""
    for i in range(_ROUNDS):
        high0, low0 = _product(_MULTIPLIER_0, c0)
        high1, low1 = _product(_MULTIPLIER_1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ keys[2 * i], low1, high0 ^ c3 ^ keys[2 * i + 1], low0
    return c0, c1, c2, c3


@scalar
def _write(word, at, least, out):
    """Whether the two floats of a word are at least `least`, to ``out[at]`` and behind it."""
    n = _U(out.shape[0])
    if at < n:
        out[at] = np.float32((word & _LOW) >> _UNUSED) * _SCALE >= least
    if at + _ONE < n:
        out[at + _ONE] = np.float32(word >> (_HALF + _UNUSED)) * _SCALE >= least


@kernel
def _at_least(keys, c2, c3, least, out):
    i, n = _U(cuda.grid(1)), _U(out.shape[0])
    while i * _EIGHT < n:
        w0, w1, w2, w3 = philox4x64(i + _ONE, _U(0), c2, c3, keys)
        at = i * _EIGHT
        _write(w0, at, least, out)
        _write(w1, at + _TWO, least, out)
        _write(w2, at + _TWO + _TWO, least, out)
        _write(w3, at + _TWO + _TWO + _TWO, least, out)
        i += _U(cuda.gridsize(1))


def at_least(least: np.float32, seed: int, stream: int, high: tuple[int, int],
             shape: tuple) -> Any:
    """``generator(seed, stream).random(shape, float32) >= least``, bools on the device.

    `high` are the third and the fourth word of the counter: where `advance` left it.
    """
    keys = [(word + i * weyl) % 2**64 for i in range(_ROUNDS)
            for word, weyl in zip((seed, stream), _WEYL, strict=True)]
    out: DeviceArray = empty(shape, bool)
    for_each(_at_least, -(-out.size // int(_EIGHT)), to(np.array(keys, np.uint64), "cuda"),
             _U(high[0]), _U(high[1]), np.float32(least), out.reshape(-1))
    return out
