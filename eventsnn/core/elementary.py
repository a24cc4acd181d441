"""The exponential, in a form that vectorises in float32.

`math.exp` is a library call a value: it keeps a loop from vectorising (10 times slower in float32,
where the polynomial is good to 1e-7 relative). float64 uses `math.exp`.
"""

import math
from typing import Any

import numpy as np
from numba.core import types

from eventsnn.core.inline import inlined
from eventsnn.core.jit import scalar

# Cephes expf: x = n log 2 + r, |r| <= log(2) / 2; log 2 in two parts so that r is exact.
_LOG2_E = np.float32(1.44269504088896341)
_LOG2_HIGH, _LOG2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_C0, _C1 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3)
_C2, _C3 = np.float32(8.3334519073e-3), np.float32(4.1665795894e-2)
_C4, _C5 = np.float32(1.6666665459e-1), np.float32(5.0000001201e-1)
_ONE = np.float32(1)
_ROUND = np.float32(12582912.0)  # 1.5 * 2^23: adding it leaves the nearest integer in the low bits
_LEAST, _MOST = np.float32(-87.0), np.float32(88.0)  # beyond them float32 under- or overflows
_BIAS, _MANTISSA_BITS = np.int32(127), np.int32(23)


@scalar
def _exp_float32(x):
    x = min(max(x, _LEAST), _MOST)
    n = (x * _LOG2_E + _ROUND) - _ROUND
    r = x - n * _LOG2_HIGH
    r = r - n * _LOG2_LOW
    square = r * r  # by which terms go two by two: each operation has to wait for fewer before it
    p = ((_C0 * r + _C1) * square + (_C2 * r + _C3)) * square + (_C4 * r + _C5)
    p = p * square + r + _ONE
    return p * np.int32((np.int32(n) + _BIAS) << _MANTISSA_BITS).view(np.float32)


def exp(x: Any) -> Any:
    """e to the power `x`; in float32 clamped to exponents from -87 to 88."""
    # np.float64, not Python's float: NumPy would give way to a float32 constant beside the latter
    return _exp_float32(x) if isinstance(x, np.float32) else np.float64(math.exp(x))


@inlined(exp)
def _exp(x):
    if x == types.float32:
        return lambda x: _exp_float32(x)
    return lambda x: math.exp(x)
