"""The form in which spikes come: pieces ``(times, ids)``, checked once; and the part wanted.

Every analysis takes `spikes`, `n_neurons`, and mostly `ids`, `t_start` and `t_stop`: results have
one row for each of `ids` (all neurons when None), in their order, and spikes count from `t_start`
to `t_stop`, both included (no bound when None).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.jit import kernel

Chunk = tuple[np.ndarray, np.ndarray]
Spikes = Chunk | Iterable[Chunk]


def is_pair(spikes: Any) -> bool:
    """Whether `spikes` is one pair of arrays, not an iterable of pairs."""
    return isinstance(spikes, tuple) and len(spikes) == 2 and np.ndim(spikes[0]) == 1


def each_chunk(spikes: Spikes, n_neurons: int) -> Iterator[Chunk]:
    """`spikes`, one pair of arrays or an iterable of pairs, as checked pairs."""
    for chunk in ([spikes] if is_pair(spikes) else spikes):
        if not isinstance(chunk, tuple | list) or len(chunk) != 2:
            raise check.must("spikes", "be pairs (times, ids)", type(chunk).__name__,
                             error=TypeError)
        times, ids = chunk
        yield checked(times, ids, n_neurons)


def checked(times: Any, ids: Any, n_neurons: int) -> Chunk:
    """A pair as (m,) float64 and int64 arrays: finite times, neurons in ``0 ... n_neurons - 1``."""
    times, ids = check.real_array("times", times), _whole(ids)
    check.shape("times", times.shape, (times.size,))
    check.shape("ids", ids.shape, times.shape, "to match times")
    check.finite("times", times)
    _in_range(ids, n_neurons)
    return np.ascontiguousarray(times, np.float64), np.ascontiguousarray(ids, np.int64)


def _whole(ids: Any) -> np.ndarray:
    ids = np.asarray(ids)
    if ids.size and ids.dtype.kind not in "iu":
        raise check.must("ids", "be whole numbers", f"dtype {ids.dtype}", error=TypeError)
    return ids


def _in_range(ids: np.ndarray, n_neurons: int) -> None:
    if ids.size and (ids.min() < 0 or ids.max() >= n_neurons):
        bad = ids.min() if ids.min() < 0 else ids.max()
        raise check.must("ids", f"lie in 0 ... {n_neurons - 1}", bad)


def in_order(times: np.ndarray, now: float) -> float:
    """The last of `times`, or `now` if there is none; refuses times that are not sorted."""
    if times.size == 0:
        return now
    if not _sorted(times, now):
        raise check.must("times", f"be sorted, and not before the last call's {now:g} s",
                         f"{times[0]:g} ... {times[-1]:g} s")
    return float(times[-1])


def rows_of(ids: Any, n_neurons: int) -> tuple[np.ndarray | None, int]:
    """Where each neuron's result goes, -1 for nowhere, (n_neurons,), and how many rows there are.

    None for all neurons in their own order.
    """
    if ids is None:
        return None, n_neurons
    ids = _whole(ids)
    check.shape("ids", ids.shape, (ids.size,))
    _in_range(ids, n_neurons)
    rows = np.full(n_neurons, -1)
    rows[ids.astype(np.int64)] = np.arange(ids.size)
    if np.count_nonzero(rows >= 0) < ids.size:
        values, times = np.unique(ids, return_counts=True)
        raise check.must("ids", "name each neuron once",
                         f"{values[times > 1][0]} {times.max()} times")
    return rows, ids.size


def bounds(t_start: float | None, t_stop: float | None) -> tuple[float, float]:
    """The window, s, infinite where it has no bound."""
    start = -np.inf if t_start is None else check.number("t_start", t_start)
    stop = np.inf if t_stop is None else check.number("t_stop", t_stop)
    if t_start is not None and t_stop is not None:
        check.number("t_stop", stop, above=start)
    return start, stop


def selected(spikes: Spikes, n_neurons: int, ids: Any = None, t_start: float | None = None,
             t_stop: float | None = None, *, ordered: bool = False) -> tuple[int, Iterator[Chunk]]:
    """How many rows a result has, and the wanted spikes as chunks of times and rows.

    Arguments are checked here, before the first chunk is read; with `ordered`, times must be sorted
    within and across chunks.
    """
    n_neurons = check.integer("n_neurons", n_neurons, least=0)
    if not isinstance(spikes, Iterable):
        raise check.must("spikes", "be pairs (times, ids)", type(spikes).__name__, error=TypeError)
    rows, n = rows_of(ids, n_neurons)
    return n, _selected(spikes, n_neurons, rows, *bounds(t_start, t_stop), ordered)


def _selected(spikes: Spikes, n_neurons: int, rows: np.ndarray | None, t_start: float,
              t_stop: float, ordered: bool) -> Iterator[Chunk]:
    now = -np.inf
    for times, ids in each_chunk(spikes, n_neurons):
        if ordered:
            now = in_order(times, now)
        if rows is not None or np.isfinite(t_start) or np.isfinite(t_stop):
            kept = np.empty_like(times), np.empty_like(ids)
            m = _select(times, ids, np.arange(0) if rows is None else rows, t_start, t_stop, *kept)
            times, ids = kept[0][:m], kept[1][:m]
        yield times, ids


@kernel
def _sorted(times, now):
    """Whether times (m,) ascend and none is before `now`."""
    ok = True
    for j in range(np.uint64(times.size)):
        ok &= times[j] >= now
        now = times[j]
    return ok


@kernel
def _select(times, ids, rows, t_start, t_stop, kept_times, kept_rows):
    """Keep spikes (m,) of the window and of neurons with a row; how many. No `rows`: all."""
    m = np.uint64(0)
    for j in range(np.uint64(times.size)):
        if t_start <= times[j] <= t_stop:
            k = rows[np.uint64(ids[j])] if rows.size else ids[j]
            if k >= 0:
                kept_times[m] = times[j]
                kept_rows[m] = k
                m += np.uint64(1)
    return m
