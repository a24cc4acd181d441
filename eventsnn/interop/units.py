"""Spikes of a population in memory, as other programs take and give them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check


class Units(NamedTuple):
    """The spikes of one population."""

    times: Any  # (m,) float64, s, sorted
    ids: Any  # (m,) int64, neurons from 0 on
    n: int  # number of neurons, silent ones too


def units(spikes: Any, argument: str = "spikes") -> Units:
    """`spikes`, a triple ``(times, ids, n)``, checked and sorted by time.

    Spikes of one time keep their order.

    Raises
    ------
    ValueError, TypeError
        If shapes or types do not fit, a time is not finite, or a neuron is not in ``0 ... n - 1``.

    Examples
    --------
    >>> units(([0.2, 0.1], [0, 1], 3))
    Units(times=array([0.1, 0.2]), ids=array([1, 0]), n=3)
    """
    if not isinstance(spikes, tuple) or len(spikes) != 3:
        raise check.must(argument, "be a triple (times, ids, n)", type(spikes).__name__,
                         error=TypeError)
    times = check.real_array(f"times of {argument}", spikes[0]).astype(np.float64)
    ids = check.real_array(f"ids of {argument}", spikes[1])
    n = check.integer(f"n of {argument}", spikes[2], least=0)
    if times.ndim != 1:
        raise check.must(f"times of {argument}", "have shape (m,)", times.shape)
    check.shape(f"ids of {argument}", ids.shape, times.shape, "to match the times")
    check.finite(f"times of {argument}", times)
    if ids.size and ids.dtype.kind == "f":
        raise check.must(f"ids of {argument}", "be whole numbers", f"dtype {ids.dtype}",
                         error=TypeError)
    ids = ids.astype(np.int64)
    if ids.size and (ids.min() < 0 or ids.max() >= n):
        bad = ids.min() if ids.min() < 0 else ids.max()
        raise check.must(f"ids of {argument}", f"lie in 0 ... {n - 1}", bad)
    if (times[1:] < times[:-1]).any():
        order = np.argsort(times, kind="stable")
        times, ids = times[order], ids[order]
    return Units(times, ids, n)


def of_recording(recording: Any, population: str) -> Units:
    """All spikes of a population of a `Recording`: 16 bytes a spike of memory."""
    chunks = list(recording.chunks(population))
    times = np.concatenate([np.empty(0), *(times for times, _ in chunks)])
    ids = np.concatenate([np.empty(0, np.int64), *(ids for _, ids in chunks)])
    return units((times, ids, recording.size(population)), repr(population))


def by_neuron(spikes: Units) -> tuple[np.ndarray, np.ndarray]:
    """Times neuron after neuron, and where each neuron's end: ``-> (m,), (n,)``."""
    order = np.argsort(spikes.ids, kind="stable")
    return spikes.times[order], np.cumsum(np.bincount(spikes.ids, minlength=spikes.n))


def of_trains(trains: Iterable[Any]) -> Units:
    """One array of times a neuron, as `Units`."""
    arrays = [np.asarray(train, np.float64).reshape(-1) for train in trains]
    ids = np.repeat(np.arange(len(arrays)), [len(a) for a in arrays])
    return units((np.concatenate([np.empty(0), *arrays]), ids, len(arrays)))
