"""From parts to the files that stay: the spikes, and each variable."""

import itertools
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check, files, seal
from eventsnn.record import manifest, merge, report_layout, sonata
from eventsnn.record.beside import ahead
from eventsnn.record.layout import Layout
from eventsnn.record.parts import Folder
from eventsnn.record.report_layout import Rows
from eventsnn.record.sampling import Axis

MERGE_SPIKES = 10**9
VALUES_PER_SPIKE = 4  # in bytes
COMPARED = 1 << 22  # bytes at a time


class Made(NamedTuple):
    """What became of a recording."""

    are_new: bool  # whether any of the files was not there
    are_views: bool  # whether the files are views of the parts, which then stay


def at_hand(folder: Folder, path: pathlib.Path, columns: Mapping[str, Any],
            duration: float | None) -> None:
    """Write the file of spikes that never were in parts."""
    head, counts = folder.head, {name: len(ids) for name, (_, ids) in columns.items()}
    where = sonata.layout(head.populations, counts, head.dt, duration, head.about, sealed=True)
    beside = folder.path if folder.path.is_dir() else None  # unless someone removed it
    with files.Replacement(path, head.overwrite, beside) as new:
        _fill(new, where, where.placed(sonata.by_name(columns)))


def make_files(folder: pathlib.Path, path: pathlib.Path, found: manifest.Manifest,
               merge_spikes: int) -> Made:
    """Make the file of the spikes and those of the variables.

    Parameters
    ----------
    folder, path
        Of the parts, and of the recording.
    found : Manifest
        The parts, all whole.
    merge_spikes : int
        As for `Recorder`.
    """
    axes = {variable: merge.axes(folder, mapping, found.head.dt)
            for variable, mapping in found.mappings.items()}
    values = sum(rows.n * of[name].n_values for variable, of in axes.items()
                 for name, rows in extents(folder, found, variable, of).items())
    views = sum(found.counts.values()) + values // VALUES_PER_SPIKE > merge_spikes
    made = _spikes(folder, path, found, views)
    for variable, of in axes.items():
        made |= _variable(folder, path, found, variable, of, views)
    return Made(made, views)


def _spikes(folder: pathlib.Path, path: pathlib.Path, found: manifest.Manifest,
            views: bool) -> bool:
    head, counts = found.head, found.counts
    sources = [(f"{folder.name}/{part.name}", part.counts) for part in found.parts]
    where = sonata.layout(head.populations, counts, head.dt, found.duration, head.about,
                          sealed=True, sources=sources if views else None)

    def pieces() -> Iterator[tuple[int, Any]]:
        start = dict.fromkeys(head.populations, 0)
        for part, columns in ahead(lambda part: merge.spikes(folder, part), found.parts):
            for name, arrays in columns.items():
                for column, values in zip(sonata.COLUMNS, arrays, strict=True):
                    offset = where.columns[sonata.name_of(name, column)].offset
                    yield offset + values.itemsize * start[name], values
                start[name] += part.counts[name]

    return _write(path, folder, head.overwrite, where, () if views else pieces())


def extents(folder: pathlib.Path, found: manifest.Manifest, variable: str,
            axes: Mapping[str, Axis]) -> dict[str, Rows]:
    """The rows of each population from the first to the last, with those lost between them."""
    found_so_far: dict[str, Rows] = {}
    for part in found.samples[variable]:
        for name, first in part.first_steps.items():
            so_far = found_so_far.get(name, Rows(0, first))
            before, off = divmod(first - so_far.first, axes[name].every)
            if off or before < so_far.n:
                raise manifest.refuse(folder, f"{variable} of {name} each {axes[name].every} steps",
                                      f"a sample at step {first}")
            found_so_far[name] = Rows(before + part.rows[name], so_far.first)
    return {name: found_so_far.get(name, Rows(0, 0)) for name in axes}


def _runs(found: manifest.Manifest, variable: str, axes: Mapping[str, Axis], name: str
          ) -> Iterator[tuple[manifest.Samples | None, int]]:
    """Which part has how many of the next rows of a population; none has what was lost."""
    due = None
    for part in found.samples[variable]:
        if name in part.first_steps:
            first, every = part.first_steps[name], axes[name].every
            yield None, 0 if due is None else (first - due) // every
            yield part, part.rows[name]
            due = first + part.rows[name] * every


def _variable(folder: pathlib.Path, path: pathlib.Path, found: manifest.Manifest, variable: str,
              axes: Mapping[str, Axis], views: bool) -> bool:
    head = found.head
    sources = {name: [(part and f"{folder.name}/{part.name}", n)
                      for part, n in _runs(found, variable, axes, name)] for name in axes}
    where = report_layout.layout(
        variable, axes, head.populations, extents(folder, found, variable, axes), head.dt,
        head.about, sealed=True, sources=sources if views else None,
        parts=folder.name if views else None)

    def pieces() -> Iterator[tuple[int, Any]]:
        yield from where.placed(report_layout.by_name(axes))
        if views:
            return
        runs = {name: _runs(found, variable, axes, name) for name in axes}
        at = {name: where.columns[report_layout.data_of(name)].offset for name in axes}
        for _, columns in ahead(lambda part: merge.samples(folder, part, axes),
                                found.samples[variable]):
            for name, values in columns.items():
                _, lost = next(runs[name])
                next(runs[name])
                nothing = np.full((lost, axes[name].n_values), np.nan, report_layout.DATA)
                for rows in nothing, values:
                    yield at[name], rows
                    at[name] += rows.nbytes

    return _write(report_layout.path_of(path, variable), folder, head.overwrite, where, pieces())


def _write(path: pathlib.Path, folder: pathlib.Path, overwrite: bool, where: Layout,
           columns: Iterable[tuple[int, Any]]) -> bool:
    """Write one file, a piece at a time, and give it its name.

    A file that is there already and holds the same bytes is taken for this one: the program was
    stopped between the last rename and the clearing up. Then the answer is False.
    """
    new = files.Replacement(path, overwrite=True, folder=folder)
    try:
        _fill(new, where, columns)
        if path.exists():
            if _same_bytes(new.temporary, path):
                new.discard()
                return False
            if not overwrite:
                raise check.must(str(path), "not exist yet", "a file made in the meantime",
                                 f"the recording is in {folder.name}; move the file away, then "
                                 f"eventsnn repair {path}", FileExistsError)
    except BaseException:
        new.discard()
        raise
    new.commit()
    return True


def _fill(new: files.Replacement, where: Layout, columns: Iterable[tuple[int, Any]]) -> None:
    """Write all of a sealed file."""
    sealing = seal.Sealing(where.starts)
    for offset, data in itertools.chain(where.metadata, columns):
        new.write(offset, data)
        sealing.add(offset, data)
    head, tail = sealing.finish(where.n_bytes)
    new.write(where.n_bytes, tail)
    new.write(0, head)


def _same_bytes(a: str | os.PathLike, b: str | os.PathLike) -> bool:
    if os.path.getsize(a) != os.path.getsize(b):
        return False
    with open(a, "rb") as one, open(b, "rb") as two:
        while piece := one.read(COMPARED):
            if piece != two.read(COMPARED):
                return False
    return True
