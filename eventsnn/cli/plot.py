"""``eventsnn plot``: pictures; this file has those of a network's spikes and of no file at all."""

import argparse
import pathlib
from typing import Any

from eventsnn.cli import plot_files, plot_statistics
from eventsnn.cli.options import add_picture, add_spikes, check_out
from eventsnn.cli.selection import add_selection, selected


def add(commands: Any) -> None:
    """Add the command's arguments."""
    plot = commands.add_parser("plot", help="draw a picture (.png, .svg, .pdf)",
                               allow_abbrev=False)
    kinds = plot.add_subparsers(required=True, metavar="KIND")
    raster = kinds.add_parser(
        "raster", help="spikes of a recording, and the rates of its populations",
        allow_abbrev=False, description="Draw a spike raster with the rates of the populations.")
    add_spikes(raster)
    add_picture(raster)
    add_selection(raster)
    raster.set_defaults(command=_raster)
    plot_statistics.add(kinds)
    plot_files.add(kinds)
    behaviours = kinds.add_parser(
        "behaviours", help="the twenty behaviours of Izhikevich's neuron", allow_abbrev=False,
        description="Draw the twenty behaviours of Izhikevich's neuron.")
    add_picture(behaviours)
    behaviours.set_defaults(command=_behaviours)


def draw_raster(path: Any, populations: Any, out: pathlib.Path, overwrite: bool) -> None:
    """Draw the spikes of some populations of a recording."""
    from eventsnn.plot import raster
    from eventsnn.record import Recording

    with Recording(path) as recording:
        raster({name: (recording.chunks(name), recording.size(name)) for name in populations},
               out, t_stop=recording.duration, overwrite=overwrite)


def _raster(options: argparse.Namespace) -> None:
    from eventsnn.plot import raster

    check_out(options)
    with selected(options) as selection:
        raster({name: (selection.chunks(name), max(size, 1))
                for name, size in selection.sizes().items()}, options.out,
               t_start=selection.t_start, t_stop=selection.t_stop, overwrite=options.overwrite)


def _behaviours(options: argparse.Namespace) -> None:
    from eventsnn.examples import behaviours
    from eventsnn.plot import responses

    check_out(options)
    answers = [answer._replace(name=answer.name + "*" * (answer.name in behaviours.NOT_SHOWN))
               for answer in behaviours.answers()]
    responses(answers, options.out, note="* not as in the paper's figure.",
              overwrite=options.overwrite)
