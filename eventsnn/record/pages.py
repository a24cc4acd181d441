"""What HDF5 makes of a file, in memory: all but the columns, whose bytes others write.

A library that meets a full disk itself brings the process down, so HDF5 never touches one.
"""

import io
from typing import Any


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

    def bytes_of(self, start: int, stop: int) -> bytes:
        """What lies there."""
        whole = bytearray(stop - start)
        self.seek(start)
        self.readinto(whole)
        return bytes(whole)

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
