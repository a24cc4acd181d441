"""Spikes at given times, straight into neurons."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.engine.events import Events
from eventsnn.simulate.pieces import column, each, whole_steps
from eventsnn.simulate.population import View


class SpikeList(NamedTuple):
    """Spikes into a view, sorted by step and then by neuron."""

    post: View
    channel: int
    steps: np.ndarray  # int64
    ids: np.ndarray  # int64, numbered within the view
    weight: np.ndarray  # float64 (1,) or (n,)


def sorted_spikes(times: Any, ids: Any, n: int, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps and neurons of spikes given in any order, sorted by step and then by neuron."""
    steps, ids = whole_steps("times", times, dt), check.whole("ids", ids)
    check.shape("ids", ids.shape, steps.shape, "to match times")
    if ids.size and not 0 <= ids.min() <= ids.max() < n:
        raise check.must("ids", f"lie in 0 ... {n - 1}",
                         ids.min() if ids.min() < 0 else ids.max())
    order = np.lexsort([ids, steps])
    return steps[order], ids[order]


def spike_list(post: View, channel: int, times: Any, ids: Any, weight: Any,
               dt: float) -> SpikeList:
    """Check the arguments of `Network.spikes`."""
    return SpikeList(post, channel, *sorted_spikes(times, ids, len(post), dt),
                     each("weight", weight, len(post)))


def pack(lists: list[SpikeList], first: list[int], dtype: np.dtype) -> Events | None:
    """The lists of one group as arrays; `first` as for `poisson.pack`."""
    if not lists:
        return None
    steps = column([one.steps for one in lists], np.int64)
    weights = [np.broadcast_to(one.weight, max(len(one.post), 1))[one.ids] for one in lists]
    return Events(
        channel=np.array([one.channel for one in lists], np.int64), at=steps.at, steps=steps.values,
        ids=column([f + one.ids for f, one in zip(first, lists, strict=True)], np.uint32).values,
        weights=column(weights, dtype).values)
