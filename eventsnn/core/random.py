"""Random numbers without hidden state: Philox4x32-10, a function of (key, counter).

A draw depends on the seed and on what it is for (neuron, step, stream, item) and on nothing else,
so results are the same for any number of threads or ranks, on any device, and after a resume.

References
----------
.. [1] Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
"""

import numpy as np

from eventsnn.core import check
from eventsnn.core.jit import scalar

# Streams keep the draws of different purposes apart under one seed.
THRESHOLD, ENCODER, DRIVE, CONNECTIVITY, WEIGHT, INITIAL_STATE, DATA = range(1, 8)
NOISE, PARAMETER = 101, 102
SAMPLE = 201  # items of a data set; apart from DATA, which orders them

STEP_LIMIT = 2**48  # a counter has so much room for the number of a step

CHUNK = np.uint64(256)  # neurons that `chunk` draws for at once
LANE = np.uint64(64)  # of them, those that get the same word of their four

_ROUNDS = 10
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
_STREAM_BITS, _MANTISSA = np.uint64(16), np.uint64(9)
_ULP = np.float32(2.0**-23)
_HALF = np.float32(0.5)
_ZERO, _TWO, _THREE = np.uint64(0), np.uint64(2), np.uint64(3)


@scalar
def philox4x32(c0, c1, c2, c3, k0, k1):
    """Four random words; words, counter and key are 32-bit values held in uint64.

    uint64 throughout: numba would turn mixed signed and unsigned arithmetic into float64.
    """
    for _ in range(_ROUNDS):
        p0 = _MULTIPLIER_0 * c0
        p1 = _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (p1 >> _SHIFT) ^ c1 ^ k0, p1 & _LOW, (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return c0, c1, c2, c3


@scalar
def words(seed, stream, neuron, step, item):
    """Four random words for one neuron at one step; all arguments uint64."""
    return philox4x32(neuron, step & _LOW, ((step >> _SHIFT) << _STREAM_BITS) | stream, item,
                      seed & _LOW, seed >> _SHIFT)


@scalar
def chunk(out, seed, stream, number, count, step, item):
    """Random words, one a neuron, of the neurons ``256 number + i`` for ``i < count``, to `out`.

    `out` is uint32 (256,); all other arguments are uint64. A draw gives four words, for four
    neurons: neuron ``256 c + 64 w + j`` gets word `w` of the draw of "neuron" ``64 c + j``. So
    neurons that lie side by side are drawn side by side, which vectorises.
    """
    first = number * LANE
    for j in range(min(count, LANE)):
        w0, w1, w2, w3 = words(seed, stream, first + j, step, item)
        out[j] = w0
        out[LANE + j] = w1
        out[_TWO * LANE + j] = w2
        out[_THREE * LANE + j] = w3


@scalar
def words_of(seed, stream, i, step, item):
    """The four random words of the draw that neuron `i` has a part in, in `chunk`."""
    return words(seed, stream, i // CHUNK * LANE + i % LANE, step, item)


@scalar
def lane(i):
    """Which word of its draw neuron `i` gets, in `chunk`: 0 to 3."""
    return i % CHUNK // LANE


@scalar
def word(seed, stream, i, step, item):
    """The random word that `chunk` gives to neuron `i`."""
    w0, w1, w2, w3 = words_of(seed, stream, i, step, item)
    mine = lane(i)
    low, high = (w0 if mine == _ZERO else w1), (w2 if mine == _TWO else w3)
    return low if mine < _TWO else high


@scalar
def uniform(word):
    """A float32 in (0, 1), centred in one of 2^23 cells: exact on every device, never 0 or 1."""
    return (np.float32(word >> _MANTISSA) + _HALF) * _ULP


def seed(value: int) -> np.uint64:
    """`value` checked to be a seed: a whole number from 0 to 2^64 - 1."""
    return np.uint64(check.integer("seed", value, least=0, most=2**64 - 1))


def generator(value: int, stream: int) -> np.random.Generator:
    """A NumPy generator for what is drawn once and on the host: weights, initial states, order."""
    return np.random.Generator(np.random.Philox(key=int(seed(value)) | stream << 64))
