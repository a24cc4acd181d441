"""The folder that holds a recording while it is made: whole files, and the manifest of them."""

import hashlib
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check, files
from eventsnn.record import manifest, report_layout, sonata
from eventsnn.record.beside import Beside
from eventsnn.record.report_layout import Rows
from eventsnn.record.sampling import Axis

SUFFIX = ".parts"


def folder_of(path: str | os.PathLike) -> pathlib.Path:
    """Where the parts of a recording lie; also of a path that names the folder itself."""
    path = pathlib.Path(path).absolute()
    return path if path.name.endswith(SUFFIX) else path.with_name(path.name + SUFFIX)


class Done(NamedTuple):
    """What is on the disk; one object, so that no interrupt leaves half of it true."""

    n_files: dict[str, int]  # by kind
    n_bytes: int  # of the manifest
    counts: dict[str, int]  # spikes of each population
    mapped: tuple[str, ...]  # variables of which it is there what their values are of
    rows: dict[str, dict[str, int]]  # samples of each variable and population


class Part(NamedTuple):
    """A part that is not written yet."""

    stretches: list[tuple[int, Any]]  # offsets, and the bytes there
    content: dict[str, Any]  # what its line of the manifest will say


class Folder:
    """Parts of a recording, as its one writer sees them.

    Parameters
    ----------
    path : path
        Final name of the recording.
    head : Head
        What the manifest will say of the run.
    axes : dict of str to dict of str to Axis
        What the values of each variable and population are of.
    resume : Done, optional
        What to go on from: what came later, in a run that broke off, goes.

    Raises
    ------
    BlockingIOError
        If another process, or another object of this one, writes there.
    FileExistsError
        If parts of an earlier run are there, which may not be replaced.
    """

    def __init__(self, path: pathlib.Path, head: manifest.Head,
                 axes: Mapping[str, Mapping[str, Axis]], resume: Done | None = None) -> None:
        self.path, self.head, self.axes = folder_of(path), head, axes
        self.done = Done(dict.fromkeys((manifest.PART, manifest.MAPPING, manifest.SAMPLES), 0), 0,
                         dict.fromkeys(head.populations, 0), (),
                         {name: dict.fromkeys(of, 0) for name, of in axes.items()})
        self._tried = False  # whether a file was begun and not finished
        files.make_folder(self.path, forced=False)  # `_begin` does: until then it holds nothing
        self._lock: int | None = files.open_locked(self.path / manifest.NAME)
        try:
            if resume is not None:
                self._go_on(resume)
                return
            if self._leftover():
                if not head.overwrite:
                    raise check.must(
                        str(path), "have no parts of a run that broke off", str(self.path),
                        f"finish it with eventsnn repair {path}, or use overwrite=True or "
                        "--overwrite", FileExistsError)
            if files.size(self._lock) or len(os.listdir(self.path)) > 1:
                files.append(self._lock, 0, b"")
                clear(self.path, but=manifest.NAME)
        except BaseException:
            self.release()
            raise

    def _go_on(self, resume: Done) -> None:
        """Keep the files that there were at `resume`, and no others."""
        assert self._lock is not None
        found = manifest.read(self.path, resume.n_bytes) if resume.n_bytes else None
        if found is not None:
            # It may go on elsewhere, and longer than it was to: the run's own account stays.
            now = self.head._replace(overwrite=found.head.overwrite, about=found.head.about)
            if found.head != now or found.n_bytes != resume.n_bytes or found.damaged:
                raise manifest.refuse(self.path, "the recording that is to go on", "another one")
            self.head = now
        kept = {manifest.NAME} if found is None else found.files | {manifest.NAME}
        files.append(self._lock, resume.n_bytes, b"")
        for entry in sorted(self.path.iterdir()):
            if entry.name not in kept and (entry.name.endswith(files.PARTIAL)
                                           or manifest.FILE_NAME.fullmatch(entry.name)):
                files.remove(entry)
        self.done = resume

    def _leftover(self) -> bool:
        try:
            found = manifest.read(self.path)
            return bool(found.parts or any(found.samples.values()))
        except FileNotFoundError:  # killed before its first part
            return False
        except ValueError:  # damaged: someone should look at it
            return True

    def part(self, columns: Mapping[str, tuple[np.ndarray, np.ndarray]], duration: float | None
             ) -> Part:
        """What makes a part of times, ms, and neurons of each population."""
        head = self.head
        counts = {name: len(ids) for name, (_, ids) in columns.items()}
        where = sonata.layout(head.populations, counts, head.dt, duration, head.about, part=True)
        ends = {name: sonata.steps_of(times[[0, -1]], head.dt).tolist()
                for name, (times, _) in columns.items() if len(times)}
        return Part(where.stretches(sonata.by_name(columns)), {
            "counts": counts, "first_step": min(first for first, _ in ends.values()),
            "last_step": max(last for _, last in ends.values()),
            "last_steps": {name: last for name, (_, last) in ends.items()}, "duration": duration})

    def write_spikes(self, part: Part) -> None:
        """Put a part on the disk; after an interrupt or an error it may be written again."""
        so_far = self.done.counts
        self._put(manifest.PART, part.stretches, part.content,
                  counts={name: so_far[name] + n for name, n in part.content["counts"].items()})

    def write_mapping(self, variable: str) -> None:
        """Put on the disk what the values of a variable are of."""
        head, axes = self.head, self.axes[variable]
        none = dict.fromkeys(axes, Rows(0, 0))
        where = report_layout.layout(variable, axes, head.populations, none, head.dt, head.about)
        self._put(manifest.MAPPING, where.stretches(report_layout.by_name(axes)), {
            "variable": variable, "rows": {}, "first_steps": {}, "duration": None},
            mapped=(*self.done.mapped, variable))

    def write_samples(self, variable: str, samples: Mapping[str, tuple[int, np.ndarray]],
                      duration: float | None) -> None:
        """Put samples, and the step of the first, of each population on the disk."""
        done, rows = self.done, {name: Rows(len(values), first)
                                 for name, (first, values) in samples.items()}
        where = report_layout.samples_layout(self.axes[variable], rows, self.head.about)
        columns = {report_layout.data_of(name): values for name, (_, values) in samples.items()}
        so_far = {name: n + (rows[name].n if name in rows else 0)
                  for name, n in done.rows[variable].items()}
        self._put(manifest.SAMPLES, where.stretches(columns), {
            "variable": variable, "rows": {name: n for name, (n, _) in rows.items()},
            "first_steps": {name: first for name, (_, first) in rows.items()},
            "duration": duration}, rows=done.rows | {variable: so_far})

    def _put(self, kind: str, stretches: Sequence[tuple[int, Any]], content: dict[str, Any],
             **now: Any) -> None:
        """Write a file and the line that names it; then `done` is what is on the disk `now`."""
        assert self._lock is not None
        if not files.is_at(self._lock, self.path / manifest.NAME):
            raise check.must(str(self.path), "stay where it is while a run is recorded",
                             "none, or another one", error=FileNotFoundError)
        done, start = self.done, self._begin()
        if self._tried:
            files.append(self._lock, start, b"")  # no line of this file from an earlier try
        self._tried = True
        name = f"{kind}-r0-{done.n_files[kind]:06d}.h5"
        n_bytes, digest = 0, Beside(lambda: _sha256(stretches))
        with files.Replacement(self.path / name, overwrite=True) as new:
            for offset, data in stretches:
                new.write(offset, data)
                n_bytes = offset + memoryview(data).nbytes
        line = manifest.line(kind, {
            "name": name, "bytes": n_bytes, "sha256": digest.result(), **content})
        files.append(self._lock, start, line)
        self.done = done._replace(n_files=done.n_files | {kind: done.n_files[kind] + 1},
                                  n_bytes=start + len(line), **now)
        self._tried = False

    def _begin(self) -> int:
        """Where the next line goes, after the first."""
        assert self._lock is not None
        first = manifest.line("recording", {
            "format": manifest.FORMAT, "version": manifest.VERSION, **self.head._asdict()})
        if self.done.n_bytes == 0:
            files.append(self._lock, 0, first)
            files.sync_folder(self.path)
            files.sync_folder(self.path.parent)
        return self.done.n_bytes or len(first)

    def end(self, duration: float | None) -> None:
        """Tell that the run came to its end."""
        assert self._lock is not None
        files.append(self._lock, self._begin(), manifest.line("end", {"duration": duration}))

    def release(self, remove: bool = False) -> None:
        """Let others write here; `remove` takes the folder away before."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        try:
            if remove:
                clear(self.path)
                files.remove_folder(self.path)
        finally:
            files.close_locked(lock)


def _sha256(stretches: Sequence[tuple[int, Any]]) -> str:
    digest = hashlib.sha256()
    for _, data in stretches:
        digest.update(memoryview(data).cast("B"))
    return digest.hexdigest()


def clear(folder: pathlib.Path, but: str | None = None) -> None:
    """Remove what recorders put into a folder; the manifest first, since it alone makes parts."""
    if not folder.exists():
        return
    if but is None:
        named = os.path.exists(folder / manifest.NAME) and os.path.getsize(folder / manifest.NAME)
        files.remove(folder / manifest.NAME)
        if named:  # else there is no order to keep
            files.sync_folder(folder)
    clear_partial(folder)
    for entry in sorted(folder.iterdir()):
        if manifest.FILE_NAME.fullmatch(entry.name):
            files.remove(entry)


def clear_partial(folder: pathlib.Path) -> None:
    """Remove the files that were never finished."""
    for entry in sorted(folder.iterdir()):
        if entry.name.endswith(files.PARTIAL):
            files.remove(entry)
