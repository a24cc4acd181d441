"""Many parts to one file, a part at a time."""

import hashlib
import io
import os
import pathlib
import stat
from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from eventsnn.core import check, files
from eventsnn.errors import FormatError
from eventsnn.record import manifest, sonata

PART_BYTES = 1 << 31  # a part that is longer is none of ours
LEAST_STORED = 1000  # a part declares at most so many times the bytes that the disk holds
COMPARED = 1 << 22  # bytes at a time


def read_part(folder: pathlib.Path, part: manifest.Part) -> bytes:
    """The bytes of a part, after checking that they are those that were written.

    Raises
    ------
    FormatError
        If they are not.
    """
    path = folder / part.name

    def damaged(got: str) -> FormatError:
        return check.must(str(path), f"be the part of {part.n_bytes} bytes that was written", got,
                          error=FormatError)

    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)
                             | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise damaged("nothing") from None
    except OSError as error:
        raise damaged(error.strerror or "an error") from error
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != part.n_bytes:
            raise damaged(f"one of {found.st_size} bytes")
        stored = getattr(found, "st_blocks", found.st_size) * 512
        if found.st_size > min(PART_BYTES, max(LEAST_STORED * stored, 1 << 20)):
            raise damaged(f"one that declares more than the {stored} bytes it holds")
        try:
            whole = file.read()
        except OSError as error:
            raise damaged(f"one that cannot be read ({error.strerror})") from error
    if hashlib.sha256(whole).hexdigest() != part.sha256:
        raise damaged("other bytes")
    return whole


def columns(whole: bytes, part: manifest.Part) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times, ms, and neurons of each population in a part that was checked."""
    try:
        with h5py.File(io.BytesIO(whole), "r") as file:
            found = {}
            for name, n in part.counts.items():
                datasets = [file["spikes"][name][column] for column in sonata.COLUMNS]
                for dataset in datasets:
                    if dataset.shape != (n,) or dataset.is_virtual or dataset.external \
                            or dataset.nbytes > len(whole):
                        raise ValueError(f"{dataset.name} of shape {dataset.shape}")
                found[name] = datasets[0][()].astype("<f8"), datasets[1][()].astype("<u8")
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise check.must(part.name, "be a SONATA spike file", f"another one ({error})",
                         error=FormatError) from error
    return found


def merge(folder: pathlib.Path, path: pathlib.Path, head: manifest.Head,
          parts: Sequence[manifest.Part], duration: float | None) -> None:
    """Write one file of parts, in the memory that the largest takes, and give it its name.

    A file that is there already and holds the same bytes is taken for this one.
    """
    counts = {name: sum(part.counts[name] for part in parts) for name in head.populations}
    where = sonata.layout(head.populations, counts, head.dt, duration, head.about)
    new = files.Replacement(path, overwrite=True, folder=folder)
    try:
        new.write(where.n_bytes - 1, b"\0")
        for offset, data in where.metadata:
            new.write(offset, data)
        start = dict.fromkeys(head.populations, 0)
        for part in parts:
            for name, arrays in columns(read_part(folder, part), part).items():
                for column, values in zip(sonata.COLUMNS, arrays, strict=True):
                    if len(values):
                        new.write(where.columns[name][column] + 8 * start[name], values)
                start[name] += part.counts[name]
        if not head.overwrite and path.exists():
            if not same_bytes(new.temporary, path):
                raise other_file(path, folder)
            new.discard()  # the program was stopped between the last rename and the clearing up
            return
    except BaseException:
        new.discard()
        raise
    new.commit()


def master(folder: pathlib.Path, path: pathlib.Path, head: manifest.Head,
           parts: Sequence[manifest.Part], duration: float | None) -> bool:
    """Write a file whose columns are those of the parts, which stay; False if it was there."""
    counts = {name: sum(part.counts[name] for part in parts) for name in head.populations}
    sources = [(f"{folder.name}/{part.name}", part.counts) for part in parts]
    where = sonata.layout(head.populations, counts, head.dt, duration, head.about, sources)
    new = files.Replacement(path, overwrite=True, folder=folder)
    try:
        new.write(where.n_bytes - 1, b"\0")
        for offset, data in where.metadata:
            new.write(offset, data)
        if path.exists() and same_bytes(new.temporary, path):
            new.discard()
            return False
        if not head.overwrite and path.exists():
            raise other_file(path, folder)
    except BaseException:
        new.discard()
        raise
    new.commit()
    return True


def other_file(path: pathlib.Path, folder: pathlib.Path) -> FileExistsError:
    """The exception of a final name that another file has taken."""
    return check.must(str(path), "not exist yet", "a file made in the meantime",
                      f"the recording is in {folder.name}; move the file away, then eventsnn "
                      f"repair {path}", FileExistsError)


def same_bytes(a: pathlib.Path, b: pathlib.Path) -> bool:
    """Whether two files are equal."""
    if a.stat().st_size != b.stat().st_size:
        return False
    with open(a, "rb") as one, open(b, "rb") as two:
        while piece := one.read(COMPARED):
            if piece != two.read(COMPARED):
                return False
    return True


def total(counts: Mapping[str, int]) -> int:
    """Spikes of all populations together."""
    return sum(counts.values())
