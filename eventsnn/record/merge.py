"""Parts, checked one by one as they are read, and the columns in them."""

import contextlib
import hashlib
import io
import os
import pathlib
import stat
from collections.abc import Iterator, Mapping

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.errors import FormatError
from eventsnn.record import manifest, report_layout, sonata
from eventsnn.record.sampling import Axis
from eventsnn.record.untrusted import DAMAGE

PART_BYTES = 1 << 31  # a part that is longer is none of ours
LEAST_STORED = 1000  # a part declares at most so many times the bytes that the disk holds


def read_file(folder: pathlib.Path, part: manifest.Part | manifest.Samples) -> bytes:
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


def spikes(folder: pathlib.Path, part: manifest.Part) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times, ms, and neurons of each population in a part."""
    names = {sonata.name_of(population, column): (n,) for population, n in part.counts.items()
             for column in sonata.COLUMNS}
    found = _columns(read_file(folder, part), part.name, names)
    times, ids = sonata.COLUMNS
    return {name: (found[sonata.name_of(name, times)].astype("<f8", copy=False),
                   found[sonata.name_of(name, ids)].astype("<u8", copy=False))
            for name in part.counts}


def samples(folder: pathlib.Path, part: manifest.Samples, axes: Mapping[str, Axis]
            ) -> dict[str, np.ndarray]:
    """The samples of each population in a part."""
    if unknown := part.rows.keys() - axes.keys():
        raise manifest.refuse(folder, f"samples of {', '.join(axes)}", ", ".join(unknown))
    names = {name: report_layout.data_of(name) for name in part.rows}
    shapes = {names[name]: (n, axes[name].n_values) for name, n in part.rows.items()}
    found = _columns(read_file(folder, part), part.name, shapes)
    return {name: found[names[name]].astype("<f4", copy=False) for name in part.rows}


def axes(folder: pathlib.Path, part: manifest.Samples, dt: float) -> dict[str, Axis]:
    """What the values of a variable are of, from the file that says it."""
    with _opened(read_file(folder, part), part.name) as file:
        found = {}
        for name in file["report"]:
            data, mapping = file["report"][name]["data"], file["report"][name]["mapping"]
            columns = {column: mapping[column][()].astype(dtype)
                       for column, dtype in report_layout.MAPPING.items()}
            if len(columns["element_ids"]) != data.shape[1]:
                raise ValueError(f"{data.name} of shape {data.shape}")
            found[name] = Axis(columns["node_ids"], columns["index_pointers"],
                               columns["element_ids"], int(sonata.steps_of(mapping["time"][2], dt)),
                               data.attrs["units"].decode())
        return found


@contextlib.contextmanager
def _opened(whole: bytes, name: str) -> Iterator[h5py.File]:
    try:
        with h5py.File(io.BytesIO(whole), "r") as file:
            yield file
    except DAMAGE as error:
        raise check.must(name, "be a SONATA file", f"another one ({error})",
                         error=FormatError) from error


def _columns(whole: bytes, name: str, shapes: Mapping[str, tuple[int, ...]]
             ) -> dict[str, np.ndarray]:
    with _opened(whole, name) as file:
        found = {}
        for column, shape in shapes.items():
            dataset = file[column]
            if dataset.shape != shape or dataset.is_virtual or dataset.external \
                    or dataset.nbytes > len(whole):
                raise ValueError(f"{dataset.name} of shape {dataset.shape}")
            found[column] = dataset[()]
        return found
