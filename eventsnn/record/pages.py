"""What HDF5 makes of a file, in memory: all but the columns, whose bytes others write.

A library that meets a full disk itself brings the process down, so HDF5 never touches one.
"""

import io
from typing import Any

import h5py
import numpy as np


def allocate(group: h5py.Group, column: str, shape: tuple[int, ...],
             dtype: np.dtype) -> int | None:
    """Make a contiguous dataset whose bytes HDF5 does not write; returns its offset, if any."""
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    how.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    how.set_layout(h5py.h5d.CONTIGUOUS)
    how.set_obj_track_times(False)  # the same run, the same bytes
    made = h5py.h5d.create(group.id, column.encode(), h5py.h5t.py_create(dtype),
                           h5py.h5s.create_simple(shape), how)
    return made.get_offset()


class Pages(io.RawIOBase):
    """A file in memory, of which only the pages that were written take room."""

    PAGE = 4096

    def __init__(self) -> None:
        self.size = self._at = 0
        self._pages: dict[int, bytearray] = {}

    def readable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to an offset."""
        self._at = offset + (0, self._at, self.size)[whence]
        return self._at

    def tell(self) -> int:
        """The offset now."""
        return self._at

    def truncate(self, size: int | None = None) -> int:
        """Set the length."""
        self.size = self._at if size is None else size
        return self.size

    def readinto(self, buffer: Any) -> int:
        """Read; zeros where nothing was written."""
        into, n = memoryview(buffer).cast("B"), 0
        while n < len(into):
            page, start = divmod(self._at, self.PAGE)
            piece = self._pages.get(page, bytearray(self.PAGE))[start:start + len(into) - n]
            into[n:n + len(piece)] = piece
            n, self._at = n + len(piece), self._at + len(piece)
        return n

    def write(self, data: Any) -> int:
        """Write."""
        left = memoryview(data).cast("B")
        n = len(left)
        while left:
            page, start = divmod(self._at, self.PAGE)
            piece = left[:self.PAGE - start]
            self._pages.setdefault(page, bytearray(self.PAGE))[start:start + len(piece)] = piece
            left, self._at = left[len(piece):], self._at + len(piece)
        self.size = max(self.size, self._at)
        return n

    def runs(self) -> list[tuple[int, bytes]]:
        """Offsets, and the bytes there, of what was written."""
        return [(page * self.PAGE, bytes(data[:self.size - page * self.PAGE]))
                for page, data in sorted(self._pages.items()) if page * self.PAGE < self.size]
