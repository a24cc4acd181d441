"""An HDF5 file of which nothing is trusted: no link is followed, no size believed.

Shared by the readers of recordings and of networks.
"""

import math
import os
from typing import Any

import h5py

from eventsnn.core import check
from eventsnn.errors import FormatError

SMALL_BYTES = 64 << 20  # what a file may declare whatever it holds
MOST_EXPANSION = 1000  # bytes declared per byte stored; gzip reaches it on constant data only
DAMAGE = OSError, RuntimeError, LookupError, ValueError, TypeError  # h5py's, of damaged files


class Untrusted:
    """An open file, and its parts after their checks.

    Parameters
    ----------
    path : path
    kind : str
        What the file should be, as the messages say it: ``"SONATA spike file"``.

    Raises
    ------
    FormatError
        From here and from every method, if the file is not what it should be.
    """

    def __init__(self, path: str | os.PathLike, kind: str) -> None:
        self._path, self._kind = os.fspath(path), kind
        with open(path, "rb") as file:  # its errors name the file and the reason; HDF5's do not
            self._bytes = os.fstat(file.fileno()).st_size
        try:
            self.root = h5py.File(path, "r")
        except OSError as error:
            raise self.refuse("an HDF5 file that is whole",
                              "a truncated file" if "truncated" in str(error) else "another one"
                              ) from error

    def child(self, group: h5py.Group, name: str, kind: type) -> Any:
        """What lies in the group, if it lies in this file."""
        link = group.get(name, getlink=True)
        where = f"{group.name.rstrip('/')}/{name}"
        if link is None:
            raise self.refuse(f"a {self._kind}", f"an HDF5 file with no {where}")
        if not isinstance(link, h5py.HardLink):
            raise self.refuse("a file that stands alone", f"a link at {where}")
        child = group[name]
        if not isinstance(child, kind):
            raise self.refuse(f"a {self._kind}",
                              f"a file with no {kind.__name__.lower()} at {where}")
        return child

    def column(self, group: h5py.Group, name: str, kinds: str, what: str) -> h5py.Dataset:
        """A list of numbers in the group; `kinds` are those of its dtype."""
        dataset = self.child(group, name, h5py.Dataset)
        if dataset.external or dataset.is_virtual:
            raise self.refuse("a file that stands alone", f"{dataset.name} stored in other files")
        if dataset.ndim != 1 or dataset.dtype.kind not in kinds:
            raise self.refuse(f"a file with {dataset.name} a list of {what}",
                              f"shape {dataset.shape}, dtype {dataset.dtype}")
        # HDF5 takes the storage of an array in one piece to be what the array declares.
        stored = min(dataset.id.get_storage_size(), self._bytes)
        most = max(SMALL_BYTES, MOST_EXPANSION * stored)
        if dataset.chunks is None and dataset.nbytes > max(stored, 1 << 16):
            most = 0  # neither compressed, nor there
        chunk_bytes = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
        if max(dataset.nbytes, chunk_bytes) > most:
            raise self.refuse("a file that holds what it declares",
                              f"{dataset.name} of {max(dataset.nbytes, chunk_bytes)} bytes, with "
                              f"{stored} bytes stored")
        return dataset

    def refuse(self, demand: str, got: str) -> FormatError:
        """The exception of a file that must `demand`."""
        return check.must(str(self._path), f"be {demand}", got, error=FormatError)
