"""The indices of an edge population: which edges end at a node, and which start there.

``node_id_to_ranges`` (n, 2) holds for each node the rows of ``range_to_edge_id`` (r, 2) that are
its, and each of those the first of a run of edges and the one after its last. So libsonata writes
them; Allen's tools look for ``node_id_to_range``, which is a second name of the same.
"""

import h5py
import numpy as np

from eventsnn.interop.sonata.writer import Column, NewFile

SPELLINGS = "node_id_to_ranges", "node_id_to_range"


class Runs:
    """Counts the runs of edges of one source, while the edges are written."""

    def __init__(self, n_sources: int) -> None:
        self.of_source = np.zeros(n_sources, np.int64)
        self._last = -1

    def append(self, sources: np.ndarray) -> None:
        """Take the sources of the edges that come next."""
        if len(sources):
            starts = np.diff(sources, prepend=self._last) != 0
            self.of_source += np.bincount(sources[starts], minlength=len(self.of_source))
            self._last = sources[-1]


def write(file: NewFile, population: h5py.Group, sources: Column, in_degree: np.ndarray, runs: Runs,
          room: int) -> None:
    """Write both indices of edges that are sorted by target.

    Parameters
    ----------
    file : NewFile
    population : h5py.Group
        Of the edges.
    sources : Column
        The sources, written.
    in_degree : (n_targets,) int64 array
    runs : Runs
        That took all edges.
    room : int
        How many runs to hold in memory.
    """
    some = in_degree > 0
    stops = np.cumsum(in_degree)[some]
    group = population.create_group("indices/target_to_source")
    _ranges(file, group, some.astype(np.int64)).append(
        np.stack([stops - in_degree[some], stops], axis=1))
    group = population.create_group("indices/source_to_target")
    out, n = _ranges(file, group, runs.of_source), int(in_degree.sum())
    for first, last in pieces(runs.of_source, room) if n else ():
        out.append(_runs(sources, n, first, last, room))


def _ranges(file: NewFile, group: h5py.Group, n_ranges: np.ndarray) -> Column:
    """Write which ranges are whose; returns the column for the ranges."""
    ends = np.cumsum(n_ranges)
    whose = file.column(group, SPELLINGS[0], (len(n_ranges), 2), np.uint64)
    whose.append(np.stack([ends - n_ranges, ends], axis=1))
    group[SPELLINGS[1]] = group[SPELLINGS[0]]  # a hard link
    return file.column(group, "range_to_edge_id", (int(n_ranges.sum()), 2), np.uint64)


def _runs(column: Column, n: int, first: int, last: int, room: int) -> np.ndarray:
    """The runs of the sources `first` to `last`, source after source: (r, 2)."""
    found: tuple[list, list] = [], []
    for at in range(0, n, room):
        start, stop = max(at - 1, 0), min(at + room + 1, n)
        sources = column.read(start, stop).view(np.int64)
        change = np.diff(sources, prepend=-1 if start == at else sources[0], append=-1) != 0
        mine = (sources >= first) & (sources < last)
        for where, edge in zip(found, (change[:-1], change[1:]), strict=True):
            places = np.flatnonzero(edge & mine)
            places = places[(places + start >= at) & (places + start < at + room)]
            where.append((sources[places], places + start))
    # The k-th run of a source starts at the k-th of its starts and stops at the k-th of its stops.
    starts, stops = (_by_source(where) for where in found)
    return np.stack([starts, stops + 1], axis=1)


def _by_source(found: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    sources, places = (np.concatenate(part) for part in zip(*found, strict=True))
    return places[np.argsort(sources, kind="stable")]


def pieces(counts: np.ndarray, room: int) -> list[tuple[int, int]]:
    """Ranges of items that hold at most `room` together, or a single item that holds more."""
    ends, found, start = np.cumsum(counts), [], 0
    while start < len(counts):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + room, "right")))
        found.append((start, stop))
        start = stop
    return found
