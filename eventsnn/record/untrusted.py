"""An HDF5 file of which nothing is trusted: no link is followed, no size believed.

Of a sealed one, HDF5 is given only bytes that are as they were written.
"""

import contextlib
import json
import math
import os
from collections.abc import Iterator
from typing import Any

import h5py

from eventsnn.core import check, files, seal
from eventsnn.errors import FormatError

SMALL_ATTRIBUTE = 1 << 16  # bytes
SMALL_BYTES = 64 << 20  # what a file may declare whatever it holds
MOST_EXPANSION = 1000  # bytes declared per byte stored; gzip reaches it on constant data only
# What h5py raises on damaged files; MemoryError, where one declares more than there is.
DAMAGE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, MemoryError)


class Untrusted:
    """An open file, and its parts after their checks.

    Parameters
    ----------
    path : path
    kind : str
        What the file should be, as the messages say it: ``"SONATA spike file"``.
    verify : bool
        Whether to check a sealed file: without, it is read like any other.

    Raises
    ------
    FormatError
        From here and from every method, if the file is not what it should be.
    """

    def __init__(self, path: str | os.PathLike, kind: str, verify: bool = True) -> None:
        self._path, self._kind = os.fspath(path), kind
        files.check_ordinary(path)
        with open(path, "rb") as file:  # its errors name the file and the reason; HDF5's do not
            self._bytes = os.fstat(file.fileno()).st_size
        self.root: Any = None
        self.seal = seal.SealedFile(path) if verify and seal.is_sealed(path) else None
        try:
            self.root = h5py.File(self.seal or path, "r")
            if verify and self.seal is None and "eventsnn_sealed" in self.root.attrs:
                raise self.refuse("the file that was written", "one whose seal is broken")
        except FormatError:
            self.close()
            raise
        except DAMAGE as error:
            self.close()
            raise self.refuse("an HDF5 file that is whole",
                              "a truncated file" if "truncated" in str(error) else "another one"
                              ) from error

    def close(self) -> None:
        """Close the file."""
        if self.root is not None:
            self.root.close()
        if self.seal is not None:
            self.seal.close()

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

    def column(self, group: h5py.Group, name: str, kinds: str, what: str, ndim: int = 1
               ) -> h5py.Dataset:
        """An array of numbers in the group; `kinds` are those of its dtype."""
        dataset = self.child(group, name, h5py.Dataset)
        if dataset.external or dataset.is_virtual:
            raise self.refuse("a file that stands alone", f"{dataset.name} stored in other files")
        if dataset.ndim != ndim or dataset.dtype.kind not in kinds:
            form = ("number", "list", "table")[ndim]
            raise self.refuse(f"a file with {dataset.name} a {form} of {what}",
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

    def attribute(self, item: Any, name: str) -> Any:
        """A small attribute: a number or a string; None if there is none of the name."""
        if name not in item.attrs:
            return None
        declared = item.attrs.get_id(name)
        # HDF5 allocates what a sequence of variable length claims to be long.
        is_sequence = (h5py.check_vlen_dtype(declared.dtype) is not None
                       and h5py.check_string_dtype(declared.dtype) is None)
        n_bytes = declared.dtype.itemsize * math.prod(declared.shape or ())
        if is_sequence or n_bytes > SMALL_ATTRIBUTE:
            raise self.refuse(f"a {self._kind} with {name} a number or a string",
                              f"one of {declared.dtype}")
        return item.attrs[name]

    @contextlib.contextmanager
    def read(self, what: str) -> Iterator[None]:
        """A block that reads: what goes wrong in it is damage, said in `what`, of the file."""
        try:
            yield
        except FormatError:
            raise
        except DAMAGE as error:
            if self.seal is not None and self.seal.damage is not None:
                raise self.seal.damage from error
            raise self.refuse(f"a {self._kind} that can be read", f"{what} ({error})") from error

    def provenance(self) -> dict[str, Any]:
        """What the writer said of the file's origin; empty for files of others."""
        try:
            about = json.loads(self._about())
        except (TypeError, ValueError, RecursionError):
            about = None
        if not isinstance(about, dict):
            raise self.refuse("a file with JSON in its dataset eventsnn", "something else")
        return about

    def _about(self) -> Any:
        if "eventsnn" in self.root.attrs or "eventsnn" not in self.root:
            return self.root.attrs.get("eventsnn", "{}")  # as the first version wrote it
        dataset = self.child(self.root, "eventsnn", h5py.Dataset)
        if dataset.shape != () or dataset.dtype.kind != "S" or dataset.external \
                or dataset.is_virtual or dataset.dtype.itemsize > SMALL_BYTES:
            return None
        return dataset[()]

    def refuse(self, demand: str, got: str) -> FormatError:
        """The exception of a file that must `demand`."""
        return check.must(str(self._path), f"be {demand}", got, error=FormatError)
