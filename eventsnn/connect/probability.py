"""Fixed probability: each pair of neurons is connected or not, by itself."""

import numpy as np

from eventsnn.connect.words import AHEAD, word
from eventsnn.core.jit import kernel, scalar

_ONE, _ITEM_BITS = np.uint64(1), np.uint64(16)


@scalar
def draw_row(ahead, seed, item, source, start, stop, autapse, log_miss, first, targets, at):
    """Draw the targets of one source in ``start <= target < stop``, and return their number.

    Each is connected with probability ``1 - exp(log_miss)``; the gaps between hits are geometric.
    `autapse` is a target to leave out, or -1. They are written to `targets` from `at` on, less
    `first`, that of the block; or only counted, if it is None.
    """
    count, draw, target = np.uint64(0), np.uint64(0), np.float64(start) - 1.0
    while True:
        chosen = word(ahead, seed, source, item, draw)
        draw += _ONE
        target += 1.0 + np.floor(np.log((np.float64(chosen) + 0.5) * 2.0**-32) / log_miss)
        if target >= stop:
            return count
        if target != autapse:
            if targets is not None:
                targets[at + count] = np.int64(target) - first
            count += _ONE


@kernel
def fixed_probability(site, log_miss, autapses, block_at, rows, targets):
    """Connect each pair with probability ``1 - exp(log_miss)``; see `eventsnn.connect.rows`."""
    ahead = np.empty(AHEAD, np.uint64)
    for block in range(rows.shape[0]):
        first = block * site.size
        start, stop = max(first, site.post_start), min(first + site.size, site.post_stop)
        if start >= stop:
            continue
        item = (np.uint64(site.projection) << _ITEM_BITS) | np.uint64(block)
        for i in range(site.n_pre):
            source = site.pre_start + i
            at = np.uint64(0) if targets is None else np.uint64(block_at[block] + rows[block, i])
            count = draw_row(ahead, site.seed, item, np.uint64(source), start, stop,
                             source if site.same and not autapses else -1, log_miss, first, targets,
                             at)
            if targets is None:
                rows[block, i] = count
