"""Rows under a fixed probability: each pair of neurons is connected or not, by itself."""

import numpy as np

from eventsnn.connect.words import word
from eventsnn.core.jit import kernel, scalar

_ZERO, _ONE, _LAST = np.uint64(0), np.uint64(1), np.uint64(2**32 - 1)


@scalar
def _gap(chosen, log_miss):
    """How many targets a random word leaves out before the next hit: a whole number, float64."""
    return np.floor(np.log((np.float64(chosen) + 0.5) * 2.0**-32) / log_miss)


@scalar
def probable_row(ahead, seed, item, source, start, stop, left_out, log_miss, targets, at):
    """Draw the targets of one source in ``start <= target < stop``, and return their number.

    Each is connected with probability ``1 - exp(log_miss)``; the gaps between hits are geometric.
    They are written to `targets` from `at` on; or only counted, if it is None. `start` and `stop`
    are places in the block, and so is `left_out`, a target to leave out, or -1.
    """
    count, draw, target = _ZERO, _ZERO, np.float64(start) - 1.0
    while True:
        chosen = word(ahead, seed, source, item, draw)
        draw += _ONE
        target += 1.0 + _gap(chosen, log_miss)
        if target >= stop:
            return count
        if target != left_out:
            if targets is not None:
                targets[at + count] = np.uint64(target)
            count += _ONE


@kernel
def gap_limits(log_miss, out):
    """Write the greatest words that leave out 1, 2, ... targets at least; return their number.

    From them any device finds the gap of a word to the bit, by comparing whole numbers.
    """
    for g in range(np.uint64(out.shape[0])):
        least = np.float64(g + _ONE)
        if not _gap(_ZERO, log_miss) >= least:
            return g
        guess = np.exp(least * log_miss) * 2.0**32 - 0.5
        limit = np.uint64(min(max(guess, 0.0), 2.0**32 - 1.0))
        while limit < _LAST and _gap(limit + _ONE, log_miss) >= least:
            limit += _ONE
        while not _gap(limit, log_miss) >= least:
            limit -= _ONE
        out[g] = limit
    return np.uint64(out.shape[0])
