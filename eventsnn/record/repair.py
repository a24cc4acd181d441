"""A recording whose run was killed: the files of what is safe, and what is missing."""

import os
import pathlib
import sys
from typing import NamedTuple

from eventsnn.core import check, files
from eventsnn.errors import FormatError
from eventsnn.record import finish, manifest, merge, parts, report_layout


class Repair(NamedTuple):
    """What `repair` found."""

    path: pathlib.Path  # the file that it made
    counts: dict[str, int]  # spikes in it, by population
    lost: int  # spikes that were on the disk, and are not any more
    until: float  # s; of the time before, all spikes of the populations that spiked are there
    complete: bool  # whether nothing of the run is missing
    losses: list[str]  # what is missing, in words
    samples: dict[str, dict[str, int]]  # by variable and population
    reports: list[pathlib.Path]  # the files of the variables


def repair(path: str | os.PathLike, *, merge_spikes: int = finish.MERGE_SPIKES) -> Repair:
    """Make the files that a recorder would have made, had its program not been killed.

    Each part is checked against the manifest; the whole ones are merged, and ``<path>.parts`` is
    removed. If a part is damaged, the folder stays, of which the files need nothing; samples that
    are lost between others are NaN.

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
        if found is None or not (found.parts or found.damaged or any(found.samples.values())
                                 or found.complete):
            parts.clear(folder)  # killed before the first part, or while it cleared up
            files.remove_folder(folder)
            raise _nothing(path, folder)
        return _repair(path, folder, found, merge_spikes)
    finally:
        files.close_locked(lock)


def _repair(path: pathlib.Path, folder: pathlib.Path, found: manifest.Manifest, merge_spikes: int
            ) -> Repair:
    broke_off: list[str] = []
    damage: list[str] = []
    until = found.until
    if not found.complete:
        broke_off.append(
            f"the run broke off: what came after the last part, at {until:g} s, is lost")
    whole, lost, first = _whole_parts(folder, found, damage)
    until = min(until, first)
    whole = _whole_samples(folder, whole, damage)
    if found.damaged:
        damage.append(f"{found.damaged} lines of the manifest are damaged: the parts they named "
                      "are lost")
        until = 0.0
    losses = broke_off + damage
    if damage and not whole.parts and not any(whole.samples.values()):
        raise check.must(str(folder), "hold at least one part that is whole", "; ".join(losses),
                         error=FormatError)
    if damage:
        merge_spikes = sys.maxsize  # a folder that has lost some of it is no ground for views
    made = finish.make_files(folder, path, whole, merge_spikes)
    parts.clear_partial(folder)
    if made.are_views:
        if not (made.are_new or losses):
            raise _nothing(path, folder)
    elif not damage:  # else someone may still want to look at it
        parts.clear(folder)
        files.remove_folder(folder)
    return Repair(path, whole.counts, lost, until, not losses, losses, whole.n_samples,
                  [report_layout.path_of(path, variable) for variable in whole.mappings])


def _whole_parts(folder: pathlib.Path, found: manifest.Manifest, damage: list[str]
                 ) -> tuple[manifest.Manifest, int, float]:
    """`found` with the whole parts of the spikes, how many are lost, and the time of the first."""
    dt, whole, lost, first = found.head.dt, [], 0, float("inf")
    for part in found.parts:
        try:
            merge.spikes(folder, part)
            whole.append(part)
        except FormatError as error:
            n = sum(part.counts.values())
            lost, first = lost + n, min(first, part.first_step * dt)
            damage.append(f"{n} spikes from {part.first_step * dt:g} s to "
                          f"{part.last_step * dt:g} s are lost: {error}")
    return found._replace(parts=whole), lost, first


def _whole_samples(folder: pathlib.Path, found: manifest.Manifest, damage: list[str]
                   ) -> manifest.Manifest:
    """`found` with the whole samples of the variables of which it is known what they are of."""
    dt, mappings = found.head.dt, {}
    samples: dict[str, list[manifest.Samples]] = {}
    for variable, several in found.samples.items():
        samples[variable] = []
        if variable not in found.mappings:
            if several:
                damage.append(f"{variable} is lost, since it is lost what its values are of")
            continue
        try:
            axes = merge.axes(folder, found.mappings[variable], dt)
            mappings[variable] = found.mappings[variable]
        except FormatError as error:
            damage.append(f"{variable} is lost: {error}")
            continue
        for part in several:
            try:
                merge.samples(folder, part, axes)
                samples[variable].append(part)
            except FormatError as error:
                begin = min(part.first_steps.values(), default=0) * dt
                damage.append(f"samples of {variable} from {begin:g} s on are lost: {error}")
    return found._replace(mappings=mappings, samples=samples)


def _nothing(path: pathlib.Path, folder: pathlib.Path) -> FileNotFoundError:
    return check.must(str(path), "have parts of a run that broke off", f"none in {folder.name}",
                      "there is nothing to repair", FileNotFoundError)
