"""From the arguments to a command, and from what becomes of it to an exit code."""

import argparse
import os
import signal
import sys
import warnings

import eventsnn
from eventsnn.cli import analyse, check_cuda, convert, info, plot, repair, resume, simulate, train
from eventsnn.cli.options import Parser
from eventsnn.core.signals import Unwinding
from eventsnn.errors import EXPECTED, one_line


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = parser().parse_args(arguments)
    with warnings.catch_warnings(), Unwinding():
        warnings.simplefilter("once")
        warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
        try:
            code = options.command(options) or 0
            sys.stdout.flush()
            return code
        except BrokenPipeError:  # who reads has enough, as head has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + signal.SIGPIPE
        except EXPECTED as error:
            print(f"eventsnn: error: {one_line(error)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("eventsnn: interrupted; a recording holds what came before", file=sys.stderr)
            return 128 + signal.SIGINT


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = Parser(prog="eventsnn", description="Spiking neural networks: simulate, train, analyse.",
                 epilog="In the help of a command, (...) is what an option is if it is not given.",
                 allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"eventsnn {eventsnn.__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in (simulate, resume, train, info, analyse, plot, convert, repair, check_cuda):
        command.add(commands)
    train.add_evaluate(commands)
    return top
