"""Spikes as text and as NumPy archives: CSV for spreadsheets and R, NPZ for a quick look."""

import os
import pathlib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.files import Replacement, check_new
from eventsnn.interop.units import Units, units

Chunk = tuple[np.ndarray, np.ndarray]


def write_csv(path: str | os.PathLike, populations: Mapping[str, Any], *,
              overwrite: bool = False) -> pathlib.Path:
    """Write a line a spike: population, neuron, time in s to the last digit; a line of names first.

    Parameters
    ----------
    path : path
    populations : dict of str to triples ``(times, ids, n)``
        Times in s. Names may not hold commas, quotes or line breaks.
    overwrite : bool
        Whether an existing file may be replaced.
    """
    path, spikes = _checked(path, populations, overwrite)
    return stream_csv(path, {name: [(part.times, part.ids)] for name, part in spikes.items()},
                      overwrite=overwrite)


def stream_csv(path: str | os.PathLike, populations: Mapping[str, Iterable[Chunk]], *,
               overwrite: bool = False) -> pathlib.Path:
    """`write_csv` of chunks of times, s, and neurons: memory for one."""
    path = check_new(path, overwrite)
    for name in populations:
        if any(c in name for c in ',"\r\n'):
            raise check.must("populations", "have names without commas, quotes and line breaks",
                             repr(name))
    with Replacement(path, overwrite) as new, open(new.temporary, "w", encoding="utf-8") as file:
        file.write("population,neuron,time_s\n")
        for name, chunks in populations.items():
            for times, ids in chunks:
                file.writelines(f"{name},{neuron},{time!r}\n" for time, neuron
                                in zip(times.tolist(), ids.tolist(), strict=True))
    return path


def write_npz(path: str | os.PathLike, populations: Mapping[str, Any], *,
              overwrite: bool = False) -> pathlib.Path:
    """Write arrays ``<population>/times``, ``<population>/ids`` and ``<population>/n``.

    Parameters are those of `write_csv`. `numpy.load` reads it; nothing in it is pickled.
    """
    path, spikes = _checked(path, populations, overwrite)
    return stream_npz(path, {
        name: (partial(list, [(part.times, part.ids)]), part.times.size, part.n)
        for name, part in spikes.items()}, overwrite=overwrite)


def stream_npz(path: str | os.PathLike,
               populations: Mapping[str, tuple[Callable[[], Iterable[Chunk]], int, int]], *,
               overwrite: bool = False) -> pathlib.Path:
    """`write_npz` of what gives chunks of times, s, and neurons anew at each call: memory for one.

    Each population also comes with the numbers of its spikes and of its neurons.
    """
    path = check_new(path, overwrite)
    with Replacement(path, overwrite) as new, zipfile.ZipFile(new.temporary, "w") as archive:
        for name, (chunks, n_spikes, n_neurons) in populations.items():
            for column, (field, dtype) in enumerate((("times", "<f8"), ("ids", "<i8"))):
                with _member(archive, f"{name}/{field}", dtype, (n_spikes,)) as file:
                    for chunk in chunks():
                        file.write(chunk[column].astype(dtype).tobytes())
            with _member(archive, f"{name}/n", "<i8", ()) as file:
                file.write(np.int64(n_neurons).tobytes())
    return path


def _member(archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...]) -> Any:
    """An array of an archive, open for its values; with no date, so the same spikes, same file."""
    file = archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True)
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file


def _checked(path: str | os.PathLike, populations: Mapping[str, Any],
             overwrite: bool) -> tuple[pathlib.Path, dict[str, Units]]:
    path = check_new(path, overwrite)
    if not populations:
        raise check.must("populations", "name at least one", "none")
    return path, {name: units(value, repr(name)) for name, value in populations.items()}
