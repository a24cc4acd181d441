"""Spikes and variables of a run, to SONATA files, while the run goes on."""

import os
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

import numpy as np

from eventsnn.core import check, files
from eventsnn.core.signals import Deferred, Unwinding
from eventsnn.record import finish, manifest, report_layout, sampling, sonata
from eventsnn.record.buffer import Buffer
from eventsnn.record.job import Job
from eventsnn.record.names import name_of_population
from eventsnn.record.parts import Folder
from eventsnn.record.position import Position, position_of
from eventsnn.record.provenance import provenance
from eventsnn.record.samples import Samples
from eventsnn.record.sampling import Sampling
from eventsnn.record.tasks import tasks

PART_SPIKES = 1_000_000
PART_SECONDS = 10.0  # of the clock
SPIKE_BYTES = 16  # what a spike takes of a part


class Recorder:
    """Write the spikes of named populations, and variables, to HDF5 files in the SONATA format.

    Use it as a context manager, within which SIGTERM ends the program as Ctrl-C does. While the run
    goes on, the folder ``<path>.parts`` takes what comes in parts, each a whole file that is forced
    to the disk, beside the run; `close` makes one file of the spikes, and one of each variable
    (``run.v.h5`` beside ``run.h5``), and removes the folder. An exception inside the block, an
    interrupt too, leaves what was recorded as valid files; before anything was recorded, it leaves
    none, and no old one is replaced. So all that is lost when the program is killed, or the machine
    stops, is what came after the last part: `eventsnn.record.repair` makes the files then.

    A full disk is an OSError of `append`, `sample`, `flush` or `close`, and the parts stay. Memory
    does not grow with the recording: it is that of two or three parts.

    Parameters
    ----------
    path : path
        The file to write.
    populations : dict of str to int
        Names, and numbers of neurons.
    dt : float
        Step, s.
    overwrite : bool
        Whether existing files may be replaced, which stay until the new ones are complete; and
        the parts of a run that broke off, which go at once.
    attributes : dict, optional
        What to keep beside the spikes: seed, parameters. Stored as JSON with the versions in use.
    samplings : iterable of Sampling
        Variables to record.
    part_spikes : int
        Spikes of all populations that make a part; four values of variables count as one.
    part_seconds : float
        Time of the clock, s, after which what is at hand makes a part.
    resume : dict, optional
        What `position` returned in a run that broke off: the recording goes on from there, and
        what came after is left out. All other arguments must be those of then.
    merge_spikes : int
        A recording with more keeps its folder: its files are views of the parts then, which open
        like any other as long as they lie side by side.

    Calls from several threads wait for each other. Of a process that was forked off the recorder is
    none.

    Set `duration` as the run goes on, so that the file says how much time it covers even if the run
    breaks off.

    Raises
    ------
    OSError
        If a file cannot be written, see `eventsnn.core.files.check_new`; if another recorder
        writes to it; if there are parts of a run that broke off.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from eventsnn.record import Recording, Report
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "run.h5")
    ...     v = Sampling("v", "inh", every=1e-3, ids=[4, 7])
    ...     with Recorder(path, {"exc": 80, "inh": 20}, dt=1e-4, samplings=[v]) as recorder:
    ...         recorder.append("exc", [3, 3, 5], [17, 4, 17])
    ...         recorder.sample("inh", "v", 10, [-0.5, 0.25])
    ...         recorder.duration = 0.1
    ...     with Recording(path) as recording, Report(path.with_name("run.v.h5")) as traces:
    ...         times, ids = recording.spikes("exc")
    ...         _, _, values = traces.values("inh")
    >>> times, ids
    (array([0.0003, 0.0003, 0.0005]), array([17,  4, 17]))
    >>> values
    array([[-0.5 ,  0.25]], dtype=float32)
    """

    def __init__(self, path: str | os.PathLike, populations: Mapping[str, int], dt: float,
                 overwrite: bool = False, attributes: Mapping[str, Any] | None = None, *,
                 samplings: Iterable[Sampling] = (), part_spikes: int = PART_SPIKES,
                 part_seconds: float = PART_SECONDS, merge_spikes: int = finish.MERGE_SPIKES,
                 resume: Mapping[str, Any] | None = None) -> None:
        if not isinstance(populations, Mapping) or not populations:
            raise check.must("populations", "name at least one population", populations or "none")
        self.populations = {
            name_of_population(name): check.integer(f"size of population {name!r}", size, least=1)
            for name, size in populations.items()}
        self.dt = check.number("dt", dt, above=0.0)
        self.samplings = tuple(samplings)
        axes = sampling.axes(self.samplings, self.populations, self.dt)
        # A part is read as a whole, by the merge and by readers.
        self._part_bytes = SPIKE_BYTES * check.integer("part_spikes", part_spikes, least=1,
                                                       most=10**8)
        self._part_seconds = check.number("part_seconds", part_seconds, above=0.0)
        self._merge_spikes = check.integer("merge_spikes", merge_spikes, least=0)
        self._duration: float | None = None
        about = provenance({"dt": self.dt, "populations": self.populations, **(attributes or {})})
        self._last_step = dict.fromkeys(self.populations, 0)
        share = 2 * self._part_bytes // (len(self.populations) + sum(map(len, axes.values())))
        self._spikes = {name: Buffer(share, (None, np.float64), (None, sonata.narrow(size)))
                        for name, size in self.populations.items()}
        self._samples = {(variable, name): Samples(axis, share)
                         for variable, of in axes.items() for name, axis in of.items()}
        self._path = files.check_new(path, overwrite).absolute()
        for variable in axes:
            files.check_new(report_layout.path_of(self._path, variable), overwrite)
        begin = None if resume is None else position_of(resume, self.populations, axes)
        self._process, self._unwinding = os.getpid(), Unwinding()
        self._turn = threading.RLock()  # of the threads that call
        self._forgot: Job | None = None  # the last job of which what it writes was forgotten
        self._taken = 0  # bytes since the last part; an interrupt may let it be too low
        self._job: Job | None = None  # the last part, on the disk or on its way
        self._written_at = time.monotonic()
        self._folder: Folder | None = None
        self._folder = Folder(self._path, manifest.Head(
            self.populations, self.dt, check.flag("overwrite", overwrite), about, list(axes)), axes,
            None if begin is None else begin.done(self._path))
        if begin is not None:
            self._go_on(begin)
        self._written = self._folder.done.counts

    def position(self) -> dict[str, Any]:
        """Where the recording stands, as JSON can hold it; all until here is put on the disk.

        A network's snapshot that holds it can go on, and the recording with it: see `resume`.
        """
        self.flush()
        assert self._folder is not None
        done = self._folder.done
        return Position(done.n_files, done.n_bytes, done.counts, list(done.mapped), done.rows,
                        dict(self._last_step),
                        {f"{variable}/{name}": s.begin
                         for (variable, name), s in self._samples.items()})._asdict()

    def _go_on(self, at: Position) -> None:
        self._last_step = {name: at.last_steps[name] for name in self.populations}
        for name, buffer in self._spikes.items():
            buffer.go_on(at.counts[name])
        for (variable, name), samples in self._samples.items():
            samples.go_on(at.begins[f"{variable}/{name}"], at.rows[variable][name])

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
        return {name: buffer.total for name, buffer in self._spikes.items()}

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
            If a part, this one or the one before, cannot be written. Spikes taken so far, see
            `counts`, wait in memory; those that are `written` are safe.
        """
        self._open()
        if population not in self._spikes:
            raise check.unknown("population", population, self._spikes)
        ids = check.whole("ids", ids)
        check.shape("ids", ids.shape, (ids.size,))
        steps = check.whole("steps", steps)
        if steps.ndim == 0:
            steps = np.broadcast_to(steps, ids.size)
        check.shape("steps", steps.shape, ids.shape, "to match ids")
        with self._turn:
            if ids.size:
                self._check(population, steps, ids)
            self._forget()
            self._take(population, steps, ids)

    def _take(self, population: str, steps: np.ndarray, ids: np.ndarray) -> None:
        start = 0
        while start < ids.size:
            self._hand_over_if_full()
            room = -(-(self._part_bytes - self._taken) // SPIKE_BYTES)
            stop = min(start + room, ids.size)
            buffer = self._spikes[population]
            times, neurons = buffer.free(stop - start)
            sonata.times_ms(steps[start:stop], self.dt, out=times)
            neurons[:] = ids[start:stop]
            buffer.take(stop - start)
            self._last_step[population] = int(steps[stop - 1])
            self._taken += SPIKE_BYTES * (stop - start)
            start = stop
        self._hand_over_if_full()

    def _check(self, population: str, steps: np.ndarray, ids: np.ndarray) -> None:
        size, last = self.populations[population], self._last_step[population]
        if ids.view(np.uint64).max() >= size:  # one that is below 0, too
            bad = ids.min() if ids.min() < 0 else ids.max()
            raise check.must("ids", f"lie in 0 ... {size - 1}, the neurons of {population!r}", bad)
        if steps[0] < last or steps.strides[0] and (steps[1:] < steps[:-1]).any():
            raise check.must("steps", f"not decrease, also not below the last call's {last}",
                             f"{steps[0]} ... {steps[-1]}")
        if steps[-1] >= sonata.STEP_LIMIT:
            raise check.must("steps", f"be below 2**48 = {sonata.STEP_LIMIT}", steps[-1])

    def sample(self, population: str, variable: str, step: int, values: Any) -> None:
        """Record a sample of a variable.

        Parameters
        ----------
        population, variable : str
            As in one of `samplings`.
        step : int
            Steps done, at time ``step * dt``. The first may be any, each next comes the sampling's
            interval later.
        values : (k,) array
            One for each of the sampling's neurons (of synapses: one each); kept as float32.

        Raises
        ------
        OSError
            As for `append`.
        """
        self._open()
        if (variable, population) not in self._samples:
            raise check.unknown("variable and population", f"{variable} of {population}",
                                [f"{v} of {p}" for v, p in self._samples])
        samples = self._samples[variable, population]
        with self._turn:
            self._forget()
            self._hand_over_if_full()
            samples.put(step, values)
            self._taken += samples.row_bytes
            self._hand_over_if_full()

    def flush(self) -> None:
        """Put what is at hand on the disk, as a part, and wait until it is there."""
        self._open()
        with self._turn:
            self._hand_over()
            if self._job is not None:
                self._job.finish()

    def _open(self) -> None:
        if self._folder is None:
            raise check.must("recorder", "be open", "a closed one")
        if os.getpid() != self._process:
            raise check.must("recorder", "be used by the process that made it", "one forked off",
                             error=RuntimeError)

    def _hand_over_if_full(self) -> None:
        if (self._taken >= self._part_bytes
                or time.monotonic() - self._written_at > self._part_seconds):
            self._hand_over()

    def _hand_over(self) -> None:
        """Let what is at hand be written, beside the run."""
        self._forget()
        assert self._folder is not None
        waiting = tasks(self._folder, self._spikes, self._samples, self._duration)
        if self._job is not None:
            self._job.finish()
        if waiting:
            job = Job(waiting, {key: b.total for key, b in self._buffers()})
            self._job = job
            self._forget()
            job.start()
        self._taken, self._written_at = 0, time.monotonic()

    def _buffers(self) -> list[tuple[Any, Buffer]]:
        return [*self._spikes.items(), *((key, s.buffer) for key, s in self._samples.items())]

    def _forget(self) -> None:
        """What was handed over waits no more; an interrupt may have come before this was done."""
        if self._job is None or self._job is self._forgot:
            return
        for key, buffer in self._buffers():
            buffer.drop(self._job.ends[key])
        self._forgot = self._job

    def close(self, duration: float | None = None) -> None:
        """Complete the files and give them their final names; closing twice does nothing.

        Parameters
        ----------
        duration : float, optional
            Time covered by the recording, s.

        Raises
        ------
        OSError
            If a file cannot be written; the message then says what is left.
        """
        with self._turn:
            if self._folder is not None and os.getpid() == self._process:
                if duration is not None:
                    self.duration = duration
                self._close(self._folder)

    def suspend(self) -> None:
        """Close, but leave the parts as they are, with all that was recorded: for `resume`.

        Until then they can be read, and `eventsnn repair` makes files of them.
        """
        with self._turn:
            if self._folder is not None and os.getpid() == self._process:
                self.flush()
                folder, self._folder, self._written = self._folder, None, self.written
                folder.release(remove=not folder.done.n_bytes)

    def _close(self, folder: Folder) -> None:
        kept = True
        try:
            kept = self._finish(folder)
        except OSError as error:
            if error.errno is None or not folder.done.n_bytes:  # or it says all itself
                raise
            raise OSError(error.errno, f"{error.strerror}; what was recorded until then is in "
                          f"{folder.path.name}, of which eventsnn repair {self._path} makes "
                          "the file", str(self._path)) from error
        finally:
            self._folder, self._written = None, self.written
            folder.release(remove=not (kept and folder.done.n_bytes))

    def _finish(self, folder: Folder) -> bool:
        """Make the files; whether they need the parts."""
        small = not self._samples and sum(self.counts.values()) <= self._merge_spikes
        if self._job is None and small and not folder.done.n_bytes:  # of a recording that goes on
            columns = {name: buffer.columns() for name, buffer in self._spikes.items()}
            try:
                with Deferred():  # of what is in memory alone, a second Ctrl-C would leave nothing
                    finish.at_hand(folder, self._path, columns, self._duration)
                return False
            except FileExistsError:  # made in the meantime: what was recorded stays, as a part
                pass
        with Deferred():
            self.flush()
        folder.end(self._duration)
        found = manifest.read(folder.path)
        if found.counts != folder.done.counts:
            raise manifest.refuse(folder.path, f"parts of {folder.done.counts} spikes",
                                  f"a damaged manifest of {found.counts}")
        return finish.make_files(folder.path, self._path, found, self._merge_spikes).are_views

    def __enter__(self) -> "Recorder":
        self._unwinding.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        try:
            nothing = not (self._duration or any(buffer.total for _, buffer in self._buffers()))
            if kind is not None and nothing and self._folder is not None \
                    and os.getpid() == self._process:  # what was there stays
                folder, self._folder = self._folder, None
                folder.release(remove=True)
            self.close()
        finally:
            self._unwinding.__exit__()
