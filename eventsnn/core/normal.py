r"""Normal deviates of random words: Box and Muller's method, in float32, in a form that vectorises.

.. math::
    z_0 = \pm R \cos\theta, \quad z_1 = R \sin\theta, \qquad
    R = \sqrt{-2 \ln u}, \quad -\pi / 2 < \theta < \pi / 2

with :math:`u = (a + 1/2)\,2^{-32}` of the first word. The highest bit of the second one is the
sign, the others, a number :math:`b` in two's complement, the angle
:math:`\theta = \pi (b + 1/2)\,2^{-31}`. Both deviates are within :math:`3 \cdot 10^{-7} R` of those
values, and up to 6.76 in size. The logarithm and the two waves are polynomials, fitted to the
smallest largest error; those of libm would be a call a value.

References
----------
.. [1] Box, Muller, Ann. Math. Stat. 29, 610 (1958).
"""

import math

import numpy as np

from eventsnn.core.jit import scalar

# -2 log(1 - t) / t for 0 <= t <= 1/2, powers rising; within 3e-8 of it.
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8 = (np.float32(c) for c in (
    2.0, 0.9999904633, 0.6672631502, 0.4873806238, 0.5272728801, -0.3614777327, 2.416487694,
    -3.278088093, 2.828576326))
_LOG4 = np.float32(2 * math.log(2))
# sin(pi y / 2) / y - 1 and cos(pi y / 2) in powers of y^2, for -1 <= y <= 1; within 7e-8.
_S0, _S1, _S2, _S3, _S4 = (np.float32(c) for c in (
    0.5707962513, -0.6459627748, 0.07968617976, -0.004668947309, 0.0001492834999))
_C0, _C1, _C2, _C3, _C4 = (np.float32(c) for c in (
    0.9999999404, -1.233697653, 0.2536474168, -0.02080455422, 0.0008548066253))

_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_WORD_ULP, _ANGLE_ULP = np.float32(2.0**-32), np.float32(2.0**-31)
# Of a float32: its exponent begins at bit 23; 126 stands for numbers from 1/2 to 1.
_MANTISSA_BITS, _MANTISSA, _HALF_BITS = np.int32(23), np.int32(0x7FFFFF), np.int32(0x3F000000)
_TOP = np.int32(126 + 32)  # what stands for the numbers above a word
_LAST_BIT, _SIGN = np.int32(31), np.int32(-2**31)
_SHIFT = np.uint32(1)


@scalar
def _radius(word):
    """``sqrt(-2 log((word + 1/2) / 2^32))``, to 2e-7 of it also where it is near 0."""
    signed = np.uint32(word).view(np.int32)
    # From 1/2 on the distance from 1, t, is that of the word, exactly: the float32 could be 1.
    from_half = signed < 0
    x = np.float32(np.int32(signed ^ np.int32(signed >> _LAST_BIT))) + _HALF
    bits = np.float32(x).view(np.int32)
    mantissa = np.int32(np.int32(bits & _MANTISSA) | _HALF_BITS).view(np.float32)
    t = x * _WORD_ULP if from_half else _ONE - mantissa
    halvings = np.float32(np.int32(_TOP - np.int32(bits >> _MANTISSA_BITS)))
    square = t * t
    # Even and odd powers apart: half as many operations wait for one another.
    even = (((_L8 * square + _L6) * square + _L4) * square + _L2) * square + _L0
    odd = ((_L7 * square + _L5) * square + _L3) * square + _L1
    log = (odd * t + even) * t + _LOG4 * (_ZERO if from_half else halvings)
    return np.float32(math.sqrt(log))


@scalar
def normals(a, b):
    """Two independent standard normal deviates, float32, of two random words (uint32)."""
    radius = _radius(a)
    signed = np.uint32(b).view(np.int32)
    y = (np.float32(np.uint32(np.uint32(b) << _SHIFT).view(np.int32)) + _ONE) * _ANGLE_ULP
    square = y * y
    sine = ((((_S4 * square + _S3) * square + _S2) * square + _S1) * square + _S0) * y + y
    cosine = (((_C4 * square + _C3) * square + _C2) * square + _C1) * square + _C0
    x = np.float32(radius * cosine).view(np.int32)
    return np.int32(x ^ np.int32(signed & _SIGN)).view(np.float32), radius * sine
