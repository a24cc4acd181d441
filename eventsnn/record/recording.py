"""A recording on disk: a SONATA spike file, read in pieces."""

import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.errors import FormatError
from eventsnn.record.sources import open_source


class Recording:
    """Spikes of named populations, read lazily from a SONATA file.

    Any file in the format will do. Those written by `Recorder` also know the sizes of their
    populations, the step, and the duration; for others the numbers are taken from the spikes, which
    reads the file once. Nothing is followed out of the file.

    Parameters
    ----------
    path : path
        The file, or the folder of parts that a run goes on to write, or left; of those each is
        checked as it is read.

    Attributes
    ----------
    populations : list of str
        Names, in alphabetical order.
    provenance : dict
        Versions, and the attributes given to `Recorder`; empty for other files.

    Raises
    ------
    FormatError
        If the file is damaged, or no SONATA spike file, or refers to other files.
    OSError
        If there is no file, or it may not be read.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self._path = os.fspath(path)
        self._source = open_source(path)
        self.populations = list(self._source.populations)
        self.provenance: dict[str, Any] = self._source.provenance

    @property
    def dt(self) -> float | None:
        """Step, s, or None if the file does not say."""
        known = [v for v in map(self._number("dt_ms"), self.populations) if v is not None]
        return known[0] / 1e3 if known else None

    @property
    def duration(self) -> float:
        """Time covered, s; the time of the last spike if the file does not say."""
        if (stated := self.stated_duration) is not None:
            return stated
        return max((times.max() for name in self.populations
                    for times, _ in self._read(name, 1_000_000) if times.size), default=0.0)

    @property
    def stated_duration(self) -> float | None:
        """Time covered, s, or None if the file does not say."""
        known = [v for v in map(self._number("duration_ms"), self.populations) if v is not None]
        return max(known) / 1e3 if known else None

    def size(self, population: str) -> int:
        """Neurons in a population; the largest neuron that spiked + 1 if the file does not say."""
        self._known(population)
        size = self._number("size")(population)
        if size is not None:
            return int(size)
        return max((int(ids.max()) + 1 for _, ids in self._read(population, 1_000_000)), default=0)

    def count(self, population: str) -> int:
        """Spikes of a population."""
        self._known(population)
        return self._source.count(population)

    def is_by_time(self, population: str) -> bool:
        """Whether the file says that the spikes of a population are sorted by time."""
        self._known(population)
        return self._source.is_by_time(population)

    def chunks(self, population: str, n: int = 1_000_000
               ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Spikes of a population, in the order of the file, `n` at a time.

        Yields
        ------
        times : (m,) float64 array
            Times, s.
        ids : (m,) int64 array
            Neurons, counted from 0 within the population.

        Notes
        -----
        16 bytes a spike of memory, at most `n` spikes at a time. Files written by `Recorder` are
        sorted by time.
        """
        size = self.size(population)
        return self._bounded(population, check.integer("n", n, least=1), size)

    def spikes(self, population: str, t_start: float | None = None, t_stop: float | None = None,
               ids: Any = None, n: int = 1_000_000) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of a stretch of time and of some neurons.

        Parameters
        ----------
        population : str
            Its name.
        t_start, t_stop : float, optional
            First time, and the time before which to stop, s.
        ids : int array, optional
            Neurons; all by default.
        n : int
            Spikes to read at a time.

        Returns
        -------
        times : (m,) float64 array
            Times, s, in the order of the file.
        ids : (m,) int64 array
            Neurons.

        Notes
        -----
        Of a file that is sorted by time only the stretch is read.
        """
        size, n = self.size(population), check.integer("n", n, least=1)
        start = -np.inf if t_start is None else check.number("t_start", t_start)
        stop = np.inf if t_stop is None else check.number("t_stop", t_stop)
        if ids is not None:
            ids = check.real_array("ids", ids)
            if ids.size and ids.dtype.kind not in "iu":
                raise check.must("ids", "be whole numbers", f"dtype {ids.dtype}", error=TypeError)
        first, last = 0, self.count(population)
        if self._source.is_by_time(population):
            first, last = self._place(population, start), self._place(population, stop)
        found = [(np.empty(0), np.empty(0, np.int64))]
        for times, neurons in self._bounded(population, n, size, first, last):
            mine = (times >= start) & (times < stop)
            if ids is not None:
                mine &= np.isin(neurons, ids)
            found.append((times[mine], neurons[mine]))
        times, neurons = (np.concatenate(part) for part in zip(*found, strict=True))
        return times, neurons

    def _place(self, population: str, t: float) -> int:
        """The first spike at `t` or later, in a file that is sorted by time."""
        if not np.isfinite(t):
            return 0 if t < 0 else self.count(population)
        low, high = 0, self.count(population)
        while low < high:
            middle = (low + high) // 2
            if self._source.read(population, middle, middle + 1)[0][0] < t:
                low = middle + 1
            else:
                high = middle
        return low

    def _bounded(self, population: str, n: int, size: int, first: int = 0,
                 last: int | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for times, ids in self._read(population, n, first, last):
            if ids.max() >= size:
                raise self._refuse(f"a recording of {size} neurons in {population!r}",
                                   f"a spike of neuron {ids.max()}")
            yield times, ids

    def _read(self, population: str, n: int, first: int = 0, last: int | None = None
              ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        last = self.count(population) if last is None else last
        for start in range(first, last, n):
            times, ids = self._source.read(population, start, min(start + n, last))
            if not np.isfinite(times).all() or ids.min() < 0:
                raise self._refuse("a recording of finite times and neurons from 0 on",
                                   f"other numbers near spike {start} of {population!r}")
            yield times, ids

    def _number(self, attribute: str) -> Any:
        """A function of the population: its attribute as a number, or None."""
        def get(population: str) -> float | None:
            self._known(population)
            return self._source.number(attribute, population)
        return get

    def _known(self, population: str) -> None:
        if not self._source:
            raise check.must("recording", "be open", "a closed one")
        if population not in self.populations:
            raise check.unknown("population", population, self.populations)

    def _refuse(self, demand: str, got: str) -> FormatError:
        return check.must(str(self._path), f"be {demand}", got, error=FormatError)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()
