"""Connections on the CPU: rules that draw synapses, and delivery of spikes along them.

Synapses lie in CSR by source, split by blocks of targets: row ``(block, source)`` holds the targets
of `source` within `block`, as their place in the block, in 2 bytes. A thread that owns a block
writes no other thread's targets. `rows` (n_blocks, n_pre + 1) int64 holds where each row starts,
and in its last column where the block ends.
"""

import numpy as np

from eventsnn.core import random
from eventsnn.core.jit import kernel, scalar

# Targets a block: many, since each block has a row of its own for each source, but not all, since
# blocks are what threads share out. Their numbers must fit uint16.
BLOCK = 32768

SHARED = np.int64(np.iinfo(np.int64).min)  # in place of where weights lie: all synapses share one

_STREAM = np.uint64(random.CONNECTIVITY)
_ZERO, _ONE, _TWO, _FOUR = (np.uint64(i) for i in (0, 1, 2, 4))


@scalar
def _targets_of(seed, item, source, start, stop, autapse, log_miss, targets, at):
    """Draw the targets of one source in ``start <= target < stop``, and return their number.

    Each is connected with probability ``1 - exp(log_miss)``; the gaps between hits are geometric.
    `autapse` is a target to leave out, or -1. They are written to `targets` from `at` on, less
    `start`; or only counted, if it is None.
    """
    count, draw, target = 0, _ZERO, np.float64(start) - 1.0
    w0 = w1 = w2 = w3 = _ZERO
    while True:
        lane = draw % _FOUR
        if lane == _ZERO:
            w0, w1, w2, w3 = random.words(seed, _STREAM, source, draw // _FOUR, item)
        word = w0 if lane == _ZERO else w1 if lane == _ONE else w2 if lane == _TWO else w3
        draw += _ONE
        target += 1.0 + np.floor(np.log((np.float64(word) + 0.5) * 2.0**-32) / log_miss)
        if target >= stop:
            return count
        if target != autapse:
            if targets is not None:
                targets[at + count] = np.int64(target) - start
            count += 1


@kernel
def fixed_probability(seed, projection, pre_start, post_start, post_stop, autapses, log_miss, size,
                      rows, targets):
    """Connect each pair of neurons with one probability.

    `pre_start`, `post_start` and `post_stop` number neurons within their groups; `size` is that of
    a block. With `targets` None writes the length of each row to `rows`, else, with `rows` in
    place, the targets.
    """
    for block in range(rows.shape[0]):
        first = block * size
        start, stop = max(first, post_start), min(first + size, post_stop)
        item = (np.uint64(projection) << np.uint64(16)) | np.uint64(block)
        for i in range(rows.shape[1] - 1):
            if start >= stop:
                if targets is None:
                    rows[block, i] = 0
                continue
            autapse = -1 if autapses else pre_start + i
            at = rows[block, i] if targets is not None else 0
            count = _targets_of(seed, item, np.uint64(pre_start + i), start, stop, autapse,
                                log_miss, targets, at)
            if targets is None:
                rows[block, i] = count
            else:
                for j in range(at, at + count):
                    targets[j] += start - first


@kernel
def split_by_block(indptr, indices, data, post_start, size, rows, targets, weights):
    """Copy a CSR matrix with sorted rows into blocks of `size`; `rows` is written too."""
    at = 0
    for block in range(rows.shape[0]):
        first = block * size
        for i in range(indptr.shape[0] - 1):
            rows[block, i] = at
            for j in range(indptr[i], indptr[i + 1]):
                target = indices[j] + post_start - first
                if 0 <= target < size:
                    targets[at] = target
                    weights[at] = data[j]
                    at += 1
        rows[block, indptr.shape[0] - 1] = at


@scalar
def deliver_row(ring, slot, channel, first, targets, start, stop, weights, weight_at, weight):
    """Add the weights of one row of synapses to their targets' input.

    `weight_at` is what to add to a synapse's place for that of its weight, or `SHARED` where all
    have `weight`.
    """
    if weight_at == SHARED:
        for j in range(np.uint64(start), np.uint64(stop)):
            ring[slot, channel, first + np.uint64(targets[j])] += weight
    else:
        for j in range(np.uint64(start), np.uint64(stop)):
            ring[slot, channel, first + np.uint64(targets[j])] += weights[j + np.uint64(weight_at)]
