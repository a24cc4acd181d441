"""Where everything of an HDF5 file lies, of which HDF5 itself writes nothing to a disk.

HDF5 works in memory only, since a library that meets a full disk itself brings the process down.
It makes all but the large columns, for which it only keeps the place.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np

from eventsnn.core import seal
from eventsnn.core.files import AT_ONCE
from eventsnn.record.pages import Pages

MAGIC = np.uint32(0x0A7A)
VERSION = np.array([0, 1], np.uint32)


class Column(NamedTuple):
    """Where a column lies; of one without values, nowhere."""

    offset: int
    dtype: np.dtype
    n_bytes: int


class Layout(NamedTuple):
    """Where everything of a file lies."""

    metadata: list[tuple[int, bytes]]  # offsets, and the bytes there: all that are in no column
    columns: dict[str, Column]  # by their names in the file
    n_bytes: int

    @property
    def starts(self) -> list[int]:
        """Where metadata and columns start."""
        return [offset for offset, _ in self.metadata] + [
            column.offset for column in self.columns.values() if column.n_bytes]

    def placed(self, values: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
        """Where the columns at hand go, and their bytes."""
        for name, array in values.items():
            offset, dtype, n_bytes = self.columns[name]
            rows = max(AT_ONCE * len(array) // max(n_bytes, 1), 1)
            for start in range(0, len(array) if n_bytes else 0, rows):
                some = np.ascontiguousarray(array[start:start + rows], dtype)
                yield offset, some
                offset += some.nbytes

    def stretches(self, values: Mapping[str, Any]) -> list[tuple[int, Any]]:
        """The bytes of a file whose columns are all at hand, from beginning to end."""
        return sorted([*self.metadata, *self.placed(values)], key=lambda part: part[0])


class Plan:
    """A file in the making: `file` takes what is small, `reserve` keeps room for columns.

    Parameters
    ----------
    about : str, optional
        JSON that says where the file comes from, in ASCII.
    sealed : bool
        Whether a seal will be put on it (`eventsnn.core.seal`).
    """

    def __init__(self, about: str | None = None, sealed: bool = False) -> None:
        self._memory = Pages()
        # The oldest format: libsonata reads no newer one.
        self.file = h5py.File(self._memory, "w", libver=("earliest", "v110"),
                              userblock_size=seal.HEAD if sealed else 0)
        self._start = seal.HEAD if sealed else 0
        attribute(self.file, "magic", MAGIC)
        attribute(self.file, "version", VERSION)
        if sealed:
            attribute(self.file, "eventsnn_sealed", np.uint8(1))
        if about is not None:
            # Strings are of fixed length: HDF5 loops for ever on a damaged heap of variable ones.
            # And a dataset takes more than the 64 KiB of an attribute.
            self.file["eventsnn"] = np.bytes_(about.encode("ascii"))
        self._columns: dict[str, Column] = {}

    def reserve(self, group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype
                ) -> int | None:
        """Make a dataset in one piece, whose bytes HDF5 does not write; where it lies, if any."""
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        how.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        how.set_layout(h5py.h5d.CONTIGUOUS)
        how.set_obj_track_times(False)  # the same run, the same bytes
        made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(dtype),
                               h5py.h5s.create_simple(shape), how)
        offset = made.get_offset()
        self._columns[f"{group.name}/{name}"] = Column(offset or 0, dtype,
                                                       math.prod(shape) * dtype.itemsize)
        return offset

    def layout(self) -> Layout:
        """The layout of what was made; nothing can be added after."""
        self.file.close()
        held = sorted((c.offset, c.offset + c.n_bytes)
                      for c in self._columns.values() if c.n_bytes)
        ends = [self._start, *(end for _, end in held)]
        begins = [*(begin for begin, _ in held), self._memory.size]
        metadata = [(end, self._memory.bytes_of(end, begin))
                    for end, begin in zip(ends, begins, strict=True) if begin > end]
        return Layout(metadata, self._columns, self._memory.size)


def attribute(of: h5py.Group | h5py.Dataset, name: str, value: Any) -> None:
    """Give a new attribute to a group or a dataset.

    Each part has several, and `h5py` takes a tenth of a millisecond for one: it may be there.
    """
    value = np.asarray(value)
    kind, space = h5py.h5t.py_create(value.dtype, logical=True), h5py.h5s.create_simple(value.shape)
    if value.ndim == 0:
        space = h5py.h5s.create(h5py.h5s.SCALAR)
    h5py.h5a.create(of.id, name.encode(), kind, space).write(value)


def virtual(group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype,
            sources: Sequence[tuple[str | None, int]]) -> None:
    """A dataset whose rows are those of the same dataset in other files, one after the other.

    `sources` are names of files, None for rows that are lost, and their numbers of rows.
    """
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_layout(h5py.h5d.VIRTUAL)
    how.set_obj_track_times(False)
    # Where a file is missing: NaN, which nobody takes for the time of a spike, or for a sample.
    how.set_fill_value(np.array([np.nan if dtype.kind == "f" else 2**64 - 1], dtype))
    space, start = h5py.h5s.create_simple(shape), 0
    for file, n in sources:
        if n and file:
            some = (n, *shape[1:])
            space.select_hyperslab((start, *(0 for _ in shape[1:])), some)
            # HDF5 takes a percent sign for the beginning of a pattern.
            how.set_virtual(space, file.replace("%", "%%").encode(),
                            f"{group.name}/{name}".replace("%", "%%").encode(),
                            h5py.h5s.create_simple(some))
        start += n
    space.select_all()
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(dtype), space, how)
