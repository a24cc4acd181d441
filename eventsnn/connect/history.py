"""When neurons spiked, for the plastic synapses onto them: the last spikes of each, and traces.

A weight changes only when a spike of its source comes by, or when somebody looks at it; until then
the spikes of the target wait here. What waits is bounded: from time to time all weights are brought
up to date (`eventsnn.connect.learning.settle`), which changes no result, and older spikes are
forgotten.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.fields import pick
from eventsnn.core.jit import kernel, scalar
from eventsnn.plasticity.pair_stdp import decayed, risen

_ZERO, _ONE = np.float32(0), np.int64(1)
_FIRST, _NEXT = np.uint64(0), np.uint64(1)
# How much room is taken: little; settle soon; settle, or make more.
EMPTY, HALF, FULL = np.uint8(0), np.uint8(1), np.uint8(2)


class History(NamedTuple):
    """Spikes of the neurons of one group; that with number `e` of a neuron is at ``e % depth``."""

    steps: Any  # int64 (n, depth), depth a power of two
    traces: Any  # float32 (R, n, depth): after each spike, for each rule
    span: Any  # int64 (n, 2): number of the first spike that is still needed, and of the next
    settled: Any  # int64 (1,): step up to which all weights are up to date
    most: Any  # int64 (1,): spikes of a neuron that can come in a window
    filled: Any  # uint8 (n_blocks,): 0, HALF or FULL


@scalar
def note_spike(history, rules, k, now):
    """Keep a spike of neuron `k`; return how many of its spikes are held."""
    mask = np.int64(history.steps.shape[1]) - _ONE
    first, count = history.span[k, _FIRST], history.span[k, _NEXT]
    at, last = np.uint64(count & mask), np.uint64((count - _ONE) & mask)
    for r in range(np.uint64(history.traces.shape[0])):
        p = pick(rules, r)
        trace = _ZERO
        if count > first:
            trace = decayed(history.traces[r, k, last], now - history.steps[k, last],
                            p.tau_minus_inv)
        history.traces[r, k, at] = risen(trace, p.nearest)
    history.steps[k, at] = now
    history.span[k, _NEXT] = count + _ONE
    return count + _ONE - first


@scalar
def filled_by(history, held):
    """How full the memory is of a neuron of which `held` spikes are kept."""
    depth = np.int64(history.steps.shape[1])
    if held + 2 * history.most[_FIRST] > depth:
        return FULL
    return HALF if 2 * held > depth else EMPTY


@scalar
def note_spikes(history, rules, block, first_step, window, spikes, ends):
    """Keep the spikes of a block in a window; those of two more may come before there is room."""
    for w in range(window):
        now = np.int64(first_step) + np.int64(w) + _ONE
        for e in range(ends[block, w], ends[block, w + 1]):
            held = note_spike(history, rules, np.uint64(spikes[block, e]), now)
            history.filled[block] = max(history.filled[block], filled_by(history, held))


@scalar
def first_needed(history, k, now, longest):
    """The number of the first spike of neuron `k` that is still needed; see `forget`."""
    mask = np.int64(history.steps.shape[1]) - _ONE
    first, count = history.span[k, _FIRST], history.span[k, _NEXT]
    while first + _ONE < count and (
            history.steps[k, np.uint64((first + _ONE) & mask)] + longest <= now):
        first += _ONE
    return first


@kernel
def forget(history, now, longest):
    """Let go of spikes that no synapse, of a delay up to `longest`, needs after step `now`.

    The last one before those that are yet to arrive stays: its trace counts. Returns the most that
    a neuron still holds.
    """
    most = np.int64(0)
    for k in range(np.uint64(history.span.shape[0])):
        history.span[k, _FIRST] = first_needed(history, k, now, longest)
        most = max(most, history.span[k, _NEXT] - history.span[k, _FIRST])
    history.settled[0] = now
    return most
