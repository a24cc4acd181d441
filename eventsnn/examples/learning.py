"""What the examples of training share: their command line, and what they end with."""

import argparse
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from eventsnn.errors import EXPECTED, one_line
from eventsnn.train import Epoch


def command(main: Callable[..., Any], quick: Mapping[str, Any]) -> None:
    """Run `main` with the options of the command line: its keywords that are numbers or texts.

    ``--quick`` stands for the options in `quick`, a run of seconds that shows that all works.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False, description=(
        sys.modules[main.__module__].__doc__ or "").splitlines()[0])
    for name, keyword in inspect.signature(main).parameters.items():
        if type(keyword.default) in (int, str):
            parser.add_argument(f"--{name}", type=type(keyword.default),
                                default=argparse.SUPPRESS, help=f"({keyword.default})")
    parser.add_argument("--quick", action="store_true", help="a run of seconds, of less")
    options = vars(parser.parse_args())
    shorter = quick if options.pop("quick") else {}
    try:
        main(**{**shorter, **options})
    except EXPECTED as error:
        sys.exit(f"{parser.prog}: error: {one_line(error)}")


def say(what: str, share: float, history: list[Epoch]) -> None:
    """Print a share of the test data in percent, and what training took."""
    print(f"{what}: {100 * share:.2f} % after {len(history)} epochs, "
          f"{sum(epoch.seconds for epoch in history):.0f} s")
