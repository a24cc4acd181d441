"""Binned counts of spikes that come in pieces, a block of bins at a time."""

from collections.abc import Callable

import numpy as np

from eventsnn.analyse.bins import Bins, bin_of
from eventsnn.core.jit import kernel


class Blocks:
    """Counts of sorted spikes in bins, handed on by blocks: memory for one, whatever the time.

    Parameters
    ----------
    n_rows : int
        Trains counted apart.
    bins : Bins
        All of them.
    size : int
        Bins a block.
    use : callable
        Takes each block once, in order: (n_rows, size) int64, the last one narrower.
    """

    def __init__(self, n_rows: int, bins: Bins, size: int,
                 use: Callable[[np.ndarray], None]) -> None:
        self._bins, self._use = bins, use
        self._counts = np.zeros((n_rows, min(size, bins.n)), np.int64)
        self._first = 0  # bin of the block

    def add(self, times: np.ndarray, rows: np.ndarray) -> None:
        """Take in spikes (m,), sorted and none before those of the last call."""
        start = 0
        while start < times.size:
            start += _fill(times[start:], rows[start:], self._bins, self._first, self._counts)
            if start < times.size:
                self._hand_on()

    def finish(self) -> None:
        """Hand on what is left."""
        while self._first < self._bins.n:
            self._hand_on()

    def _hand_on(self) -> None:
        self._use(self._counts[:, :self._bins.n - self._first])
        self._first += self._counts.shape[1]
        self._counts[:] = 0


@kernel
def _fill(times, rows, bins, first, counts):
    """Count spikes (m,) in the block (n, size) from bin `first` on; how many came before its end.

    Spikes without a bin do not count.
    """
    for j in range(np.uint64(times.size)):
        b = bin_of(times[j], bins)
        if b >= first + counts.shape[1]:
            return np.int64(j)
        if b >= 0:
            counts[np.uint64(rows[j]), np.uint64(b - first)] += 1
    return np.int64(times.size)
