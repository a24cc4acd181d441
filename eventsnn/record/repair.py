"""A recording whose run was killed: the file of what is safe, and what is missing."""

import os
import pathlib
from typing import NamedTuple

from eventsnn.core import check, files
from eventsnn.errors import FormatError
from eventsnn.record import manifest, merge, parts
from eventsnn.record.recorder import MERGE_SPIKES


class Repair(NamedTuple):
    """What `repair` found."""

    path: pathlib.Path  # the file that it made
    counts: dict[str, int]  # spikes in it, by population
    lost: int  # spikes that were on the disk, and are not any more
    until: float  # s; of the time before, all spikes of the populations that spiked are there
    complete: bool  # whether nothing of the run is missing
    losses: list[str]  # what is missing, in words


def repair(path: str | os.PathLike, *, merge_spikes: int = MERGE_SPIKES) -> Repair:
    """Make the file that a recorder would have made, had its program not been killed.

    Each part is checked against the manifest; the whole ones are merged, and ``<path>.parts`` is
    removed. If a part is damaged, the folder stays.

    Parameters
    ----------
    path : path
        The recording, or its folder of parts.
    merge_spikes : int
        As for `Recorder`.

    Raises
    ------
    FileNotFoundError
        If there are no parts: nothing to repair.
    BlockingIOError
        If the run is still going on.
    FormatError
        If the folder is none that a recorder left.
    """
    folder = parts.folder_of(path)
    path = folder.with_name(folder.name.removesuffix(parts.SUFFIX))
    if not folder.is_dir() or folder.is_symlink():
        raise _nothing(path, folder)
    lock = files.open_locked(folder / manifest.NAME)
    try:
        try:
            found = manifest.read(folder)
        except FileNotFoundError:
            found = None
        if found is None or not (found.parts or found.damaged):
            parts.clear(folder)  # killed before the first part, or while it cleared up
            files.remove_folder(folder)
            raise _nothing(path, folder)
        return _repair(path, folder, found, merge_spikes)
    finally:
        files.close(lock)


def _repair(path: pathlib.Path, folder: pathlib.Path, found: manifest.Manifest, merge_spikes: int
            ) -> Repair:
    head, whole, losses, lost = found.head, [], [], 0
    until = found.until
    if not found.complete:
        losses.append(f"the run broke off: what came after the last part, at {until:g} s, is lost")
    for part in found.parts:
        try:
            merge.columns(merge.read_part(folder, part), part)
            whole.append(part)
        except FormatError as error:
            n = merge.total(part.counts)
            lost += n
            until = min(until, part.first_step * head.dt)
            losses.append(f"{n} spikes from {part.first_step * head.dt:g} s to "
                          f"{part.last_step * head.dt:g} s are lost: {error}")
    if found.damaged:
        losses.append(f"{found.damaged} lines of the manifest are damaged: the parts they named "
                      "are lost")
        until = 0.0
    if not whole:
        raise check.must(str(folder), "hold at least one part that is whole", "; ".join(losses),
                         error=FormatError)
    counts = {name: sum(part.counts[name] for part in whole) for name in head.populations}
    if merge.total(counts) > merge_spikes:
        if not merge.master(folder, path, head, whole, found.duration) and not losses:
            raise _nothing(path, folder)
    else:
        merge.merge(folder, path, head, whole, found.duration)
        if not lost and not found.damaged:  # else someone may still want to look at it
            parts.clear(folder)
            files.remove_folder(folder)
    return Repair(path, counts, lost, until, not losses, losses)


def _nothing(path: pathlib.Path, folder: pathlib.Path) -> FileNotFoundError:
    return check.must(str(path), "have parts of a run that broke off", f"none in {folder.name}",
                      "there is nothing to repair", FileNotFoundError)
