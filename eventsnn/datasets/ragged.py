"""Rows of unequal length in HDF5 ("vlen"), of a file that is not trusted.

Such a dataset holds a reference for each row: its length, the address of a heap, and the number of
an object there, in 4, 8 and 4 bytes. HDF5's own reader goes round for ever in some damaged heaps
(of 132 with the head of one object changed, in 31; HDF5 2.0). So here the references and the heaps
are read from the file itself, and what does not fit is refused. HDF5 is only asked where the
references are.

References
----------
.. [1] The HDF Group, "HDF5 File Format Specification", version 3.0: III.E, disk format of global
   heaps; IV.A.2.d, variable-length types.
"""

import os
import struct
import threading
import zlib
from typing import Any, BinaryIO

import h5py
import numpy as np

from eventsnn.record.untrusted import MOST_EXPANSION, SMALL_BYTES, Untrusted

_REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("object", "<u4")])
_HEAP, _OBJECT = struct.Struct("<4sB3xQ"), struct.Struct("<HH4xQ")  # heads
_ALIGNMENT = 8
_ONE_AT_A_TIME = threading.Lock()  # a file has one position; a system may have no pread
_FIXED_SIZES = {1: "S", 2: "iuf", 4: "iuf", 8: "iuf"}  # bytes a number: its kinds


class Ragged:
    """Rows of a dataset in the group of an open file.

    Parameters
    ----------
    file : Untrusted
        The file.
    stream : binary file
        The same file, open for reading.
    group : h5py.Group
        Where the dataset is.
    name : str
        Its name.
    kinds : str
        Kinds of dtype that its numbers may have; ``"S"`` for strings, whose rows are bytes.

    Raises
    ------
    FormatError
        From here and from reading a row, if the file is not what it should be.
    """

    def __init__(self, file: Untrusted, stream: BinaryIO, group: h5py.Group, name: str,
                 kinds: str) -> None:
        self._file, self._stream = file, stream
        self._bytes = os.fstat(stream.fileno()).st_size
        dataset = file.child(group, name, h5py.Dataset)
        self._name = dataset.name
        base = _base(dataset)
        if dataset.ndim != 1 or base is None or base.kind not in kinds:
            what = "strings" if kinds == "S" else "rows of numbers"
            raise file.refuse(f"a file with {self._name} a list of {what}",
                              f"shape {dataset.shape}, dtype {dataset.dtype}")
        self.dtype = base
        self._references = self._read_references(dataset)
        self._heap: tuple[int, dict[int, tuple[int, int]]] = (0, {})  # the last one that was read

    def __len__(self) -> int:
        return len(self._references)

    def __getitem__(self, row: int) -> np.ndarray:
        """A row, (k,)."""
        length, address, number = self._references[row].tolist()
        if length == 0:
            return np.empty(0, self.dtype)
        objects = self._objects(address)
        if number not in objects:
            raise self._damaged(f"row {row}, which is not where it should be")
        start, size = objects[number]
        if size != length * self.dtype.itemsize:
            raise self._damaged(f"row {row} of {length} numbers in {size} bytes")
        return np.frombuffer(self._read(start, size), self.dtype)

    def _damaged(self, got: str) -> Exception:
        return self._file.refuse(f"a file with {self._name} undamaged", got)

    def _read(self, start: int, size: int) -> bytes:
        if start + size > self._bytes:
            raise self._damaged("an address behind the end of the file")
        with _ONE_AT_A_TIME:
            self._stream.seek(start)
            data = self._stream.read(size)
        if len(data) < size:
            raise self._damaged("a file that was cut off while it was open")
        return data

    def _objects(self, address: int) -> dict[int, tuple[int, int]]:
        """Start and size of each object of the heap at an address."""
        if self._heap[0] == address:
            return self._heap[1]
        mark, version, size = _HEAP.unpack(self._read(address, _HEAP.size))
        if mark != b"GCOL" or version != 1 or address + size > self._bytes:
            raise self._damaged("a heap that is none")
        objects: dict[int, tuple[int, int]] = {}
        position, end = address + _HEAP.size, address + size
        while position + _OBJECT.size <= end:
            number, _, n_bytes = _OBJECT.unpack(self._read(position, _OBJECT.size))
            if number == 0:  # what is left is free
                break
            position += _OBJECT.size
            if position + n_bytes > end or number in objects:
                raise self._damaged("a heap with objects that cannot be in it")
            objects[number] = position, n_bytes
            position += -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
        self._heap = address, objects
        return objects

    def _read_references(self, dataset: h5py.Dataset) -> np.ndarray:
        plist, n = dataset.id.get_create_plist(), dataset.shape[0]
        file_plist = dataset.file.id.get_create_plist()
        if dataset.is_virtual or dataset.external:
            raise self._file.refuse("a file that stands alone",
                                    f"{self._name} stored in other files")
        if file_plist.get_sizes() != (8, 8) or file_plist.get_userblock() != 0:
            raise self._file.refuse("an HDF5 file with addresses of 8 bytes and no userblock",
                                    "another one")
        self._check_size(n)
        if plist.get_layout() == h5py.h5d.CONTIGUOUS:
            start = dataset.id.get_offset()
            if start is None:  # nothing was ever written
                return np.zeros(n, _REFERENCE)
            return np.frombuffer(self._read(start, n * _REFERENCE.itemsize), _REFERENCE)
        if plist.get_layout() != h5py.h5d.CHUNKED:
            raise self._file.refuse(f"a file with {self._name} stored in one piece or in chunks",
                                    "another layout")
        filters = [plist.get_filter(k) for k in range(plist.get_nfilters())]
        return self._read_chunks(dataset, filters)

    def _check_size(self, n: int) -> None:
        if n * _REFERENCE.itemsize > max(SMALL_BYTES, MOST_EXPANSION * self._bytes):
            raise self._file.refuse("a file that holds what it declares",
                                    f"{self._name} of {n} rows, with {self._bytes} bytes stored")

    def _read_chunks(self, dataset: h5py.Dataset, filters: list[tuple]) -> np.ndarray:
        n, n_chunk = dataset.shape[0], dataset.chunks[0]
        self._check_size(n_chunk)
        chunks: dict[int, Any] = {}

        def note(chunk: Any) -> None:
            start, = chunk.chunk_offset
            if start >= n or start % n_chunk or start in chunks:
                raise self._damaged("a chunk that is not part of it")
            chunks[start] = chunk

        dataset.id.chunk_iter(note)
        out = np.zeros(n, _REFERENCE)
        for start, chunk in chunks.items():
            data = self._read(chunk.byte_offset, chunk.size)
            data = self._unfiltered(data, n_chunk * _REFERENCE.itemsize, filters,
                                    chunk.filter_mask)
            part = out[start:start + n_chunk]
            part[...] = np.frombuffer(data, _REFERENCE)[:len(part)]
        return out

    def _unfiltered(self, data: bytes, size: int, filters: list[tuple], skipped: int) -> bytes:
        for k, (code, *_) in reversed(list(enumerate(filters))):
            if skipped >> k & 1:
                continue
            if code == h5py.h5z.FILTER_DEFLATE:
                try:
                    data = zlib.decompressobj().decompress(data, size)
                except zlib.error as error:
                    raise self._damaged(f"a chunk that gzip cannot read ({error})") from error
            elif code == h5py.h5z.FILTER_SHUFFLE:
                data = np.frombuffer(data, np.uint8).reshape(_REFERENCE.itemsize, -1).T.tobytes()
            else:
                raise self._file.refuse(f"a file with {self._name} compressed with gzip or not",
                                        f"filter {code}")
        if len(data) != size:
            raise self._damaged(f"a chunk of {len(data)} bytes in place of {size}")
        return data


def _base(dataset: h5py.Dataset) -> np.dtype | None:
    """dtype of the numbers of a row as they are stored; None if they are not rows of numbers."""
    stored, string = dataset.id.get_type(), h5py.check_string_dtype(dataset.dtype)
    if string is not None:
        return np.dtype("S1") if string.length is None else None
    base = h5py.check_vlen_dtype(dataset.dtype)
    if base is None or base.kind not in _FIXED_SIZES.get(base.itemsize, ""):
        return None
    # A float of another make than IEEE's, or an integer with padding, is read as the nearest dtype.
    return base if stored.get_super() == h5py.h5t.py_create(base) else None
