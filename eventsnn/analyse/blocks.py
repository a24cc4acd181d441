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
    counts = BlockCounts(n, bins, size, step)
    for times, rows in chunks:
        yield from counts.add(times, rows)
    yield from counts.rest()


class BlockCounts:
    """`count_blocks` of spikes that are handed over, not fetched; parameters are the same."""

    def __init__(self, n: int, bins: Bins, size: int, step: int) -> None:
        self._block, self._bins, self._step = np.zeros((size, n)), bins, step
        self._first, self._now = 0, -np.inf

    def add(self, times: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Take in spikes (m,); the blocks that are complete."""
        if (times[1:] < times[:-1]).any():
            order = np.argsort(times, kind="stable")
            times, rows = times[order], rows[order]
        self._now = in_order(times, self._now)
        done = _fill(times, rows, self._bins, self._first, self._block, 0)
        while done < times.size:
            yield self._block
            self._advance()
            done = _fill(times, rows, self._bins, self._first, self._block, done)

    def rest(self) -> Iterator[np.ndarray]:
        """The blocks that are left."""
        while self._first < self._bins.n:
            yield self._block
            self._advance()

    def _advance(self) -> None:
        """Drop the first bins of the block, and open as many."""
        self._block[:-self._step] = self._block[self._step:]
        self._block[-self._step:] = 0
        self._first += self._step


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
