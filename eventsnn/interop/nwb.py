"""Neurodata Without Borders: the Units table of spike times, written and read.

The file is written with h5py, so pynwb need not be there; pynwb opens it, finds nothing to object
to, and neo's reader takes it too (which wants the observation intervals). Times are in s, as in the
format. One table holds all populations; its columns `population` and `neuron` tell them apart.

References
----------
.. [1] Ruebel et al., eLife 11, e78362 (2022); schema 2.8.0, hdmf-common 1.8.0.
"""

import contextlib
import datetime
import io
import os
import pathlib
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.files import Replacement, check_new
from eventsnn.interop.units import Units, by_neuron, units

CORE, COMMON = "core", "hdmf-common"  # namespaces of the format's types
ROWS = 1 << 20  # read at a time


def write_nwb(path: str | os.PathLike, populations: Mapping[str, Any], *, t_stop: float,
              t_start: float = 0.0, description: str = "simulated spikes",
              start: datetime.datetime | None = None, overwrite: bool = False) -> pathlib.Path:
    """Write spikes as an NWB file with a Units table.

    Parameters
    ----------
    path : path
        The file, by custom ending in .nwb.
    populations : dict of str to triples ``(times, ids, n)``
        Times in s; `eventsnn.interop.units.of_recording` gives them of a recording.
    t_start, t_stop : float
        The time observed, s: the interval in which a neuron without spikes was silent.
    description : str
        Of the session.
    start : datetime, optional
        When the session began; now, by default. The times count from then.
    overwrite : bool
        Whether an existing file may be replaced.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    ValueError, TypeError
        If spikes do not fit, or lie outside ``t_start ... t_stop``.
    """
    path = check_new(path, overwrite)
    if not populations:
        raise check.must("populations", "name at least one", "none")
    spikes = {name: units(value, repr(name)) for name, value in populations.items()}
    t_start, t_stop = check.number("t_start", t_start), check.number("t_stop", t_stop)
    for name, (times, _, _) in spikes.items():
        if times.size and (times[0] < t_start or times[-1] > t_stop):
            raise check.must(f"times of {name!r}", f"lie in {t_start:g} ... {t_stop:g} s",
                             f"{times[0]:g} ... {times[-1]:g} s")
    start = datetime.datetime.now(datetime.UTC) if start is None else start
    if start.tzinfo is None:
        raise check.must("start", "have a time zone", start)
    import h5py

    image = io.BytesIO()  # a library that meets a full disk itself brings the process down
    with h5py.File(image, "w") as file:
        _session(file, description, start)
        _units(file.create_group("units"), spikes, t_start, t_stop)
    with Replacement(path, overwrite) as new:
        new.write(0, image.getbuffer())
    return path


def _typed(item: Any, kind: str, namespace: str = COMMON, **attributes: Any) -> Any:
    item.attrs.update({"neurodata_type": kind, "namespace": namespace,
                       "object_id": str(uuid.uuid4())} | attributes)
    return item


def _session(file: Any, description: str, start: datetime.datetime) -> None:
    _typed(file, "NWBFile", CORE, nwb_version="2.8.0")
    stamp = start.isoformat()
    file["file_create_date"] = np.array([stamp], dtype="O")
    file["identifier"] = str(uuid.uuid4())
    file["session_description"] = description
    file["session_start_time"] = file["timestamps_reference_time"] = stamp
    for name in ("acquisition", "analysis", "general", "processing", "stimulus/presentation",
                 "stimulus/templates"):
        file.create_group(name)


def _units(table: Any, spikes: Mapping[str, Units], t_start: float, t_stop: float) -> None:
    columns = ["population", "neuron", "spike_times", "obs_intervals"]
    _typed(table, "Units", CORE, description="spikes of simulated neurons",
           colnames=np.array(columns, dtype="O"))
    n = sum(part.n for part in spikes.values())
    _typed(table.create_dataset("id", data=np.arange(n)), "ElementIdentifiers")
    ordered = [by_neuron(part) for part in spikes.values()]
    ends = np.cumsum([0, *(part.times.size for part in spikes.values())])
    texts = {
        "population": np.repeat(np.array(list(spikes), dtype="O"), [p.n for p in spikes.values()]),
        "neuron": np.concatenate([np.arange(part.n) for part in spikes.values()])}
    for name, what in (("population", "population of the neuron"),
                       ("neuron", "number within the population")):
        _typed(table.create_dataset(name, data=texts[name]), "VectorData", description=what)
    _ragged(table, "spike_times", np.concatenate([times for times, _ in ordered]),
            np.concatenate([end + first for (_, end), first in zip(ordered, ends)]),
            "times of the spikes, s")
    _ragged(table, "obs_intervals", np.tile([[t_start, t_stop]], (n, 1)), np.arange(1, n + 1),
            "when the neuron was observed, s")


def _ragged(table: Any, name: str, values: np.ndarray, ends: np.ndarray, description: str) -> None:
    """A column with several values a row: the values, and where each row's end."""
    data = _typed(table.create_dataset(name, data=values), "VectorData", description=description)
    index = table.create_dataset(f"{name}_index", data=ends.astype(np.uint64))
    _typed(index, "VectorIndex", description=f"Index for VectorData '{name}'", target=data.ref)


def read_nwb(path: str | os.PathLike) -> dict[str, Units]:
    """The Units table of an NWB file, by population.

    A table without a column `population` is one population, ``units``; rows are its neurons, in
    the order of the table.

    Raises
    ------
    FormatError
        If the file is no NWB file, has no spike times, refers to other files, declares more than it
        holds, or is damaged.
    """
    with _opened(path) as (file, table):
        return _read(file, table)


def read_observed(path: str | os.PathLike) -> float | None:
    """The last time, s, at which a unit of an NWB file was observed; None if it does not say."""
    with _opened(path) as (file, table):
        if "obs_intervals" not in table:
            return None
        intervals = file.column(table, "obs_intervals", "fiu", "numbers", ndim=2)
        last = max((float(np.max(intervals[k:k + ROWS], initial=-np.inf))
                    for k in range(0, len(intervals), ROWS)), default=-np.inf)
    return last if np.isfinite(last) else None


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[tuple[Any, Any]]:
    """The file, of which nothing is trusted, and its Units table."""
    import h5py

    from eventsnn.record.untrusted import Untrusted  # HDF5 is read for those who need it

    file = Untrusted(path, "file in the NWB format with units")
    try:
        with file.read("a damaged one"):
            yield file, file.child(file.root, "units", h5py.Group)
    finally:
        file.close()


def _read(file: Any, table: Any) -> dict[str, Units]:
    ends = file.column(table, "spike_times_index", "iu", "whole numbers")[:].astype(np.int64)
    times = file.column(table, "spike_times", "f", "floats")
    starts = np.concatenate([[0], ends[:-1]])
    if (ends < starts).any() or (ends[-1] if ends.size else 0) != times.size:
        raise file.refuse(f"an NWB file with an index that rises to its {times.size} spike times",
                          f"one that ends at {ends[-1] if ends.size else 'nothing'}")
    times = times[:]
    names = _names(file, table, ends.size)
    rows = np.repeat(np.arange(ends.size), ends - starts)
    found = {}
    for name in dict.fromkeys(names):
        mine = names == name
        number = np.cumsum(mine) - 1
        keep = mine[rows]
        found[str(name)] = units((times[keep], number[rows[keep]], int(mine.sum())), repr(name))
    return found


def _names(file: Any, table: Any, n: int) -> np.ndarray:
    """The population of each row."""
    import h5py

    if "population" not in table:
        return np.full(n, "units", dtype="O")
    names = file.child(table, "population", h5py.Dataset)
    if names.shape != (n,) or names.external or names.is_virtual:
        raise file.refuse(f"an NWB file with a population for each of {n} units",
                          f"shape {names.shape}")
    return names.asstr()[:]
