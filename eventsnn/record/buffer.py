"""Spikes of one population that wait for the disk."""

import numpy as np

LEAST = 1024  # spikes that there is room for from the start


class Buffer:
    """Growing columns; an interrupt between any two lines loses nothing and doubles nothing."""

    def __init__(self) -> None:
        self.total = 0  # spikes taken, ever
        self._first = 0  # spike that the columns begin with
        self._columns = _room(LEAST)

    @property
    def room(self) -> int:
        """Spikes that fit without growing."""
        return len(self._columns[0])

    @property
    def waiting(self) -> int:
        """Spikes that wait."""
        return self.total - self._first

    def put(self, times: np.ndarray, ids: np.ndarray) -> None:
        """Take spikes."""
        start = self.waiting
        stop = start + len(ids)
        if stop > self.room:
            larger = _room(max(stop, 2 * self.room))
            for new, old in zip(larger, self._columns, strict=True):
                new[:start] = old[:start]
            self._columns = larger
        for column, values in zip(self._columns, (times, ids), strict=True):
            column[start:stop] = values
        self.total += len(ids)

    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """Times, ms, and neurons of the spikes that wait."""
        times, ids = self._columns
        return times[:self.waiting], ids[:self.waiting]

    def drop(self, first: int, keep: int) -> None:
        """Forget the spikes before the `first`, either none or all of those that wait.

        Room for more than `keep` spikes goes, too.
        """
        if first == self._first:
            return
        self._first = first
        if self.room > max(keep, LEAST):
            self._columns = _room(LEAST)


def _room(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.empty(n), np.empty(n, np.uint64)
