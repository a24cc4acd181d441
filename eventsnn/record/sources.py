"""What spikes are read from: one SONATA file, or a folder of parts."""

import json
import os
import pathlib
from typing import Any

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.record import manifest, merge, parts, sonata
from eventsnn.record.untrusted import DAMAGE, Untrusted

MS_PER_UNIT = {"ms": 1.0, "s": 1e3}
WITHOUT_NAME = "all"  # the population of old files, which have but one, without a name


def open_source(path: str | os.PathLike, verify: bool = True) -> "File | Parts":
    """What there is under a path."""
    name = check.path("path", path)
    if name.is_dir():
        return Parts(name)
    file = File(path, verify)
    try:
        if file.is_master and (folder := parts.folder_of(path)).is_dir():
            found = Parts(folder)  # where each part is checked, and no virtual dataset followed
            file.check_shows({name: found.count(name) for name in found.populations})
            file.close()
            return found
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
        step_ms = float(sonata.step_ms(head.dt))
        self._dt = step_ms / 1e3  # s, as of the file that is made of the parts
        self._numbers = {"dt_ms": step_ms, "duration_ms":
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

    def sorting(self, population: str) -> str:
        """How spikes are sorted: ``"by_time"``."""
        return "by_time"

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
        times = np.concatenate([np.empty(0), *(t for t, _ in found)])
        ids = np.concatenate([np.empty(0, np.uint64), *(i for _, i in found)])
        return sonata.seconds(times, self._dt), ids.astype(np.int64)

    def _part(self, k: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        if self._held[0] != k:
            part = self._manifest.parts[k]
            self._held = k, merge.spikes(self._folder, part)
        return self._held[1]

    def verify(self) -> bool:
        """Check every part."""
        for part in self._manifest.parts:
            merge.spikes(self._folder, part)
        return True

    def close(self) -> None:
        """Let go of all."""
        self.populations, self._held = [], (-1, None)


class File:
    """One file, of which nothing is followed."""

    def __init__(self, path: str | os.PathLike, verify: bool = True) -> None:
        self.populations: list[str] = []
        self._groups: dict[str, h5py.Group] = {}
        self._untrusted = Untrusted(path, "SONATA spike file", verify)
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

    def check_shows(self, counts: dict[str, int]) -> None:
        """Refuse parts with other numbers of spikes than those that this file is made of."""
        with self._untrusted.read("a damaged one"):
            spikes = self._child(self._file, "spikes", h5py.Group)
            groups = {name: self._child(spikes, name, h5py.Group) for name in spikes}
            shown = {name: len(self._child(group, "timestamps", h5py.Dataset))
                     for name, group in groups.items()}
        if shown != counts:
            raise self._refuse(f"a view of parts with {sum(counts.values())} spikes, as there are",
                               f"one of {sum(shown.values())}")

    def open(self) -> None:
        """Check all that the file declares."""
        with self._untrusted.read("a damaged one"):
            self._columns = self._open()
            self.populations = sorted(self._columns)
            self.provenance = self._untrusted.provenance()

    def __bool__(self) -> bool:
        return bool(self._file)

    def count(self, population: str) -> int:
        """Spikes."""
        return len(self._columns[population][0])

    def sorting(self, population: str) -> str:
        """How spikes are sorted, as the file says: ``"by_time"``, ``"by_id"`` or ``"none"``."""
        value = self._attribute("sorting", population)
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        if isinstance(value, str):  # as some tools write it
            return value if value in sonata.SORTINGS else "none"
        for name, number in sonata.SORTINGS.items():
            if np.ndim(value) == 0 and value == number:
                return name
        return "none"

    def read(self, population: str, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Times, s, and neurons of some spikes."""
        timestamps, node_ids, ms, dt = self._columns[population]
        with self._untrusted.read(f"damage near spike {start} of {population!r}"):
            times = timestamps[start:stop].astype(np.float64, copy=False) * ms
            return (times / 1e3 if dt is None else sonata.seconds(times, dt),
                    node_ids[start:stop].astype(np.int64))  # beyond int64: negative

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
        with self._untrusted.read(f"damage in the attribute {name} of {population!r}"):
            return self._untrusted.attribute(self._groups[population], name)

    def verify(self) -> bool:
        """Check every byte, if there are checksums."""
        if self._untrusted.seal is None:
            return False
        self._untrusted.seal.verify()
        return True

    def close(self) -> None:
        """Close the file."""
        self._untrusted.close()

    @staticmethod
    def _is_group(parent: h5py.Group, name: str) -> bool:
        """Whether there is a group of that name: a population called as a column is."""
        return (isinstance(parent.get(name, getlink=True), h5py.HardLink)
                and isinstance(parent[name], h5py.Group))

    def _open(self) -> dict[str, tuple[h5py.Dataset, h5py.Dataset, float, float | None]]:
        spikes = self._child(self._file, "spikes", h5py.Group)
        if "timestamps" in spikes and not self._is_group(spikes, "timestamps"):
            self._groups = {WITHOUT_NAME: spikes}
        else:
            self._groups = {name: self._child(spikes, name, h5py.Group) for name in spikes}
        columns = {}
        for name, group in self._groups.items():
            timestamps = self._untrusted.column(group, "timestamps", "f", "floats")
            ids = "gids" if "gids" in group and "node_ids" not in group else "node_ids"  # older
            node_ids = self._untrusted.column(group, ids, "iu", "whole numbers")
            if timestamps.shape != node_ids.shape:
                raise self._refuse("a file with one neuron for each time",
                                   f"{len(timestamps)} timestamps and {len(node_ids)} node_ids "
                                   f"in {name!r}")
            units = timestamps.attrs.get("units", "ms")  # older files leave it out
            units = units.decode(errors="replace") if isinstance(units, bytes) else str(units)
            if units not in MS_PER_UNIT:
                raise self._refuse("a file with times in ms or s", f"units {units!r} in {name!r}")
            step = (self.number("dt_ms", name) or 0.0) / 1e3
            columns[name] = timestamps, node_ids, MS_PER_UNIT[units], step or None
        return columns
