"""The part of a recording that a command is about: a stretch of time, and some populations."""

import argparse
import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from eventsnn.cli.options import add_picture, add_spikes

CHUNK = 1_000_000  # spikes


class Selection(NamedTuple):
    """Populations of an open recording, and a stretch of time."""

    recording: Any
    populations: list[str]
    t_start: float  # s
    t_stop: float  # s
    window: tuple[float | None, float | None]  # as given; None: no bound

    def sizes(self) -> dict[str, int]:
        """Neurons of each population."""
        return {name: self.recording.size(name) for name in self.populations}

    def only(self, why: str) -> str:
        """The one population that there is."""
        from eventsnn.core import check

        if len(self.populations) > 1:
            raise check.must("--population", f"name one population for {why}",
                             ", ".join(self.populations))
        return self.populations[0]

    def chunks(self, population: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Spikes in the order of the file, in chunks: times, s, and neurons."""
        return self.recording.chunks(population, CHUNK, *self.window)

    def by_time(self, population: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Spikes by time, in chunks: times, s, and neurons."""
        from eventsnn.record.ordered import by_time

        return by_time(self.recording, population, CHUNK, *self.window)


def add_selection(command: argparse.ArgumentParser) -> None:
    """A stretch of time, and populations."""
    command.add_argument("--from", dest="t_start", type=float, metavar="S",
                         help="spikes from this time on, s (0)")
    command.add_argument("--to", dest="t_stop", type=float, metavar="S",
                         help="spikes before this time, s (all to the end)")
    command.add_argument("--population", nargs="+", action="extend", metavar="NAME",
                         help="populations, by name (all)")


def add_kind(kinds: Any, name: str, command: Any, what: str) -> argparse.ArgumentParser:
    """A kind of picture of a part of a recording."""
    kind = kinds.add_parser(name, help=what, allow_abbrev=False,
                            description=f"Draw {what}; a line each population.")
    add_spikes(kind)
    add_picture(kind)
    add_selection(kind)
    kind.set_defaults(command=command)
    return kind


@contextlib.contextmanager
def selected(options: argparse.Namespace) -> Iterator[Selection]:
    """The part of a recording that the options name.

    Raises
    ------
    ValueError
        If there is no such part, or it holds no time.
    """
    from eventsnn.core import check
    from eventsnn.interop import open_spikes

    start = 0.0 if options.t_start is None else check.number("--from", options.t_start)
    if options.t_stop is not None and not check.number("--to", options.t_stop) > start:
        raise check.must("--to", f"be above --from, {start:g} s", f"{options.t_stop:g} s")
    with open_spikes(options.file) as recording:
        if not recording.populations:
            raise check.must(str(options.file), "hold a population", "none")
        names = list(recording.populations)
        if options.population:
            names = list(check.names("--population", options.population, names))
        end = recording.duration
        if options.t_stop is not None:
            stated = recording.stated_duration
            if stated is not None and options.t_stop > stated:
                raise check.must("--to", f"be at most {stated:g} s, where the recording ends",
                                 f"{options.t_stop:g} s")
            end = options.t_stop
        if options.t_start is None and not end > start:
            raise check.must(str(options.file), "cover some time", f"{end:g} s",
                             "say with --to how long it is")
        if not end > start:
            raise check.must("--from", f"be below {end:g} s, where the recording ends",
                             f"{start:g} s")
        yield Selection(recording, names, start, end, (options.t_start, options.t_stop))
