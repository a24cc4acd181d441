"""Spikes and samples that wait for the disk.

An interrupt between any two lines loses nothing and doubles nothing: a buffer counts what it ever
took, and forgets by that count.
"""

from typing import Any

import numpy as np

MOST_BYTES = 1 << 24  # of the room that there is from the start


class Buffer:
    """Growing columns.

    Parameters
    ----------
    n_bytes : int
        Memory to have at hand, if it is not too large. The system gives it as it is used: to grow
        costs more than the room.
    *columns : (width, dtype)
        Numbers of values an entry, None for one, and their kind.
    """

    def __init__(self, n_bytes: int, *columns: tuple[int | None, Any]) -> None:
        self.total = 0  # entries taken, ever
        self._kinds = columns
        entry = sum(np.dtype(dtype).itemsize * (1 if width is None else width)
                    for width, dtype in columns)
        self._usual = max(min(n_bytes, MOST_BYTES) // max(entry, 1), 1)
        self._first = 0  # entry that the columns begin with
        self._columns = self._room(self._usual)

    def go_on(self, total: int) -> None:
        """Begin as if `total` entries had come, and gone."""
        self.total = self._first = total

    @property
    def room(self) -> int:
        """Entries that fit without growing."""
        return len(self._columns[0])

    @property
    def waiting(self) -> int:
        """Entries that wait."""
        return self.total - self._first

    def free(self, n: int) -> tuple[np.ndarray, ...]:
        """Room for `n` more entries: columns to fill, of which `take` makes entries."""
        start = self.waiting
        stop = start + n
        if stop > self.room:
            larger = self._room(max(stop, 2 * self.room))
            for new, old in zip(larger, self._columns, strict=True):
                new[:start] = old[:start]
            self._columns = larger
        return tuple(column[start:stop] for column in self._columns)

    def take(self, n: int) -> None:
        """Count `n` more entries."""
        self.total += n

    def columns(self) -> tuple[Any, ...]:
        """What waits; it stays as it is when the buffer forgets and goes on."""
        return tuple(column[:self.waiting] for column in self._columns)

    def drop(self, first: int) -> None:
        """Forget the entries before the `first`: either none or all of those that wait."""
        if first != self._first:
            assert first == self.total
            self._columns = self._room(self._usual)
            self._first = first

    def _room(self, n: int) -> tuple[np.ndarray, ...]:
        return tuple(np.empty(n if width is None else (n, width), dtype)
                     for width, dtype in self._kinds)
