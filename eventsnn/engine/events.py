"""Spikes from outside, at steps that are known beforehand."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.jit import scalar
from eventsnn.engine.pieces import first_at


class Events(NamedTuple):
    """Lists of spikes into the neurons of one group, one after the other."""

    channel: Any  # int64 (R,)
    at: Any  # int64 (R + 1,): where the spikes of each list lie
    steps: Any  # int64, ascending within a list: the step in which a spike acts
    ids: Any  # uint32, ascending among equal steps: neuron of the group
    weights: Any  # float, one a spike


@scalar
def add_events(q, ring, slot, now, start, stop):
    """Add the spikes that act in step `now` on the neurons from `start` to `stop` to the ring."""
    for r in range(q.channel.shape[0]):
        channel, end, step_number = np.uint64(q.channel[r]), q.at[r + 1], np.int64(now)
        e = first_at(q.steps, q.at[r], end, step_number)
        while e < end and q.steps[e] == step_number:
            k = np.uint64(q.ids[e])
            if start <= k < stop:
                ring[slot, channel, k] += q.weights[e]
            e += 1
