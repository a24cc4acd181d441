"""``eventsnn analyse``: the usual statistics of a recording."""

import argparse
import pathlib
from typing import Any

from eventsnn.cli.options import add_json, add_overwrite, add_spikes
from eventsnn.cli.selection import Selection, add_selection, selected
from eventsnn.cli.table import print_columns, print_json, shown


def add(commands: Any) -> None:
    """Add the command's arguments."""
    analyse = commands.add_parser(
        "analyse", help="rates, irregularity, synchrony of a recording", allow_abbrev=False,
        description="Print the usual statistics of each population of a recording. The file is "
        "read once, in pieces, so it may be larger than memory.")
    add_spikes(analyse)
    add_selection(analyse)
    analyse.add_argument("--bin", type=float, default=5e-3, metavar="S", help="bins of synchrony "
                         "and correlation, s (%(default)s)")
    analyse.add_argument("--window", type=float, default=0.1, metavar="S",
                         help="windows of the Fano factor, s (%(default)s)")
    analyse.add_argument("--plot", type=pathlib.Path, metavar="OUT.png",
                         help="draw a page of pictures, too (.png, .svg, .pdf)")
    add_overwrite(analyse)
    add_json(analyse)
    analyse.set_defaults(command=_analyse)


def _analyse(options: argparse.Namespace) -> None:
    from eventsnn.core import check

    for name in ("bin", "window"):
        check.number(f"--{name}", getattr(options, name), above=0.0)
    if options.plot:
        from eventsnn.plot import check_picture

        check_picture(options.plot, options.overwrite)
    with selected(options) as selection:
        found = _summaries(selection, options)
    if options.json:
        print_json({"file": str(options.file), "t_start_s": selection.t_start,
                    "t_stop_s": selection.t_stop, "bin_s": options.bin,
                    "window_s": options.window,
                    "populations": {name: _facts(one) for name, one in found.items()}})
        return
    title = f"{options.file.name}, {selection.t_start:g} to {selection.t_stop:g} s"
    rows = zip(*(_column(one, options) for one in found.values()), strict=True)
    print_columns([title, *found], [[row[0][0], *(value for _, value in row)] for row in rows])


def _summaries(selection: Selection, options: argparse.Namespace) -> dict[str, Any]:
    from eventsnn.analyse import SpikeStatistics

    sizes, overview = selection.sizes(), None
    if options.plot:
        from eventsnn.plot import Overview

        overview = Overview(sizes, selection.t_start, selection.t_stop)
    found = {}
    for name, size in sizes.items():
        statistics = SpikeStatistics(size, selection.t_start, selection.t_stop,
                                     bin_size=options.bin, window=options.window)
        for times, ids in selection.by_time(name):
            statistics.add(times, ids)
            if overview:
                overview.add(name, times, ids)
        found[name] = statistics.summary()
    if overview:
        overview.draw(found, options.plot, overwrite=options.overwrite)
    return found


def _facts(found: Any) -> dict[str, Any]:
    """One population's statistics, for JSON."""
    facts = {"neurons": found.n_neurons, "spikes": found.n_spikes,
             "active": found.n_active / found.n_neurons if found.n_neurons else None,
             "rate_hz": found.mean_rate, "median_rate_hz": found.median_rate}
    for name in ("cv", "cv2", "lv", "fano"):
        mean = getattr(found, name)
        facts |= {name: mean.value, f"{name}_neurons": mean.n}
    return facts | {"synchrony": found.synchrony, "correlation": found.correlation.value,
                    "correlation_pairs": found.correlation.n,
                    "correlation_neurons": found.n_sampled, "peak_hz": found.peak_frequency,
                    "peak_ratio": found.peak_ratio}


def _column(found: Any, options: argparse.Namespace) -> list[tuple[str, str]]:
    """One population's statistics, as the table shows them."""
    bins = f"bins of {options.bin * 1e3:g} ms"
    rows = [
        ("neurons", f"{found.n_neurons:,}"), ("spikes", f"{found.n_spikes:,}"),
        ("neurons that spiked", shown(_facts(found)["active"], "{:.1%}")),
        ("mean rate", shown(found.mean_rate, "{:.3g} Hz")),
        ("median rate", shown(found.median_rate, "{:.3g} Hz"))]
    for label, mean in (("mean CV of intervals", found.cv), ("mean CV2", found.cv2),
                        ("mean LV", found.lv),
                        (f"mean Fano factor, windows of {options.window * 1e3:g} ms", found.fano)):
        rows += [(label, shown(mean.value, "{:.3f}")), ("  over neurons", f"{mean.n:,}")]
    return rows + [
        (f"synchrony, {bins}", shown(found.synchrony, "{:.3f}")),
        (f"mean count correlation, {bins}", shown(found.correlation.value, "{:.4f}")),
        ("  over pairs", f"{found.correlation.n:,}"),
        ("  of neurons sampled", f"{found.n_sampled:,}"),
        ("peak of the rate spectrum", shown(found.peak_frequency, "{:.3g} Hz")),
        ("  times the power of independent neurons", shown(found.peak_ratio, "{:.3g}"))]
