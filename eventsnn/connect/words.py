"""Random words of one neuron in order, and whole numbers made of them.

A loop that wants many asks for one after the other; they are drawn 64 ahead, since Philox
vectorises over counters. A thread of a CUDA device has no room for that, and draws each.
"""

import numpy as np

from eventsnn.core import random
from eventsnn.core.jit import scalar

AHEAD = 64

_AHEAD, _LANES, _STREAM = np.uint64(AHEAD), np.uint64(4), np.uint64(random.CONNECTIVITY)
_COUNTERS = np.uint64(AHEAD // 4)
_ZERO, _ONE, _TWO, _THREE, _SHIFT = (np.uint64(i) for i in (0, 1, 2, 3, 32))
_LOW, _2_TO_32 = np.uint64(2**32 - 1), np.uint64(2**32)
_HALF, _ULP = 0.5, 2.0**-52
_HIGH_BITS, _LOW_BITS = np.uint64(20), np.uint64(12)


@scalar
def _alone(seed, neuron, item, draw):
    w0, w1, w2, w3 = random.words(seed, _STREAM, neuron, draw // _LANES, item)
    mine = draw % _LANES
    low, high = (w0 if mine == _ZERO else w1), (w2 if mine == _TWO else w3)
    return low if mine < _TWO else high


@scalar
def word(ahead, seed, neuron, item, draw):
    """The random word of number `draw`, 0, 1, 2, ... in turn; `ahead` (64,) uint64 is written.

    With `ahead` None no other word is drawn before it is asked for.
    """
    if ahead is None:
        return _alone(seed, neuron, item, draw)
    if draw % _AHEAD == _ZERO:
        first = draw // _LANES
        for c in range(_COUNTERS):
            w0, w1, w2, w3 = random.words(seed, _STREAM, neuron, first + c, item)
            at = c * _LANES
            ahead[at], ahead[at + _ONE], ahead[at + _TWO], ahead[at + _THREE] = w0, w1, w2, w3
    return ahead[draw % _AHEAD]


@scalar
def below(ahead, seed, neuron, item, draw, n):
    """A whole number from 0 to ``n - 1``, and the number of the next draw; ``0 < n < 2^32``.

    Each is equally likely, to the last bit: words that would favour some are drawn again [1]_.

    References
    ----------
    .. [1] Lemire, ACM Trans. Model. Comput. Simul. 29, 3 (2019).
    """
    while True:
        product = word(ahead, seed, neuron, item, draw) * n
        draw += _ONE
        low = product & _LOW
        if low >= n or low >= np.uint64(np.uint32(_2_TO_32 - n) % np.uint32(n)):
            return product >> _SHIFT, draw


@scalar
def uniform52(high, low):
    """A float64 in (0, 1) of two words, centred in one of 2^52 cells: never 0 or 1.

    With 2^53 cells the last centre would round to 1.
    """
    return (np.float64((high << _HIGH_BITS) | (low >> _LOW_BITS)) + _HALF) * _ULP
