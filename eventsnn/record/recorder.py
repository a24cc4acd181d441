"""Spikes of a run, to a SONATA file, while the run goes on."""

import os
import pathlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np

from eventsnn.core import check, files
from eventsnn.record import manifest, merge, sonata
from eventsnn.record.buffer import Buffer
from eventsnn.record.parts import Folder
from eventsnn.record.provenance import provenance

PART_SPIKES = 1_000_000
PART_SECONDS = 10.0  # of the clock
MERGE_SPIKES = 10**9


class Recorder:
    """Write the spikes of named populations to an HDF5 file in the SONATA format.

    Use it as a context manager. While the run goes on, the folder ``<path>.parts`` takes the
    spikes in parts, each a whole SONATA file that is forced to the disk; `close` makes one file of
    them and removes the folder. An exception inside the block, an interrupt too, leaves what was
    recorded as a valid file. So all that is lost when the program is killed, or the machine stops,
    is what came after the last part: `eventsnn.record.repair` makes the file then.

    A full disk is an OSError of `append`, `flush` or `close`, and the parts stay. Memory does not
    grow with the recording: each spike takes 16 bytes, or twice that, until its part is written.

    Parameters
    ----------
    path : path
        The file to write.
    populations : dict of str to int
        Names, and numbers of neurons.
    dt : float
        Step, s.
    overwrite : bool
        Whether an existing file may be replaced, which stays until the new one is complete; and
        the parts of a run that broke off, which go at once.
    attributes : dict, optional
        What to keep beside the spikes: seed, parameters. Stored as JSON with the versions in use.
    part_spikes : int
        Spikes of all populations that make a part.
    part_seconds : float
        Time of the clock, s, after which the spikes at hand make a part.
    merge_spikes : int
        A recording with more spikes keeps its folder: the file then is a view of the parts, which
        opens like any other as long as the two lie side by side.

    Set `duration` as the run goes on, so that the file says how much time it covers even if the run
    breaks off.

    Raises
    ------
    OSError
        If the file cannot be written, see `eventsnn.core.files.check_new`; if another recorder
        writes to it; if there are parts of a run that broke off.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from eventsnn.record import Recording
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "run.h5")
    ...     with Recorder(path, {"exc": 80, "inh": 20}, dt=1e-4) as recorder:
    ...         recorder.append("exc", [3, 3, 5], [17, 4, 17])
    ...         recorder.duration = 0.1
    ...     with Recording(path) as recording:
    ...         times, ids = next(recording.chunks("exc"))
    >>> times, ids
    (array([0.0003, 0.0003, 0.0005]), array([17,  4, 17]))
    """

    def __init__(self, path: str | os.PathLike, populations: Mapping[str, int], dt: float,
                 overwrite: bool = False, attributes: Mapping[str, Any] | None = None, *,
                 part_spikes: int = PART_SPIKES, part_seconds: float = PART_SECONDS,
                 merge_spikes: int = MERGE_SPIKES) -> None:
        if not populations:
            raise check.must("populations", "name at least one population", "none")
        self.populations = {
            manifest.name_of_population(name):
                check.integer(f"size of population {name!r}", size, least=1)
            for name, size in populations.items()}
        self.dt = check.number("dt", dt, above=0.0)
        # A part is read as a whole, by the merge and by readers.
        self._part_spikes = check.integer("part_spikes", part_spikes, least=1, most=10**8)
        self._part_seconds = check.number("part_seconds", part_seconds, above=0.0)
        self._merge_spikes = check.integer("merge_spikes", merge_spikes, least=0)
        self._duration: float | None = None
        about = provenance({"dt": self.dt, "populations": self.populations, **(attributes or {})})
        self._last_step = dict.fromkeys(self.populations, 0)
        self._buffers = {name: Buffer() for name in self.populations}
        self._path: pathlib.Path = files.check_new(path, overwrite).absolute()
        self._taken = 0  # spikes since the last part; an interrupt may let it be too low
        self._stale = False  # whether buffers may hold spikes that are in a part
        self._written_at = time.monotonic()
        self._folder: Folder | None = None
        self._folder = Folder(self._path, manifest.Head(
            self.populations, self.dt, check.flag("overwrite", overwrite), about))
        self._written = self._folder.done.counts

    @property
    def duration(self) -> float | None:
        """Time covered by the recording, s; None if not said."""
        return self._duration

    @duration.setter
    def duration(self, value: float) -> None:
        self._duration = check.number("duration", value, least=0.0)

    @property
    def counts(self) -> dict[str, int]:
        """Spikes recorded so far, by population."""
        return {name: buffer.total for name, buffer in self._buffers.items()}

    @property
    def written(self) -> dict[str, int]:
        """Spikes that no stop of program or machine can lose any more, by population."""
        return dict(self._folder.done.counts if self._folder else self._written)

    def append(self, population: str, steps: Any, ids: Any) -> None:
        """Record spikes of a population.

        Parameters
        ----------
        population : str
            Its name.
        steps : (n,) int array, or int
            Number of the step at whose end the spike is, at time ``steps * dt``; not decreasing,
            within a call and from call to call. One number stands for all spikes.
        ids : (n,) int array
            Neurons, counted from 0 within the population.

        Raises
        ------
        OSError
            If a part cannot be written. Spikes taken so far, see `counts`, wait in memory; those
            that are `written` are safe.
        """
        if self._folder is None:
            raise check.must("recorder", "be open", "a closed one")
        if population not in self._buffers:
            raise check.unknown("population", population, self._buffers)
        ids = _whole("ids", ids)
        steps = _whole("steps", steps, ids.size)
        if ids.size:
            self._check(population, steps, ids)
        if self._stale:  # an interrupt came before
            self._drop_written()
        start = 0
        while start < ids.size:
            if self._taken >= self._part_spikes:
                self.flush()
            stop = min(start + self._part_spikes - self._taken, ids.size)
            self._buffers[population].put(
                sonata.times_ms(steps[start:stop], self.dt), ids[start:stop])
            self._last_step[population] = int(steps[stop - 1])
            self._taken += stop - start
            start = stop
        if self._taken >= self._part_spikes:
            self.flush()
        if time.monotonic() - self._written_at > self._part_seconds:
            self.flush()

    def _check(self, population: str, steps: np.ndarray, ids: np.ndarray) -> None:
        size, last = self.populations[population], self._last_step[population]
        if ids.min() < 0 or ids.max() >= size:
            bad = ids.min() if ids.min() < 0 else ids.max()
            raise check.must("ids", f"lie in 0 ... {size - 1}, the neurons of {population!r}", bad)
        if steps[0] < last or (steps[1:] < steps[:-1]).any():
            raise check.must("steps", f"not decrease, also not below the last call's {last}",
                             f"{steps[0]} ... {steps[-1]}")
        if steps[-1] >= sonata.STEP_LIMIT:
            raise check.must("steps", f"be below 2**48 = {sonata.STEP_LIMIT}", steps[-1])

    def flush(self) -> None:
        """Put the spikes at hand on the disk, as a part."""
        if self._folder is None:
            raise check.must("recorder", "be open", "a closed one")
        self._stale = True
        self._drop_written()
        if any(buffer.waiting for buffer in self._buffers.values()):
            self._folder.write({name: b.columns() for name, b in self._buffers.items()},
                               self.duration)
        self._drop_written()
        self._taken, self._stale = 0, False
        self._written_at = time.monotonic()

    def _drop_written(self) -> None:
        keep = 2 * self._part_spikes // len(self._buffers)
        for name, n in self.written.items():
            self._buffers[name].drop(n, keep)

    def close(self, duration: float | None = None) -> None:
        """Complete the file and give it its final name; closing twice does nothing.

        Parameters
        ----------
        duration : float, optional
            Time covered by the recording, s.

        Raises
        ------
        OSError
            If the file cannot be written; the message then says what is left.
        """
        if self._folder is None:
            return
        if duration is not None:
            self.duration = duration
        whole = False
        try:
            self._finish(self._folder)
            whole = True
        except OSError as error:
            if error.errno is None or not self._folder.done.n_parts:  # or it says all itself
                raise
            raise OSError(error.errno, f"{error.strerror}; what was recorded until then is in "
                          f"{self._folder.path.name}, of which eventsnn repair {self._path} makes "
                          "the file", str(self._path)) from error
        finally:
            folder, self._folder, self._written = self._folder, None, self.written
            kept = folder.done.n_parts and (not whole or self._is_large(folder))
            folder.release(remove=not kept)

    def _is_large(self, folder: Folder) -> bool:
        return merge.total(folder.done.counts) > self._merge_spikes

    def _finish(self, folder: Folder) -> None:
        if folder.done.n_parts == 0 and merge.total(self.counts) <= self._merge_spikes:
            columns = {name: buffer.columns() for name, buffer in self._buffers.items()}
            image = sonata.image(self.populations, columns, self.dt, self.duration,
                                 folder.head.about)
            try:
                with files.Replacement(self._path, folder.head.overwrite, folder.path) as new:
                    new.write(0, image)
                return
            except FileExistsError:  # made in the meantime: what was recorded stays, as a part
                pass
        self.flush()
        folder.end(self.duration)
        found = manifest.read(folder.path)
        if found.counts != folder.done.counts:
            raise manifest.refuse(folder.path, f"parts of {folder.done.counts} spikes",
                                  f"a damaged manifest of {found.counts}")
        make = merge.master if self._is_large(folder) else merge.merge
        make(folder.path, self._path, folder.head, found.parts, self.duration)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()


def _whole(argument: str, values: Any, size: int | None = None) -> np.ndarray:
    """`values` as a one-dimensional int64 array, of a length if given."""
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise check.must(argument, "be whole numbers", f"dtype {array.dtype}", error=TypeError)
    if array.ndim == 0 and size is not None:
        array = np.broadcast_to(array, size)
    check.shape(argument, array.shape, (array.size if size is None else size,),
                "" if size is None else "to match ids")
    return array.astype(np.int64, copy=False)
