"""Spikes and samples that wait for the disk.

An interrupt between any two lines loses nothing and doubles nothing: a buffer counts what it ever
took, and forgets by that count.
"""

from typing import Any

import numpy as np

LEAST = 1024  # entries that there is room for from the start


class Buffer:
    """Growing columns.

    Parameters
    ----------
    *columns : (width, dtype)
        Numbers of values an entry, None for one, and their kind.
    """

    def __init__(self, *columns: tuple[int | None, type]) -> None:
        self.total = 0  # entries taken, ever
        self._kinds = columns
        self._first = 0  # entry that the columns begin with
        self._columns = self._room(self._least)

    def go_on(self, total: int) -> None:
        """Begin as if `total` entries had come, and gone."""
        self.total = self._first = total

    @property
    def _least(self) -> int:
        widest = max(width or 1 for width, _ in self._kinds)
        return max(LEAST // widest, 1)

    @property
    def room(self) -> int:
        """Entries that fit without growing."""
        return len(self._columns[0])

    @property
    def waiting(self) -> int:
        """Entries that wait."""
        return self.total - self._first

    def put(self, n: int, *values: np.ndarray) -> None:
        """Take `n` entries, a column each."""
        start = self.waiting
        stop = start + n
        if stop > self.room:
            larger = self._room(max(stop, 2 * self.room))
            for new, old in zip(larger, self._columns, strict=True):
                new[:start] = old[:start]
            self._columns = larger
        for column, some in zip(self._columns, values, strict=True):
            column[start:stop] = some
        self.total += n

    def columns(self) -> tuple[Any, ...]:
        """What waits; it stays as it is when the buffer forgets and goes on."""
        return tuple(column[:self.waiting] for column in self._columns)

    def drop(self, first: int, keep: int) -> None:
        """Forget the entries before the `first`: either none or all of those that wait.

        Room for at most `keep` entries stays.
        """
        if first != self._first:
            assert first == self.total
            self._columns = self._room(min(self.room, max(keep, self._least)))
            self._first = first

    def _room(self, n: int) -> tuple[np.ndarray, ...]:
        return tuple(np.empty(n if width is None else (n, width), dtype)
                     for width, dtype in self._kinds)
