"""``eventsnn simulate``: run a published network."""

import argparse
import contextlib
import functools
import os
import pathlib
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from eventsnn.cli.networks import NETWORKS, Published
from eventsnn.cli.options import add_work, progress
from eventsnn.cli.plot import draw_raster
from eventsnn.cli.statistics import Statistics
from eventsnn.cli.table import report
from eventsnn.core.signals import ENDING, Unwinding


COMMAND = "simulate"  # of a network's attributes: what the command was told
KEPT = ("trace", "trace_every", "trace_neurons", "seconds", "checkpoint_every")


def add(commands: Any) -> None:
    """Add the command's arguments."""
    simulate = commands.add_parser("simulate", help="run a published network", allow_abbrev=False)
    names = simulate.add_subparsers(required=True, metavar="NETWORK")
    for network in NETWORKS:
        command = names.add_parser(network.name, help=network.text, allow_abbrev=False,
                                   description=f"Run {network.text}.")
        network.add_options(command)
        _add_run_options(command, network.seconds)
        command.set_defaults(command=functools.partial(_simulate, network))


def _add_run_options(command: argparse.ArgumentParser, seconds: float) -> None:
    command.add_argument("--seconds", type=float, default=seconds,
                         help="model time, s (%(default)s)")
    command.add_argument("--dt", type=float, default=1e-4, help="step, s (%(default)s)")
    command.add_argument("--seed", type=int, default=0,
                         help="seed of everything drawn (%(default)s)")
    add_place(command)
    command.add_argument("--record", type=pathlib.Path, metavar="FILE.h5",
                         help="write the spikes, as SONATA")
    command.add_argument("--trace", metavar="VARIABLE", action="append", default=[],
                         help="with --record, write this state variable, too; may be repeated")
    command.add_argument("--trace-every", type=float, default=1e-3, metavar="S",
                         help="interval of the traces, s (%(default)s)")
    command.add_argument("--trace-neurons", type=int, default=10, metavar="N",
                         help="of how many neurons a population, evenly spaced (%(default)s)")
    add_checkpoints(command)
    add_plot(command)
    add_work(command)


def add_place(command: argparse.ArgumentParser) -> None:
    """What the run uses of the machine."""
    command.add_argument("--threads", type=int, default=1, help="most threads to use (%(default)s)")
    command.add_argument("--device", choices=("cpu", "cuda"), default="cpu",
                         help="where to run (%(default)s)")


def check_place(options: argparse.Namespace) -> None:
    """Refuse, before any work, a device that is not there."""
    from eventsnn.core.device import require

    try:
        require(options.device)
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def add_checkpoints(command: argparse.ArgumentParser) -> None:
    """Snapshots to go on from."""
    command.add_argument("--checkpoint-every", type=float, metavar="S",
                         help="leave a snapshot each so many seconds of model time, and when the "
                         "run is interrupted; eventsnn resume goes on from it")
    command.add_argument("--checkpoint", type=pathlib.Path, metavar="FILE.h5",
                         help="where (run.snapshot.h5 of --record run.h5); the one before the "
                         "last stays as FILE.previous.h5; without --checkpoint-every there is one "
                         "when the run is interrupted")


def add_plot(command: argparse.ArgumentParser) -> None:
    """A picture of the run."""
    command.add_argument("--plot", type=pathlib.Path, metavar="FILE.png",
                         help="draw a raster with the population rate (.png, .svg, .pdf)")


def _simulate(network: Published, options: argparse.Namespace) -> None:
    check_run(options)
    net = network.make(options)
    about = {"network": network.name, "neurons": sum(map(len, net.populations.values())),
             "seed": options.seed, "parameters": network.own(options)}
    run(net, about, options, options.seconds)


def run(net: Any, about: dict[str, Any], options: argparse.Namespace, seconds: float) -> None:
    """Run a network, made or loaded, up to a model time, as the options ask for, and report."""
    from eventsnn.record import Recorder

    snapshot = snapshot_of(options)
    samplings = _samplings(net, options)
    statistics = Statistics(net)
    net.attributes = {COMMAND: about | {name: getattr(options, name) for name in KEPT}
                      | {"record": None if options.record is None or snapshot is None else
                         os.path.relpath(options.record, snapshot.absolute().parent)}}
    left = max(round(seconds / net.dt) - net.step, 0) * net.dt
    go = functools.partial(net.run, left, recorder=statistics,
                           progress=progress(options), checkpoint=snapshot,
                           checkpoint_every=options.checkpoint_every, overwrite=options.overwrite)
    net.compile(announce=None if options.quiet else lambda text: print(text, file=sys.stderr))
    with _recording_place(options) as path, told_how_to_go_on(snapshot, net):
        if path is None:
            go()
        else:
            with Recorder(path, {name: len(q) for name, q in net.populations.items()}, net.dt,
                          options.overwrite,
                          about | {"seconds": seconds, "network_parts": net.describe()},
                          samplings=samplings, resume=net.recording) as recorder:
                statistics.recorder = recorder
                try:
                    go()
                finally:
                    recorder.duration = net.time
            if net.recording is not None:
                statistics.take_all(path)
        if options.plot:
            draw_raster(path, net.populations, options.plot, options.overwrite)
    report(about | {"dt_s": net.dt, "threads": net.threads} | statistics.summary(), options)


@contextlib.contextmanager
def told_how_to_go_on(snapshot: pathlib.Path | None, net: Any) -> Iterator[None]:
    """Say, where a run with snapshots is interrupted, what goes on with it."""
    if snapshot is None:
        yield
        return
    try:
        with Unwinding(*ENDING):  # also where a batch system warns that time is up
            yield
    except BaseException as stop:
        if not getattr(stop, "__notes__", None):  # it came to no snapshot
            raise
        stop.add_note(f"eventsnn resume {shlex.quote(str(snapshot))} goes on")
        if not isinstance(stop, (KeyboardInterrupt, SystemExit)):
            raise
        print(f"eventsnn: stopped at {net.time:g} s; {stop.__notes__[-1]}", file=sys.stderr)
        if isinstance(stop, KeyboardInterrupt):
            sys.exit(128 + signal.SIGINT)
        raise


def snapshot_of(options: argparse.Namespace) -> pathlib.Path | None:
    """The file for snapshots, if there are to be any."""
    if options.checkpoint is not None or options.checkpoint_every is None:
        return options.checkpoint
    return options.record.with_name(f"{options.record.stem}.snapshot{options.record.suffix}")


def _samplings(net: Any, options: argparse.Namespace) -> list[Any]:
    """The traces asked for."""
    import numpy as np

    from eventsnn.core import check
    from eventsnn.record import Sampling
    from eventsnn.simulate.traces import interval, known_variable

    most = check.integer("trace-neurons", options.trace_neurons, least=1)
    if options.trace:
        interval(options.trace_every, net.dt, "trace-every")
    found = []
    for name, q in net.populations.items():
        n = min(most, len(q))
        ids = (2 * np.arange(n) + 1) * len(q) // (2 * n)
        found += [Sampling(known_variable(q, variable), name, options.trace_every, ids)
                  for variable in options.trace]
    return found


@contextlib.contextmanager
def _recording_place(options: argparse.Namespace) -> Iterator[pathlib.Path | None]:
    """Where the run is recorded: the file asked for, one for the picture alone, or nowhere."""
    if options.record or not options.plot:
        yield options.record
        return
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder) / "spikes.h5"


def check_run(options: argparse.Namespace) -> None:
    """Refuse, before any work, a model time and files that cannot be."""
    from eventsnn.core import check
    from eventsnn.core.files import check_new
    from eventsnn.simulate.running import check_seconds

    check_place(options)
    check.number("seconds", options.seconds, least=check.number("dt", options.dt, above=0.0))
    check_seconds(options.seconds, options.dt)
    if options.record:
        check_new(options.record, options.overwrite)
    if options.plot:
        from eventsnn.plot import check_picture

        check_picture(options.plot, options.overwrite)
    if options.trace and not options.record:
        raise check.must("--trace", "come with --record FILE.h5", "no --record")
    if options.checkpoint_every is not None and not (options.checkpoint or options.record):
        raise check.must("--checkpoint-every", "come with --checkpoint FILE.h5, or --record",
                         "neither")
    if snapshot := snapshot_of(options):
        check_new(snapshot, options.overwrite)
        if snapshot == options.record:
            raise check.must("--record and --checkpoint", "name two files", snapshot)
    if options.checkpoint_every is not None:
        check.number("checkpoint-every", options.checkpoint_every, least=options.dt)
    if options.record and options.record == options.plot:
        raise check.must("--record and --plot", "name two files", options.record)
