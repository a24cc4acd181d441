r"""Currents from outside: constant piece by piece, or Gaussian noise.

An input `x` to a neuron with a synaptic current :math:`i` is a jump of that current, which then
decays by a factor :math:`1 - b` a step. To let it follow a current :math:`I_n`, in all steps and
at once, the input is

.. math:: x_n = I_n - (1 - b) I_{n-1}, \qquad I_{-1} = 0

which is :math:`b I` as long as the current stays the same. To other neurons it is :math:`I_n`.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import random
from eventsnn.core.jit import scalar
from eventsnn.core.normal import normals
from eventsnn.engine.pieces import piece_at

_STREAM, _CHUNK, _LANE = np.uint64(random.NOISE), random.CHUNK, random.LANE
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_NO_CURRENT = np.float32(0)


class Currents(NamedTuple):
    """Currents of one group that are constant piece by piece."""

    start: Any  # int64 (R,): neurons start to stop
    stop: Any  # int64 (R,)
    channel: Any  # int64 (R,)
    follows: Any  # bool (R,): whether a synaptic current follows it
    pieces: Any  # int64 (R + 1,): where the pieces of time of each current lie in `steps`
    steps: Any  # int64: first step of each piece
    at: Any  # int64 (R,): where the rows of its pieces begin in `values`
    width: Any  # int64 (R,): length of a row, one or the number of neurons
    values: Any  # float
    decay: Any  # float (channels, N): what a synaptic current loses in a step, as a fraction of it


class Noises(NamedTuple):
    """Noisy currents of one group."""

    start: Any  # int64 (R,): neurons start to stop
    stop: Any  # int64 (R,)
    channel: Any  # int64 (R,)
    item: Any  # uint64 (R,): number among the drives of the network, for random numbers
    follows: Any  # bool (R,): whether a synaptic current follows it
    every: Any  # int64 (R,): steps for which a value holds
    at: Any  # int64 (R,): where in `values` its means lie, and behind them its deviations
    width: Any  # int64 (R,): how many each: one or the number of neurons
    values: Any  # float
    decay: Any  # float (channels, N): as of `Currents`
    held: Any  # float (R, N): the currents as they are; work space, made anew in each window


@scalar
def _value(values, row, shared, k):
    return values[row] if shared else values[row + k]


@scalar
def add_currents(q, ring, slot, now, start, stop):
    """Add the currents of step `now` to the neurons from `start` to `stop`."""
    for r in range(q.start.shape[0]):
        first, channel = np.uint64(q.start[r]), np.uint64(q.channel[r])
        lower, upper = max(start, first), min(stop, np.uint64(q.stop[r]))
        piece = piece_at(q.steps, q.pieces[r], q.pieces[r + 1], np.int64(now))
        row = np.uint64(q.at[r] + (piece - q.pieces[r]) * q.width[r])
        shared = q.width[r] == 1
        if not q.follows[r]:
            for k in range(lower, upper):
                ring[slot, channel, k] += _value(q.values, row, shared, k - first)
        elif np.int64(now) > q.steps[piece]:
            for k in range(lower, upper):
                ring[slot, channel, k] += q.decay[channel, k] * _value(
                    q.values, row, shared, k - first)
        elif piece == q.pieces[r]:  # it begins
            for k in range(lower, upper):
                ring[slot, channel, k] += _value(q.values, row, shared, k - first)
        else:
            before = row - np.uint64(q.width[r])
            for k in range(lower, upper):
                old = _value(q.values, before, shared, k - first)
                ring[slot, channel, k] += (_value(q.values, row, shared, k - first) - old
                                           + q.decay[channel, k] * old)


@scalar
def _deviates(words, seed, number, count, index, item, out):
    """Normal deviates of a chunk of neurons, to `out`."""
    random.chunk(words, seed, _STREAM, number, count, index, item)
    two = _LANE + _LANE
    for j in range(min(count, _LANE)):
        out[j], out[_LANE + j] = normals(words[j], words[_LANE + j])
        out[two + j], out[two + _LANE + j] = normals(words[two + j], words[two + _LANE + j])


@scalar
def add_noise(q, seed, ring, slot, now, is_first, start, stop, words, out):
    """Add the noisy currents of step `now` to the neurons from `start` to `stop`.

    The value of a neuron is a function of (seed, step // every, drive, neuron). `is_first` says
    that `held` does not hold the currents of the step before yet.
    """
    for r in range(q.start.shape[0]):
        first, channel = np.uint64(q.start[r]), np.uint64(q.channel[r])
        every = np.uint64(q.every[r])
        lower, upper = max(start, first), min(stop, np.uint64(q.stop[r]))
        if lower >= upper:
            continue
        if is_first and now > _ZERO and _is_held(q, r):
            _refresh(q, r, seed, (now - _ONE) // every, ring, slot, False, lower, upper, words, out)
        elif is_first:
            for k in range(lower, upper):
                q.held[r, k] = _NO_CURRENT
        if now % every == _ZERO:
            _refresh(q, r, seed, now // every, ring, slot, True, lower, upper, words, out)
        elif q.follows[r]:
            for k in range(lower, upper):
                ring[slot, channel, k] += q.decay[channel, k] * q.held[r, k]
        else:
            for k in range(lower, upper):
                ring[slot, channel, k] += q.held[r, k]


@scalar
def _add(values, row, width, deviates, ring, slot, channel, begin, start, end):
    """Add to the ring the currents, made of `deviates`, that nobody asks for again."""
    if width == _ONE:
        mean, deviation = values[row], values[row + width]
        for k in range(start, end):
            ring[slot, channel, k] += mean + deviation * deviates[k - begin]
    else:
        for k in range(start, end):
            i = k - begin
            ring[slot, channel, k] += values[row + i] + values[row + width + i] * deviates[i]


@scalar
def _is_held(q, r):
    """Whether a later step asks for the currents of this one."""
    return q.follows[r] or q.every[r] > 1


@scalar
def _refresh(q, r, seed, index, ring, slot, add, lower, upper, words, out):
    """Put new values into `held`, and what they do in their first step into the ring if `add`."""
    first, row, width = np.uint64(q.start[r]), np.uint64(q.at[r]), np.uint64(q.width[r])
    channel, shared = np.uint64(q.channel[r]), width == _ONE
    for number in range((lower - first) // _CHUNK, (upper - first - _ONE) // _CHUNK + _ONE):
        begin = first + number * _CHUNK
        end = min(begin + _CHUNK, upper)
        _deviates(words, seed, number, end - begin, index, q.item[r], out)
        start, means = max(lower, begin), (row if shared else row + begin - first)
        if not _is_held(q, r):
            _add(q.values, means, width, out, ring, slot, channel, begin, start, end)
            continue
        if shared:
            mean, deviation = q.values[row], q.values[row + width]
            for i in range(end - begin):
                out[i] = mean + deviation * out[i]
        else:
            for i in range(end - begin):
                out[i] = q.values[means + i] + q.values[means + width + i] * out[i]
        if add and q.follows[r]:
            for k in range(start, end):
                ring[slot, channel, k] += (out[k - begin] - q.held[r, k]
                                           + q.decay[channel, k] * q.held[r, k])
        elif add:
            for k in range(start, end):
                ring[slot, channel, k] += out[k - begin]
        for k in range(start, end):
            q.held[r, k] = out[k - begin]
