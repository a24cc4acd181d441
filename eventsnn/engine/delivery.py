"""From the spikes of a window to the inputs of the steps to come.

Time goes with the spikes and their synapses. A ring holds the inputs of the next steps, up to the
longest delay.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.cpu import SHARED, deliver_delayed, deliver_row
from eventsnn.connect.drawn import LENGTH, STORED
from eventsnn.connect.procedural import deliver_drawn
from eventsnn.core.jit import kernel, scalar
from eventsnn.core.prefetch import prefetch

_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Synapses(NamedTuple):
    """Projections onto one group, one after the other; rows as in `eventsnn.connect.rows`."""

    rows: Any  # uint32, or uint64 where a block of a projection has 2^32 synapses or more
    targets: Any  # uint16 (n_synapses,)
    weights: Any  # float, of the projections whose synapses differ in weight
    delays: Any  # uint8 or uint16, steps, of the projections whose synapses differ in delay
    rows_at: Any  # int64 (Q,): where a projection's rows start
    block_at: Any  # int64 (Q, n_blocks): where the targets of a block start
    pre_start: Any  # int64 (Q,): first source, a number within its group
    n_pre: Any  # int64 (Q,)
    channel: Any  # int64 (Q,), of the targets' input
    weight: Any  # float (Q,), where all synapses share it
    weights_at: Any  # int64 (Q,): place of a synapse's weight less its own place, or SHARED
    delay: Any  # int64 (Q,), steps, where all synapses share it, else 0
    delays_at: Any  # int64 (Q,): place of a synapse's delay less its own place, or SHARED


@scalar
def deliver_block(block, size, first_step, window, spikes, ends, synapses, recipes, drawing, ring):
    """Deliver the spikes of a window to the neurons of one block; return how many synapses had one.

    A spike at the end of step `n` with a delay of `d` steps acts at the start of step
    ``n + 1 + d``. Inputs are added in the order of the spikes' step, projection, source and place
    in the row, which does not depend on where windows begin.
    """
    n_events = 0
    for w in range(window):
        now = first_step + np.uint64(w + 1)
        for q in range(synapses.delay.shape[0]):
            rows = synapses.rows_at[q] + block * (synapses.n_pre[q] + 1) - synapses.pre_start[q]
            if recipes is not None:
                if recipes.kind[q] != STORED:
                    n_events += _draw(block, size, now, w, q, rows, spikes, ends, synapses, recipes,
                                      drawing, ring)
                    continue
            _ask_ahead(block, w, q, rows, spikes, ends, synapses)
            n_events += _deliver(block, size, now, w, q, rows, spikes, ends, synapses, ring)
    return n_events


@scalar
def _is_source(synapses, q, neuron):
    return synapses.pre_start[q] <= neuron < synapses.pre_start[q] + synapses.n_pre[q]


@scalar
def _ask_ahead(block, w, q, rows, spikes, ends, synapses):
    """Ask for the rows of all spikes of a step: a third less time where rows are short."""
    base = synapses.block_at[q, block]
    weights_at, delays_at = synapses.weights_at[q], synapses.delays_at[q]
    for source_block in range(ends.shape[0]):
        for e in range(ends[source_block, w], ends[source_block, w + 1]):
            source = np.int64(spikes[source_block, e])
            if _is_source(synapses, q, source):
                start = base + np.int64(synapses.rows[rows + source])
                prefetch(synapses.targets, start)
                if weights_at != SHARED:
                    prefetch(synapses.weights, start + weights_at)
                if delays_at != SHARED:
                    prefetch(synapses.delays, start + delays_at)


@scalar
def _deliver(block, size, now, w, q, rows, spikes, ends, synapses, ring):
    """Deliver a step's spikes along one projection."""
    depth, first, n_events = np.uint64(ring.shape[0]), np.uint64(block) * size, 0
    channel, base = np.uint64(synapses.channel[q]), synapses.block_at[q, block]
    weights_at, delays_at = synapses.weights_at[q], synapses.delays_at[q]
    slot = (now + np.uint64(synapses.delay[q])) % depth
    for source_block in range(ends.shape[0]):
        for e in range(ends[source_block, w], ends[source_block, w + 1]):
            source = np.int64(spikes[source_block, e])
            if _is_source(synapses, q, source):
                start = base + np.int64(synapses.rows[rows + source])
                stop = base + np.int64(synapses.rows[rows + source + 1])
                n_events += stop - start
                if delays_at == SHARED:
                    deliver_row(ring, slot, channel, first, synapses.targets, start, stop,
                                synapses.weights, weights_at, synapses.weight[q])
                else:
                    deliver_delayed(ring, slot, channel, first, synapses.targets, start, stop,
                                    synapses.weights, weights_at, synapses.weight[q],
                                    synapses.delays, delays_at)
    return n_events


@scalar
def _draw(block, size, now, w, q, rows, spikes, ends, synapses, recipes, drawing, ring):
    """As `_deliver`, of a procedural projection."""
    slot, n_events = now % np.uint64(ring.shape[0]), 0
    late_slot = (now + np.uint64(synapses.delay[q])) % np.uint64(ring.shape[0])
    for source_block in range(ends.shape[0]):
        for e in range(ends[source_block, w], ends[source_block, w + 1]):
            source = np.int64(spikes[source_block, e])
            if _is_source(synapses, q, source):
                length = np.int64(0)
                if recipes.kind[q] == LENGTH:
                    length = np.int64(synapses.rows[rows + source + 1]) \
                        - np.int64(synapses.rows[rows + source])
                n_events += np.int64(deliver_drawn(
                    recipes, drawing, q, block, size, source, np.uint64(length), ring, slot,
                    late_slot, np.uint64(synapses.channel[q]), synapses.weight[q]))
    return n_events


@kernel(allocates=False)
def deliver(size, step_number, ids, ends, synapses, recipes, drawing, outside):
    """Deliver spikes of another group's neurons in one step; return how many synapses had one.

    `ids` (1, n) uint32 are the neurons, `ends` (1, 2) int64 holds 0 and `n`.
    """
    n_events = 0
    for block in range((np.uint64(outside.shape[2]) + size - _ONE) // size):
        n_events += deliver_block(np.int64(block), size, step_number, 1, ids, ends, synapses,
                                  recipes, drawing, outside)
    return n_events
