"""The form in which spikes come: pieces ``(times, ids)``, checked once."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from eventsnn.core import check

Chunk = tuple[np.ndarray, np.ndarray]
Spikes = Chunk | Iterable[Chunk]


def is_pair(spikes: Any) -> bool:
    """Whether `spikes` is one pair of arrays, not an iterable of pairs."""
    return isinstance(spikes, tuple) and len(spikes) == 2 and np.ndim(spikes[0]) == 1


def each_chunk(spikes: Spikes, n_neurons: int) -> Iterator[Chunk]:
    """`spikes`, one pair of arrays or an iterable of pairs, as checked pairs."""
    for times, ids in ([spikes] if is_pair(spikes) else spikes):
        yield checked(times, ids, n_neurons)


def checked(times: Any, ids: Any, n_neurons: int) -> Chunk:
    """A pair as (m,) float64 and int64 arrays: finite times, neurons in ``0 ... n_neurons - 1``."""
    times, ids = check.real_array("times", times), np.asarray(ids)
    if ids.size and ids.dtype.kind not in "iu":
        raise check.must("ids", "be whole numbers", f"dtype {ids.dtype}", error=TypeError)
    check.shape("times", times.shape, (times.size,))
    check.shape("ids", ids.shape, times.shape, "to match times")
    check.finite("times", times)
    if ids.size and (ids.min() < 0 or ids.max() >= n_neurons):
        bad = ids.min() if ids.min() < 0 else ids.max()
        raise check.must("ids", f"lie in 0 ... {n_neurons - 1}", bad)
    return np.ascontiguousarray(times, np.float64), np.ascontiguousarray(ids, np.int64)
