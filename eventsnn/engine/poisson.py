"""Poisson input to neurons, each with its own.

The number of events of a neuron in a step is drawn by inversion of one random word: the number of
upper tails of the distribution that the word lies in. So its distribution is exact to 2^-32. A mean
above `MOST` is shared out to several counts, which are added.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import random
from eventsnn.core.jit import scalar
from eventsnn.engine.pieces import piece_at

MOST = 16.0  # mean of one count
PART_BITS = np.uint64(16)  # the counter holds the number of the drive below the one of the count

_STREAM, _CHUNK = np.uint64(random.DRIVE), random.CHUNK
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_NONE, _EVENT = np.float32(0), np.float32(1)
_NEVER = np.uint32(0xFFFFFFFF)  # no word is above it
_HALF = np.float64(0.5)


class PoissonInputs(NamedTuple):
    """Poisson inputs of one group."""

    start: Any  # int64 (R,): neurons start to stop
    stop: Any  # int64 (R,)
    channel: Any  # int64 (R,)
    item: Any  # uint64 (R,): number among the drives of the network, for random numbers
    parts: Any  # int64 (R,): counts of each neuron and step that are added
    pieces: Any  # int64 (R + 1,): where the pieces of time of each input lie in `steps`
    steps: Any  # int64: first step of each piece
    each: Any  # bool (R,): whether neurons differ in rate
    at: Any  # int64 (R,): where the rows of its pieces begin, in `means` if each, else in `tails`
    width: Any  # int64 (R,): length of a row
    tails: Any  # uint32; a row: 2^32 P(count <= m) - 1 for m = 0, 1, ...; at last _NEVER
    means: Any  # float64; a row: one count's mean for all neurons, then 2^32 exp(-mean) for all
    weight: Any  # float (R,), where weights_at is below 0
    weights_at: Any  # int64 (R,): where the weights of the neurons lie in `weights`, or -1
    weights: Any  # float


@scalar
def _count_shared(tails, row, words, count, counts):
    """Add to `counts` how many tails each word is above; all neurons have the same."""
    most = np.uint32(0)
    for i in range(count):
        most = max(most, words[i])
    while most > tails[row]:
        tail = tails[row]
        for i in range(count):
            counts[i] += _EVENT if words[i] > tail else _NONE
        row += _ONE


@scalar
def _count_each(means, row, n, words, count, counts, terms, totals):
    """Add to `counts` the counts of neurons whose means begin at `row`; the tails are summed up."""
    for i in range(count):
        terms[i] = totals[i] = means[row + n + i]
    m, hits = np.float64(1), 1
    while hits > 0:
        hits, inverse = 0, np.float64(1) / m
        for i in range(count):
            hit = np.float64(words[i]) + _HALF > totals[i]
            counts[i] += _EVENT if hit else _NONE
            hits += 1 if hit else 0
            terms[i] *= means[row + i] * inverse
            totals[i] += terms[i]
        m += np.float64(1)


@scalar
def add_poisson(q, seed, ring, slot, now, start, stop, words, counts, terms, totals):
    """Add the events of step `now` of the neurons from `start` to `stop` to the ring.

    `words` (uint32), `counts` (float32), `terms` and `totals` (float64) are work space for a chunk.
    """
    for r in range(q.start.shape[0]):
        first = np.uint64(q.start[r])
        lower, upper = max(start, first), min(stop, np.uint64(q.stop[r]))
        if lower >= upper:
            continue
        piece = piece_at(q.steps, q.pieces[r], q.pieces[r + 1], np.int64(now))
        row = np.uint64(q.at[r] + (piece - q.pieces[r]) * q.width[r])
        if not q.each[r] and q.tails[row] == _NEVER:
            continue
        channel, n = np.uint64(q.channel[r]), np.uint64(q.stop[r]) - first
        for number in range((lower - first) // _CHUNK, (upper - first - _ONE) // _CHUNK + _ONE):
            begin = number * _CHUNK
            count = min(_CHUNK, upper - first - begin)
            for i in range(count):
                counts[i] = _NONE
            for part in range(np.uint64(q.parts[r])):
                random.chunk(words, seed, _STREAM, number, count, now,
                             q.item[r] | part << PART_BITS)
                if q.each[r]:
                    _count_each(q.means, row + begin, n, words, count, counts, terms, totals)
                else:
                    _count_shared(q.tails, row, words, count, counts)
            chunk_start = first + begin
            if q.weights_at[r] < 0:
                weight = q.weight[r]
                for k in range(max(lower, chunk_start), chunk_start + count):
                    ring[slot, channel, k] += weight * counts[k - chunk_start]
            else:
                weights = np.uint64(q.weights_at[r])
                for k in range(max(lower, chunk_start), chunk_start + count):
                    ring[slot, channel, k] += q.weights[weights + k - first] * counts[
                        k - chunk_start]
