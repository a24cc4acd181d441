"""Spike rasters with the rates of the populations."""

import math
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from eventsnn.analyse import population_rate
from eventsnn.analyse.chunks import Chunk, Spikes, each_chunk, is_pair
from eventsnn.analyse.sample import evenly_spaced
from eventsnn.core import check
from eventsnn.plot.figure import (
    HEIGHT, STYLE, WIDTH, caption, check_picture, colours, legend, new_figure, save,
)

COLUMNS = 4200  # instants told apart: two a pixel of a printed page
FINE_BINS, COARSE_BINS = 200, 20  # of the rate
SPIKES_PER_BIN = 20  # of a population; fewer, and the bins get wider, down to COARSE_BINS
INK = 0.12  # share of the raster covered by marks, within the limits of their size
VECTOR_SPIKES = 5_000  # above, the marks of SVG and PDF are an image within the picture


def raster(populations: Mapping[str, tuple[Spikes, int]], path: str | os.PathLike, *,
           t_start: float = 0.0, t_stop: float | None = None, bin_size: float | None = None,
           max_neurons: int = 1000, overwrite: bool = False) -> pathlib.Path:
    """Draw a spike raster with the rates of the populations beneath it.

    Parameters
    ----------
    populations : dict of str to pair ``(spikes, n_neurons)``
        From top to bottom. `spikes` are a pair of arrays ``(times, ids)``, or an iterable of such
        pairs, as `Recording.chunks` gives; times in s. It is read once.
    path : path
        The picture; its ending, .png, .svg or .pdf, says in which format.
    t_start, t_stop : float
        The time shown, s. `t_stop` may be left out where all spikes come as arrays: it is then the
        time of the last one.
    bin_size : float, optional
        Width of the bins of the rate, s. By default a round number from a 200th of the time shown,
        with many spikes, to a 20th, with few.
    max_neurons : int
        Of more neurons, evenly spaced ones are drawn, and the picture says so. The rates are always
        those of all neurons.
    overwrite : bool
        Whether an existing picture may be replaced.

    Returns
    -------
    path : pathlib.Path
        The picture.

    Notes
    -----
    Memory does not grow with the number of spikes: what is kept is, for each neuron drawn, at which
    of 4200 instants it spiked.
    """
    path = check_picture(path, overwrite)
    if not populations:
        raise check.must("populations", "name at least one population", "none")
    sizes = {name: check.integer(f"number of neurons of {name!r}", n, least=1)
             for name, (_, n) in populations.items()}
    t_start = check.number("t_start", t_start)
    t_stop = check.number("t_stop", _last(populations, t_start) if t_stop is None else t_stop)
    if not t_stop > t_start:
        raise check.must("t_stop", f"be above t_start = {t_start:g} s", f"{t_stop:g} s")
    length = t_stop - t_start
    if bin_size is not None:
        bin_size = check.number("bin_size", bin_size, above=0.0, most=length)
    finest = bin_size or finest_bin(length)
    max_neurons = check.integer("max_neurons", max_neurons, least=1)
    figure = new_figure()

    shown, rates = {}, {}
    drawn = sample_sizes(list(sizes.values()), max_neurons)
    for (name, (spikes, n)), n_drawn in zip(populations.items(), drawn, strict=True):
        shown[name] = Sample(n, n_drawn, t_start, t_stop)
        rates[name], edges = population_rate(shown[name].watch(spikes), n, length, finest,
                                             t_start=t_start)
    edges = np.append(edges, t_stop)
    if bin_size is None:
        bin_size, rates, edges = merge_bins(rates, sizes, edges, finest)
    _draw(figure, shown, rates, edges, bin_size)
    save(figure, path, overwrite)
    return path


def finest_bin(length: float) -> float:
    """Width of the bins, s, of which those of the picture are made."""
    return 10.0 ** math.floor(math.log10(length / FINE_BINS) + 1e-9)


def sample_sizes(sizes: list[int], most: int) -> list[int]:
    """How many neurons of each population to draw: in proportion, at least one, all if few."""
    total = sum(sizes)
    return sizes if total <= most else [max(1, n * most // total) for n in sizes]


class Sample:
    """Evenly spaced neurons of a population, and the instants at which they spiked."""

    def __init__(self, n_neurons: int, n_drawn: int, t_start: float, t_stop: float) -> None:
        self.n_neurons = n_neurons
        self.neurons = evenly_spaced(n_neurons, n_drawn)
        self._row = np.full(n_neurons, -1, np.int32)
        self._row[self.neurons] = np.arange(n_drawn)
        self._spiked = np.zeros((n_drawn, COLUMNS), bool)
        self._t_start, self._width = t_start, (t_stop - t_start) / COLUMNS

    def watch(self, spikes: Spikes) -> Iterator[Chunk]:
        """Pass chunks on, and keep what is to be drawn."""
        for times, ids in each_chunk(spikes, self.n_neurons):
            self.add(times, ids)
            yield times, ids

    def add(self, times: np.ndarray, ids: np.ndarray) -> None:
        """Keep of spikes what is to be drawn."""
        rows = self._row[ids]
        columns = np.floor((times - self._t_start) / self._width)
        columns[columns == COLUMNS] -= 1  # a spike at t_stop
        keep = (rows >= 0) & (columns >= 0) & (columns < COLUMNS)
        self._spiked[rows[keep], columns[keep].astype(np.int64)] = True

    def spikes(self) -> Chunk:
        """Times, s, and neurons of the marks."""
        rows, columns = np.nonzero(self._spiked)
        return self._t_start + (columns + 0.5) * self._width, self.neurons[rows]


def _last(populations: Mapping[str, tuple[Spikes, int]], t_start: float) -> float:
    last = t_start
    for name, (spikes, _) in populations.items():
        if not is_pair(spikes):
            raise check.must("t_stop", f"be given where spikes ({name!r}) come in chunks", "None")
        last = max(last, np.max(spikes[0], initial=t_start))  # type: ignore[index]
    return last if last > t_start else t_start + 1.0  # no spikes: any axis will do


def merge_bins(rates: dict[str, np.ndarray], sizes: dict[str, int], edges: np.ndarray,
               bin_size: float) -> tuple[float, dict[str, np.ndarray], np.ndarray]:
    """Bins 1, 2, 5, 10 ... as wide: a line to look at, with some spikes in most bins."""
    widths = np.diff(edges)
    length = edges[-1] - edges[0]
    n_spikes = sum((rate * widths).sum() * sizes[name] for name, rate in rates.items())
    enough = length * min(SPIKES_PER_BIN * len(rates) / max(n_spikes, 1), 1 / COARSE_BINS)
    wanted = max(enough, length / FINE_BINS) / bin_size
    factor = next(f for f in (1, 2, 5, 10, 20, 50, 100, 200) if f >= wanted * (1 - 1e-9))
    first = np.arange(0, widths.size, factor)
    merged = {name: np.add.reduceat(rate * widths, first) / np.add.reduceat(widths, first)
              for name, rate in rates.items()}
    return factor * bin_size, merged, np.append(edges[first], edges[-1])


def _draw(figure: Any, shown: dict[str, Sample], rates: dict[str, np.ndarray], edges: np.ndarray,
          bin_size: float) -> None:
    import matplotlib

    with matplotlib.rc_context(STYLE):
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        colour = colours(list(shown))
        draw_raster(top, bottom, shown, rates, edges, colour)
        figure.align_ylabels()
        name_populations(figure, shown, colour)
        caption(figure, sampled_text(shown, bin_size))


def draw_raster(top: Any, bottom: Any, shown: dict[str, Sample], rates: dict[str, np.ndarray],
                edges: np.ndarray, colour: dict[str, str]) -> None:
    """Marks of the spikes in one pair of axes, and the rates in the other."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    n_total = sum(sample.n_neurons for sample in shown.values())
    n_drawn = sum(sample.neurons.size for sample in shown.values())
    n_marks = sum(sample.spikes()[0].size for sample in shown.values())
    mark = _mark(n_drawn, n_marks)
    first = 0
    for name, sample in shown.items():
        times, neurons = sample.spikes()
        if times.size:  # a line of nothing, not clipped, takes the room of the whole page
            top.plot(times, first + neurons, linestyle="none", color=colour[name],
                     rasterized=n_marks > VECTOR_SPIKES, clip_on=False, **mark)
        bottom.stairs(rates[name], edges, baseline=None, color=colour[name], linewidth=0.8)
        first += sample.n_neurons
    top.set(xlim=edges[[0, -1]], ylim=(n_total - 0.5, -0.5), ylabel="neuron")
    top.tick_params(labelbottom=False)
    if n_total > 5:
        top.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    else:
        top.set_yticks(range(n_total))
    top.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    bottom.set(xlabel="time (s)", ylabel="rate (Hz)")
    bottom.set_ylim(0, 1.08 * max(rate.max() for rate in rates.values()) or 1.0)


def _mark(n_drawn: int, n_marks: int) -> dict[str, Any]:
    """Strokes where a row has the height for them, else dots, the smaller the more there are."""
    width, height = 0.9 * WIDTH * 72, 0.6 * HEIGHT * 72  # points, about
    if height / n_drawn >= 4:
        return {"marker": "|", "markersize": min(0.75 * height / n_drawn, 14),
                "markeredgewidth": 0.8}
    size = math.sqrt(INK * width * height / max(n_marks, 1))
    return {"marker": "o", "markersize": min(max(size, 0.5), 1.8), "markeredgewidth": 0}


def name_populations(figure: Any, shown: dict[str, Sample], colour: dict[str, str]) -> None:
    """A legend above the picture, if there are several populations."""
    from matplotlib.lines import Line2D

    if len(shown) > 1:
        handles = [Line2D([], [], linestyle="none", marker="s", markersize=5, color=colour[name],
                          label=f"{name} ({sample.n_neurons:,})")
                   for name, sample in shown.items()]
        legend(figure, handles, handletextpad=0.1)


def sampled_text(shown: dict[str, Sample], bin_size: float) -> str:
    """What the caption says of neurons and bins."""
    n_total = sum(sample.n_neurons for sample in shown.values())
    n_drawn = sum(sample.neurons.size for sample in shown.values())
    if n_drawn < n_total:
        return f"{n_drawn:,} of {n_total:,} neurons drawn, evenly spaced; rates of all, " \
               f"in bins of {bin_size * 1e3:g} ms."
    return f"Rate in bins of {bin_size * 1e3:g} ms."
