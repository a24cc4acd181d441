"""``eventsnn simulate``: run a published network."""

import argparse
import contextlib
import functools
import pathlib
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from eventsnn.cli.networks import NETWORKS, Published
from eventsnn.cli.options import add_work, progress
from eventsnn.cli.plot import draw_raster
from eventsnn.cli.statistics import Statistics
from eventsnn.cli.table import report


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
    command.add_argument("--threads", type=int, default=1, help="most threads to use (%(default)s)")
    command.add_argument("--record", type=pathlib.Path, metavar="FILE.h5",
                         help="write the spikes, as SONATA")
    command.add_argument("--trace", metavar="VARIABLE", action="append", default=[],
                         help="with --record, write this state variable, too; may be repeated")
    command.add_argument("--trace-every", type=float, default=1e-3, metavar="S",
                         help="interval of the traces, s (%(default)s)")
    command.add_argument("--trace-neurons", type=int, default=10, metavar="N",
                         help="of how many neurons a population, evenly spaced (%(default)s)")
    command.add_argument("--plot", type=pathlib.Path, metavar="FILE.png",
                         help="draw a raster with the population rate (.png, .svg, .pdf)")
    add_work(command)


def _simulate(network: Published, options: argparse.Namespace) -> None:
    from eventsnn.record import Recorder

    check_run(options)
    net = network.make(options)
    statistics = Statistics(net)
    sizes = {name: len(q) for name, q in net.populations.items()}
    about = {"network": network.name, "neurons": sum(sizes.values()), "seed": options.seed,
             "parameters": network.own(options)}
    net.compile(announce=None if options.quiet else lambda text: print(text, file=sys.stderr))
    with _recording_place(options) as path:
        if path is None:
            net.run(options.seconds, recorder=statistics, progress=progress(options))
        else:
            also = {"seconds": options.seconds, "network_parts": net.describe()}
            with Recorder(path, sizes, net.dt, options.overwrite, about | also,
                          samplings=_samplings(net, options)) as recorder:
                statistics.recorder = recorder
                try:
                    net.run(options.seconds, recorder=statistics, progress=progress(options))
                finally:
                    recorder.duration = net.time
        if options.plot:
            draw_raster(path, net.populations, options.plot, options.overwrite)
    report(about | {"dt_s": net.dt, "threads": net.threads} | statistics.summary(), options)


def _samplings(net: Any, options: argparse.Namespace) -> list[Any]:
    """The traces asked for."""
    import numpy as np

    from eventsnn.core import check
    from eventsnn.record import Sampling
    from eventsnn.simulate.traces import known_variable

    most = check.integer("trace-neurons", options.trace_neurons, least=1)
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
    from eventsnn import plot
    from eventsnn.core import check
    from eventsnn.core.files import check_new

    check.number("seconds", options.seconds, least=check.number("dt", options.dt, above=0.0))
    if options.record:
        check_new(options.record, options.overwrite)
    if options.plot:
        plot.check_picture(options.plot, options.overwrite)
    if options.trace and not options.record:
        raise check.must("--trace", "come with --record FILE.h5", "no --record")
    if options.record and options.record == options.plot:
        raise check.must("--record and --plot", "name two files", options.record)
