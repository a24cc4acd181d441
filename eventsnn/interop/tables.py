"""Spikes as text and as NumPy archives: CSV for spreadsheets and R, NPZ for a quick look."""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.files import Replacement, check_new
from eventsnn.interop.units import Units, units


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
    for name in spikes:
        if any(c in name for c in ',"\r\n'):
            raise check.must("populations", "have names without commas, quotes and line breaks",
                             repr(name))
    with Replacement(path, overwrite) as new, open(new.temporary, "w", encoding="utf-8") as file:
        file.write("population,neuron,time_s\n")
        for name, part in spikes.items():
            for time, neuron in zip(part.times.tolist(), part.ids.tolist(), strict=True):
                file.write(f"{name},{neuron},{time!r}\n")
    return path


def write_npz(path: str | os.PathLike, populations: Mapping[str, Any], *,
              overwrite: bool = False) -> pathlib.Path:
    """Write arrays ``<population>/times``, ``<population>/ids`` and ``<population>/n``.

    Parameters are those of `write_csv`. `numpy.load` reads it; nothing in it is pickled.
    """
    path, spikes = _checked(path, populations, overwrite)
    arrays: dict[str, Any] = {
        f"{name}/{field}": np.asarray(value)
        for name, part in spikes.items() for field, value in part._asdict().items()}
    with Replacement(path, overwrite) as new, open(new.temporary, "wb") as file:
        np.savez(file, **arrays)
    return path


def _checked(path: str | os.PathLike, populations: Mapping[str, Any],
             overwrite: bool) -> tuple[pathlib.Path, dict[str, Units]]:
    path = check_new(path, overwrite)
    if not populations:
        raise check.must("populations", "name at least one", "none")
    return path, {name: units(value, repr(name)) for name, value in populations.items()}
