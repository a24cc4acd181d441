"""Delivery of spikes along rows of synapses; their form is that of `eventsnn.connect.rows`."""

import numpy as np

from eventsnn.core.jit import scalar

SHARED = np.int64(np.iinfo(np.int64).min)  # in place of where values lie: all synapses share one


@scalar
def deliver_row(ring, slot, channel, first, targets, start, stop, weights, weight_at, weight,
                factor):
    """Add the weights of one row of synapses, times `factor`, to their targets' input.

    All have one delay. `weight_at` is what to add to a synapse's place for that of its weight, or
    `SHARED` where all have `weight`.
    """
    if weight_at == SHARED:
        weight *= factor
        for j in range(np.uint64(start), np.uint64(stop)):
            ring[slot, channel, first + np.uint64(targets[j])] += weight
    else:
        for j in range(np.uint64(start), np.uint64(stop)):
            ring[slot, channel, first + np.uint64(targets[j])] += \
                weights[j + np.uint64(weight_at)] * factor


@scalar
def deliver_delayed(ring, slot, channel, first, targets, start, stop, weights, weight_at, weight,
                    factor, delays, delay_at):
    """As `deliver_row`, of synapses that differ in delay; `slot` is that of delay 0.

    The ring is deeper than the longest delay, so one subtraction wraps.
    """
    depth, delay_at = np.uint64(ring.shape[0]), np.uint64(delay_at)
    if weight_at == SHARED:
        weight *= factor
        for j in range(np.uint64(start), np.uint64(stop)):
            later = slot + np.uint64(delays[j + delay_at])
            later = min(later, later - depth)  # unsigned: below 0 is very large
            ring[later, channel, first + np.uint64(targets[j])] += weight
    else:
        for j in range(np.uint64(start), np.uint64(stop)):
            later = slot + np.uint64(delays[j + delay_at])
            later = min(later, later - depth)
            ring[later, channel, first + np.uint64(targets[j])] += \
                weights[j + np.uint64(weight_at)] * factor
