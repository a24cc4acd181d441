"""``eventsnn convert``: spikes to another format."""

import argparse
import pathlib
from typing import Any

from eventsnn.cli.options import add_overwrite


def add(commands: Any) -> None:
    """Add the command's arguments."""
    convert = commands.add_parser("convert", help="spikes to another format", allow_abbrev=False)
    convert.add_argument("file", type=pathlib.Path, metavar="FILE",
                         help="a recording (.h5) or an NWB file (.nwb)")
    convert.add_argument("out", type=pathlib.Path, metavar="OUT",
                         help="its ending says the format: .nwb, .csv or .npz")
    add_overwrite(convert)
    convert.set_defaults(command=_convert)


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
