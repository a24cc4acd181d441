"""Synapses that change: their weights with the spikes of both sides, and their release with use.

The delay of a synapse is dendritic, as in NEST: a spike of the source is at the synapse at once,
one of the target after the delay. So a weight is a matter of the target's own past when a spike is
delivered, and of no other thread. What a source's past amounts to is the same for all its synapses;
each block of targets keeps a copy.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange

from eventsnn.connect.cpu import SHARED
from eventsnn.core.fields import pick
from eventsnn.core.jit import kernel, scalar
from eventsnn.plasticity import tsodyks_makram
from eventsnn.plasticity.pair_stdp import decayed, grown, risen, shrunk
from eventsnn.plasticity.tsodyks_makram import TsodyksMakramState

STATIC = -1  # in place of the number of a rule

_ZERO, _ONE = np.float32(0), np.float32(1)


class Sources(NamedTuple):
    """The past of the sources of several projections; a rule's number, or STATIC, each.

    Times are steps; columns are sources of the projections that are not static in both ways.
    """

    learns_by: Any  # int64 (Q,): of the rules of weights
    tires_by: Any  # int64 (Q,): of the rules of release
    at: Any  # int64 (Q,): column of the first source
    last: Any  # int64 (n_blocks, m): step of the last spike
    trace: Any  # float32 (n_blocks, m): after it
    u: Any  # float32 (n_blocks, m): state of the release after it
    x: Any  # float32 (n_blocks, m)


CHANGES = "last", "trace", "u", "x"  # of them


@scalar
def is_static(past, q):
    """Whether the synapses of a projection never change."""
    return past.learns_by[q] == STATIC and past.tires_by[q] == STATIC


@scalar
def release(past, releases, block, q, column, now):
    """The factor of the weights of a source that spikes; 1 where it does not change."""
    if releases is None:
        return _ONE
    rule = past.tires_by[q]
    if rule == STATIC:
        return _ONE
    state = TsodyksMakramState(past.u[block, column], past.x[block, column])
    share, state = tsodyks_makram.at_spike(
        state, now - past.last[block, column], pick(releases, np.uint64(rule)))
    past.u[block, column], past.x[block, column] = state
    return share


@scalar
def arrived(w, k, delay, since, until, last, trace, r, p, history):
    """The weight after those spikes of target `k` that arrive after `since` and up to `until`.

    Returns it with the number of the first spike that arrives later.
    """
    mask, first = np.int64(history.steps.shape[1] - 1), history.span[k, np.uint64(0)]
    stop = history.span[k, np.uint64(1)]
    while stop > first and history.steps[k, np.uint64((stop - 1) & mask)] + delay > until:
        stop -= 1
    start = stop
    while start > first and history.steps[k, np.uint64((start - 1) & mask)] + delay > since:
        start -= 1
    for e in range(start, stop):
        elapsed = history.steps[k, np.uint64(e & mask)] + delay - last
        w = grown(w, decayed(trace, elapsed, p.tau_plus_inv), p)
    return w, stop


@scalar
def _postsynaptic(k, delay, now, stop, r, p, history):
    """The trace at a synapse of target `k` just before `now`, before which `stop` spikes came."""
    mask, first = np.int64(history.steps.shape[1] - 1), history.span[k, np.uint64(0)]
    while stop > first and history.steps[k, np.uint64((stop - 1) & mask)] + delay >= now:
        stop -= 1  # one that arrives just now is no past
    if stop == first:
        return _ZERO
    at = np.uint64((stop - 1) & mask)
    return decayed(history.traces[r, k, at], now - delay - history.steps[k, at], p.tau_minus_inv)


@scalar
def learnt(w, k, delay, since, now, last, trace, r, p, history):
    """The weight of a synapse onto target `k` after a spike of its source at step `now`.

    The source's `last` spike left a `trace`; spikes of the target up to `since` are in `w` already.
    """
    w, seen = arrived(w, k, delay, since, now, last, trace, r, p, history)
    return shrunk(w, _postsynaptic(k, delay, now, seen, r, p, history), p)


@scalar
def trace_after(past, block, column, now, p):
    """The trace of a source after a spike at step `now`."""
    elapsed = now - past.last[block, column]
    return risen(decayed(past.trace[block, column], elapsed, p.tau_plus_inv), p.nearest)


@scalar
def learn_row(past, rules, history, block, q, column, now, first, targets, start, stop, weights,
              weights_at, delay, delays, delays_at):
    """Change the weights of a source that spikes at step `now`, and note the spike."""
    r = np.uint64(past.learns_by[q])
    p = pick(rules, r)
    last, trace = past.last[block, column], past.trace[block, column]
    since = max(last, history.settled[0])
    for j in range(start, stop):
        k = first + np.uint64(targets[np.uint64(j)])
        late = delay if delays_at == SHARED else np.int64(delays[np.uint64(j + delays_at)])
        at = np.uint64(j + weights_at)
        weights[at] = learnt(weights[at], k, late, since, now, last, trace, r, p, history)
    past.trace[block, column] = trace_after(past, block, column, now, p)


@scalar
def _settle_block(block, size, now, synapses, past, rules, history):
    for q in range(past.learns_by.shape[0]):
        if past.learns_by[q] == STATIC:
            continue
        r = np.uint64(past.learns_by[q])
        p = pick(rules, r)
        base, first = synapses.block_at[q, block], np.uint64(block) * size
        rows = synapses.rows_at[q] + block * (synapses.n_pre[q] + 1)
        weights_at, delays_at = synapses.weights_at[q], synapses.delays_at[q]
        for i in range(synapses.n_pre[q]):
            last, trace = past.last[block, past.at[q] + i], past.trace[block, past.at[q] + i]
            if trace == _ZERO:
                continue
            since = max(last, history.settled[0])
            for j in range(base + np.int64(synapses.rows[rows + i]),
                           base + np.int64(synapses.rows[rows + i + 1])):
                k = first + np.uint64(synapses.targets[np.uint64(j)])
                late = synapses.delay[q]
                if delays_at != SHARED:
                    late = np.int64(synapses.delays[np.uint64(j + delays_at)])
                at = np.uint64(j + weights_at)
                w, _ = arrived(synapses.weights[at], k, late, since, now, last, trace, r, p,
                               history)
                synapses.weights[at] = w


@kernel(parallel=True, allocates=False)
def settle(size, now, synapses, past, rules, history):
    """Bring all weights up to date: apply the targets' spikes that arrived up to step `now`.

    All spikes of the sources up to then must have been delivered.
    """
    for block in prange(past.last.shape[0]):
        _settle_block(block, size, now, synapses, past, rules, history)
