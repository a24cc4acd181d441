"""Edges to SONATA files and back."""

import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.core.files import Replacement, check_new
from eventsnn.interop.sonata import groups, index, type_tables
from eventsnn.interop.sonata.edges import Edges, checked_edges
from eventsnn.interop.sonata.nodes import RESERVED, check_name, coded
from eventsnn.interop.sonata.writer import NewFile
from eventsnn.record.untrusted import Untrusted

KIND = "SONATA edge file"
ROOM = 1 << 20  # edges worked on at once,
SHARE = 16  # or this share of all, where that is more


class Attribute(NamedTuple):
    """A column of an edge group."""

    dtype: Any
    units: str | None = None
    strings: list[str] | None = None  # what its numbers stand for


class Synapses(Protocol):
    """What edges are written from, a range of targets at a time."""

    source: str
    target: str
    shape: tuple[int, int]
    columns: Mapping[str, Attribute]

    def in_degree(self) -> np.ndarray:
        """Edges onto each target: (n_targets,) int64."""

    def onto(self, start: int, stop: int) -> Mapping[str, np.ndarray]:
        """The edges onto some targets by target, then source: ``sources, targets``, `columns`."""


class _Given:
    """Edges that are arrays."""

    def __init__(self, edges: Edges) -> None:
        self.source, self.target, self.shape = edges.source, edges.target, edges.shape
        self._ends = {"sources": edges.sources, "targets": edges.targets}
        columns, self._values = {}, {}
        if edges.weights is not None:
            columns["syn_weight"] = Attribute(edges.weights.dtype)
            self._values["syn_weight"] = edges.weights
        if edges.delays is not None:
            columns["delay"] = Attribute(np.float64, "ms")
            self._values["delay"] = edges.delays
        for name, values in edges.attributes.items():
            strings = None
            if values.dtype == object:
                strings, values = coded(values)
            columns[name] = Attribute(values.dtype, None, strings)
            self._values[name] = values
        self.columns: Mapping[str, Attribute] = columns

    def in_degree(self) -> np.ndarray:
        return np.bincount(self._ends["targets"], minlength=self.shape[1])

    def onto(self, start: int, stop: int) -> dict[str, np.ndarray]:
        sources, targets = self._ends.values()
        where = np.flatnonzero((targets >= start) & (targets < stop))
        where = where[np.lexsort((sources[where], targets[where]))]
        found = {name: values[where] for name, values in (self._ends | self._values).items()}
        if "delay" in found:
            found["delay"] = found["delay"] * 1e3
        return found


def write_sonata_edges(path: str | os.PathLike, populations: Mapping[str, Edges], *,
                       overwrite: bool = False) -> pathlib.Path:
    """Write populations of edges as a SONATA file that libsonata, bluepysnap and bmtk open.

    Edges lie sorted by target and then source; those of one pair keep their order. The indices by
    which tools find the edges of a node are written too.

    Parameters
    ----------
    path : path
        The file, by custom ending in .h5.
    populations : dict of str to Edges
        By the name of the edge population, by custom ``"<source>_to_<target>"``.
    overwrite : bool
        Whether an existing file may be replaced.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    ValueError, TypeError
        If shapes, types or values do not fit.

    Examples
    --------
    >>> import tempfile
    >>> from scipy import sparse
    >>> weights = sparse.csr_array([[0.0, 2.0], [3.0, 0.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_sonata_edges(f"{folder}/edges.h5", {
    ...         "a_to_b": Edges.from_scipy("a", "b", weights, delays=1.5e-3)})
    ...     read_sonata_edges(path)["a_to_b"].to_scipy()[0].toarray()
    array([[0., 2.],
           [3., 0.]])
    """
    path = check_new(path, overwrite)
    if not isinstance(populations, Mapping) or not populations:
        raise check.must("populations", "name at least one", repr(populations))
    checked = {}
    for name, edges in populations.items():
        checked[name] = checked_edges(name, edges)
        for key in (name, edges.source, edges.target, *edges.attributes):
            check_name(f"populations[{name!r}]", key)
        for key in edges.attributes:
            if key in (*RESERVED, "syn_weight", "delay"):
                raise check.must(f"attributes of {name!r}", f"not be called {key}", "that")
    with Replacement(path, overwrite) as new, NewFile(new) as file:
        for number, (name, edges) in enumerate(checked.items()):
            fill(file, name, _Given(edges), number)
    return path


def fill(file: NewFile, name: str, edges: Synapses, type_id: int = 0) -> None:
    """Write a population of edges, all of one type, in memory for a share of them."""
    in_degree = edges.in_degree()
    m, population = int(in_degree.sum()), file.root.create_group(f"edges/{name}")
    room = max(ROOM, m // SHARE)
    ends = [file.column(population, f"{end}_node_id", (m,), np.uint64, node_population=of)
            for end, of in (("source", edges.source), ("target", edges.target))]
    types = file.column(population, "edge_type_id", (m,), np.uint32)
    group_ids = file.column(population, "edge_group_id", (m,), np.uint16)
    rows = file.column(population, "edge_group_index", (m,), np.uint32 if m < 2**32 else np.uint64)
    group = population.create_group("0")
    columns = {}
    for key, (dtype, units, strings) in edges.columns.items():
        if strings is not None:
            file.library(group, key, strings)
        columns[key] = file.column(group, key, (m,), dtype,
                                   **({} if units is None else {"units": units}))
    runs, done = index.Runs(edges.shape[0]), 0
    for start, stop in index.pieces(in_degree, room):
        found = edges.onto(start, stop)
        k = len(found["sources"])
        for column, values in zip([*ends, types, group_ids, rows], [
                found["sources"], found["targets"], np.full(k, type_id), np.zeros(k),
                np.arange(done, done + k)], strict=True):
            column.append(values)
        for key, column in columns.items():
            column.append(found[key])
        runs.append(found["sources"])
        done += k
    index.write(file, population, ends[0], in_degree, runs, room)


def read_sonata_edges(path: str | os.PathLike, types: str | os.PathLike | None = None, *,
                      populations: Iterable[str] | None = None, attributes: Iterable[str] = (),
                      weight: str = "syn_weight", delay: str = "delay") -> dict[str, Edges]:
    """The edges of a SONATA file, in the order of the file.

    Weights, delays and attributes are those of the groups and, where these lack one, of the types.
    Nothing of the file is followed elsewhere, and sizes are checked before memory is taken.

    Parameters
    ----------
    path : path
        HDF5.
    types : path, optional
        CSV file of edge types.
    populations : iterable of str, optional
        Which; all by default.
    attributes : iterable of str
        What to read beside weights and delays.
    weight, delay : str
        What the file calls weights, and delays in ms.

    Returns
    -------
    dict of str to Edges
        `weights`, `delays` and each of `attributes` are None where no edge has them, and NaN for
        single edges that lack them. `shape` is that of the indices, where the file has them, else
        the least.

    Raises
    ------
    FormatError
        If the file is no SONATA edge file, or is damaged.
    """
    wanted = (weight, delay, *attributes)
    table = type_tables.read(types, "edge")
    with groups.opened(path, KIND) as file:
        return {name: _read(file, population, table, wanted) for name, population
                in groups.populations(file, "edge", populations).items()}


def _read(file: Untrusted, population: h5py.Group, table: type_tables.Table,
          wanted: tuple[str, ...]) -> Edges:
    m = len(file.column(population, "source_node_id", "iu", "whole numbers"))
    groups.check_count(file, m, 6 + len(wanted))
    ends: list[np.ndarray] = []
    names, shape = [], []
    for end, by in (("source", "source_to_target"), ("target", "target_to_source")):
        ends.append(groups.integers(file, population, f"{end}_node_id", m))
        name = groups.attribute(population[f"{end}_node_id"], "node_population")
        if not name:
            raise file.refuse("a file that names the population of its nodes",
                              f"no attribute node_population of {population.name}/{end}_node_id")
        names.append(name)
        shape.append(max(int(ends[-1].max(initial=-1)) + 1, _indexed(file, population, by)))
    type_ids = (groups.integers(file, population, "edge_type_id", m)
                if table and "edge_type_id" in population else None)
    found = groups.parts(file, population, "edge", m)
    weights, delays, *others = (
        groups.values(file, found, key, m, table, type_ids) for key in wanted)
    for key, values in zip(wanted, (weights, delays)):
        if values is not None and values.dtype == object:
            raise file.refuse(f"a file with {key} a list of numbers", "strings")
    return Edges(names[0], names[1], (shape[0], shape[1]), ends[0], ends[1], weights,
                 None if delays is None else delays / 1e3,
                 dict(zip(wanted[2:], others, strict=True)))


def _indexed(file: Untrusted, population: h5py.Group, by: str) -> int:
    """How many nodes an index speaks of; 0 if there is none."""
    at = population
    for name in ("indices", by):
        if name not in at:
            return 0
        at = file.child(at, name, h5py.Group)
    for name in index.SPELLINGS:
        if name in at:
            return len(file.child(at, name, h5py.Dataset))
    return 0
