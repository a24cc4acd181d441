"""A network file in the making, in the profile that SONATA's strictest readers open.

The oldest HDF5 format, no compression, columns in one piece, strings of fixed length. HDF5 makes
all but the columns, in memory; their bytes go to the disk as they come, so a file may be larger
than the memory, and a full disk is an `OSError`.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from eventsnn.core.files import Replacement
from eventsnn.record.pages import Pages, allocate
from eventsnn.record.sonata import MAGIC, VERSION


class Column:
    """A column of a file in the making, filled from its start on."""

    def __init__(self, new: Replacement, offset: int | None, dtype: np.dtype) -> None:
        self._new, self._offset, self._dtype = new, offset, dtype
        self._filled = 0

    def append(self, values: Any) -> None:
        """Write the values that come next."""
        values = np.ascontiguousarray(values, self._dtype)
        if values.size:
            assert self._offset is not None
            self._new.write(self._offset + self._filled * self._dtype.itemsize, values)
            self._filled += values.size

    def read(self, start: int, stop: int) -> np.ndarray:
        """Values that were written."""
        if self._offset is None:
            return np.empty(0, self._dtype)
        return np.fromfile(self._new.temporary, self._dtype, stop - start,
                           offset=self._offset + start * self._dtype.itemsize)


class NewFile:
    """The file; a context manager, within that of its `Replacement`."""

    def __init__(self, new: Replacement) -> None:
        self._new, self._memory = new, Pages()
        self._taken: list[tuple[int, int]] = []  # where columns lie
        self.root = h5py.File(self._memory, "w", libver=("earliest", "v110"))
        self.root.attrs["magic"] = MAGIC
        self.root.attrs["version"] = VERSION

    def column(self, group: h5py.Group, name: str, shape: Sequence[int], dtype: Any,
               **attributes: str) -> Column:
        """Make a column of numbers, with attributes; all of it must be written."""
        dtype = np.dtype(dtype).newbyteorder("<")
        offset = allocate(group, name, tuple(shape), dtype)
        if offset is not None:
            self._taken.append((offset, offset + int(np.prod(shape)) * dtype.itemsize))
        for attribute, value in attributes.items():
            group[name].attrs.create(attribute, text(value))
        return Column(self._new, offset, dtype)

    def library(self, group: h5py.Group, name: str, strings: Sequence[str]) -> None:
        """Say which strings the numbers of the column `name` stand for."""
        encoded = [s.encode() for s in strings]
        length = max(map(len, encoded), default=0) or 1
        group.require_group("@library")[name] = np.array(
            encoded, h5py.string_dtype("utf-8", length))

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.root.close()
        if kind is None:
            for offset, data in self._memory.runs():
                self._write_around_columns(offset, data)
            end = max((stop for _, stop in self._taken), default=0)
            if end < self._memory.size:  # HDF5 refuses a file shorter than it says
                self._new.write(self._memory.size - 1, self._last_byte())

    def _write_around_columns(self, at: int, data: bytes) -> None:
        """Write a page, but for what of it belongs to columns."""
        first, end = at, at + len(data)
        for start, stop in sorted(self._taken):
            if stop > at and start < end:
                self._new.write(at, data[at - first:max(start - first, at - first)])
                at = max(at, stop)
        if at < end:
            self._new.write(at, data[at - first:])

    def _last_byte(self) -> bytes:
        self._memory.seek(self._memory.size - 1)
        byte = bytearray(1)
        self._memory.readinto(byte)
        return bytes(byte)


def text(value: str) -> np.ndarray:
    """A string as HDF5 keeps it in a fixed length."""
    encoded = value.encode() or b"\0"
    return np.array(encoded, h5py.string_dtype("utf-8", len(encoded)))
