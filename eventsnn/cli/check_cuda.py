"""``eventsnn check-cuda``: whether a CUDA device computes what the CPU does, and how fast it is."""

import argparse
import sys
from typing import Any

from eventsnn.cli.options import add_json

NO_DEVICE = 3  # exit code


def add(commands: Any) -> None:
    """Add the command's arguments."""
    command = commands.add_parser(
        "check-cuda", help="compare a CUDA device with the CPU, and time it", allow_abbrev=False,
        epilog=f"Exit code: 0 if all agrees, 1 if not, {NO_DEVICE} without a device.")
    command.add_argument("--no-times", action="store_true", help="compare only")
    command.add_argument("--only", default="", metavar="TEXT",
                         help="of the comparisons, those whose name contains TEXT")
    add_json(command)
    command.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    from eventsnn.core.device import require
    try:
        require("cuda")
    except RuntimeError as error:
        print(f"eventsnn: no CUDA device to check: {error}", file=sys.stderr)
        return NO_DEVICE
    from eventsnn.cli import cuda_parity, cuda_times
    return (_json if options.json else _table)(
        cuda_parity.compared(options.only),
        () if options.no_times else cuda_times.measured())


def _table(parity: Any, times: Any) -> int:
    right = True
    print(f"{'what':<40} {'differs by':>11} {'allowed':>9} {'spike otherwise':>16}")
    for found in parity:
        right &= found.agrees
        print(f"{found.name:<40} {found.difference:>11.2g} {found.allowed:>9.2g} "
              f"{found.flipped:>15.2%} {'' if found.agrees else ' DIFFERS: ' + found.worst}",
              flush=True)
    for number, time in enumerate(times):
        if not number:
            print(f"\n{'time of':<44} {'ms':>12} {'limit, ms':>10}")
        print(f"{time.name:<44} {time.ms:>12.3f} {time.limit_ms:>10.3f}", flush=True)
    print("\nThe device computes what the CPU does." if right else
          "\nThe device does NOT compute what the CPU does.")
    return 0 if right else 1


def _json(parity: Any, times: Any) -> int:
    import json
    found = list(parity)
    print(json.dumps({"parity": [one._asdict() for one in found],
                      "times": [time._asdict() for time in times]}))
    return 0 if all(one.agrees for one in found) else 1
