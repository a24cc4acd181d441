"""Arguments and options that commands share, and errors of arguments in one line."""

import argparse
import pathlib
from typing import Any


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: error: {message}; try {self.prog} --help\n")


def add_overwrite(command: argparse.ArgumentParser) -> None:
    """Whether files that exist may be replaced."""
    command.add_argument("--overwrite", action="store_true", help="replace files that exist")


def add_json(command: argparse.ArgumentParser) -> None:
    """One line of JSON in place of a table."""
    command.add_argument("--json", action="store_true", help="print one line of JSON, no table")


def add_work(command: argparse.ArgumentParser) -> None:
    """Options of commands that work for a while and write files."""
    add_overwrite(command)
    add_json(command)
    command.add_argument("--quiet", action="store_true", help="show no progress")


def add_spikes(command: argparse.ArgumentParser) -> None:
    """Recorded spikes to read, in any of the formats."""
    command.add_argument("file", type=pathlib.Path, metavar="FILE",
                         help="a SONATA recording, the folder of its parts, or an NWB file")


def add_picture(command: argparse.ArgumentParser) -> None:
    """A picture to draw."""
    command.add_argument("out", type=pathlib.Path, metavar="OUT",
                         help="the picture: its ending, .png, .svg or .pdf, says the format")
    add_overwrite(command)


def check_out(options: argparse.Namespace) -> None:
    """Refuse, before any work, a picture that cannot be written."""
    from eventsnn.plot import check_picture

    check_picture(options.out, options.overwrite)


def progress(options: argparse.Namespace) -> bool | None:
    """Whether to show progress; None: on terminals."""
    return False if options.quiet else None
