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
from eventsnn.record.layout import Plan


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
        self._new, self._plan = new, Plan()
        self.root = self._plan.file

    def column(self, group: h5py.Group, name: str, shape: Sequence[int], dtype: Any,
               **attributes: str) -> Column:
        """Make a column of numbers, with attributes; all of it must be written."""
        dtype = np.dtype(dtype).newbyteorder("<")
        offset = self._plan.reserve(group, name, tuple(shape), dtype)
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
        layout = self._plan.layout()
        if kind is None:
            for offset, data in layout.metadata:
                self._new.write(offset, data)


def text(value: str) -> np.ndarray:
    """A string as HDF5 keeps it in a fixed length."""
    encoded = value.encode() or b"\0"
    return np.array(encoded, h5py.string_dtype("utf-8", len(encoded)))
