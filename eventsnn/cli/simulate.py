"""``eventsnn simulate``: run a published network."""

import argparse
import contextlib
import pathlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from eventsnn.cli.options import add_work, progress
from eventsnn.cli.plot import draw_raster
from eventsnn.cli.table import report


def add(commands: Any) -> None:
    """Add the command's arguments."""
    simulate = commands.add_parser("simulate", help="run a published network", allow_abbrev=False)
    networks = simulate.add_subparsers(required=True, metavar="NETWORK")
    cuba = networks.add_parser("cuba", help="Vogels and Abbott's current-based benchmark network",
                               allow_abbrev=False)
    cuba.add_argument("--neurons", type=int, default=4000,
                      help="number of neurons, 80 synapses each (%(default)s)")
    cuba.add_argument("--dt", type=float, default=1e-4, help="step, s (%(default)s)")
    _add_run_options(cuba)
    cuba.set_defaults(command=_cuba)


def _add_run_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seconds", type=float, default=10.0, help="model time, s (%(default)s)")
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


def _cuba(options: argparse.Namespace) -> None:
    from eventsnn.networks.cuba import cuba

    check_run(options)
    net = cuba(options.neurons, options.dt, options.seed, options.threads)
    parameters = {"network": "cuba", "neurons": options.neurons, "seed": options.seed}
    _simulate(net, parameters, options)


def _simulate(net: Any, parameters: dict[str, Any], options: argparse.Namespace) -> None:
    from eventsnn.record import Recorder

    statistics = Statistics(net)
    net.compile(announce=None if options.quiet else lambda text: print(text, file=sys.stderr))
    with _recording_place(options) as path:
        if path is None:
            net.run(options.seconds, recorder=statistics, progress=progress(options))
        else:
            sizes = {name: len(q) for name, q in net.populations.items()}
            about = parameters | {"seconds": options.seconds, "network_parts": net.describe()}
            with Recorder(path, sizes, net.dt, options.overwrite, about,
                          samplings=_samplings(net, options)) as recorder:
                statistics.recorder = recorder
                try:
                    net.run(options.seconds, recorder=statistics, progress=progress(options))
                finally:
                    recorder.duration = net.time
        if options.plot:
            draw_raster(path, net.populations, options.plot, options.overwrite)
    report(parameters | {"dt_s": net.dt, "threads": net.threads} | statistics.summary(), options)


class Statistics:
    """Counts and intervals of a run's spikes, taken as they pass on to a recorder."""

    @property
    def samplings(self) -> Any:
        """What the recorder wants."""
        return () if self.recorder is None else self.recorder.samplings

    def sample(self, *what: Any) -> None:
        """Pass samples on."""
        self.recorder.sample(*what)

    def __init__(self, net: Any) -> None:
        import numpy as np

        from eventsnn.analyse import IntervalStatistics

        self.net = net
        self.recorder: Any = None
        self.intervals = {name: IntervalStatistics(len(q)) for name, q in net.populations.items()}
        began = time.perf_counter()
        IntervalStatistics(1).add(np.zeros(1), np.zeros(1, np.int64))  # compile it before the run
        self.compile_s = time.perf_counter() - began

    def append(self, population: str, steps: Any, ids: Any) -> None:
        """Take the next spikes of a population."""
        self.intervals[population].add(steps * self.net.dt, ids)
        if self.recorder is not None:
            self.recorder.append(population, steps, ids)

    def summary(self) -> dict[str, Any]:
        """What the run came to."""
        import numpy as np

        cost = self.net.cost
        n_neurons = sum(map(len, self.net.populations.values()))
        cv = np.concatenate([i.cv() for i in self.intervals.values()])
        run = max(cost.run, 1e-9)
        return {
            "synapses": self.net.n_synapses, "seconds": self.net.time,
            "spikes": cost.spikes, "rate_hz": cost.spikes / n_neurons / self.net.time,
            "cv_isi": float(np.nanmean(cv)) if np.isfinite(cv).any() else None,
            "build_s": cost.build, "compile_s": cost.compile + self.compile_s,
            "sim_s": cost.run,
            "real_time_factor": run / self.net.time,
            "synaptic_events_per_s": cost.synaptic_events / run,
            "bytes_per_synapse": self.net.synapse_bytes / max(self.net.n_synapses, 1),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


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
