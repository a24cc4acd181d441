"""A recording on disk: a SONATA spike file, read in pieces."""

import json
import math
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.errors import FormatError

SMALL_BYTES = 64 << 20  # what a file may declare whatever it holds
MOST_EXPANSION = 1000  # bytes declared per byte stored; gzip reaches it on constant data only
MS_PER_UNIT = {"ms": 1.0, "s": 1e3}


class Recording:
    """Spikes of named populations, read lazily from a SONATA file.

    Any file in the format will do. Those written by `Recorder` also know the sizes of their
    populations, the step, and the duration; for others the numbers are taken from the spikes, which
    reads the file once. Nothing is followed out of the file.

    Parameters
    ----------
    path : path
        The file.

    Attributes
    ----------
    populations : list of str
        Names, in alphabetical order.
    provenance : dict
        Versions, and the attributes given to `Recorder`; empty for other files.

    Raises
    ------
    FormatError
        If the file is damaged, or no SONATA spike file, or refers to other files.
    OSError
        If there is no file, or it may not be read.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self._path = os.fspath(path)
        with open(path, "rb"):  # its errors name the file and the reason; those of HDF5 do not
            pass
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise self._refuse("an HDF5 file that is whole",
                               "a truncated file" if "truncated" in str(error) else "another one"
                               ) from error
        try:
            self._columns = self._open()
            self.populations = sorted(self._columns)
            self.provenance = self._provenance()
        except FormatError:
            self._file.close()
            raise
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            self._file.close()
            raise self._refuse("a SONATA spike file", f"a damaged one ({error})") from error

    @property
    def dt(self) -> float | None:
        """Step, s, or None if the file does not say."""
        known = [v for v in map(self._number("dt_ms"), self.populations) if v is not None]
        return known[0] / 1e3 if known else None

    @property
    def duration(self) -> float:
        """Time covered, s; the time of the last spike if the file does not say."""
        known = [v for v in map(self._number("duration_ms"), self.populations) if v is not None]
        if known:
            return max(known) / 1e3
        return max((times.max() for name in self.populations
                    for times, _ in self._read(name, 1_000_000) if times.size), default=0.0)

    def size(self, population: str) -> int:
        """Neurons in a population; the largest neuron that spiked + 1 if the file does not say."""
        self._known(population)
        size = self._number("size")(population)
        if size is not None:
            return int(size)
        return max((int(ids.max()) + 1 for _, ids in self._read(population, 1_000_000)), default=0)

    def count(self, population: str) -> int:
        """Spikes of a population."""
        return len(self._known(population)[0])

    def chunks(self, population: str, n: int = 1_000_000
               ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Spikes of a population, in the order of the file, `n` at a time.

        Yields
        ------
        times : (m,) float64 array
            Times, s.
        ids : (m,) int64 array
            Neurons, counted from 0 within the population.

        Notes
        -----
        16 bytes a spike of memory, at most `n` spikes at a time. Files written by `Recorder` are
        sorted by time.
        """
        size = self.size(population)
        return self._bounded(population, check.integer("n", n, least=1), size)

    def _bounded(self, population: str, n: int, size: int
                 ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for times, ids in self._read(population, n):
            if ids.max() >= size:
                raise self._refuse(f"a recording of {size} neurons in {population!r}",
                                   f"a spike of neuron {ids.max()}")
            yield times, ids

    def _read(self, population: str, n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        timestamps, node_ids, ms = self._known(population)
        for start in range(0, len(timestamps), n):
            try:
                times = timestamps[start:start + n].astype(np.float64) * ms / 1e3
                ids = node_ids[start:start + n].astype(np.int64)  # beyond int64: negative
            except (OSError, RuntimeError) as error:
                raise self._refuse("a file that can be read to its end",
                                   f"damage near spike {start} of {population!r}") from error
            if not np.isfinite(times).all() or ids.min() < 0:
                raise self._refuse("a recording of finite times and neurons from 0 on",
                                   f"other numbers near spike {start} of {population!r}")
            yield times, ids

    def _open(self) -> dict[str, tuple[h5py.Dataset, h5py.Dataset, float]]:
        spikes = self._child(self._file, "spikes", h5py.Group)
        columns = {}
        for name in spikes:
            group = self._child(spikes, name, h5py.Group)
            timestamps = self._column(group, "timestamps", "f", "floats")
            node_ids = self._column(group, "node_ids", "iu", "whole numbers")
            if timestamps.shape != node_ids.shape:
                raise self._refuse("a file with one neuron for each time",
                                   f"{len(timestamps)} timestamps and {len(node_ids)} node_ids "
                                   f"in {name!r}")
            units = timestamps.attrs.get("units", "ms")  # older files leave it out
            units = units.decode(errors="replace") if isinstance(units, bytes) else str(units)
            if units not in MS_PER_UNIT:
                raise self._refuse("a file with times in ms or s", f"units {units!r} in {name!r}")
            columns[name] = timestamps, node_ids, MS_PER_UNIT[units]
        return columns

    def _column(self, group: h5py.Group, name: str, kinds: str, what: str) -> h5py.Dataset:
        dataset = self._child(group, name, h5py.Dataset)
        if dataset.external or dataset.is_virtual:
            raise self._refuse("a file that stands alone", f"{dataset.name} stored in other files")
        if dataset.ndim != 1 or dataset.dtype.kind not in kinds:
            raise self._refuse(f"a file with {dataset.name} a list of {what}",
                               f"shape {dataset.shape}, dtype {dataset.dtype}")
        most = max(SMALL_BYTES, MOST_EXPANSION * dataset.id.get_storage_size())
        chunk_bytes = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
        if max(dataset.nbytes, chunk_bytes) > most:
            raise self._refuse("a file that holds what it declares",
                               f"{dataset.name} of {max(dataset.nbytes, chunk_bytes)} bytes, with "
                               f"{dataset.id.get_storage_size()} bytes stored")
        return dataset

    def _child(self, group: h5py.Group, name: str, kind: type) -> Any:
        link = group.get(name, getlink=True)
        where = f"{group.name.rstrip('/')}/{name}"
        if link is None:
            raise self._refuse("a SONATA spike file", f"an HDF5 file with no {where}")
        if not isinstance(link, h5py.HardLink):
            raise self._refuse("a file that stands alone", f"a link at {where}")
        child = group[name]
        if not isinstance(child, kind):
            raise self._refuse("a SONATA spike file",
                               f"a file with no {kind.__name__.lower()} at {where}")
        return child

    def _provenance(self) -> dict[str, Any]:
        try:
            about = json.loads(self._about())
        except (TypeError, ValueError):
            about = None
        if not isinstance(about, dict):
            raise self._refuse("a file with JSON in its attribute eventsnn", "something else")
        return about

    def _about(self) -> Any:
        if "eventsnn" in self._file.attrs or "eventsnn" not in self._file:
            return self._file.attrs.get("eventsnn", "{}")  # as earlier versions wrote it
        dataset = self._child(self._file, "eventsnn", h5py.Dataset)
        if dataset.shape != () or dataset.dtype.kind != "S" or dataset.external \
                or dataset.is_virtual or dataset.dtype.itemsize > SMALL_BYTES:
            return None
        return dataset[()]

    def _number(self, attribute: str) -> Any:
        """A function of the population: its attribute as a number, or None."""
        def get(population: str) -> float | None:
            self._known(population)
            value = self._file["spikes"][population].attrs.get(attribute)
            if value is None:
                return None
            if np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "iuf" or value < 0:
                raise self._refuse(f"a file with {attribute} of {population!r} a number from 0 on",
                                   repr(value))
            return float(value) if np.isfinite(value) else None
        return get

    def _known(self, population: str) -> tuple[h5py.Dataset, h5py.Dataset, float]:
        if not self._file:
            raise check.must("recording", "be open", "a closed one")
        if population not in self._columns:
            raise check.unknown("population", population, self._columns)
        return self._columns[population]

    def _refuse(self, demand: str, got: str) -> FormatError:
        return check.must(str(self._path), f"be {demand}", got, error=FormatError)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()
