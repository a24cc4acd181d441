"""``eventsnn convert``: spikes to another format."""

import argparse
import pathlib
import warnings
from functools import partial
from typing import Any

from eventsnn.cli.options import add_overwrite, add_spikes
from eventsnn.cli.selection import CHUNK

ENDINGS = (".h5", ".nwb", ".csv", ".npz")
MICROSECOND = 1e-6  # s
OURS = ("platform", "dt", "populations")  # of provenance, what a recorder says anew
ROUNDING = 1e-9  # s; times that are as near to a step are on it


def add(commands: Any) -> None:
    """Add the command's arguments."""
    convert = commands.add_parser(
        "convert", help="spikes to SONATA, NWB, CSV or NPZ", allow_abbrev=False,
        description="Write the spikes of a recording in another format. All but NWB are written "
        "in pieces, so the recording may be larger than memory.")
    add_spikes(convert)
    convert.add_argument("out", type=pathlib.Path, metavar="OUT",
                         help="its ending says the format: .h5 (SONATA, one file), .nwb, .csv or "
                         ".npz")
    convert.add_argument("--dt", type=float, metavar="S",
                         help="for .h5, the step to which times are rounded, s (that of FILE, or "
                         "1e-6)")
    add_overwrite(convert)
    convert.set_defaults(command=_convert)


def _convert(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.core.files import check_new
    from eventsnn.interop import open_spikes

    ending = options.out.suffix.lower()
    if ending not in ENDINGS:
        raise check.must(str(options.out), f"end in {', '.join(ENDINGS)}", ending or "no ending")
    if options.dt is not None:
        check.number("--dt", options.dt, above=0.0)
        if ending != ".h5":
            raise check.must("--dt", "go with an OUT that ends in .h5", ending)
    if options.out.exists() and options.file.exists() and options.out.samefile(options.file):
        raise check.must(str(options.out), "be another file than FILE", "the same")
    check_new(options.out, options.overwrite)
    with open_spikes(options.file) as recording:
        if not recording.populations:
            raise check.must(str(options.file), "hold a population", "none")
        WRITERS[ending](recording, options)


def _sonata(recording: Any, options: argparse.Namespace) -> None:
    import numpy as np

    from eventsnn.core import check
    from eventsnn.core.files import Replacement
    from eventsnn.record import Recorder
    from eventsnn.record.ordered import by_time

    dt = options.dt or recording.dt or MICROSECOND
    about = {key: value for key, value in recording.provenance.items()
             if key not in OURS and not key.endswith("_version")}
    sizes = {name: max(recording.size(name), 1) for name in recording.populations}
    furthest = 0.0
    # A recorder that fails keeps what it has; this file is to be the whole or none.
    with Replacement(options.out, options.overwrite) as new, Recorder(
            new.temporary, sizes, dt, overwrite=True, merge_spikes=2**62,
            attributes=about | {"converted_from": options.file.name}) as recorder:
        for name in recording.populations:
            for times, ids in by_time(recording, name, CHUNK):
                if times[0] < 0:
                    raise check.must(str(options.file), "have times from 0 on",
                                     f"{times[0]:g} s in {name!r}")
                steps = np.rint(times / dt).astype(np.int64)
                furthest = max(furthest, float(np.abs(times - steps * dt).max()))
                recorder.append(name, steps, ids)
        recorder.duration = recording.duration
    if furthest > ROUNDING:
        warnings.warn(f"times were rounded to steps of {dt:g} s, by up to {furthest:g} s; "
                      "--dt sets the step", stacklevel=2)


def _nwb(recording: Any, options: argparse.Namespace) -> None:
    from eventsnn import interop

    spikes = {name: interop.of_recording(recording, name) for name in recording.populations}
    first = min((float(part.times[0]) for part in spikes.values() if part.times.size), default=0.0)
    last = max((float(part.times[-1]) for part in spikes.values() if part.times.size), default=0.0)
    interop.write_nwb(options.out, spikes, t_start=min(first, 0.0),
                      t_stop=max(last, recording.duration), overwrite=options.overwrite)


def _csv(recording: Any, options: argparse.Namespace) -> None:
    from eventsnn.interop.tables import stream_csv
    from eventsnn.record.ordered import by_time

    stream_csv(options.out, {name: by_time(recording, name, CHUNK)
                             for name in recording.populations}, overwrite=options.overwrite)


def _npz(recording: Any, options: argparse.Namespace) -> None:
    from eventsnn.interop.tables import stream_npz
    from eventsnn.record.ordered import by_time

    stream_npz(options.out, {
        name: (partial(by_time, recording, name, CHUNK), recording.count(name),
               recording.size(name))
        for name in recording.populations}, overwrite=options.overwrite)


WRITERS = {".h5": _sonata, ".nwb": _nwb, ".csv": _csv, ".npz": _npz}
