"""Rows under a fixed probability: each pair of neurons is connected or not, by itself."""

import numpy as np

from eventsnn.connect.words import word
from eventsnn.core.jit import scalar

_ZERO, _ONE = np.uint64(0), np.uint64(1)


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
        target += 1.0 + np.floor(np.log((np.float64(chosen) + 0.5) * 2.0**-32) / log_miss)
        if target >= stop:
            return count
        if target != left_out:
            if targets is not None:
                targets[at + count] = np.uint64(target)
            count += _ONE
