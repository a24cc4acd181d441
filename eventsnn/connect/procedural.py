"""Delivery of spikes along rows that are kept nowhere: drawn again for each spike.

From the same random numbers as when they are stored, so the network is the same.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.cpu import SHARED, deliver_delayed, deliver_row
from eventsnn.connect.drawn import draw_row
from eventsnn.connect.values import as_steps, quantile, synapse_uniforms
from eventsnn.connect.words import AHEAD
from eventsnn.core.jit import scalar

_ZERO = np.uint64(0)


class Drawing(NamedTuple):
    """Distributions of several projections, and room for one row a block."""

    own_weights: Any  # bool (Q,): whether synapses differ in weight
    own_delays: Any  # bool (Q,)
    weight_law: Any  # float64 (Q, 7): see `eventsnn.connect.values`
    delay_law: Any  # float64 (Q, 7), steps
    ahead: Any  # uint64 (n_blocks, 64)
    marks: Any  # uint64 (n_blocks, size / 64 + 1)
    targets: Any  # uint16 (n_blocks, longest row)
    weights: Any  # float32 (n_blocks, longest row)
    delays: Any  # uint16 (n_blocks, longest row)


def room(n_blocks: int, size: int, longest: int) -> tuple[np.ndarray, ...]:
    """The last five of `Drawing`."""
    return (np.empty((n_blocks, AHEAD), np.uint64), np.empty((n_blocks, size // 64 + 1), np.uint64),
            np.empty((n_blocks, longest), np.uint16), np.empty((n_blocks, longest), np.float32),
            np.empty((n_blocks, longest), np.uint16))


@scalar
def deliver_drawn(recipes, drawing, q, block, size, source, length, ring, slot, late_slot, channel,
                  weight, factor):
    """Draw the row of a source that spiked and add it to its targets' input; return its length.

    `slot` is that of delay 0, `late_slot` that of the delay which all share; `factor` is one of the
    weights.
    """
    targets, weights, delays = drawing.targets[block], drawing.weights[block], drawing.delays[block]
    count = draw_row(recipes, q, block, np.int64(size), source, length, drawing.ahead[block],
                     drawing.marks[block], targets, _ZERO)
    first = np.uint64(block) * size
    own_weights, own_delays = drawing.own_weights[q], drawing.own_delays[q]
    if own_weights or own_delays:
        projection = recipes.item[q] >> np.uint64(16)
        for j in range(count):
            for_weight, for_delay = synapse_uniforms(
                recipes.seed, projection, np.uint64(source), first + np.uint64(targets[j]),
                j if recipes.multapses[q] else _ZERO)
            if own_weights:
                weights[j] = quantile(drawing.weight_law[q], for_weight)
            if own_delays:
                delays[j] = as_steps(quantile(drawing.delay_law[q], for_delay))
    weight_at = np.int64(0) if own_weights else SHARED
    if own_delays:
        deliver_delayed(ring, slot, channel, first, targets, _ZERO, count, weights, weight_at,
                        weight, factor, delays, np.int64(0))
    else:
        deliver_row(ring, late_slot, channel, first, targets, _ZERO, count, weights, weight_at,
                    weight, factor)
    return count
