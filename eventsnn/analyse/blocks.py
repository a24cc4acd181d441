"""Counts in bins, a stretch of time after the other: memory does not grow with the recording."""

from collections.abc import Iterator

import numpy as np

from eventsnn.analyse.bins import Bins, bin_of
from eventsnn.analyse.chunks import Chunk, in_order
from eventsnn.core.jit import kernel


def count_blocks(chunks: Iterator[Chunk], n: int, bins: Bins, size: int,
                 step: int) -> Iterator[np.ndarray]:
    """Counts of `n` rows in `size` bins, from the first on and then from each `step`-th.

    Parameters
    ----------
    chunks : iterator of pairs ``(times, rows)``
        Each in any order, but none before the one that came.
    n : int
        Rows.
    bins : Bins
        All bins. The blocks go on until none of them is left, and are 0 beyond.
    size, step : int
        Bins of a block, and from one to the next; `step` is at most `size`.

    Yields
    ------
    (size, n) float64 array
        The same one each time, of other contents.
    """
    block = np.zeros((size, n))
    first, now = 0, -np.inf
    for times, rows in chunks:
        if (times[1:] < times[:-1]).any():
            order = np.argsort(times, kind="stable")
            times, rows = times[order], rows[order]
        now = in_order(times, now)
        done = _fill(times, rows, bins, first, block, 0)
        while done < times.size:
            yield block
            first = _advance(block, first, step)
            done = _fill(times, rows, bins, first, block, done)
    while first < bins.n:
        yield block
        first = _advance(block, first, step)


def _advance(block: np.ndarray, first: int, step: int) -> int:
    """Drop the first bins of a block, and open as many; the new first bin."""
    block[:-step] = block[step:]
    block[-step:] = 0
    return first + step


@kernel
def _fill(times, rows, bins, first, block, done):
    """Count spikes (m,) from `done` on in (size, n), to the one that lies beyond; which it is."""
    for j in range(done, times.size):
        b = bin_of(times[j], bins)
        if b >= 0:
            if b - first >= block.shape[0]:
                return j
            block[np.uint64(b - first), np.uint64(rows[j])] += 1.0
    return times.size
