"""The run of a network, from one look at it to the next: recorders, progress, signals."""

import os
import pathlib
import time
from typing import Any, NamedTuple

from eventsnn.core import check, files
from eventsnn.core.signals import Deferred
from eventsnn.simulate.progress import progress_bar
from eventsnn.simulate.traces import Sampled, Spikes, Trace, check_recorder, interval

CHUNK = 1000  # most steps between looks at the state, at the clock and for Ctrl-C


class Snapshots(NamedTuple):
    """Where and when a run leaves snapshots."""

    path: pathlib.Path
    every: int | None  # steps

    def are_due(self, step: int) -> bool:
        """Whether one is, after `step` steps."""
        return self.every is not None and step % self.every == 0

    def take(self, network: Any, recorder: Any) -> None:
        """Leave one, and keep the one before."""
        if self.path.exists():
            files.keep_as(self.path, previous(self.path))
        network.save(self.path, recorder=recorder, overwrite=True)


def snapshots(network: Any, path: str | os.PathLike | None, every: float | None, overwrite: bool,
              recorder: Any) -> Snapshots | None:
    """Check the arguments of `Network.run`."""
    if path is None:
        if every is not None:
            raise check.must("checkpoint", "be the name of a file where checkpoint_every is given",
                             None, error=TypeError)
        return None
    if recorder is not None and not hasattr(recorder, "position"):
        raise check.must("recorder", "tell its position where there are checkpoints, as Recorder "
                         "does", type(recorder).__name__, error=TypeError)
    path = files.check_new(path, overwrite).absolute()
    files.check_new(previous(path), overwrite)
    return Snapshots(path, None if every is None else interval(every, network.dt,
                                                               "checkpoint_every"))


def previous(path: pathlib.Path) -> pathlib.Path:
    """Where the snapshot before the last is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def run(network: Any, seconds: float, recorder: Any, progress: bool | None,
        kept: Snapshots | None) -> None:
    """See `Network.run`."""
    seconds = check.number("seconds", seconds, least=0.0)
    last = network.step + round(seconds / network.dt)
    if seconds and last == network.step:
        raise check.must("seconds", f"be 0, or at least dt = {network.dt:g}", f"{seconds:g}")
    if not network._whole:
        raise check.must("a network", "not run on after it failed within a step", "that",
                         "make it anew", error=RuntimeError)
    check_recorder(recorder, network.populations, network.dt)
    samplings = [Sampled(network, one) for one in getattr(recorder, "samplings", ())]
    network.compile()
    began = time.perf_counter()
    with progress_bar((last - network.step) * network.dt, progress) as bar, Deferred() as signals:
        while network.step < last:
            n_steps = _chunk(network, last, samplings, kept)
            network._whole = False
            _advance(network, n_steps, recorder)
            for sampled in samplings:
                sampled.pass_on(network.step, recorder)
            network._whole = True
            if kept is not None and (signals.came or kept.are_due(network.step)):
                kept.take(network, recorder)
            bar.update(min(n_steps * network.dt, bar.total - bar.n))  # rounding must not pass it
            signals.deliver()
    network._cost = network._cost._replace(run=network._cost.run + time.perf_counter() - began)


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
