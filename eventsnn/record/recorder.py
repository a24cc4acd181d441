"""Spikes of a run, to a SONATA file, while the run goes on."""

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.files import Replacement
from eventsnn.record import sonata
from eventsnn.record.provenance import provenance

BLOCK_MOST, BLOCK_LEAST = 65_536, 1_024  # spikes of a population that wait in memory
BLOCKS = 8 * BLOCK_MOST  # spikes of all populations together
SPIKE_BYTES = 16
METADATA_BYTES = 1 << 20  # more than HDF5's own structures take for one block a population


class Recorder:
    """Write the spikes of named populations to an HDF5 file in the SONATA format.

    Use it as a context manager. The file grows under a temporary name and takes its final one in
    `close`. An exception inside the block, an interrupt too, leaves what was recorded as a valid
    file. So does a full disk: space is reserved before spikes are taken, and `append` raises
    OSError while closing the file still succeeds. Memory does not grow with the recording.

    Parameters
    ----------
    path : path
        The file to write.
    populations : dict of str to int
        Names, and numbers of neurons.
    dt : float
        Step, s.
    overwrite : bool
        Whether an existing file may be replaced; it stays until the new one is complete.
    attributes : dict, optional
        What to keep beside the spikes: seed, parameters. Stored as JSON with the versions in use.

    Set `duration` as the run goes on, so that the file says how much time it covers even if the run
    breaks off.

    Raises
    ------
    OSError
        If the file cannot be written; see `eventsnn.core.files.check_new`.

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
                 overwrite: bool = False, attributes: Mapping[str, Any] | None = None) -> None:
        if not populations:
            raise check.must("populations", "name at least one population", "none")
        self.populations = {
            _name(name): check.integer(f"size of population {name!r}", size, least=1)
            for name, size in populations.items()}
        self.dt = check.number("dt", dt, above=0.0)
        self._duration: float | None = None
        about = provenance({"dt": self.dt, "populations": self.populations, **(attributes or {})})
        block = min(max(BLOCKS // len(populations), BLOCK_LEAST), BLOCK_MOST)
        self._last_step = dict.fromkeys(self.populations, 0)
        self._replacement = Replacement(path, overwrite)
        self._file = None
        try:
            self._file = sonata.create(str(self._replacement.temporary), self.populations, self.dt,
                                       about)
            self._streams = {name: sonata.Stream(self._file["spikes"][name], block)
                             for name in self.populations}
            self._reserve(0)
        except BaseException:
            self._abandon()
            raise

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
        return {name: stream.total for name, stream in self._streams.items()}

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
            If the disk is full. Spikes taken so far are safe, see `counts`.
        """
        if self._file is None:
            raise check.must("recorder", "be open", "a closed one")
        if population not in self._streams:
            raise check.unknown("population", population, self._streams)
        ids = _whole("ids", ids)
        steps = _whole("steps", steps, ids.size)
        if ids.size == 0:
            return
        size, last = self.populations[population], self._last_step[population]
        if ids.min() < 0 or ids.max() >= size:
            bad = ids.min() if ids.min() < 0 else ids.max()
            raise check.must("ids", f"lie in 0 ... {size - 1}, the neurons of {population!r}", bad)
        if steps[0] < last or (steps[1:] < steps[:-1]).any():
            raise check.must("steps", f"not decrease, also not below the last call's {last}",
                             f"{steps[0]} ... {steps[-1]}")
        if steps[-1] >= sonata.STEP_LIMIT:
            raise check.must("steps", f"be below 2**48 = {sonata.STEP_LIMIT}", steps[-1])

        stream = self._streams[population]
        start = 0
        while start < ids.size:
            if stream.room == 0:
                self._reserve(stream.block)
                stream.write()
            stop = min(start + stream.room, ids.size)
            stream.put(sonata.times_ms(steps[start:stop], self.dt), ids[start:stop])
            self._last_step[population] = int(steps[stop - 1])
            start = stop

    def close(self, duration: float | None = None) -> None:
        """Complete the file and give it its final name; closing twice does nothing.

        Parameters
        ----------
        duration : float, optional
            Time covered by the recording, s.
        """
        if self._file is None:
            return
        if duration is not None:
            self.duration = duration
        try:
            for stream in self._streams.values():
                stream.write(last=True)
                if self.duration is not None:
                    stream.group.attrs.modify("duration_ms", np.float64(self.duration * 1e3))
            self._file.flush()
            n_bytes = self._file.id.get_filesize()
            self._file.close()
            self._file = None
            self._replacement.truncate(n_bytes)
        except BaseException:
            self._abandon()
            raise
        self._replacement.commit()

    def _reserve(self, n_spikes: int) -> None:
        """Reserve space for `n_spikes`, and for all that `close` would then write."""
        assert self._file is not None
        n_spikes += sum(stream.block for stream in self._streams.values())
        self._replacement.reserve(self._file.id.get_filesize(),
                                  n_spikes * SPIKE_BYTES + METADATA_BYTES)

    def _abandon(self) -> None:
        try:
            if self._file is not None:
                self._file.close()
        finally:
            self._file = None
            self._replacement.discard()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise check.must("name of a population", "be a string", repr(name), error=TypeError)
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise check.must("name of a population", "be a name with no '/'", repr(name))
    return name


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
