"""The command line: a thin shell over the library.

Results go to standard output, progress to standard error. An error is one line on standard error;
the exit code is then 1, or 2 for unusable arguments.
"""

import argparse
import contextlib
import json
import pathlib
import resource
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import eventsnn

# What people can cause is told in one line; anything else is a defect, and shows its traceback.
EXPECTED = (ValueError, TypeError, OSError, ArithmeticError, ImportError, MemoryError)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: error: {message}; try {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = parser().parse_args(arguments)
    with warnings.catch_warnings(), _sigterm_unwinds():
        warnings.simplefilter("once")
        warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
        try:
            return options.command(options) or 0
        except EXPECTED as error:
            print(f"eventsnn: error: {_one_line(error)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("eventsnn: interrupted; a recording holds what came before", file=sys.stderr)
            return 128 + signal.SIGINT


@contextlib.contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """Let SIGTERM, too, unwind the stack: that closes a recording properly."""
    if threading.current_thread() is not threading.main_thread():  # only it may set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = Parser(prog="eventsnn", description="Spiking neural networks: simulate, train, analyse.",
                 allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"eventsnn {eventsnn.__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    simulate = commands.add_parser("simulate", help="run a published network", allow_abbrev=False)
    networks = simulate.add_subparsers(required=True, metavar="NETWORK")
    cuba = networks.add_parser("cuba", help="Vogels and Abbott's current-based benchmark network",
                               allow_abbrev=False)
    cuba.add_argument("--neurons", type=int, default=4000,
                      help="number of neurons, 80 synapses each (%(default)s)")
    cuba.add_argument("--dt", type=float, default=1e-4, help="step, s (%(default)s)")
    _add_run_options(cuba)
    cuba.set_defaults(command=_simulate_cuba)

    train = commands.add_parser("train", help="train a network", allow_abbrev=False)
    tasks = train.add_subparsers(required=True, metavar="TASK")
    digits = tasks.add_parser("digits", help="handwritten digits with a spiking hidden layer",
                              allow_abbrev=False)
    digits.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data/mnist9k.h5"),
                        help="images and labels, 8,000 to train on (%(default)s)")
    digits.add_argument("--output", type=pathlib.Path, default=pathlib.Path("model.h5"),
                        help="where the trained model goes (%(default)s)")
    digits.add_argument("--epochs", type=int, default=20,
                        help="passes over the training images (%(default)s)")
    digits.add_argument("--seed", type=int, default=0,
                        help="seed of weights, order and shifts (%(default)s)")
    _add_output_options(digits)
    digits.set_defaults(command=_train_digits)

    plot = commands.add_parser("plot", help="draw a picture (.png, .svg, .pdf)",
                               allow_abbrev=False)
    kinds = plot.add_subparsers(required=True, metavar="KIND")
    raster = kinds.add_parser("raster", help="the spikes of a recording", allow_abbrev=False)
    raster.add_argument("file", type=pathlib.Path, metavar="FILE.h5", help="a recording")
    raster.set_defaults(command=_plot_raster)
    behaviours = kinds.add_parser(
        "behaviours", help="the twenty behaviours of Izhikevich's neuron", allow_abbrev=False)
    behaviours.set_defaults(command=_plot_behaviours)
    for kind in (raster, behaviours):
        kind.add_argument("out", type=pathlib.Path, metavar="OUT.png", help="the picture")
        kind.add_argument("--overwrite", action="store_true", help="replace a file that exists")

    convert = commands.add_parser("convert", help="spikes to another format", allow_abbrev=False)
    convert.add_argument("file", type=pathlib.Path, metavar="FILE",
                         help="a recording (.h5) or an NWB file (.nwb)")
    convert.add_argument("out", type=pathlib.Path, metavar="OUT",
                         help="its ending says the format: .nwb, .csv or .npz")
    convert.add_argument("--overwrite", action="store_true", help="replace a file that exists")
    convert.set_defaults(command=_convert)

    repair = commands.add_parser("repair", help="finish a recording whose run was killed",
                                 allow_abbrev=False)
    repair.add_argument("file", type=pathlib.Path, metavar="FILE.h5",
                        help="the recording; its parts lie in FILE.h5.parts")
    repair.add_argument("--json", action="store_true", help="print one line of JSON")
    repair.set_defaults(command=_repair)

    evaluate = commands.add_parser("evaluate", help="accuracy of a trained model on a file",
                                   allow_abbrev=False)
    evaluate.add_argument("model", type=pathlib.Path, metavar="MODEL.h5",
                          help="what eventsnn train wrote")
    evaluate.add_argument("data", type=pathlib.Path, metavar="FILE.h5",
                          help="images and labels")
    evaluate.add_argument("--json", action="store_true", help="print one line of JSON")
    evaluate.set_defaults(command=_evaluate)
    return top


def _add_run_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seconds", type=float, default=10.0, help="model time, s (%(default)s)")
    command.add_argument("--seed", type=int, default=0,
                         help="seed of everything drawn (%(default)s)")
    command.add_argument("--threads", type=int, default=1, help="most threads to use (%(default)s)")
    command.add_argument("--record", type=pathlib.Path, metavar="FILE.h5",
                         help="write the spikes, as SONATA")
    command.add_argument("--plot", type=pathlib.Path, metavar="FILE.png",
                         help="draw a raster with the population rate (.png, .svg, .pdf)")
    _add_output_options(command)


def _add_output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--overwrite", action="store_true", help="replace files that exist")
    command.add_argument("--json", action="store_true", help="print one line of JSON, no table")
    command.add_argument("--quiet", action="store_true", help="show no progress")


def _simulate_cuba(options: argparse.Namespace) -> None:
    from eventsnn.networks.cuba import cuba

    _check_run(options)
    net = cuba(options.neurons, options.dt, options.seed, options.threads)
    parameters = {"network": "cuba", "neurons": options.neurons, "seed": options.seed}
    _simulate(net, parameters, options)


def _simulate(net: Any, parameters: dict[str, Any], options: argparse.Namespace) -> None:
    from eventsnn.record import Recorder

    statistics = Statistics(net)
    net.compile(announce=None if options.quiet else lambda text: print(text, file=sys.stderr))
    with _recording_place(options) as path:
        if path is None:
            net.run(options.seconds, recorder=statistics, progress=_progress(options))
        else:
            sizes = {name: len(q) for name, q in net.populations.items()}
            with Recorder(path, sizes, net.dt, options.overwrite, parameters) as recorder:
                statistics.recorder = recorder
                try:
                    net.run(options.seconds, recorder=statistics, progress=_progress(options))
                finally:
                    recorder.duration = net.time
        if options.plot:
            _plot(path, net.populations, options.plot, options.overwrite)
    _report(parameters | {"dt_s": net.dt, "threads": net.threads} | statistics.summary(), options)


class Statistics:
    """Counts and intervals of a run's spikes, taken as they pass on to a recorder."""

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


LABELS = {  # key -> what the table says, and how the number is shown
    "network": ("network", "{}"), "neurons": ("neurons", "{:,}"), "seed": ("seed", "{}"),
    "dt_s": ("step", "{:g} s"), "threads": ("threads", "{}"), "synapses": ("synapses", "{:,}"),
    "seconds": ("model time", "{:g} s"), "spikes": ("spikes", "{:,}"),
    "rate_hz": ("mean rate", "{:.2f} Hz"),
    "cv_isi": ("mean CV of intervals", "{:.3f}"), "build_s": ("build", "{:.2f} s"),
    "compile_s": ("compile", "{:.2f} s"), "sim_s": ("run", "{:.2f} s"),
    "real_time_factor": ("real-time factor (run / model)", "{:.4f}"),
    "synaptic_events_per_s": ("synaptic events a second", "{:.3g}"),
    "bytes_per_synapse": ("bytes a synapse", "{:.2f}"), "peak_rss_mb": ("peak memory", "{:.0f} MB"),
    "accuracy": ("accuracy", "{:.4f}"), "images": ("images", "{:,}"),
    "loss": ("training loss", "{:.4f}"),
    "training_accuracy": ("training accuracy", "{:.4f}"), "epochs": ("epochs", "{}"),
    "train_s": ("training", "{:.1f} s"), "model": ("model", "{}"),
}


def _report(summary: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(summary))
        return
    width = max(len(LABELS[key][0]) for key in summary)
    for key, value in summary.items():
        label, form = LABELS[key]
        print(f"{label:<{width}}  {'undefined' if value is None else form.format(value)}")


@contextlib.contextmanager
def _recording_place(options: argparse.Namespace) -> Iterator[pathlib.Path | None]:
    """Where the run is recorded: the file asked for, one for the picture alone, or nowhere."""
    if options.record or not options.plot:
        yield options.record
        return
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder) / "spikes.h5"


def _plot(path: Any, populations: Any, out: pathlib.Path, overwrite: bool) -> None:
    """Draw the spikes of a recording, of the populations named or of all."""
    from eventsnn.plot import raster
    from eventsnn.record import Recording

    with Recording(path) as recording:
        raster({name: (recording.chunks(name), recording.size(name))
                for name in populations or recording.populations},
               out, t_stop=recording.duration, overwrite=overwrite)


def _convert(options: argparse.Namespace) -> None:
    from eventsnn import interop
    from eventsnn.core import check
    from eventsnn.core.files import check_new
    from eventsnn.record import Recording

    ending = options.out.suffix.lower()
    if ending not in (".nwb", ".csv", ".npz"):
        raise check.must(str(options.out), "end in .nwb, .csv or .npz", ending or "no ending")
    check_new(options.out, options.overwrite)
    if options.file.suffix.lower() == ".nwb":
        spikes = interop.read_nwb(options.file)
        duration = max((part.times[-1] for part in spikes.values() if part.times.size), default=0.0)
    else:
        with Recording(options.file) as recording:
            spikes = {name: interop.of_recording(recording, name)
                      for name in recording.populations}
            duration = recording.duration
    if ending == ".nwb":
        interop.write_nwb(options.out, spikes, t_stop=duration, overwrite=options.overwrite)
    else:
        write = interop.write_csv if ending == ".csv" else interop.write_npz
        write(options.out, spikes, overwrite=options.overwrite)


def _plot_raster(options: argparse.Namespace) -> None:
    from eventsnn.plot import check_picture

    check_picture(options.out, options.overwrite)
    _plot(options.file, None, options.out, options.overwrite)


def _plot_behaviours(options: argparse.Namespace) -> None:
    from eventsnn.examples import behaviours
    from eventsnn.plot import check_picture, responses

    check_picture(options.out, options.overwrite)
    answers = [answer._replace(name=answer.name + "*" * (answer.name in behaviours.NOT_SHOWN))
               for answer in behaviours.answers()]
    responses(answers, options.out, note="* not as in the paper's figure.",
              overwrite=options.overwrite)


def _check_run(options: argparse.Namespace) -> None:
    """Refuse, before any work, a model time and files that cannot be."""
    from eventsnn import plot
    from eventsnn.core import check
    from eventsnn.core.files import check_new

    check.number("seconds", options.seconds, least=check.number("dt", options.dt, above=0.0))
    if options.record:
        check_new(options.record, options.overwrite)
    if options.plot:
        plot.check_picture(options.plot, options.overwrite)
    if options.record and options.record == options.plot:
        raise check.must("--record and --plot", "name two files", options.record)


def _progress(options: argparse.Namespace) -> bool | None:
    return False if options.quiet else None


def _train_digits(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.core.files import check_new
    from eventsnn.datasets.digits import load_digits
    from eventsnn.examples import digits

    check_new(options.output, options.overwrite)
    check.integer("epochs", options.epochs, least=1)
    images, labels = load_digits(options.data)
    n = min(digits.TRAINING, len(images))
    net, history = digits.fit(images[:n], labels[:n], epochs=options.epochs, seed=options.seed,
                              progress=_progress(options))
    digits.save(options.output, net, seed=options.seed, overwrite=options.overwrite)
    summary = {"epochs": len(history), "loss": history[-1].loss,
               "training_accuracy": history[-1].accuracy,
               "train_s": sum(epoch.seconds for epoch in history), "model": str(options.output)}
    if len(images) > n:
        summary |= {"images": len(images) - n,
                    "accuracy": digits.accuracy(net, images[n:], labels[n:])}
    _report(summary, options)


def _repair(options: argparse.Namespace) -> int:
    """Exit code 0 if nothing of the run is missing."""
    from eventsnn.record import repair

    done = repair(options.file)
    if options.json:
        print(json.dumps({"file": str(done.path), "spikes": sum(done.counts.values()),
                          "populations": done.counts, "lost": done.lost, "until_s": done.until,
                          "complete": done.complete, "losses": done.losses}))
    else:
        print(f"{done.path}: {sum(done.counts.values()):,} spikes, " + (
            "nothing is missing" if done.complete else f"all of them up to {done.until:g} s"))
        for loss in done.losses:
            print(f"  {loss}")
    return 0 if done.complete else 1


def _evaluate(options: argparse.Namespace) -> None:
    from eventsnn.datasets.digits import load_digits
    from eventsnn.examples import digits

    net = digits.load(options.model)
    images, labels = load_digits(options.data)
    _report({"images": len(images), "accuracy": digits.accuracy(net, images, labels)}, options)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
