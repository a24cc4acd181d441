r"""Rows under a probability that falls with distance.

With the distance `d` between two neurons, in a periodic box the shortest,

.. math::  p(d) = p_0 e^{-d^2 / 2 \sigma^2}, \quad\text{or}\quad  p(d) = p_0 e^{-d / \lambda},

and 0 beyond a cut-off. Targets near each other form chunks. Over a chunk, no target's probability
is above that at the nearest point of its bounding box: candidates are drawn with that, geometric
gap after geometric gap, and taken with the probability that is left (thinning [1]_). So time goes
with the chunks and the synapses, not with the pairs.

References
----------
.. [1] Lewis, Shedler, Naval Research Logistics Quarterly 26, 403 (1979).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.words import word
from eventsnn.core.jit import scalar

CHUNK = 32  # targets
GAUSSIAN, EXPONENTIAL = range(2)

_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Places(NamedTuple):
    """Where the targets of a projection are, chunk after chunk."""

    order: Any  # uint16 (n_post,): targets as places in their blocks
    positions: Any  # float64 (n_post, d), in that order
    boxes: Any  # float64 (n_chunks, 2, d): least and greatest coordinates of a chunk
    chunks: Any  # int64 (n_chunks + 1,): where chunks start in `order`
    chunk_at: Any  # int64 (n_blocks + 1,): where the chunks of a block start


def places(positions: np.ndarray, first: int, size: int, n_blocks: int) -> Places:
    """Sort targets into chunks; the group number of the first is `first`, a block has `size`.

    Within a block they follow a Morton curve through a grid.
    """
    n, dimensions = positions.shape
    number = first + np.arange(n)
    block = number // size
    order = np.lexsort((_morton(positions), block))
    sorted_ = np.ascontiguousarray(positions[order])
    per_block = np.bincount(block, minlength=n_blocks)
    chunk_counts = -(-per_block // CHUNK)
    chunk_at = np.concatenate([[0], np.cumsum(chunk_counts)]).astype(np.int64)
    block_at = np.concatenate([[0], np.cumsum(per_block)])
    within = np.arange(chunk_at[-1]) - np.repeat(chunk_at[:-1], chunk_counts)
    starts = np.repeat(block_at[:-1], chunk_counts) + within * CHUNK
    boxes = np.empty((len(starts), 2, dimensions))
    if len(starts):
        np.minimum.reduceat(sorted_, starts, axis=0, out=boxes[:, 0])
        np.maximum.reduceat(sorted_, starts, axis=0, out=boxes[:, 1])
    return Places((number % size)[order].astype(np.uint16), sorted_, boxes,
                  np.concatenate([starts, [n]]).astype(np.int64), chunk_at)


def _morton(positions: np.ndarray) -> np.ndarray:
    """Place of each point on a curve through a grid that keeps neighbours together, mostly."""
    n, dimensions = positions.shape
    if n == 0:
        return np.zeros(0, np.int64)
    bits = max(1, 30 // dimensions)
    least, extent = positions.min(axis=0), np.ptp(positions, axis=0)
    cells = ((positions - least) / np.where(extent > 0, extent, 1.0) * (2**bits - 1)).astype(int)
    code = np.zeros(n, np.int64)
    for bit in range(bits):
        for axis in range(dimensions):
            code |= ((cells[:, axis] >> bit) & 1) << (bit * dimensions + axis)
    return code


@scalar
def probability(d2, p_0, kind, scale, cutoff2):
    """Probability at the squared distance `d2`; `scale` is 1 / (2 sigma^2), or 1 / lambda."""
    if d2 > cutoff2:
        return 0.0
    return p_0 * math.exp(-scale * (d2 if kind == GAUSSIAN else math.sqrt(d2)))


@scalar
def _squared(x, source, y, at, period):
    """Squared distance of ``x[source]`` and ``y[at]``; a `period` of 0 is none."""
    total = 0.0
    for axis in range(np.uint64(x.shape[1])):
        d = abs(x[source, axis] - y[at, axis])
        if period[axis] > 0.0:
            d = min(d, period[axis] - d)
        total += d * d
    return total


@scalar
def _nearest(x, source, boxes, chunk, period):
    """Squared distance of ``x[source]`` and the nearest point of a bounding box."""
    total = 0.0
    for axis in range(np.uint64(x.shape[1])):
        place, low, high = x[source, axis], boxes[chunk, 0, axis], boxes[chunk, 1, axis]
        d = max(low - place, place - high, 0.0)
        if period[axis] > 0.0:  # its images on either side, too
            d = min(d, max(low + period[axis] - place, 0.0), max(place + period[axis] - high, 0.0))
        total += d * d
    return total


@scalar
def distant_row(ahead, seed, item, source, left_out, x, at_x, order, positions, boxes, chunks,
                first_chunk, stop_chunk, first_place, profile, period, targets, at):
    """Draw the targets of one source in one block, and return their number.

    As `eventsnn.connect.probability.probable_row`; `profile` holds ``p_0, kind, scale,
    cutoff^2``. What `chunks` counts starts at `first_place` in `order` and `positions`.
    """
    p_0, kind, scale, cutoff2 = profile[0], profile[1], profile[2], profile[3]
    count, draw = _ZERO, _ONE
    to_go = -math.log((np.float64(word(ahead, seed, source, item, _ZERO)) + 0.5) * 2.0**-32)
    for chunk in range(np.uint64(first_chunk), np.uint64(stop_chunk)):
        bound = probability(_nearest(x, at_x, boxes, chunk, period), p_0, kind, scale, cutoff2)
        if bound <= 0.0:
            continue
        hazard = np.inf if bound >= 1.0 else -math.log1p(-bound)  # of a hit, a target
        k, stop = np.uint64(chunks[chunk]), np.uint64(chunks[chunk + _ONE])
        while k < stop:
            ahead_of_it = np.float64(stop - k) * hazard
            if to_go >= ahead_of_it:
                to_go -= ahead_of_it
                break
            k += np.uint64(to_go / hazard)
            chosen = word(ahead, seed, source, item, draw)
            to_go = -math.log((np.float64(word(ahead, seed, source, item, draw + _ONE)) + 0.5)
                              * 2.0**-32)
            draw += _ONE + _ONE
            if k < stop:  # else rounding carried it over the end
                place = k + np.uint64(first_place)
                target = np.int64(order[place])
                d2 = _squared(x, at_x, positions, place, period)
                if target != left_out and (np.float64(chosen) + 0.5) * 2.0**-32 * bound < \
                        probability(d2, p_0, kind, scale, cutoff2):
                    if targets is not None:
                        targets[at + count] = target
                    count += _ONE
            k += _ONE
    return count
