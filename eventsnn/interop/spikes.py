"""Recorded spikes, whichever of the formats they lie in."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from eventsnn.core import check, files, seal
from eventsnn.errors import FormatError
from eventsnn.interop.nwb import read_nwb, read_observed

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def kind_of(path: str | os.PathLike) -> str:
    """What a file is, told by the names at its root.

    Returns
    -------
    str
        "recording" (spikes, SONATA), "parts" (a folder that a recorder left), "report" (traces,
        SONATA), "nwb" or "model" (of `eventsnn.train.save` or `save_model`).

    Raises
    ------
    FormatError
        If it is none of these.
    OSError
        If there is no file, or it may not be read.
    """
    import h5py

    path = check.path("path", path)
    if path.is_dir() and path.name.endswith(".parts"):
        return "parts"
    if not path.exists():
        parts, got, remedy = path.with_name(path.name + ".parts"), "nothing of that name", ""
        if parts.is_dir():
            got = f"only {parts.name}, the parts of a run that goes on or broke off"
            remedy = f"name the folder, or try eventsnn repair {path}"
        raise check.must(str(path), "exist", got, remedy, FileNotFoundError)
    if path.is_dir():
        raise check.must(str(path), "be a file", "a folder", error=IsADirectoryError)
    files.check_ordinary(path)
    with open(path, "rb") as file:  # its errors name the file and the reason; HDF5's do not
        start = file.read(len(SIGNATURE))
    try:
        with contextlib.ExitStack() as stack:
            whole = stack.enter_context(seal.SealedFile(path)) if seal.is_sealed(path) else path
            names = set(stack.enter_context(h5py.File(whole, "r")))
    except FormatError:
        raise
    except (OSError, RuntimeError) as error:
        raise _refused(path, "an HDF5 file that is damaged or not whole" if start == SIGNATURE
                       else "a file that is no HDF5") from error
    for kind, marks in (("nwb", {"session_start_time", "identifier"}), ("recording", {"spikes"}),
                        ("report", {"report"}), ("model", {"weights", "attributes"})):
        if marks <= names:
            return kind
    raise _refused(path, f"an HDF5 file with {', '.join(sorted(names)[:5]) or 'nothing'} in it")


def _refused(path: pathlib.Path, got: str) -> FormatError:
    return check.must(str(path), "be a SONATA recording or report, a folder of parts, an NWB file "
                      "or a model", got, error=FormatError)


def open_spikes(path: str | os.PathLike) -> Any:
    """Recorded spikes: a `Recording`, or a `Session` of an NWB file, which has its methods.

    Parameters
    ----------
    path : path
        A SONATA spike file, a folder of parts, or an NWB file with units.

    Raises
    ------
    FormatError
        If it holds no spikes.
    """
    from eventsnn.record import Recording

    kind = kind_of(path)
    if kind == "nwb":
        return Session(path)
    if kind not in ("recording", "parts"):
        raise check.must(str(path), "hold recorded spikes", f"a {kind}", error=FormatError)
    return Recording(path)


class Session:
    """The spikes of an NWB file, by the methods of `Recording`.

    They are held in memory, 16 bytes each: the format sorts them by neuron.

    Parameters
    ----------
    path : path
        The file.

    Attributes
    ----------
    populations : list of str
        Names, in alphabetical order.
    provenance : dict
        Empty.
    dt : None
        The format knows no step.
    duration : float
        Time up to which neurons were observed, s; that of the last spike if the file does not say.
    stated_duration : float or None
        The same, None if the file does not say.
    """

    dt: float | None = None

    def __init__(self, path: str | os.PathLike) -> None:
        self._spikes = read_nwb(path)
        self.populations = sorted(self._spikes)
        self.provenance: dict[str, Any] = {}
        last = max((p.times[-1] for p in self._spikes.values() if p.times.size), default=0.0)
        self.stated_duration = read_observed(path)
        self.duration = float(max(last, self.stated_duration or 0.0))

    def size(self, population: str) -> int:
        """Neurons in a population."""
        return self._of(population).n

    def count(self, population: str) -> int:
        """Spikes of a population."""
        return int(self._of(population).times.size)

    def sorting(self, population: str) -> str:
        """By time, once they are in memory."""
        self._of(population)
        return "by_time"

    def chunks(self, population: str, n: int = 1_000_000, t_start: float | None = None,
               t_stop: float | None = None, ids: Any = None
               ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Spikes of a stretch of time, at most `n` at a time: times, s, and neurons."""
        times, neurons, _ = self._of(population)
        first = 0 if t_start is None else int(np.searchsorted(times, t_start))
        last = times.size if t_stop is None else int(np.searchsorted(times, t_stop))
        for k in range(first, last, n):
            part = slice(k, min(k + n, last))
            mine = ... if ids is None else np.isin(neurons[part], ids)
            yield times[part][mine], neurons[part][mine]

    def _of(self, population: str) -> Any:
        if population not in self._spikes:
            raise check.unknown("population", population, self.populations)
        return self._spikes[population]

    def close(self) -> None:
        """Nothing to do."""

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()
