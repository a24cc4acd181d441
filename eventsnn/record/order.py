"""Spikes in the order of time, of files that have them in another order, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

Chunk = tuple[np.ndarray, np.ndarray]
BINS = 1 << 16


def in_time_order(read: Callable[[float, float], Iterable[Chunk]], n: int, t_start: float,
                  t_stop: float) -> Iterator[Chunk]:
    """Spikes sorted by time, and as in the file among equal times; about `n` at a time.

    Parameters
    ----------
    read : callable
        All spikes from one time, s, on and before another, in any order.
    n : int
        Most spikes at a time; more only where so many share a 65,536th of the time.
    t_start, t_stop : float
        What is wanted, s; may be infinite.

    Notes
    -----
    The file is read twice to see where spikes are many, and then once for each `n` of them.
    """
    low, high = np.inf, -np.inf
    for times, _ in read(t_start, t_stop):
        low, high = min(low, times.min()), max(high, times.max())
    if low > high:
        return
    edges = np.linspace(low, high, BINS + 1)[1:-1]  # those between the first and the last bin
    counts = np.zeros(BINS, np.int64)
    for times, _ in read(t_start, t_stop):
        counts += np.bincount(np.searchsorted(edges, times, "right"), minlength=BINS)
    begin, total = -np.inf, 0
    for k, count in enumerate(counts.tolist()):
        if total and total + count > n:
            yield _sorted(read(max(begin, t_start), min(edges[k - 1], t_stop)))
            begin, total = edges[k - 1], 0
        total += count
    yield _sorted(read(max(begin, t_start), t_stop))


def _sorted(pieces: Iterable[Chunk]) -> Chunk:
    times, ids = (np.concatenate(part) for part in zip(*pieces, strict=True))
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]
