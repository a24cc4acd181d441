"""Rows of synapses: their form, and how a rule comes to them in two passes.

Synapses lie in CSR by source, split by blocks of targets: row ``(block, source)`` holds the targets
of `source` within `block`, as their place in the block, in 2 bytes. A thread that owns a block
writes no other thread's targets. A rule is run twice. With `targets` None it writes to
``rows[block, source]`` how many a row has; `starts` makes of that where each row starts, counted
from the start of the block's synapses; then the rule writes `targets`.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.jit import kernel

_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Site(NamedTuple):
    """Where a rule works; neurons are numbered within their groups."""

    seed: Any  # uint64
    projection: Any  # its number in the network: tells its random numbers from others'
    pre_start: Any  # first source
    n_pre: Any
    post_start: Any  # targets start to stop
    post_stop: Any
    same: Any  # whether sources and targets are of one population: equal numbers are autapses
    size: Any  # targets a block


@kernel
def starts(rows, totals):
    """From the length of each row to where it starts; the last column gets where blocks end.

    `totals` (n_blocks,) int64 gets the number of synapses of each block.
    """
    for block in range(np.uint64(rows.shape[0])):
        at = np.int64(0)
        for i in range(np.uint64(rows.shape[1] - 1)):
            length = np.int64(rows[block, i])
            rows[block, i] = at
            at += length
        rows[block, np.uint64(rows.shape[1] - 1)] = at
        totals[block] = at


@kernel
def put_back(rows):
    """From where each row ends, but for the last column, to where it starts.

    For rules that come to a row's synapses one by one and move its start on with each.
    """
    for block in range(np.uint64(rows.shape[0])):
        start = np.int64(0)
        for i in range(np.uint64(rows.shape[1] - 1)):
            end = np.int64(rows[block, i])
            rows[block, i] = start
            start = end
