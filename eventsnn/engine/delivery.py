"""From the spikes of a window to the inputs of the steps to come.

Time goes with the spikes and their synapses. A ring holds the inputs of the next steps, up to the
longest delay.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange

from eventsnn.connect.cpu import SHARED, deliver_delayed, deliver_row
from eventsnn.connect.drawn import LENGTH, STORED
from eventsnn.connect.learning import STATIC, is_static, learn_row, release
from eventsnn.connect.procedural import deliver_drawn
from eventsnn.core.jit import kernel, scalar
from eventsnn.core.prefetch import prefetch

_LINES, _TARGETS = 3, 32  # lines of the cache to ask for, and targets in one
_UNCHANGED = np.float32(1)  # factor of the weights of synapses that do not tire


class Synapses(NamedTuple):
    """Projections onto one group, one after the other; rows as in `eventsnn.connect.rows`."""

    rows: Any  # uint32, or uint64 where a block of a projection has 2^32 synapses or more
    targets: Any  # uint16 (n_synapses,)
    weights: Any  # float, of the projections whose synapses differ in weight
    delays: Any  # uint8 or uint16, steps, of the projections whose synapses differ in delay
    rows_at: Any  # int64 (Q,): where a projection's rows start
    block_at: Any  # int64 (Q, n_blocks): where the targets of a block start
    senders: Any  # int64 (Q, 2): from and to which of the lists of spikes its sources are in
    pre_start: Any  # int64 (Q,): first source, a number within its group
    n_pre: Any  # int64 (Q,)
    channel: Any  # int64 (Q,), of the targets' input
    weight: Any  # float (Q,), where all synapses share it
    weights_at: Any  # int64 (Q,): place of a synapse's weight less its own place, or SHARED
    delay: Any  # int64 (Q,), steps, where all synapses share it, else 0
    delays_at: Any  # int64 (Q,): place of a synapse's delay less its own place, or SHARED


@scalar
def deliver_block(block, size, first_step, window, spikes, ends, synapses, recipes, drawing, past,
                  releases, rules, history, ring):
    """Deliver the spikes of a window to the neurons of one block; return how many synapses had one.

    A spike at the end of step `n` with a delay of `d` steps acts at the start of step
    ``n + 1 + d``. Inputs are added in the order of the spikes' step, projection, source and place
    in the row, which does not depend on where windows begin. `spikes` and `ends` hold several lists
    of spikes, of one block or one group each, as in `eventsnn.engine.network`.
    """
    n_events = 0
    if window > 0:
        _ask_ahead(block, 0, spikes, ends, synapses, recipes)
    for w in range(window):
        now = first_step + np.uint64(w + 1)
        if w + 1 < window:  # a step early: rows arrive while those before them are added
            _ask_ahead(block, w + 1, spikes, ends, synapses, recipes)
        for q in range(synapses.delay.shape[0]):
            rows = synapses.rows_at[q] + block * (synapses.n_pre[q] + 1) - synapses.pre_start[q]
            if recipes is not None:
                if recipes.kind[q] != STORED:
                    n_events += _draw(block, size, now, w, q, rows, spikes, ends, synapses, recipes,
                                      drawing, past, releases, ring)
                    continue
            n_events += _deliver(block, size, now, w, q, rows, spikes, ends, synapses, past,
                                 releases, rules, history, ring)
    return n_events


@scalar
def _is_source(synapses, q, neuron):
    return synapses.pre_start[q] <= neuron < synapses.pre_start[q] + synapses.n_pre[q]


@scalar
def _ask_ahead(block, w, spikes, ends, synapses, recipes):
    """Ask for the beginnings of the rows of a step's spikes; of longer ones the processor asks for
    the rest by itself."""
    for q in range(synapses.delay.shape[0]):
        if recipes is not None:
            if recipes.kind[q] != STORED:
                continue
        rows = synapses.rows_at[q] + block * (synapses.n_pre[q] + 1) - synapses.pre_start[q]
        base = synapses.block_at[q, block]
        weights_at, delays_at = synapses.weights_at[q], synapses.delays_at[q]
        for sender in range(synapses.senders[q, 0], synapses.senders[q, 1]):
            for e in range(ends[sender, w], ends[sender, w + 1]):
                source = np.int64(spikes[sender, e])
                if _is_source(synapses, q, source):
                    start = base + np.int64(synapses.rows[rows + source])
                    for line in range(_LINES):
                        prefetch(synapses.targets, start + line * _TARGETS)
                    if weights_at != SHARED:
                        prefetch(synapses.weights, start + weights_at)
                    if delays_at != SHARED:
                        prefetch(synapses.delays, start + delays_at)


@scalar
def _deliver(block, size, now, w, q, rows, spikes, ends, synapses, past, releases, rules, history,
             ring):
    """Deliver a step's spikes along one projection."""
    depth, first, n_events = np.uint64(ring.shape[0]), np.uint64(block) * size, 0
    channel, base = np.uint64(synapses.channel[q]), synapses.block_at[q, block]
    weights_at, delays_at = synapses.weights_at[q], synapses.delays_at[q]
    slot = (now + np.uint64(synapses.delay[q])) % depth
    for sender in range(synapses.senders[q, 0], synapses.senders[q, 1]):
        for e in range(ends[sender, w], ends[sender, w + 1]):
            source = np.int64(spikes[sender, e])
            if _is_source(synapses, q, source):
                start = base + np.int64(synapses.rows[rows + source])
                stop = base + np.int64(synapses.rows[rows + source + 1])
                n_events += stop - start
                factor = _change(block, q, source, now, first, start, stop, synapses, past,
                                 releases, rules, history)
                if delays_at == SHARED:
                    deliver_row(ring, slot, channel, first, synapses.targets, start, stop,
                                synapses.weights, weights_at, synapses.weight[q], factor)
                else:
                    deliver_delayed(ring, slot, channel, first, synapses.targets, start, stop,
                                    synapses.weights, weights_at, synapses.weight[q], factor,
                                    synapses.delays, delays_at)
    return n_events


@scalar
def _change(block, q, source, now, first, start, stop, synapses, past, releases, rules, history):
    """Let a row learn and tire at a spike of its source; return the factor of its weights."""
    if past is None:
        return _UNCHANGED
    if is_static(past, q):
        return _UNCHANGED
    column, now = past.at[q] + source - synapses.pre_start[q], np.int64(now)
    factor = release(past, releases, block, q, column, now)
    if history is not None:
        if past.learns_by[q] != STATIC:
            learn_row(past, rules, history, block, q, column, now, first, synapses.targets, start,
                      stop, synapses.weights, synapses.weights_at[q], synapses.delay[q],
                      synapses.delays, synapses.delays_at[q])
    past.last[block, column] = now
    return factor


@scalar
def _draw(block, size, now, w, q, rows, spikes, ends, synapses, recipes, drawing, past, releases,
          ring):
    """As `_deliver`, of a procedural projection."""
    slot, n_events = now % np.uint64(ring.shape[0]), 0
    late_slot = (now + np.uint64(synapses.delay[q])) % np.uint64(ring.shape[0])
    for sender in range(synapses.senders[q, 0], synapses.senders[q, 1]):
        for e in range(ends[sender, w], ends[sender, w + 1]):
            source = np.int64(spikes[sender, e])
            if _is_source(synapses, q, source):
                length = np.int64(0)
                if recipes.kind[q] == LENGTH:
                    length = np.int64(synapses.rows[rows + source + 1]) \
                        - np.int64(synapses.rows[rows + source])
                factor = _change(block, q, source, now, size, 0, 0, synapses, past, releases, None,
                                 None)
                n_events += np.int64(deliver_drawn(
                    recipes, drawing, q, block, size, source, np.uint64(length), ring, slot,
                    late_slot, np.uint64(synapses.channel[q]), synapses.weight[q], factor))
    return n_events


@kernel(parallel=True, allocates=False)
def deliver(size, first_step, window, spikes, ends, synapses, recipes, drawing, past, releases,
            rules, history, outside, events):
    """Deliver spikes of other groups' neurons, a list a group, to all blocks of a group.

    ``events[block]`` is added to what synapses had a spike.
    """
    for block in prange(events.shape[0]):
        events[block] += deliver_block(block, size, first_step, window, spikes, ends, synapses,
                                       recipes, drawing, past, releases, rules, history, outside)
