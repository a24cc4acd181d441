"""``eventsnn repair``: finish a recording whose run was killed."""

import argparse
import json
import pathlib
from typing import Any

from eventsnn.cli.options import add_json


def add(commands: Any) -> None:
    """Add the command's arguments."""
    repair = commands.add_parser("repair", help="finish a recording whose run was killed",
                                 allow_abbrev=False)
    repair.add_argument("file", type=pathlib.Path, metavar="FILE.h5",
                        help="the recording; its parts lie in FILE.h5.parts")
    add_json(repair)
    repair.set_defaults(command=_repair)


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
