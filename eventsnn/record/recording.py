"""A recording on disk: a SONATA spike file, read in pieces."""

import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.errors import FormatError
from eventsnn.record import sonata
from eventsnn.record.ordered import by_time
from eventsnn.record.sources import open_source

CHUNK = 1_000_000  # spikes


class Recording:
    """Spikes of named populations, read lazily from a SONATA file.

    Any file in the format will do. Those written by `Recorder` also know the sizes of their
    populations, the step, and the duration; for others the numbers are taken from the spikes, which
    reads the file once. Nothing is followed out of the file. Files of `Recorder` are checked: those
    up to 64 MiB as a whole when they are opened, larger ones wherever they are read.

    Parameters
    ----------
    path : path
        The file, or the folder of parts that a run goes on to write, or left.
    verify : bool
        Whether to check that the file is as it was written. Without, one is read that was changed
        on purpose.

    Attributes
    ----------
    populations : list of str
        Names, in alphabetical order; ``"all"`` for the one without a name of old files.
    provenance : dict
        Versions, and the attributes given to `Recorder`; empty for other files.

    Raises
    ------
    FormatError
        If the file is damaged, or no SONATA spike file, or refers to other files.
    OSError
        If there is no file, or it may not be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from eventsnn.record import Recorder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Recorder(pathlib.Path(folder, "run.h5"), {"exc": 80}, dt=1e-4) as recorder:
    ...         recorder.append("exc", [3, 3, 50], [17, 4, 17])
    ...     with Recording(pathlib.Path(folder, "run.h5")) as recording:
    ...         print(recording.populations, recording.count("exc"), recording.size("exc"))
    ...         print(recording.spikes("exc", t_stop=0.001, ids=[17]))
    ['exc'] 3 80
    (array([0.0003]), array([17]))
    """

    def __init__(self, path: str | os.PathLike, *, verify: bool = True) -> None:
        self._path = os.fspath(path)
        self._source = open_source(path, check.flag("verify", verify))
        self.populations = list(self._source.populations)
        self.provenance: dict[str, Any] = self._source.provenance
        self._counted: dict[str, int] = {}  # sizes that the file does not say
        self._last: float | None = None  # s; the last spike, if the file says no duration

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
        if self._last is None:
            self._last = max((float(times.max()) for name in self.populations
                              for times, _ in self._read(name, CHUNK)), default=0.0)
        return self._last

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
        if population not in self._counted:
            self._counted[population] = max(
                (int(ids.max()) + 1 for _, ids in self._read(population, CHUNK)), default=0)
        return self._counted[population]

    def count(self, population: str) -> int:
        """Spikes of a population."""
        self._known(population)
        return self._source.count(population)

    def sorting(self, population: str) -> str:
        """How spikes are sorted: ``"by_time"``, ``"by_id"``, or ``"none"`` that the file tells."""
        self._known(population)
        return self._source.sorting(population)

    def verify(self) -> bool:
        """Check every byte; whether the file, or the folder, has checksums.

        Raises
        ------
        FormatError
            If a byte is not as it was written.
        """
        return self._source.verify()

    def chunks(self, population: str, n: int = CHUNK, t_start: float | None = None,
               t_stop: float | None = None, ids: Any = None
               ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Spikes of a population, in the order of the file, at most `n` at a time.

        Parameters
        ----------
        population : str
            Its name.
        n : int
            Spikes to read at a time.
        t_start, t_stop : float, optional
            First time, and the time before which to stop, s. Rounding puts no step on the wrong
            side of them.
        ids : int array, optional
            Neurons; all by default.

        Yields
        ------
        times : (m,) float64 array
            Times, s: of step 41 of 1e-4 s the number 0.0041.
        ids : (m,) int64 array
            Neurons, counted from 0 within the population.

        Notes
        -----
        Some 50 bytes of memory a spike, of at most `n` spikes at a time. Files written by
        `Recorder` are sorted by time. Of a file that is sorted by time only the stretch is read; of
        one sorted by neuron, only what lies between the smallest and the largest of `ids`.
        """
        size, n = self.size(population), check.integer("n", n, least=1)
        start = -np.inf if t_start is None else self._before(check.number("t_start", t_start))
        stop = np.inf if t_stop is None else self._before(check.number("t_stop", t_stop))
        wanted = None if ids is None else check.whole("ids", ids).reshape(-1)
        first, last = 0, self.count(population)
        sorting = self._source.sorting(population)
        if sorting == "by_time":
            first, last = self._place(population, 0, start), self._place(population, 0, stop)
        elif sorting == "by_id" and wanted is not None and wanted.size:
            first = self._place(population, 1, wanted.min())
            last = self._place(population, 1, wanted.max() + 1)
        return self._chosen(population, n, size, first, last, start, stop, wanted)

    def _before(self, time: float) -> float:
        """What no spike at `time` is below, however its product with a step was rounded."""
        return time - max(4 * float(np.spacing(abs(time))), sonata.BEFORE * (self.dt or 0.0))

    def sorted_chunks(self, population: str, n: int = CHUNK, t_start: float | None = None,
                      t_stop: float | None = None, ids: Any = None
                      ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As `chunks`, but in the order of time, whatever that of the file is.

        Yields
        ------
        times : (m,) float64 array
            Times, s, ascending, within a chunk and from chunk to chunk.
        ids : (m,) int64 array
            Neurons; among equal times in the order of the file.

        Notes
        -----
        See `eventsnn.record.ordered.by_time`.
        """
        return by_time(self, population, n, t_start, t_stop, ids)

    def spikes(self, population: str, t_start: float | None = None, t_stop: float | None = None,
               ids: Any = None, n: int = CHUNK) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of a stretch of time and of some neurons, at once.

        Parameters
        ----------
        population, t_start, t_stop, ids, n
            As for `chunks`.

        Returns
        -------
        times : (m,) float64 array
            Times, s, in the order of the file.
        ids : (m,) int64 array
            Neurons.
        """
        found = [(np.empty(0), np.empty(0, np.int64)),
                 *self.chunks(population, n, t_start, t_stop, ids)]
        times, neurons = (np.concatenate(part) for part in zip(*found, strict=True))
        return times, neurons

    def _place(self, population: str, column: int, value: float) -> int:
        """The first spike with `value` or more in a column by which the file is sorted."""
        if not np.isfinite(value):
            return 0 if value < 0 else self.count(population)
        low, high = 0, self.count(population)
        while low < high:
            middle = (low + high) // 2
            if self._source.read(population, middle, middle + 1)[column][0] < value:
                low = middle + 1
            else:
                high = middle
        return low

    def _chosen(self, population: str, n: int, size: int, first: int, last: int, start: float,
                stop: float, wanted: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        everything = wanted is None and start == -np.inf and stop == np.inf
        for times, ids in self._read(population, n, first, last):
            if ids.max() >= size:
                raise self._refuse(f"a recording of {size} neurons in {population!r}",
                                   f"a spike of neuron {ids.max()}")
            if not everything:
                mine = (times >= start) & (times < stop)
                if wanted is not None:
                    mine &= np.isin(ids, wanted)
                times, ids = times[mine], ids[mine]
            if ids.size:
                yield times, ids

    def _read(self, population: str, n: int, first: int = 0, last: int | None = None
              ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        last = self.count(population) if last is None else last
        column, now = {"by_time": 0, "by_id": 1}.get(self._source.sorting(population)), -np.inf
        for start in range(first, last, n):
            times, ids = self._source.read(population, start, min(start + n, last))
            if not np.isfinite(times).all() or ids.min() < 0:
                raise self._refuse("a recording of finite times and neurons from 0 on",
                                   f"other numbers near spike {start} of {population!r}")
            if column is not None:
                order = (times, ids)[column]
                if order[0] < now or (order[1:] < order[:-1]).any():
                    raise self._refuse(f"sorted by {('time', 'neuron')[column]}, as it says it is",
                                       f"another order near spike {start} of {population!r}")
                now = order[-1]
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
