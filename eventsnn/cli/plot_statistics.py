"""Pictures of statistics of recorded spikes: ``eventsnn plot psth`` and its kin."""

import argparse
import math
import pathlib
import warnings
from typing import Any

import numpy as np

from eventsnn.cli import plot_correlogram
from eventsnn.cli.options import check_out
from eventsnn.cli.selection import add_kind, selected

MOST_INTERVAL_BINS = 1_000_000


def add(kinds: Any) -> None:
    """Add the kinds of pictures."""
    psth = add_kind(kinds, "psth", _psth, "rates around events, means over them")
    psth.add_argument("--events", nargs="+", required=True, metavar="S",
                      help="times of the events, s, or a text file of them")
    psth.add_argument("--before", type=float, default=0.05, metavar="S",
                      help="time before an event, s (%(default)s)")
    psth.add_argument("--after", type=float, default=0.2, metavar="S",
                      help="time after an event, s (%(default)s)")
    psth.add_argument("--bin", type=float, default=5e-3, metavar="S",
                      help="width of the bins, s (%(default)s)")
    intervals = add_kind(kinds, "intervals", _intervals, "how often intervals of each length occur")
    intervals.add_argument("--bin", type=float, metavar="S",
                           help="width of the bins, s (by the number of intervals)")
    intervals.add_argument("--longest", type=float, metavar="S",
                           help="longest interval drawn, s (that 95 in 100 do not exceed)")
    plot_correlogram.add(kinds)
    spectrum = add_kind(kinds, "spectrum", _spectrum, "power spectra of the populations' rates")
    spectrum.add_argument("--bin", type=float, default=1e-3, metavar="S",
                          help="width of the bins, s (%(default)s); frequencies reach to half of "
                          "1 / bin")
    spectrum.add_argument("--segment", type=float, metavar="S", help="length of the stretches "
                          "averaged over, s (1, or a quarter of the time if that is less)")


def _psth(options: argparse.Namespace) -> None:
    from eventsnn.analyse import psth
    from eventsnn.core import check
    from eventsnn.plot import psth as draw

    check_out(options)
    events = _events(options.events)
    before = check.number("--before", options.before, least=0.0)
    after = check.number("--after", options.after, least=0.0)
    with selected(options) as selection:
        first, last = selection.t_start + before, selection.t_stop - after
        if last < first:
            raise check.must("--before and --after", f"be at most {last - first + before + after:g}"
                             " s together", f"{before + after:g} s")
        whole = events[(events >= first) & (events <= last)]
        if not whole.size:
            raise check.must("--events", f"have one in {first:g} ... {last:g} s, with all its time "
                             "in the recording", f"{events.size} others")
        if whole.size < events.size:
            warnings.warn(f"left out {events.size - whole.size} of {events.size} events, whose "
                          "time is not all in the recording", stacklevel=2)
        rates = {}
        for name, size in selection.sizes().items():
            # All neurons as one: a row of bins for each would take memory.
            together = ((times, np.zeros_like(ids)) for times, ids in selection.chunks(name))
            rate, edges = psth(together, 1, whole, before, after, options.bin)
            rates[name] = rate[0] / max(size, 1)
    draw(rates, np.append(edges, after), options.out, n_events=whole.size,
         overwrite=options.overwrite)


def _events(given: list[str]) -> np.ndarray:
    """Times, of the arguments themselves or of a file that the only one names."""
    from eventsnn.core import check

    words, where = given, "--events"
    if len(given) == 1 and pathlib.Path(given[0]).is_file():
        where = given[0]
        words = pathlib.Path(where).read_text(errors="replace").replace(",", " ").split()
    events = np.array([_time(word, where) for word in words])
    if not events.size:
        raise check.must(where, "name one time or more", "none")
    check.finite(where, events)
    return events


def _time(word: str, where: str) -> float:
    from eventsnn.core import check

    try:
        return float(word)
    except ValueError:
        raise check.must(where, "be times in s, or one text file of them",
                         repr(word[:40])) from None


def _intervals(options: argparse.Namespace) -> None:
    from eventsnn.analyse import PooledIntervals
    from eventsnn.core import check
    from eventsnn.plot import interval_histogram

    check_out(options)
    for name in ("bin", "longest"):
        if getattr(options, name) is not None:
            check.number(f"--{name}", getattr(options, name), above=0.0)
    with selected(options) as selection:
        step = selection.recording.dt or 1e-4
        length = options.longest or selection.t_stop - selection.t_start
        n = int(min(math.ceil(length / step), MOST_INTERVAL_BINS))
        # Edges between the steps: an interval of whole steps never lies on one.
        edges = (np.arange(n + 2) - 0.5) * step
        counts = {}
        for name, size in selection.sizes().items():
            pooled = PooledIntervals(size, edges)
            for times, ids in selection.by_time(name):
                pooled.add(times, ids)
            counts[name] = pooled.counts
    total = np.cumsum(sum(counts.values()))
    longest = options.longest
    if longest is None:
        longest = _round(max(np.searchsorted(total, 0.95 * total[-1]), 1) * step) \
            if total[-1] else length
    n_bins = min(max(2 * int(total[-1]) ** (1 / 3), 10), 100)  # Rice's rule
    width = max(round((options.bin or _round(longest / n_bins)) / step), 1)  # steps
    first = np.arange(0, min(round(longest / step), n) + 1, width)
    if first.size < 2:
        raise check.must("--bin", f"be at most half of the longest interval, {longest:g} s",
                         f"{width * step:g} s")
    kept = slice(0, first[-1])
    merged = {name: np.add.reduceat(c[kept], first[:-1]) for name, c in counts.items()}
    interval_histogram(merged, edges[first], options.out, overwrite=options.overwrite)


def _round(x: float) -> float:
    """1, 2 or 5 times a power of ten, not below `x`."""
    power = 10.0 ** math.floor(math.log10(x))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= x * (1 - 1e-9))


def _spectrum(options: argparse.Namespace) -> None:
    from eventsnn.analyse.bins import whole
    from eventsnn.analyse.streamed import RateSpectrum
    from eventsnn.core import check
    from eventsnn.plot import spectrum

    check_out(options)
    width = check.number("--bin", options.bin, above=0.0)
    with selected(options) as selection:
        length = selection.t_stop - selection.t_start
        segment = min(1.0, length / 4) if options.segment is None else options.segment
        n = round(check.number("--segment", segment, least=2 * width, most=length) / width)
        power = {}
        for name, size in selection.sizes().items():
            counting = RateSpectrum(whole(selection.t_start, selection.t_stop, width), n)
            for times, _ in selection.by_time(name):
                counting.add(times)
            found, frequencies = counting.spectrum()
            power[name] = found / max(size, 1) ** 2
    spectrum(power, frequencies, options.out, smooth=True, overwrite=options.overwrite)
