"""Recorded variables on disk: a SONATA report, read in pieces."""

import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.record.report_sources import Shape, open_report
from eventsnn.record.sonata import BEFORE, times_s

CHUNK_BYTES = 16 << 20


class Report:
    """A variable of named populations, sampled at an interval, read lazily from a SONATA report.

    Any file in the format will do, with or without what `Recorder` adds; its own are checked, as
    `Recording` says.

    Parameters
    ----------
    path : path
        The file, or the folder of parts that a run goes on to write, or left.
    variable : str, optional
        Which one, of a folder that holds several.
    verify : bool
        Whether to check that the file is as it was written.

    Attributes
    ----------
    populations : list of str
        Names, in alphabetical order.
    variable : str or None
        What was sampled, if the file says.
    provenance : dict
        Versions, and the attributes given to `Recorder`; empty for other files.

    Raises
    ------
    FormatError
        If the file is damaged, or no SONATA report, or refers to other files.
    OSError
        If there is no file, or it may not be read.

    Examples
    --------
    See `Recorder`.
    """

    def __init__(self, path: str | os.PathLike, variable: str | None = None, *,
                 verify: bool = True) -> None:
        self._source = open_report(path, variable, check.flag("verify", verify))
        self.populations = sorted(self._source.shapes)
        self.variable = self._source.variable
        self.provenance: dict[str, Any] = self._source.provenance

    def _shape(self, population: str) -> Shape:
        if population not in self._source.shapes:
            raise check.unknown("population", population, self._source.shapes)
        return self._source.shapes[population]

    def units(self, population: str) -> str:
        """The unit of the values."""
        return self._shape(population).units

    def interval(self, population: str) -> float:
        """Time from sample to sample, s."""
        return self._shape(population).interval

    def ids(self, population: str) -> np.ndarray:
        """The neuron of each column: (k,) int64 array. Of synapses, the target."""
        return self._shape(population).ids

    def elements(self, population: str) -> np.ndarray:
        """What each column belongs to within its neuron: (k,) int64. Of synapses, the source."""
        return self._shape(population).elements

    def count(self, population: str) -> int:
        """Samples."""
        return self._shape(population).n

    def times(self, population: str) -> np.ndarray:
        """Times of the samples, s: (T,) float64 array."""
        return self._times(self._shape(population), 0, self._shape(population).n)

    def values(self, population: str, t_start: float | None = None, t_stop: float | None = None,
               ids: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Samples of a stretch of time and of some neurons, at once.

        Parameters
        ----------
        population : str
            Its name.
        t_start, t_stop : float, optional
            First time, and the time before which to stop, s.
        ids : int array, optional
            Neurons, of which those recorded are found, in the order of the file; all by default.

        Returns
        -------
        times : (T,) float64 array
            s.
        ids : (k,) int64 array
            The neuron of each column.
        values : (T, k) float32 array
        """
        columns = self._columns(population, ids)
        pieces = list(self.chunks(population, t_start=t_start, t_stop=t_stop, ids=ids))
        return (np.concatenate([np.empty(0), *(times for times, _ in pieces)]),
                self._shape(population).ids[columns],
                np.concatenate([np.empty((0, columns.size), np.float32),
                                *(values for _, values in pieces)]))

    def chunks(self, population: str, n: int | None = None, t_start: float | None = None,
               t_stop: float | None = None, ids: Any = None
               ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Samples, at most `n` at a time; by default as many as 16 MiB hold.

        Parameters
        ----------
        population, t_start, t_stop, ids
            As for `values`.

        Yields
        ------
        times : (m,) float64 array
            s.
        values : (m, k) float32 array
        """
        shape, columns = self._shape(population), self._columns(population, ids)
        if n is None:
            n = max(1, CHUNK_BYTES // (4 * max(shape.ids.size, 1)))
        n = check.integer("n", n, least=1)
        first = 0 if t_start is None else self._row(shape, check.number("t_start", t_start))
        last = shape.n if t_stop is None else self._row(shape, check.number("t_stop", t_stop))
        return self._rows(population, shape, columns, n, first, last)

    def _rows(self, population: str, shape: Shape, columns: np.ndarray, n: int, first: int,
              last: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        everything = columns.size == shape.ids.size
        for start in range(first, last, n):
            stop = min(start + n, last)
            values = self._source.read(population, start, stop)
            yield self._times(shape, start, stop), values if everything else values[:, columns]

    def _columns(self, population: str, ids: Any) -> np.ndarray:
        known = self._shape(population).ids
        if ids is None:
            return np.arange(known.size)
        return np.flatnonzero(np.isin(known, check.whole("ids", ids)))

    @staticmethod
    def _times(shape: Shape, first: int, last: int) -> np.ndarray:
        before = shape.start / shape.interval
        if abs(before - round(before)) > BEFORE:
            return shape.start + np.arange(first, last) * shape.interval
        return times_s(np.arange(first, last) + round(before), shape.interval)

    @staticmethod
    def _row(shape: Shape, time: float) -> int:
        """The first row at a time or later; rounding puts none of a step before it."""
        row = np.ceil((time - shape.start) / shape.interval - BEFORE)
        return int(np.clip(row, 0, shape.n))

    def verify(self) -> bool:
        """Check every byte; whether there are checksums."""
        return self._source.verify()

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()
