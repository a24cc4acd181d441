"""Random numbers: the published answers, the same on any path, independent for different keys."""

import numba
import numpy as np
import pytest
from scipy import stats

from eventsnn.core import random
from tests.naive import philox

# Known answers of the Random123 distribution for Philox4x32-10: counter, key, words.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


def unsigned(*values):
    return tuple(map(np.uint64, values))


@numba.njit
def compiled_philox(c0, c1, c2, c3, k0, k1):
    return random.philox4x32(c0, c1, c2, c3, k0, k1)


@numba.njit
def compiled_words(seed, stream, neuron, step, item):
    return random.words(seed, stream, neuron, step, item)


@numba.njit
def compiled_uniform(word):
    return random.uniform(word)


@numba.njit
def uniforms(seed, stream, n, step, item):
    out = np.empty(n, np.float32)
    for k in range(np.uint64(n)):
        word, _, _, _ = random.words(seed, stream, k, step, item)
        out[k] = random.uniform(word)
    return out


def draws(seed=1, stream=1, n=20_000, step=0, item=0):
    seed, stream, step, item = unsigned(seed, stream, step, item)
    return uniforms(seed, stream, n, step, item)


@pytest.mark.parametrize("function", [random.philox4x32, compiled_philox])
@pytest.mark.parametrize("counter, key, expected", KNOWN)
def test_philox__gives_the_known_answers(function, counter, key, expected):
    assert tuple(map(int, function(*unsigned(*counter, *key)))) == expected
    assert philox.philox(counter, key) == expected  # the naive one, which other tests rely on


@pytest.mark.parametrize("seed", [0, 12345, 2**64 - 1])
@pytest.mark.parametrize("neuron, step, item", [
    (0, 0, 0), (7, 3, 1), (2**32 - 1, 2**32 - 1, 2**32 - 1), (1, 2**32, 0), (1, 2**40 + 5, 2),
])
def test_words__plain_equals_compiled_equals_naive(seed, neuron, step, item):
    arguments = unsigned(seed, random.DRIVE, neuron, step, item)
    counter = (neuron, step % 2**32, (step >> 32 << 16) | random.DRIVE, item)
    expected = philox.philox(counter, (seed % 2**32, seed >> 32))

    plain, compiled = random.words(*arguments), compiled_words(*arguments)

    assert tuple(map(int, plain)) == tuple(map(int, compiled)) == expected
    assert all(0 <= w < 2**32 for w in expected)


def test_uniform__is_float32_strictly_within_0_and_1():
    for word in (0, 511, 512, 2**31, 2**31 + 512, 2**32 - 1):
        plain, compiled = random.uniform(np.uint64(word)), compiled_uniform(np.uint64(word))
        assert type(plain) is np.float32
        assert 0 < plain < 1
        assert plain == compiled == ((word >> 9) + 0.5) / 2**23  # exactly


def test_uniform__has_the_moments_of_a_uniform_number():
    u = draws(n=200_000).astype(float)

    assert abs(u.mean() - 1 / 2) < 5 * np.sqrt(1 / 12 / u.size)
    assert abs(u.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / u.size)


def chi_square(a, b, bins=16):
    """Probability of a table at least as uneven, if the pairs were uniform and independent."""
    counts, _, _ = np.histogram2d(a, b, bins=bins, range=[[0, 1], [0, 1]])
    return stats.chisquare(counts.ravel()).pvalue


@pytest.mark.parametrize("other", [
    {"seed": 2}, {"seed": 1 + 2**32}, {"stream": 2}, {"step": 1}, {"step": 2**32}, {"item": 1},
], ids=str)
def test_draws__of_other_keys_are_independent(other):
    a, b = draws(), draws(**other)

    assert (a == b).mean() < 1e-3
    assert 1e-4 < chi_square(a, b) < 1 - 1e-4


def test_draws__of_neighbours_and_steps_are_independent():
    a = draws(n=20_001)

    assert 1e-4 < chi_square(a[:-1], a[1:]) < 1 - 1e-4


def test_chi_square__finds_dependence():
    assert chi_square(draws(), draws()) < 1e-12


def test_streams__are_different_numbers_below_2_to_the_16():
    streams = [v for k, v in vars(random).items() if k.isupper() and isinstance(v, int)
               and not k.startswith("_") and k != "STEP_LIMIT"]

    assert len(streams) == len(set(streams)) >= 7
    assert all(0 < v < 2**16 for v in streams)


def test_step_limit__leaves_a_stream_its_16_bits_of_a_word():
    assert (random.STEP_LIMIT - 1) >> 32 == 2**16 - 1


def test_generator__depends_on_seed_and_stream_alone():
    first = random.generator(3, random.WEIGHT).random(4)

    np.testing.assert_array_equal(first, random.generator(3, random.WEIGHT).random(4))
    for other in (random.generator(4, random.WEIGHT), random.generator(3, random.DATA),
                  random.generator(3 + 2**63, random.WEIGHT)):
        assert (first != other.random(4)).all()


@pytest.mark.parametrize("value, error, words", [
    (-1, ValueError, "seed must be at least 0, got -1"),
    (2**64, ValueError, f"seed must be at most {2**64 - 1}, got {2**64}"),
    (1.0, TypeError, "seed must be a whole number, got 1.0"),
    (True, TypeError, "seed must be a whole number, got True"),
    ("1", TypeError, "seed must be a whole number, got '1'"),
    (None, TypeError, "seed must be a whole number, got None"),
])
def test_seed__refuses(value, error, words):
    with pytest.raises(error) as caught:
        random.seed(value)
    with pytest.raises(error):
        random.generator(value, random.WEIGHT)

    assert str(caught.value) == words


@pytest.mark.parametrize("value", [0, 7, np.int32(7), np.uint64(2**64 - 1)])
def test_seed__takes_whole_numbers(value):
    seed = random.seed(value)

    assert type(seed) is np.uint64 and seed == value
