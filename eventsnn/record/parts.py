"""The folder that holds a recording while it is made: whole files, and the manifest of them."""

import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from eventsnn.core import check, files
from eventsnn.record import manifest, sonata

SUFFIX = ".parts"


def folder_of(path: str | os.PathLike) -> pathlib.Path:
    """Where the parts of a recording lie; also of a path that names the folder itself."""
    path = pathlib.Path(path).absolute()
    return path if path.name.endswith(SUFFIX) else path.with_name(path.name + SUFFIX)


class Done(NamedTuple):
    """What is on the disk; one object, so that no interrupt leaves half of it true."""

    n_parts: int
    n_bytes: int  # of the manifest
    counts: dict[str, int]


class Folder:
    """Parts of a recording, as its one writer sees them.

    Parameters
    ----------
    path : path
        Final name of the recording.
    head : Head
        What the manifest will say of the run.

    Raises
    ------
    BlockingIOError
        If another process, or another object of this one, writes there.
    FileExistsError
        If parts of an earlier run are there, which may not be replaced.
    """

    def __init__(self, path: pathlib.Path, head: manifest.Head) -> None:
        self.path, self.head = folder_of(path), head
        self.done = Done(0, 0, dict.fromkeys(head.populations, 0))
        self._tried = False  # whether a part was begun and not finished
        files.make_folder(self.path)
        self._lock: int | None = files.open_locked(self.path / manifest.NAME)
        try:
            if self._leftover():
                if not head.overwrite:
                    raise check.must(
                        str(path), "have no parts of a run that broke off", str(self.path),
                        f"finish it with eventsnn repair {path}, or use overwrite=True or "
                        "--overwrite", FileExistsError)
            files.append(self._lock, 0, b"")
            clear(self.path, but=manifest.NAME)
        except BaseException:
            self.release()
            raise

    def _leftover(self) -> bool:
        try:
            return bool(manifest.read(self.path).parts)
        except FileNotFoundError:  # killed before its first part
            return False
        except ValueError:  # damaged: someone should look at it
            return True

    def write(self, columns: Mapping[str, tuple[np.ndarray, np.ndarray]],
              duration: float | None) -> None:
        """Put times, ms, and neurons of each population on the disk, as one part.

        After an interrupt or an error the same part may be written again.
        """
        assert self._lock is not None
        done, head = self.done, self.head
        start = done.n_bytes
        if start == 0:
            first = manifest.line("recording", {
                "format": manifest.FORMAT, "version": manifest.VERSION, **head._asdict()})
            files.append(self._lock, 0, first)
            files.sync_folder(self.path)
            start = len(first)
        elif self._tried:
            files.append(self._lock, start, b"")  # no line of this part from an earlier try
        self._tried = True
        whole = sonata.image(head.populations, columns, head.dt, duration, head.about)
        name = f"part-r0-{done.n_parts:06d}.h5"
        with files.Replacement(self.path / name, overwrite=True) as new:
            new.write(0, whole)
        counts = {name: len(ids) for name, (_, ids) in columns.items()}
        ends = {name: sonata.steps_of(times[[0, -1]], head.dt).tolist()
                for name, (times, _) in columns.items() if len(times)}
        line = manifest.line("part", {
            "name": name, "bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest(),
            "counts": counts, "first_step": min(first for first, _ in ends.values()),
            "last_step": max(last for _, last in ends.values()),
            "last_steps": {name: last for name, (_, last) in ends.items()}, "duration": duration})
        files.append(self._lock, start, line)
        self.done = Done(done.n_parts + 1, start + len(line),
                         {name: done.counts[name] + n for name, n in counts.items()})
        self._tried = False

    def end(self, duration: float | None) -> None:
        """Tell that the run came to its end."""
        assert self._lock is not None
        files.append(self._lock, self.done.n_bytes, manifest.line("end", {"duration": duration}))

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
            files.close(lock)


def clear(folder: pathlib.Path, but: str | None = None) -> None:
    """Remove what recorders put into a folder; the manifest first, since it alone makes parts."""
    if but is None:
        files.remove(folder / manifest.NAME)
        files.sync_folder(folder)
    for entry in sorted(folder.iterdir()):
        if entry.name.endswith(files.PARTIAL) or manifest.PART_NAME.fullmatch(entry.name):
            files.remove(entry)
