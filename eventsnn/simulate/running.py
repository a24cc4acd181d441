"""The run of a network, from one look at it to the next: recorders, progress, signals."""

import os
import pathlib
import time
from typing import Any

from eventsnn.core import check, files, random
from eventsnn.core.signals import Deferred
from eventsnn.errors import NumericalError
from eventsnn.simulate.progress import progress_bar
from eventsnn.simulate.traces import (
    Sampled, Spikes, Trace, check_position, check_recorder, interval,
)

CHUNK = 1000  # most steps between looks at the state, at the clock and for Ctrl-C


class Snapshots:
    """Where and when a run leaves snapshots.

    Attributes
    ----------
    taken : int or None
        Steps that the network in the file, or in the one before, has done; None if neither is of
        this network.
    """

    def __init__(self, network: Any, path: pathlib.Path, every: int | None, recorder: Any) -> None:
        self._network, self._recorder = network, recorder
        self.path, self.every = path, every
        self.taken: int | None = network.kept_in.get(path, network.kept_in.get(previous(path)))

    def are_due(self, step: int) -> bool:
        """Whether one is, after `step` steps."""
        return self.every is not None and step % self.every == 0

    def take(self) -> None:
        """Leave one, and keep the one before, if it is of this network."""
        network, earlier = self._network, previous(self.path)
        if self._recorder is not None:
            self._recorder.duration = network.time
        own = network.kept_in
        network.save(self.path, recorder=self._recorder, overwrite=True,
                     keep=earlier if self.path in own else None)
        if self.path in own:
            own[earlier] = own[self.path]
        elif earlier not in own:  # whose network it is, nobody would know
            files.remove(earlier)
        own[self.path] = self.taken = network.step

    def broke_off(self, error: BaseException) -> None:
        """Leave the recording as it can go on, and tell where to go on from."""
        if self.taken is None:
            return
        error.add_note(f"{self.path.name} keeps the network at "
                       f"{self.taken * self._network.dt:g} s")
        if hasattr(self._recorder, "suspend"):
            self._recorder.suspend()


def snapshots(network: Any, path: str | os.PathLike | None, every: float | None, overwrite: bool,
              recorder: Any) -> Snapshots | None:
    """Check the arguments of `Network.run`."""
    if path is None:
        if every is not None:
            raise check.must("checkpoint", "be the name of a file where checkpoint_every is given",
                             None, error=TypeError)
        return None
    check_position(recorder)
    path = check.path("checkpoint", path).absolute()
    for one in (path, previous(path)):
        files.check_new(one, overwrite or one in network.kept_in)
    return Snapshots(network, path, None if every is None else
                     interval(every, network.dt, "checkpoint_every"), recorder)


def previous(path: pathlib.Path) -> pathlib.Path:
    """Where the snapshot before the last is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def check_seconds(seconds: Any, dt: float, step: int = 0) -> float:
    """Model time to run after `step` steps, checked to end while steps can be counted."""
    seconds = check.number("seconds", seconds, least=0.0)
    if not step + seconds / dt < random.STEP_LIMIT:
        raise check.must("seconds", f"end before step 2^48, {random.STEP_LIMIT * dt:g} s",
                         f"{seconds:g}")
    return seconds


def run(network: Any, seconds: float, recorder: Any, progress: bool | None,
        kept: Snapshots | None) -> None:
    """See `Network.run`."""
    seconds = check_seconds(seconds, network.dt, network.step)
    last = network.step + round(seconds / network.dt)
    if seconds and last == network.step:
        raise check.must("seconds", f"be 0, or at least dt = {network.dt:g}", f"{seconds:g}")
    if not network._whole:
        raise check.must("a network", "not run on after it failed within a step", "that",
                         "make it anew", error=RuntimeError)
    progress = None if progress is None else check.flag("progress", progress)
    check_recorder(recorder, network.populations, network.dt)
    samplings = [Sampled(network, one) for one in getattr(recorder, "samplings", ())]
    network.compile()
    began = time.perf_counter()
    try:
        with progress_bar((last - network.step) * network.dt, progress) as bar, \
                Deferred() as signals:
            while network.step < last:
                n_steps = _piece(network, last, samplings, recorder, kept)
                if kept is not None and (signals.came or kept.are_due(network.step)):
                    kept.take()
                bar.update(min(n_steps * network.dt, bar.total - bar.n))  # by rounding it is less
                signals.deliver()
    except NumericalError:  # there is nothing to go on to
        if hasattr(recorder, "flush"):
            recorder.flush()
        raise
    except BaseException as error:
        if kept is not None:
            kept.broke_off(error)
        raise
    network._cost = network._cost._replace(run=network._cost.run + time.perf_counter() - began)


def _piece(network: Any, last: int, samplings: list[Sampled], recorder: Any,
           kept: Snapshots | None) -> int:
    """Run until something must be looked at; returns the number of steps."""
    n_steps = _chunk(network, last, samplings, kept)
    network._whole = False
    _advance(network, n_steps, recorder)
    for sampled in samplings:
        sampled.pass_on(network.step, recorder)
    network._whole = True
    return n_steps


def _chunk(network: Any, last: int, samplings: list[Sampled], kept: Snapshots | None) -> int:
    """Steps until something must be looked at."""
    every = [r.every for r in network._records if isinstance(r, Trace)]
    every += [sampled.every for sampled in samplings]
    if kept is not None and kept.every is not None:
        every.append(kept.every)
    step = network.step
    stops = [step + CHUNK, last, *((step // e + 1) * e for e in every)]
    longest = network._built().longest_piece
    return min(min(stops) - step, longest or CHUNK)


def _advance(network: Any, n_steps: int, recorder: Any) -> None:
    spikes_of = [r for r in network._records if isinstance(r, Spikes)]
    n_spikes, n_events = network._built().advance(network.step, n_steps, network.threads, spikes_of,
                                                  recorder)
    network.step += n_steps
    for r in network._records:
        if isinstance(r, Trace):
            r.sample(network.step)
    cost = network._cost
    network._cost = cost._replace(spikes=cost.spikes + n_spikes,
                                  synaptic_events=cost.synaptic_events + n_events)
