"""The layout of a SONATA spike file, as its strictest readers want it.

======================================  ==========================================================
``/``                                   attributes ``magic``, ``version``
``/spikes/<population>``                attribute ``sorting``, an HDF5 enumeration: *by_time*
``/spikes/<population>/timestamps``     (n,) float64, ms, with the attribute ``units = "ms"``
``/spikes/<population>/node_ids``       (n,) uint64, counted from 0 within the population
======================================  ==========================================================

Uncompressed, in one piece, and in the oldest HDF5 format: libsonata reads no gzip and no newer
format, wants ``units``, and refuses ``sorting`` as a string. Other readers ignore what eventsnn
adds: the attributes ``size``, ``dt_ms`` and ``duration_ms`` (NaN if unknown) of a population and,
at the root, the dataset ``eventsnn``, a JSON object that says where the file comes from.

References
----------
.. [1] Dai et al., "The SONATA data format for efficient description of large-scale network models",
   PLoS Comput. Biol. 16, e1007696 (2020).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import h5py
import numpy as np

from eventsnn.record.pages import Pages, allocate

MAGIC = np.uint32(0x0A7A)
VERSION = np.array([0, 1], np.uint32)
BY_TIME = 2
SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": BY_TIME}, basetype=np.uint8)
STEP_LIMIT = 2**48  # below it, roundings do not hide which step a time is of


class Layout(NamedTuple):
    """Where everything of a spike file lies."""

    metadata: list[tuple[int, bytes]]  # offsets, and the bytes there; the columns go on top of them
    columns: dict[str, dict[str, int]]  # offset of each column of each population
    n_bytes: int


COLUMNS = {"timestamps": np.dtype("<f8"), "node_ids": np.dtype("<u8")}


def layout(populations: Mapping[str, int], counts: Mapping[str, int], dt: float,
           duration: float | None, about: str,
           sources: Sequence[tuple[str, Mapping[str, int]]] | None = None) -> Layout:
    """The layout of a file with `counts` spikes, of which HDF5 makes all but the columns.

    HDF5 works in memory only: a library that meets a full disk itself brings the process down.

    With `sources`, names of files and their spikes, the columns are virtual, made of theirs.
    """
    memory = Pages()
    with h5py.File(memory, "w", libver=("earliest", "v110")) as file:
        file.attrs["magic"] = MAGIC
        file.attrs["version"] = VERSION
        # Strings are of fixed length: HDF5 loops for ever on a damaged heap of variable ones. And a
        # dataset takes more than the 64 KiB of an attribute.
        file["eventsnn"] = np.bytes_(about.encode("ascii"))
        columns: dict[str, dict[str, int]] = {}
        for name, size in populations.items():
            group = file.create_group(f"spikes/{name}")
            group.attrs.create("sorting", BY_TIME, dtype=SORTING)
            group.attrs["size"] = np.uint64(size)
            group.attrs["dt_ms"] = np.float64(float(step_ms(dt)))
            group.attrs["duration_ms"] = np.nan if duration is None else duration * 1e3
            columns[name] = {}
            for column, dtype in COLUMNS.items():
                if sources is None:
                    offset = allocate(group, column, (counts[name],), dtype)
                    if offset is not None:
                        columns[name][column] = offset
                else:
                    _virtual(group, column, counts[name], dtype, sources)
            group["timestamps"].attrs.create("units", np.bytes_("ms"))
    return Layout(memory.runs(), columns, memory.size)


def _virtual(group: h5py.Group, column: str, n: int, dtype: np.dtype,
             sources: Sequence[tuple[str, Mapping[str, int]]]) -> None:
    virtual = h5py.VirtualLayout((n,), dtype)
    name, start = group.name.split("/")[-1], 0
    for file, counts in sources:
        if counts[name]:
            virtual[start:start + counts[name]] = h5py.VirtualSource(
                file, f"{group.name}/{column}", (counts[name],))
            start += counts[name]
    # Where a file is missing, times are NaN, which nobody takes for spikes.
    group.create_virtual_dataset(column, virtual, np.nan if dtype.kind == "f" else 2**64 - 1)


def image(populations: Mapping[str, int], columns: Mapping[str, tuple[np.ndarray, np.ndarray]],
          dt: float, duration: float | None, about: str) -> bytearray:
    """A whole file of spikes that are at hand: a population's times, ms, and neurons."""
    counts = {name: len(ids) for name, (_, ids) in columns.items()}
    where = layout(populations, counts, dt, duration, about)
    whole = bytearray(where.n_bytes)
    for offset, data in where.metadata:
        whole[offset:offset + len(data)] = data
    for name, arrays in columns.items():
        for (column, dtype), values in zip(COLUMNS.items(), arrays, strict=True):
            if len(values):
                np.frombuffer(whole, dtype, len(values), where.columns[name][column])[:] = values
    return whole


def step_ms(dt: float) -> Fraction:
    """A step in ms as the simplest ratio within rounding of ``1000 dt``: 1/10 for 1e-4 s."""
    exact = Fraction(dt) * 1000
    simple = exact.limit_denominator(1_000_000)
    return simple if abs(simple - exact) <= exact * Fraction(1, 2**51) else exact


def times_ms(steps: np.ndarray, dt: float) -> np.ndarray:
    """The times of steps: 0.3 for the third of 0.1 ms, where a product gives 0.30000000000000004.

    `steps_of` gives back `steps` below `STEP_LIMIT`.
    """
    ms = step_ms(dt)
    if max(ms.numerator, ms.denominator) > 2**53:  # no ratio of whole floats
        return steps * float(ms)
    return steps * float(ms.numerator) / float(ms.denominator)


def steps_of(times: np.ndarray, dt: float) -> np.ndarray:
    """The steps of times, ms."""
    return np.rint(times / float(step_ms(dt))).astype(np.int64)
