"""``eventsnn plot``: pictures."""

import argparse
import pathlib
from typing import Any

from eventsnn.cli.options import add_overwrite, add_recording


def add(commands: Any) -> None:
    """Add the command's arguments."""
    plot = commands.add_parser("plot", help="draw a picture (.png, .svg, .pdf)",
                               allow_abbrev=False)
    kinds = plot.add_subparsers(required=True, metavar="KIND")
    raster = kinds.add_parser("raster", help="the spikes of a recording", allow_abbrev=False)
    add_recording(raster)
    raster.set_defaults(command=_raster)
    behaviours = kinds.add_parser(
        "behaviours", help="the twenty behaviours of Izhikevich's neuron", allow_abbrev=False)
    behaviours.set_defaults(command=_behaviours)
    for kind in (raster, behaviours):
        kind.add_argument("out", type=pathlib.Path, metavar="OUT.png", help="the picture")
        add_overwrite(kind)


def _raster(options: argparse.Namespace) -> None:
    from eventsnn.plot import check_picture

    check_picture(options.out, options.overwrite)
    draw_raster(options.file, None, options.out, options.overwrite)


def _behaviours(options: argparse.Namespace) -> None:
    from eventsnn.examples import behaviours
    from eventsnn.plot import check_picture, responses

    check_picture(options.out, options.overwrite)
    answers = [answer._replace(name=answer.name + "*" * (answer.name in behaviours.NOT_SHOWN))
               for answer in behaviours.answers()]
    responses(answers, options.out, note="* not as in the paper's figure.",
              overwrite=options.overwrite)


def draw_raster(path: Any, populations: Any, out: pathlib.Path, overwrite: bool) -> None:
    """Draw the spikes of a recording, of the populations named or of all."""
    from eventsnn.plot import raster
    from eventsnn.record import Recording

    with Recording(path) as recording:
        raster({name: (recording.chunks(name), recording.size(name))
                for name in populations or recording.populations},
               out, t_stop=recording.duration, overwrite=overwrite)
