"""What draws rows of synapses: random words, and gaps found among limits of words."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.connect.probability import _gap, gap_limits
from eventsnn.connect.words import AHEAD, below, word

SEED, NEURON, ITEM = np.uint64(2**40 + 3), np.uint64(77), np.uint64(5 << 16)


def test_word__is_the_same_drawn_ahead_and_alone():
    ahead = np.empty(AHEAD, np.uint64)
    draws = np.arange(3 * AHEAD, dtype=np.uint64)

    found = [word(None, SEED, NEURON, ITEM, draw) for draw in draws]

    assert_array_equal(found, [word(ahead, SEED, NEURON, ITEM, draw) for draw in draws])
    assert len(set(found)) == len(draws)


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 2**31 + 1, 2**32 - 1])
def test_below__leaves_out_words_that_favour_some(n):
    """So many of 2^32 words are left out that the rest is a multiple of `n`."""
    draw, found = np.uint64(0), []
    for _ in range(200):
        one, draw = below(None, SEED, NEURON, ITEM, draw, np.uint64(n))
        found.append(int(one))

    words = [int(word(None, SEED, NEURON, ITEM, np.uint64(k))) for k in range(int(draw))]
    left = 2**32 % n
    assert found == [w * n >> 32 for w in words if (w * n) % 2**32 >= left]


@pytest.mark.parametrize("p", [1.0, 0.9, 0.5, 0.1, 1e-3, 1e-6, 1e-12])
def test_gap_limits__are_the_words_at_which_gaps_change(p):
    with np.errstate(divide="ignore"):
        log_miss = np.log1p(-p)
    out = np.empty(300, np.uint32)

    limits = out[:int(gap_limits(log_miss, out))].astype(np.uint64)

    for g, limit in enumerate(limits.tolist(), 1):
        assert _gap(np.uint64(limit), log_miss) >= g
        assert limit == 2**32 - 1 or _gap(np.uint64(limit + 1), log_miss) < g
    if len(limits) < len(out):
        assert not _gap(np.uint64(0), log_miss) >= len(limits) + 1
    rng = np.random.default_rng(0)
    for chosen in rng.integers(0, 2**32, 500, dtype=np.uint64):
        gap = min(int(np.sum(limits >= chosen)), len(out))
        assert gap == min(_gap(chosen, log_miss), len(out))
