"""What spikes are read from: one SONATA file, or a folder of parts."""

import json
import os
import pathlib
from typing import Any

import h5py
import numpy as np

from eventsnn.errors import FormatError
from eventsnn.record import manifest, merge, parts, sonata
from eventsnn.record.untrusted import DAMAGE, SMALL_BYTES, Untrusted

MS_PER_UNIT = {"ms": 1.0, "s": 1e3}


def open_source(path: str | os.PathLike) -> "File | Parts":
    """What there is under a path."""
    name = pathlib.Path(path)
    if name.is_dir() and name.name.endswith(parts.SUFFIX):
        return Parts(name)
    file = File(path)
    if file.is_master and (folder := parts.folder_of(path)).is_dir():
        file.close()
        return Parts(folder)  # where each part is checked, and no virtual dataset followed
    try:
        file.open()
    except BaseException:
        file.close()
        raise
    return file


class Parts:
    """A folder of parts; each is checked whenever it is read."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._manifest = manifest.read(folder)
        self._folder = folder.absolute()
        if self._manifest.damaged:
            raise manifest.refuse(folder, "a manifest that is whole",
                                  f"{self._manifest.damaged} damaged lines; eventsnn repair makes "
                                  "a file of the others")
        head = self._manifest.head
        self.populations = sorted(head.populations)
        self.provenance = json.loads(head.about)
        self._starts = {
            name: np.cumsum([0, *(part.counts[name] for part in self._manifest.parts)])
            for name in head.populations}
        self._held: tuple[int, Any] = (-1, None)
        self._numbers = {"dt_ms": float(sonata.step_ms(head.dt)), "duration_ms":
                         None if (d := self._manifest.duration) is None else d * 1e3}

    def __bool__(self) -> bool:
        return bool(self.populations)

    def count(self, population: str) -> int:
        """Spikes."""
        return int(self._starts[population][-1])

    def number(self, attribute: str, population: str) -> float | None:
        """What the writer said."""
        if attribute == "size":
            return float(self._manifest.head.populations[population])
        return self._numbers[attribute]

    def is_by_time(self, population: str) -> bool:
        """Whether spikes are sorted by time."""
        return True

    def read(self, population: str, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Times, s, and neurons of some spikes."""
        starts = self._starts[population]
        first = int(np.searchsorted(starts, start, "right")) - 1
        found = []
        for k in range(first, len(self._manifest.parts)):
            if starts[k] >= stop:
                break
            part = slice(max(start - starts[k], 0), stop - starts[k])
            found.append([column[part] for column in self._part(k)[population]])
        times = np.concatenate([np.empty(0), *(t for t, _ in found)]) / 1e3
        return times, np.concatenate([np.empty(0, np.uint64), *(i for _, i in found)]).astype(
            np.int64)

    def _part(self, k: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        if self._held[0] != k:
            part = self._manifest.parts[k]
            self._held = k, merge.columns(merge.read_part(self._folder, part), part)
        return self._held[1]

    def close(self) -> None:
        """Let go of all."""
        self.populations, self._held = [], (-1, None)


class File:
    """One file, of which nothing is followed."""

    def __init__(self, path: str | os.PathLike) -> None:
        self.populations: list[str] = []
        self._untrusted = Untrusted(path, "SONATA spike file")
        self._file = self._untrusted.root
        self._child, self._refuse = self._untrusted.child, self._untrusted.refuse

    @property
    def is_master(self) -> bool:
        """Whether its columns are made of other files."""
        try:
            spikes = self._child(self._file, "spikes", h5py.Group)
            groups = [self._child(spikes, name, h5py.Group) for name in spikes]
            return any(self._child(group, "timestamps", h5py.Dataset).is_virtual
                       for group in groups)
        except DAMAGE:
            return False  # what is wrong, `open` says

    def open(self) -> None:
        """Check all that the file declares."""
        try:
            self._columns = self._open()
            self.populations = sorted(self._columns)
            self.provenance = self._provenance()
        except FormatError:
            raise
        except DAMAGE as error:
            raise self._refuse("a SONATA spike file", f"a damaged one ({error})") from error

    def __bool__(self) -> bool:
        return bool(self._file)

    def count(self, population: str) -> int:
        """Spikes."""
        return len(self._columns[population][0])

    def is_by_time(self, population: str) -> bool:
        """Whether spikes are sorted by time, as the file says."""
        value = self._attribute("sorting", population)
        if isinstance(value, (str, bytes)):  # as some tools write it
            return value in ("by_time", b"by_time")
        return bool(np.ndim(value) == 0 and value == sonata.BY_TIME)

    def read(self, population: str, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Times, s, and neurons of some spikes."""
        timestamps, node_ids, ms = self._columns[population]
        try:
            return (timestamps[start:stop].astype(np.float64) * ms / 1e3,
                    node_ids[start:stop].astype(np.int64))  # beyond int64: negative
        except DAMAGE as error:
            raise self._refuse("a file that can be read to its end",
                               f"damage near spike {start} of {population!r}") from error

    def number(self, attribute: str, population: str) -> float | None:
        """An attribute of a population as a number, or None."""
        value = self._attribute(attribute, population)
        if value is None:
            return None
        if np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "iuf" or value < 0:
            raise self._refuse(f"a file with {attribute} of {population!r} a number from 0 on",
                               repr(value))
        return float(value) if np.isfinite(value) else None

    def _attribute(self, name: str, population: str) -> Any:
        try:
            return self._file["spikes"][population].attrs.get(name)
        except DAMAGE as error:
            raise self._refuse("a file that can be read", f"damage in the attribute {name} of "
                               f"{population!r}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _open(self) -> dict[str, tuple[h5py.Dataset, h5py.Dataset, float]]:
        spikes = self._child(self._file, "spikes", h5py.Group)
        columns = {}
        for name in spikes:
            group = self._child(spikes, name, h5py.Group)
            timestamps = self._untrusted.column(group, "timestamps", "f", "floats")
            node_ids = self._untrusted.column(group, "node_ids", "iu", "whole numbers")
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
