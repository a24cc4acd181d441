"""The layout of a SONATA spike file, as its strictest readers want it.

======================================  ==========================================================
``/``                                   attributes ``magic``, ``version``
``/spikes/<population>``                attribute ``sorting``, an HDF5 enumeration: *by_time*
``/spikes/<population>/timestamps``     (n,) float64, ms, with the attribute ``units = "ms"``
``/spikes/<population>/node_ids``       (n,) uint64, counted from 0 within the population
======================================  ==========================================================

Uncompressed and in the oldest HDF5 format: libsonata reads no gzip and no newer format, wants
``units``, and refuses ``sorting`` as a string. Other readers ignore what eventsnn adds: the
attributes ``size``, ``dt_ms`` and ``duration_ms`` (NaN if unknown) of a population and, at the
root, ``eventsnn``, a JSON object that says where the file comes from.

References
----------
.. [1] Dai et al., "The SONATA data format for efficient description of large-scale network models",
   PLoS Comput. Biol. 16, e1007696 (2020).
"""

from fractions import Fraction

import h5py
import numpy as np

MAGIC = np.uint32(0x0A7A)
VERSION = np.array([0, 1], np.uint32)
SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)
STEP_LIMIT = 2**48  # below it, roundings do not hide which step a time is of


def create(path: str, populations: dict[str, int], dt: float, provenance: str) -> h5py.File:
    """Open a new file for writing, with one empty group a population."""
    file = h5py.File(path, "w", libver=("earliest", "v110"))
    file.attrs["magic"] = MAGIC
    file.attrs["version"] = VERSION
    file.attrs["eventsnn"] = provenance
    for name, size in populations.items():
        group = file.create_group(f"spikes/{name}")
        group.attrs.create("sorting", 2, dtype=SORTING)
        group.attrs["size"] = np.uint64(size)
        group.attrs["dt_ms"] = np.float64(float(step_ms(dt)))
        group.attrs["duration_ms"] = np.nan
    return file


def step_ms(dt: float) -> Fraction:
    """A step in ms as the simplest ratio within rounding of ``1000 dt``: 1/10 for 1e-4 s."""
    exact = Fraction(dt) * 1000
    simple = exact.limit_denominator(1_000_000)
    return simple if abs(simple - exact) <= exact * Fraction(1, 2**51) else exact


def times_ms(steps: np.ndarray, dt: float) -> np.ndarray:
    """The times of steps: 0.3 for the third of 0.1 ms, where a product gives 0.30000000000000004.

    ``round(times_ms(steps, dt) / float(step_ms(dt)))`` gives back `steps` below `STEP_LIMIT`.
    """
    ms = step_ms(dt)
    if max(ms.numerator, ms.denominator) > 2**53:  # no ratio of whole floats
        return steps * float(ms)
    return steps * float(ms.numerator) / float(ms.denominator)


class Stream:
    """The growing columns of one population: blocks of spikes, each written once, whole.

    An interrupt between any two lines loses nothing and doubles nothing: a block counts as written
    only when both of its columns are, and to write it twice is to write it once.
    """

    def __init__(self, group: h5py.Group, block: int) -> None:
        self.group = group
        self.block = block  # spikes
        self.total = 0  # spikes taken
        self.written = 0  # spikes in the file
        self._columns = {"timestamps": np.zeros(block, "<f8"), "node_ids": np.zeros(block, "<u8")}

    @property
    def room(self) -> int:
        """Spikes that the block in memory has room for."""
        return self.block - (self.total - self.written)

    def put(self, times: np.ndarray, ids: np.ndarray) -> None:
        """Take spikes into the block in memory; the caller has checked that there is room."""
        start = self.total - self.written
        self._columns["timestamps"][start:start + times.size] = times
        self._columns["node_ids"][start:start + times.size] = ids
        self.total += times.size

    def write(self, last: bool = False) -> None:
        """Write the block in memory; one that is not full only as the `last`."""
        n = self.total - self.written
        if "node_ids" not in self.group:
            self._create(max(n, 1) if last else self.block)
        if n == 0:
            return
        for name, column in self._columns.items():
            column[n:] = 0
            dataset = self.group[name]
            dataset.resize((self.total,))
            # Past the chunk cache, so that the space in the file is taken now and not at some
            # later time, and no chunk is written in pieces.
            dataset.id.write_direct_chunk((self.written,), column[:dataset.chunks[0]].tobytes())
        self.written = self.total

    def _create(self, chunk: int) -> None:
        """The datasets come with the first block, so that a short recording is a small file."""
        for name, column in self._columns.items():
            if name not in self.group:
                self.group.create_dataset(name, (0,), column.dtype, chunks=(chunk,),
                                          maxshape=(None,))
        self.group["timestamps"].attrs["units"] = "ms"
