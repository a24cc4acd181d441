"""Spikes of a recording by time, whatever their order in the file, in a bounded memory."""

from collections.abc import Iterator
from typing import Any

import numpy as np

SORTED_SPIKES = 20_000_000  # as many are sorted in memory at once: 32 bytes each
BINS = 1 << 16  # of time, to share the spikes of larger files out

Chunk = tuple[np.ndarray, np.ndarray]


def by_time(recording: Any, population: str, n: int = 1_000_000, t_start: float | None = None,
            t_stop: float | None = None, ids: Any = None) -> Iterator[Chunk]:
    """Spikes of a population, or of a stretch of time, in the order of their times.

    Parameters
    ----------
    recording : Recording
        Or what has its methods.
    population : str
        Its name.
    n : int
        Spikes at a time, at most.
    t_start, t_stop : float, optional
        First time, and the time before which to stop, s.
    ids : int array, optional
        Neurons; all by default.

    Yields
    ------
    times : (m,) float64 array
        Times, s. Spikes of one time keep the order of the file.
    ids : (m,) int64 array
        Neurons.

    Notes
    -----
    A file is read once if it is sorted by time, or has up to 20 million spikes; any other twice,
    and once more for every 20 million.
    """
    if recording.sorting(population) == "by_time":
        return recording.chunks(population, n, t_start, t_stop, ids)
    return _sorted(recording, population, n, (t_start, t_stop, ids))


def _sorted(recording: Any, population: str, n: int, wanted: tuple[Any, Any, Any]
            ) -> Iterator[Chunk]:
    cuts = [-np.inf, np.inf]
    if recording.count(population) > SORTED_SPIKES:
        cuts = _cuts(recording, population, n, wanted)
    for start, stop in zip(cuts[:-1], cuts[1:]):
        kept = [(np.empty(0), np.empty(0, np.int64))]
        for times, ids in recording.chunks(population, n, *wanted):
            mine = (times >= start) & (times < stop)
            kept.append((times[mine], ids[mine]))
        times, ids = (np.concatenate(part) for part in zip(*kept, strict=True))
        order = np.argsort(times, kind="stable")
        for k in range(0, order.size, n):
            yield times[order[k:k + n]], ids[order[k:k + n]]


def _cuts(recording: Any, population: str, n: int, wanted: tuple[Any, Any, Any]) -> list[float]:
    """Times between which lie about `SORTED_SPIKES` spikes; more only where they share a bin."""
    first, last, total = np.inf, -np.inf, 0
    for times, _ in recording.chunks(population, n, *wanted):
        if times.size:
            first, last = min(first, times.min()), max(last, times.max())
            total += times.size
    if total <= SORTED_SPIKES:
        return [-np.inf, np.inf]
    edges = np.linspace(first, last, BINS + 1)
    before = np.zeros(BINS + 1, np.int64)  # spikes before each edge
    for times, _ in recording.chunks(population, n, *wanted):
        place = np.searchsorted(edges, times, "right")  # from 1 on
        before += np.bincount(np.minimum(place, BINS), minlength=BINS + 1)
    before = np.cumsum(before)
    shares = np.arange(SORTED_SPIKES, total, SORTED_SPIKES)
    inner = np.unique(edges[np.searchsorted(before, shares, "right") - 1])
    return [-np.inf, *inner.tolist(), np.inf]
