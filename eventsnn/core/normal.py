r"""Normal deviates of random words: Box and Muller's method, in float32, in a form that vectorises.

.. math::
    z_0 = R \cos\theta, \quad z_1 = R \sin\theta, \qquad
    R = \sqrt{-2 \ln u}, \quad \theta = 2 \pi u'

with :math:`u = (a + 1/2)\,2^{-32}` of the first word and :math:`u'` likewise of the second. Both
deviates are within :math:`3 \cdot 10^{-7} R` of those values, and up to 6.76 in size. The
logarithm and the two waves are polynomials of Cephes; those of libm would be a call a value.

References
----------
.. [1] Box, Muller, Ann. Math. Stat. 29, 610 (1958).
.. [2] Moshier, Cephes Mathematical Library, logf.c and sinf.c (1992).
"""

import math

import numpy as np

from eventsnn.core.jit import scalar

# Cephes logf: log(1 + m) = m - m^2 / 2 + m^3 P(m) for sqrt(1/2) <= 1 + m < sqrt(2).
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8 = (np.float32(c) for c in (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1))
_LOG2_HIGH, _LOG2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)  # log 2 in two parts
# Cephes sinf and cosf, for angles up to pi / 4.
_S0, _S1, _S2 = (np.float32(c) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1))
_C0, _C1, _C2 = (np.float32(c) for c in (2.4433157118e-5, -1.3887316255e-3, 4.1666645683e-2))

_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_ULP = np.float32(2.0**-32)  # of a word
_TURN = np.float32(2 * math.pi * 2.0**-32)  # angle of it
_ROOT_HALF, _NEAR_ONE = np.float32(math.sqrt(0.5)), np.uint32(math.ceil(math.sqrt(0.5) * 2**32))
_ALL = np.uint32(0xFFFFFFFF)
# Of a float32: its exponent begins at bit 23; 126 stands for numbers from 1/2 to 1.
_MANTISSA_BITS, _MANTISSA, _HALF_BITS = np.int32(23), np.int32(0x7FFFFF), np.int32(0x3F000000)
_BIAS = np.int32(126)
_EIGHTH, _WORD = np.uint64(1 << 29), np.uint64(0xFFFFFFFF)
_QUARTER_BITS, _IN_QUARTER = np.uint32(30), np.uint32((1 << 30) - 1)
_EIGHTH_SIGNED = np.int32(1 << 29)
_Q1, _Q2 = np.uint32(1), np.uint32(2)


@scalar
def _radius(word):
    """``sqrt(-2 log((word + 1/2) / 2^32))``, to 2e-7 of it also where it is near 0."""
    # Near 1 the distance from 1 is taken from the word itself: as float32 the number would be 1.
    near_one = word >= _NEAR_ONE
    u = np.float32(word) + _HALF
    bits = np.float32(u).view(np.int32)
    exponent = np.int32(np.int32(bits >> _MANTISSA_BITS) - _BIAS)
    mantissa = np.int32(np.int32(bits & _MANTISSA) | _HALF_BITS).view(np.float32)
    low = mantissa < _ROOT_HALF
    e = np.float32(exponent) - (_ONE if low else _ZERO) - np.float32(32)
    m = (mantissa + mantissa if low else mantissa) - _ONE
    e = _ZERO if near_one else e
    m = -(np.float32(np.uint32(_ALL - word)) + _HALF) * _ULP if near_one else m
    square = m * m
    # Even and odd powers apart: half as many operations wait for one another.
    even = (((_L0 * square + _L2) * square + _L4) * square + _L6) * square + _L8
    odd = ((_L1 * square + _L3) * square + _L5) * square + _L7
    y = (odd * m + even) * m * square + _LOG2_LOW * e - _HALF * square
    return np.float32(math.sqrt(-_TWO * (m + y + _LOG2_HIGH * e)))


@scalar
def normals(a, b):
    """Two independent standard normal deviates, float32, of two random words (uint32)."""
    radius = _radius(a)
    turned = np.uint32((np.uint64(b) + _EIGHTH) & _WORD)  # in uint32 Python would warn
    quarter = np.uint32(turned >> _QUARTER_BITS)
    # the angle from the middle of its quarter, -pi / 4 to pi / 4
    angle = (np.float32(np.int32(np.int32(turned & _IN_QUARTER) - _EIGHTH_SIGNED)) + _HALF) * _TURN
    square = angle * angle
    sine = ((_S0 * square + _S1) * square + _S2) * square * angle + angle
    cosine = ((_C0 * square + _C1) * square + _C2) * square * square - _HALF * square + _ONE
    odd = np.uint32(quarter & _Q1) == _Q1
    x = radius * (sine if odd else cosine)
    y = radius * (cosine if odd else sine)
    flip_x = (quarter == _Q1) | (quarter == _Q2)
    return (-x if flip_x else x), (-y if quarter >= _Q2 else y)
