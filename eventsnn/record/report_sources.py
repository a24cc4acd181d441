"""What samples are read from: one SONATA report, or a folder of parts."""

import json
import os
import pathlib
from typing import Any, NamedTuple

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.record import finish, manifest, merge, parts, sonata
from eventsnn.record.sources import MS_PER_UNIT
from eventsnn.record.untrusted import DAMAGE, Untrusted


class Shape(NamedTuple):
    """What a population's table of samples holds."""

    ids: np.ndarray  # (k,) int64: the neuron of each column
    elements: np.ndarray  # (k,) int64
    units: str
    n: int  # rows
    start: float  # s, of the first row
    interval: float  # s


def open_report(path: str | os.PathLike, variable: str | None, verify: bool
                ) -> "ReportFile | ReportParts":
    """What there is under a path."""
    name = check.path("path", path)
    if name.is_dir():
        return ReportParts(name, variable)
    file = ReportFile(path, verify)
    try:
        if (folder := file.folder_of_parts()) is not None:
            found = ReportParts(folder, folder_variable(name, folder))
            file.check_shows({population: shape.n for population, shape in found.shapes.items()})
            file.close()
            return found
        file.open()
        if variable not in (None, file.variable):
            raise check.unknown("variable", variable, [file.variable or "none"])
    except BaseException:
        file.close()
        raise
    return file


def folder_variable(path: pathlib.Path, folder: pathlib.Path) -> str:
    """The variable of a view of parts: ``v`` of ``run.v.h5`` and ``run.h5.parts``."""
    stem = folder.name.removesuffix(parts.SUFFIX).removesuffix(path.suffix)
    return path.name.removesuffix(path.suffix).removeprefix(f"{stem}.")


class ReportParts:
    """A folder of parts; each is checked whenever it is read."""

    def __init__(self, folder: pathlib.Path, variable: str | None) -> None:
        self._folder, found = folder.absolute(), manifest.read(folder)
        if found.damaged:
            raise manifest.refuse(folder, "a manifest that is whole", f"{found.damaged} damaged "
                                  "lines; eventsnn repair makes files of the others")
        known = sorted(found.mappings)
        if variable is None and len(known) == 1:
            variable = known[0]
        if variable not in known:
            raise check.unknown("variable", variable, known or ["none"])
        self.variable: str | None = variable
        self.provenance = json.loads(found.head.about)
        self._parts = found.samples[variable]
        self._axes = merge.axes(self._folder, found.mappings[variable], found.head.dt)
        extents = finish.extents(self._folder, found, variable, self._axes)
        self._first = {name: rows.first for name, rows in extents.items()}
        dt = float(sonata.step_ms(found.head.dt)) / 1e3
        self.shapes = {name: Shape(axis.columns, axis.elements.astype(np.int64), axis.units,
                                   extents[name].n, extents[name].first * dt, axis.every * dt)
                       for name, axis in self._axes.items()}

    def read(self, population: str, start: int, stop: int) -> np.ndarray:
        """Some rows; NaN where they are lost."""
        rows = np.full((stop - start, len(self.shapes[population].ids)), np.nan, np.float32)
        for part in self._parts:
            if population not in part.first_steps:
                continue
            begin = ((part.first_steps[population] - self._first[population])
                     // self._axes[population].every)
            if begin < stop and begin + part.rows[population] > start:
                values = merge.samples(self._folder, part, self._axes)[population]
                some = values[max(start - begin, 0):stop - begin]
                at = max(begin - start, 0)
                rows[at:at + len(some)] = some
        return rows

    def verify(self) -> bool:
        """Check every part."""
        for part in self._parts:
            merge.read_file(self._folder, part)
        return True

    def close(self) -> None:
        """Let go of all."""
        self.shapes = {}


class ReportFile:
    """One file, of which nothing is followed."""

    def __init__(self, path: str | os.PathLike, verify: bool) -> None:
        self._path = check.path("path", path).absolute()
        self._untrusted = Untrusted(path, "SONATA report", verify)
        self.shapes: dict[str, Shape] = {}

    def folder_of_parts(self) -> pathlib.Path | None:
        """The folder that the samples are in, if this file is a view of it."""
        try:
            root = self._untrusted.root
            name, population = root.attrs.get("parts"), next(iter(root["report"]))
            if name is None or not root["report"][population]["data"].is_virtual:
                return None
            folder = self._path.parent / pathlib.PurePath(name.decode()).name
            return folder if folder.is_dir() and not folder.is_symlink() else None
        except (*DAMAGE, StopIteration):
            return None  # what is wrong, `open` says

    def check_shows(self, counts: dict[str, int]) -> None:
        """Refuse parts with other numbers of samples than those that this file is made of."""
        with self._untrusted.read("a damaged one"):
            reports = self._untrusted.root["report"]
            shown = {name: len(reports[name]["data"]) for name in reports}
        if shown != counts:
            raise self._untrusted.refuse(
                f"a view of parts with {sum(counts.values())} samples, as there are",
                f"one of {sum(shown.values())}")

    def open(self) -> None:
        """Check all that the file declares."""
        with self._untrusted.read("a damaged one"):
            root = self._untrusted.root
            self.provenance: dict[str, Any] = self._untrusted.provenance()
            variable = root.attrs.get("variable")
            self.variable = variable.decode() if isinstance(variable, bytes) else None
            reports = self._untrusted.child(root, "report", h5py.Group)
            self._data = {}
            for name in reports:
                self._data[name], self.shapes[name] = self._open(reports, name)

    def _open(self, reports: h5py.Group, name: str) -> tuple[h5py.Dataset, Shape]:
        file = self._untrusted
        group = file.child(reports, name, h5py.Group)
        data = file.column(group, "data", "f", "floats", ndim=2)
        mapping = file.child(group, "mapping", h5py.Group)
        node_ids = file.column(mapping, "node_ids", "iu", "whole numbers")[()].astype(np.int64)
        spelt = "index_pointers" if "index_pointers" in mapping else "index_pointer"
        pointers = file.column(mapping, spelt, "iu", "whole numbers")[()].astype(np.int64)
        if len(pointers) == len(node_ids):  # older files leave out where the last one ends
            pointers = np.append(pointers, data.shape[1])
        if len(pointers) != len(node_ids) + 1 or (np.diff(pointers) < 0).any() \
                or not pointers[0] == 0 or pointers[-1] != data.shape[1] or (node_ids < 0).any():
            raise file.refuse(f"a report of {data.shape[1]} values a sample in {name!r}",
                              "a mapping of others")
        elements = np.zeros(data.shape[1], np.int64)
        if "element_ids" in mapping:
            elements = file.column(mapping, "element_ids", "iu", "numbers")[()].astype(np.int64)
            if len(elements) != data.shape[1]:
                raise file.refuse(f"a report of {data.shape[1]} elements", f"{len(elements)}")
        time = file.column(mapping, "time", "fiu", "numbers")
        start, _, interval = (float(v) for v in time[()])
        unit = MS_PER_UNIT.get(_text(time.attrs.get("units", "ms")))
        if unit is None or not (interval > 0 and abs(start) / interval < sonata.STEP_LIMIT
                                and np.isfinite(interval * len(data))):
            raise file.refuse(f"a report with times in ms or s in {name!r}",
                              f"start {start:g}, interval {interval:g}")
        return data, Shape(np.repeat(node_ids, np.diff(pointers)), elements,
                           _text(data.attrs.get("units", "")), len(data), start * unit / 1e3,
                           interval * unit / 1e3)

    def read(self, population: str, start: int, stop: int) -> np.ndarray:
        """Some rows."""
        with self._untrusted.read(f"damage near sample {start} of {population!r}"):
            return self._data[population][start:stop].astype(np.float32, copy=False)

    def verify(self) -> bool:
        """Check every byte, if there are checksums."""
        if self._untrusted.seal is None:
            return False
        self._untrusted.seal.verify()
        return True

    def close(self) -> None:
        """Close the file."""
        self.shapes = {}
        self._untrusted.close()


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
