"""One page of pictures of a recording: raster, rates, intervals, their variability, spectrum."""

import math
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eventsnn.analyse import PooledIntervals, PopulationRate, Summary
from eventsnn.core import check
from eventsnn.plot.curves import smoothed, whole_decades
from eventsnn.plot.figure import (
    STYLE, caption, check_picture, colours, new_figure, plain_log, save, say_none,
)
from eventsnn.plot.spikes import (
    Sample, draw_raster, finest_bin, merge_bins, name_populations, sample_sizes, sampled_text,
)

PAGE = 8.6  # inches
BINS_PER_DECADE, SHORTEST = 10, 1e-3  # of intervals; s
FEW_BINS, MANY_BINS = 8, 40  # of rates, and of CV
NEARLY_ALL = 99.9  # per cent of the values that an axis of a distribution covers


class Overview:
    """One page of pictures of a recording, from spikes that come in pieces.

    Memory does not grow with the number of spikes: 12 bytes a neuron, and what a raster keeps.

    Parameters
    ----------
    sizes : dict of str to int
        Populations from top to bottom, and their neurons.
    t_start, t_stop : float
        The time shown, s.
    max_neurons : int
        As for `raster`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from eventsnn.analyse import SpikeStatistics
    >>> overview, statistics = Overview({"exc": 2}, 0.0, 1.0), SpikeStatistics(2, 0.0, 1.0)
    >>> for times, ids in [([0.1, 0.3], [0, 1]), ([0.7], [0])]:
    ...     overview.add("exc", times, ids)
    ...     statistics.add(times, ids)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = overview.draw({"exc": statistics.summary()}, pathlib.Path(folder, "page.png"))
    ...     path.stat().st_size > 10_000
    True
    """

    def __init__(self, sizes: Mapping[str, int], t_start: float, t_stop: float, *,
                 max_neurons: int = 1000) -> None:
        t_start = check.number("t_start", t_start)
        length = check.number("t_stop", t_stop, above=t_start) - t_start
        # A population of which nothing is known has no neurons; it is drawn as one that is silent.
        self._sizes = {name: max(check.integer(f"size of {name!r}", n, least=0), 1)
                       for name, n in sizes.items()}
        if not self._sizes:
            raise check.must("sizes", "name at least one population", "none")
        drawn = sample_sizes(list(self._sizes.values()), max_neurons)
        self._shown = {name: Sample(n, k, t_start, t_stop)
                       for (name, n), k in zip(self._sizes.items(), drawn, strict=True)}
        self._finest, self._t_stop = finest_bin(length), t_stop
        self._rates = {name: PopulationRate(n, length, self._finest, t_start)
                       for name, n in self._sizes.items()}
        decades = math.log10(max(length, 2 * SHORTEST) / SHORTEST)
        edges = np.geomspace(SHORTEST, max(length, 2 * SHORTEST),
                             math.ceil(BINS_PER_DECADE * decades) + 1)
        self._intervals = {name: PooledIntervals(n, edges) for name, n in self._sizes.items()}

    def add(self, population: str, times: Any, ids: Any) -> None:
        """Take in spikes of a population, by time (s) and none before those of the last call."""
        if population not in self._sizes:
            raise check.unknown("population", population, self._sizes)
        self._intervals[population].add(times, ids)
        times, ids = np.asarray(times, np.float64), np.asarray(ids)
        self._shown[population].add(times, ids)
        self._rates[population].add(times)

    def draw(self, summaries: Mapping[str, Summary], path: str | os.PathLike, *,
             overwrite: bool = False) -> pathlib.Path:
        """Draw the page; `summaries` are those of the same spikes.

        Returns
        -------
        path : pathlib.Path
            The picture.
        """
        import matplotlib

        path = check_picture(path, overwrite)
        rates = {name: rate.rate() for name, rate in self._rates.items()}
        edges = np.append(next(iter(self._rates.values())).edges, self._t_stop)
        width, rates, edges = merge_bins(rates, self._sizes, edges, self._finest)
        colour = colours(list(self._sizes))
        figure = new_figure(PAGE)
        with matplotlib.rc_context(STYLE):
            grid = figure.add_gridspec(4, 2, height_ratios=(3, 1, 1.5, 1.5))
            top = figure.add_subplot(grid[0, :])
            bottom = figure.add_subplot(grid[1, :], sharex=top)
            draw_raster(top, bottom, self._shown, rates, edges, colour)
            panels = [figure.add_subplot(grid[row, column]) for row in (2, 3) for column in (0, 1)]
            draw: Callable
            for panel, draw in zip(panels, (self._draw_intervals, _draw_cvs, _draw_rates,
                                            _draw_spectra), strict=True):
                draw(panel, summaries, colour)
            figure.align_ylabels([top, bottom, panels[0], panels[2]])
            name_populations(figure, self._shown, colour)
            caption(figure, sampled_text(self._shown, width) + " CV 1: a Poisson process.")
        save(figure, path, overwrite)
        return path

    def _draw_intervals(self, axes: Any, _: Any, colour: dict[str, str]) -> None:
        counts = {name: pooled.counts for name, pooled in self._intervals.items()}
        edges = next(iter(self._intervals.values())).edges * 1e3
        _shares(axes, counts, edges, colour)
        axes.set(xscale="log", xlabel="interval (ms)", ylabel="intervals (%)")
        filled = np.flatnonzero(sum(counts.values()))
        first, last = (filled[0], filled[-1]) if filled.size else (0, edges.size - 2)
        axes.set_xlim(edges[max(first - 1, 0)], edges[last + 1])
        plain_log(axes.xaxis, *axes.get_xlim())


def _draw_cvs(axes: Any, summaries: Mapping[str, Summary], colour: dict[str, str]) -> None:
    values = {name: one.cvs[~np.isnan(one.cvs)] for name, one in summaries.items()}
    top = max(1.5, *(_nearly_all(v) for v in values.values()))
    edges = np.linspace(0, top, _enough_bins(values) + 1)
    _shares(axes, _counted(values, edges), edges, colour)
    axes.axvline(1.0, color="0.7", linewidth=0.6, zorder=0)  # of a Poisson process
    axes.set(xlim=(0, top), xlabel="CV of intervals", ylabel="neurons (%)")


def _draw_rates(axes: Any, summaries: Mapping[str, Summary], colour: dict[str, str]) -> None:
    values = {name: one.rates for name, one in summaries.items()}
    # Rates are multiples of one spike in all the time: bins of whole multiples, around them
    step = min((one.mean_rate * one.n_neurons / one.n_spikes for one in summaries.values()
                if one.n_spikes), default=1.0)
    top = max(2 * step, *(_nearly_all(v) for v in values.values()))
    width = step * math.ceil((top / step + 1) / _enough_bins(values))
    edges = np.arange(math.ceil((top + step) / width) + 2) * width - step / 2
    _shares(axes, _counted(values, edges), edges, colour)
    axes.set(xlim=edges[[0, -1]], xlabel="rate (Hz)", ylabel="neurons (%)")
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= edges[-1]])


def _draw_spectra(axes: Any, summaries: Mapping[str, Summary], colour: dict[str, str]) -> None:
    lines = {name: smoothed(one.frequencies[1:], one.power[1:]) for name, one in summaries.items()
             if one.n_spikes and one.power.size > 1}
    for name, (frequencies, power) in lines.items():
        axes.plot(frequencies, power, color=colour[name], linewidth=0.9)
    axes.set(xscale="log", yscale="log", xlabel="frequency (Hz)",
             ylabel="power (Hz$^2$/Hz)")
    axes.set_xlim(*next(((f[0], f[-1]) for f, _ in lines.values()), (1.0, 500.0)))
    plain_log(axes.xaxis, *axes.get_xlim())
    whole_decades(axes, [power for _, power in lines.values()])
    if not lines:
        say_none(axes)


def _nearly_all(values: np.ndarray) -> float:
    return float(np.percentile(values, NEARLY_ALL)) if values.size else 0.0


def _enough_bins(values: Mapping[str, np.ndarray]) -> int:
    """Fewer bins for few neurons, by Rice's rule of those of the smallest population."""
    least = min((v.size for v in values.values() if v.size), default=0)
    return int(np.clip(2 * least ** (1 / 3), FEW_BINS, MANY_BINS))


def _counted(values: Mapping[str, np.ndarray], edges: np.ndarray) -> dict[str, np.ndarray]:
    """Values in each bin; the last one has those beyond it, too."""
    return {name: np.histogram(np.minimum(v, edges[-1]), edges)[0] for name, v in values.items()}


def _shares(axes: Any, counts: Mapping[str, np.ndarray], edges: np.ndarray,
            colour: dict[str, str]) -> None:
    """A line a population, per cent of all it has; nothing for those that have none."""
    filled = {name: 100 * c / c.sum() for name, c in counts.items() if c.sum()}
    for name, share in filled.items():
        axes.stairs(share, edges, baseline=None, color=colour[name], linewidth=0.9)
    axes.set_ylim(0, 1.08 * max((share.max() for share in filled.values()), default=100.0))
    if not filled:
        say_none(axes)
