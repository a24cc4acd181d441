"""``eventsnn resume``: go on with a run that was interrupted, from its snapshot."""

import argparse
import pathlib
import warnings
from typing import Any

from eventsnn.cli import simulate
from eventsnn.cli.options import add_work


def add(commands: Any) -> None:
    """Add the command's arguments."""
    resume = commands.add_parser("resume", help="go on with a run that left a snapshot",
                                 allow_abbrev=False)
    resume.add_argument("file", type=pathlib.Path, metavar="FILE.h5",
                        help="a snapshot of eventsnn simulate --checkpoint-every; those of the run "
                        "that goes on take its place")
    resume.add_argument("--seconds", type=float, metavar="S",
                        help="model time, from the beginning (as the run was told)")
    simulate.add_place(resume)
    resume.add_argument("--checkpoint-every", type=float, metavar="S",
                        help="interval of snapshots, s of model time (as the run was told)")
    simulate.add_plot(resume)
    add_work(resume)
    resume.set_defaults(command=_resume)


def _resume(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.errors import FormatError
    from eventsnn.simulate.running import check_seconds

    simulate.check_place(options)
    net = _load(options.file, options.threads, options.device)
    told = net.attributes.get(simulate.COMMAND)
    if told is None:
        raise check.must(str(options.file), "be a snapshot of eventsnn simulate",
                         "one of another program", "go on with Network.load", FormatError)
    options.record = told["record"] and options.file.parent / told["record"]
    if options.seconds is None:
        options.seconds = told["seconds"]
    if options.checkpoint_every is None:
        options.checkpoint_every = told["checkpoint_every"]
    for name in ("trace", "trace_every", "trace_neurons"):
        setattr(options, name, told[name])
    check_seconds(check.number("seconds", options.seconds, least=net.dt), net.dt)
    if not options.seconds > net.time - net.dt / 2:
        raise check.must("seconds", f"be at least {net.time:g} s, where the snapshot stands",
                         f"{options.seconds:g} s")
    if options.checkpoint_every is not None:
        check.number("checkpoint-every", options.checkpoint_every, least=net.dt)
    replaced = options.overwrite
    options.checkpoint, options.overwrite = _last(options.file), True
    about = {name: told[name] for name in ("network", "neurons", "seed", "parameters")}
    if options.plot:
        from eventsnn.plot import check_picture

        check_picture(options.plot, replaced)
    simulate.run(net, about, options, options.seconds)


def _last(path: pathlib.Path) -> pathlib.Path:
    """Where the snapshots of a run go, of which this is the last one or the one before."""
    return path.with_name(f"{path.stem.removesuffix('.previous')}{path.suffix}")


def _load(path: pathlib.Path, threads: int, device: str) -> Any:
    """The network of a snapshot, or of the one before if that is missing or damaged."""
    from eventsnn.errors import FormatError, VersionError
    from eventsnn.simulate import Network
    from eventsnn.simulate.running import previous

    try:
        return Network.load(path, threads=threads, device=device)
    except VersionError:
        raise
    except (FormatError, FileNotFoundError) as error:
        if not (before := previous(path)).exists():
            raise
        net = Network.load(before, threads=threads, device=device)
        warnings.warn(f"{error}; the snapshot before it, {before.name}, goes on from "
                      f"{net.time:g} s", stacklevel=2)
        return net
