"""Spikes sorted by neuron: for analyses that need whole trains in memory.

References
----------
.. [1] Kreuz, Mulansky, Bozanic, "SPIKY: a graphical user interface for monitoring spike train
   synchrony", J. Neurophysiol. 113, 3432 (2015). Ends of the window.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from eventsnn.analyse.chunks import Chunk, Spikes, rows_of, selected
from eventsnn.core import check
from eventsnn.core.jit import kernel, scalar


class Trains(NamedTuple):
    """Spike trains, one after the other; of `spike_trains`, or made of a list by the analyses."""

    times: np.ndarray  # (m,) float64, s, each train sorted
    first: np.ndarray  # (n + 1,) int64; train k is ``times[first[k]:first[k + 1]]``
    t_start: float  # s
    t_stop: float  # s


def spike_trains(spikes: Spikes, n_neurons: int, *, t_stop: float, t_start: float = 0.0,
                 ids=None) -> Trains:
    """The train of each neuron, in memory.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, sorted; and neurons.
    n_neurons : int
        Neurons, numbered from 0.
    t_start, t_stop : float
        Window, s, both ends included.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    Trains

    Examples
    --------
    >>> trains = spike_trains(([0.1, 0.2, 0.3], [1, 0, 1]), 2, t_stop=1.0)
    >>> trains.times, trains.first
    (array([0.2, 0.1, 0.3]), array([0, 1, 3]))
    """
    t_start = check.number("t_start", t_start)
    n, chunks = selected(spikes, n_neurons, ids, t_start, t_stop, ordered=True)
    return Trains(*sorted_by_row(list(chunks), n), t_start, float(t_stop))


def sorted_by_row(chunks: list[Chunk], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted times as trains, one after the other, and where each of the `n` begins, (n + 1,)."""
    first = np.zeros(n + 1, np.int64)
    for _, rows in chunks:
        first[1:] += np.bincount(rows, minlength=n)
    np.cumsum(first, out=first)
    times, place = np.empty(first[-1]), first[:-1].copy()
    for chunk in chunks:
        _place(*chunk, place, times)
    return times, first


def as_trains(trains: Any, t_start: float | None = None, t_stop: float | None = None,
              ids: Any = None) -> Trains:
    """`Trains`, as they are or of a list of sorted arrays of times: what a window holds of them.

    Without a bound given, that of the `Trains`, or the first or last spike of the list. With `ids`,
    those trains alone, in this order.
    """
    if isinstance(trains, Trains):
        times, first, start, stop = trains
    else:
        times, first = _joined(trains)
        start, stop = (times.min(), times.max()) if times.size else (0.0, 0.0)
    start = start if t_start is None else check.number("t_start", t_start)
    stop = stop if t_stop is None else check.number("t_stop", t_stop)
    check.number("t_stop", stop, least=start)
    if ids is not None:
        times, first = _chosen(times, first, ids)
    kept = (times >= start) & (times <= stop)
    if not kept.all():
        times, first = times[kept], np.concatenate([[0], np.cumsum(kept)])[first]
    return Trains(times, first, float(start), float(stop))


def _chosen(times: np.ndarray, first: np.ndarray, ids: Any) -> tuple[np.ndarray, np.ndarray]:
    """The trains named by `ids`, as `Trains` hold them."""
    rows_of(ids, first.size - 1)  # checks them
    ids = np.asarray(ids, np.int64)
    sizes = np.diff(first)[ids]
    ends = np.cumsum(sizes)
    place = np.arange(sizes.sum()) + np.repeat(first[ids] - (ends - sizes), sizes)
    return times[place], np.concatenate([[0], ends])


def distinct(trains: Trains) -> Trains:
    """The trains with spikes of one train at one time taken for one spike."""
    times, first = trains.times, trains.first
    kept = np.ones(times.size, bool)
    kept[1:] = times[1:] != times[:-1]
    kept[first[:-1][first[:-1] < times.size]] = True
    if kept.all():
        return trains
    return trains._replace(times=times[kept], first=np.concatenate([[0], np.cumsum(kept)])[first])


def _joined(trains: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(trains, Sequence) or isinstance(trains, str):
        raise check.must("trains", "be Trains or a list of arrays", type(trains).__name__,
                         error=TypeError)
    arrays = [check.real_array("trains", train).astype(np.float64) for train in trains]
    for array in arrays:
        check.shape("trains", array.shape, (array.size,))
        check.finite("trains", array)
        if (array[1:] < array[:-1]).any():
            k = int(np.argmax(array[1:] < array[:-1]))
            raise check.must("trains", "be sorted", f"{array[k]:g} before {array[k + 1]:g} s")
    first = np.cumsum([0] + [array.size for array in arrays])
    return np.concatenate([np.empty(0), *arrays]), first


def pairwise(trains: Trains, measure: Callable, *arguments: Any, diagonal: float) -> np.ndarray:
    """``measure(x, y, *arguments)`` of each two trains; symmetric (n, n) array."""
    each = np.split(trains.times, trains.first[1:-1]) if trains.first.size > 1 else []
    out = np.full((len(each), len(each)), diagonal)
    for a, x in enumerate(each):
        for b, y in enumerate(each[:a]):
            out[a, b] = out[b, a] = measure(x, y, *arguments)
    return out


def is_infinite(value: Any) -> bool:
    """Whether a number is `inf`, which is a limit where it is a cost or a time constant."""
    return np.ndim(value) == 0 and not isinstance(value, str) and bool(value == np.inf)


@scalar
def interval(train, k, t_start, t_stop):
    """Interval before spike k, of ``0 ... n``, of a train that has any.

    Those at the ends of the window are as long as what is seen of them, but not shorter than their
    neighbour [1]_.
    """
    n = train.size
    if k == 0:
        seen = train[0] - t_start
        return max(seen, train[1] - train[0]) if n > 1 else seen
    if k == n:
        seen = t_stop - train[n - 1]
        return max(seen, train[n - 1] - train[n - 2]) if n > 1 else seen
    return train[k] - train[k - 1]


@scalar
def filled(train, t_start, t_stop):
    """The train; of one without spikes, spikes at the ends of the window.

    Also of a single spike at its start, as PySpike has it: the spike that follows is the end, too.
    """
    if train.size == 0 or (train.size == 1 and train[0] == t_start):
        return np.array([t_start, t_stop])
    return train


@kernel
def _place(times, rows, place, out):
    """Write spikes (m,) where the next one of their row belongs; `place` (n,) moves on."""
    for j in range(np.uint64(times.size)):
        k = np.uint64(rows[j])
        out[np.uint64(place[k])] = times[j]
        place[k] += 1
