"""Pictures of statistics over bins, and of a training's progress."""

import math
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.plot.figure import (
    BLUE, STYLE, VERMILION, caption, check_picture, colours, legend, new_figure, plain_log, save,
    say_none,
)

PER_DECADE = 25  # bins of a spectrum


def interval_histogram(counts: Mapping[str, Any], edges: Any, path: str | os.PathLike, *,
                       overwrite: bool = False) -> pathlib.Path:
    """Draw the intervals between spikes: their density, one line a population.

    Parameters
    ----------
    counts : dict of str to (n,) arrays
        Intervals in each bin.
    edges : (n + 1,) array
        Edges of the bins, s.
    path : path
        The picture; its ending, .png, .svg or .pdf, says in which format.
    overwrite : bool
        Whether an existing picture may be replaced.

    Returns
    -------
    path : pathlib.Path
        The picture.
    """
    edges = _edges(edges)
    densities = {}
    for name, values in _values(counts, edges.size - 1).items():
        total = values.sum()
        densities[name] = values / np.diff(edges) / total if total else values
    return _stairs(densities, edges * 1e3, path, overwrite, "interval (ms)",
                   "density (1/s)", f"Bins of {_width(edges)}.", from_zero=True)


def psth(rates: Mapping[str, Any], edges: Any, path: str | os.PathLike, *, n_events: int,
         overwrite: bool = False) -> pathlib.Path:
    """Draw rates around an event (peri-stimulus time histogram), one line a population.

    Parameters
    ----------
    rates : dict of str to (n,) arrays
        Hz.
    edges : (n + 1,) array
        Edges of the bins relative to the event, s.
    path, overwrite
        As for `interval_histogram`.
    n_events : int
        How many events the rates are means of; the caption tells.
    """
    edges, n_events = _edges(edges), check.integer("n_events", n_events, least=0)
    return _stairs(_values(rates, edges.size - 1), edges * 1e3, path, overwrite,
                   "time from the event (ms)", "rate (Hz)",
                   f"Means over {n_events:,} event{'s' * (n_events != 1)}, in bins of "
                   f"{_width(edges)}.", mark=0.0,
                   from_zero=True)


def correlogram(counts: Mapping[str, Any], lags: Any, path: str | os.PathLike, *,
                ylabel: str = "pairs of spikes", chance: float | None = None,
                note: str = "", overwrite: bool = False) -> pathlib.Path:
    """Draw a correlogram, one line a pair.

    Parameters
    ----------
    counts : dict of str to (n,) arrays
        Pairs of spikes in each bin, or any normalised form of it: say in `ylabel` which.
    lags : (n + 1,) array
        Edges of the bins of the lag, s.
    path, overwrite
        As for `interval_histogram`.
    ylabel : str
        Of the vertical axis.
    chance : float, optional
        What independent trains would have; a line marks it.
    note : str
        Added to the caption.
    """
    lags = _edges(lags)
    return _stairs(_values(counts, lags.size - 1), lags * 1e3, path, overwrite, "lag (ms)", ylabel,
                   f"Bins of {_width(lags)}. {note}".rstrip(), mark=0.0, level=chance)


def spectrum(power: Mapping[str, Any], frequencies: Any, path: str | os.PathLike, *,
             smooth: bool = False, overwrite: bool = False) -> pathlib.Path:
    """Draw power spectra on logarithmic axes, one line a population.

    Parameters
    ----------
    power : dict of str to (n,) arrays
        Spectral density of the spikes a second, Hz^2 / Hz.
    frequencies : (n,) array
        Hz, rising; 0 is left out.
    path, overwrite
        As for `interval_histogram`.
    smooth : bool
        Whether to draw means over bins that are equal on the axis, 25 a decade, where the
        frequencies are denser.
    """
    frequencies = check.real_array("frequencies", frequencies)
    lines = _values(power, frequencies.size)
    keep = frequencies > 0
    path = check_picture(path, overwrite)
    figure, axes, colour = _axes(lines)
    for name, values in lines.items():
        x, y = frequencies[keep], values[keep]
        if smooth and x.size:
            x, y = smoothed(x, y)
        axes.plot(x[y > 0], y[y > 0], color=colour[name], linewidth=0.8, label=name)
    axes.set(xscale="log", yscale="log", xlabel="frequency (Hz)",
             ylabel="power (Hz$^2$/Hz)")
    if keep.any():
        axes.set_xlim(frequencies[keep].min(), frequencies[-1])
        plain_log(axes.xaxis, *axes.get_xlim())
    whole_decades(axes, [values[keep] for values in lines.values()])
    return _finish(figure, axes, lines, path, overwrite,
                   f"Means over {PER_DECADE} bins a decade." if smooth else "")


def smoothed(frequencies: np.ndarray, power: np.ndarray,
             per_decade: int = PER_DECADE) -> tuple[np.ndarray, np.ndarray]:
    """A spectrum as means over bins that are equal on a logarithmic axis, as far as it is finer.

    Examples
    --------
    >>> smoothed(np.arange(1.0, 5.0), np.array([1.0, 2.0, 3.0, 4.0]), per_decade=2)
    (array([1., 3.]), array([1., 3.]))
    """
    bins = np.floor(np.log10(frequencies / frequencies[0]) * per_decade + 0.5).astype(np.int64)
    first = np.flatnonzero(np.diff(bins, prepend=-1))
    n = np.diff(np.append(first, bins.size))
    return np.add.reduceat(frequencies, first) / n, np.add.reduceat(power, first) / n


def whole_decades(axes: Any, values: Iterable[np.ndarray]) -> None:
    """Let a logarithmic axis end at powers of ten, so that its labels are these."""
    from matplotlib.ticker import NullFormatter

    axes.yaxis.set_minor_formatter(NullFormatter())
    positive = [v[v > 0] for v in values]
    positive = [v for v in positive if v.size] or [np.ones(1)]
    low = math.floor(math.log10(min(v.min() for v in positive)))
    high = math.ceil(math.log10(max(v.max() for v in positive)))
    axes.set_ylim(10.0 ** low, 10.0 ** max(high, low + 1))


def training(history: Iterable[Any] | Mapping[str, Iterable[Any]], path: str | os.PathLike, *,
             epochs: Any = None, overwrite: bool = False) -> pathlib.Path:
    """Draw loss and accuracy over the epochs of a training, or of several beside each other.

    Parameters
    ----------
    history : iterable of epochs, or dict of str to such
        As `eventsnn.train.fit` returns them: `loss`, `accuracy` and `validation`, None where there
        was none. Several are told apart by colour, and validation is dashed.
    path, overwrite
        As for `interval_histogram`.
    epochs : (n,) array, optional
        Their numbers; from 1 on by default.
    """
    import matplotlib
    from matplotlib.lines import Line2D

    path = check_picture(path, overwrite)
    several = isinstance(history, Mapping)
    runs = {name: list(one) for name, one in
            (history if isinstance(history, Mapping) else {"": history}).items()}
    if not runs or not all(runs.values()):
        raise check.must("history", "hold at least one epoch", "none")
    longest = max(map(len, runs.values()))
    epochs = np.arange(1, longest + 1) if epochs is None else check.real_array("epochs", epochs)
    check.shape("epochs", epochs.shape, (longest,), "a number an epoch")
    line = {"linewidth": 0.9, "marker": "o" if longest < 30 else None, "markersize": 3}
    colour = colours(list(runs))
    figure = new_figure(2.6)
    with matplotlib.rc_context(STYLE):
        left, right = figure.subplots(1, 2)
        for name, one in runs.items():
            of_loss, of_training, of_validation = (colour[name],) * 3 if several \
                else ("black", BLUE, VERMILION)
            x = epochs[:len(one)]
            left.plot(x, [epoch.loss for epoch in one], color=of_loss, **line)
            right.plot(x, [epoch.accuracy for epoch in one], color=of_training, **line)
            valid = np.array([math.nan if e.validation is None else e.validation for e in one])
            shown = ~np.isnan(valid)
            if shown.any():
                right.plot(x[shown], valid[shown], color=of_validation,
                           linestyle="--" if several else "-", label="validation", **line)
                if not several:
                    right.lines[0].set_label("training")
                    right.legend(frameon=False)
        if several:
            legend(figure, [Line2D([], [], color=colour[name], label=name) for name in runs])
        left.set(xlabel="epoch", ylabel="training loss")
        right.set(xlabel="epoch", ylabel="accuracy")
        for axes in (left, right):
            if longest > 1:
                axes.xaxis.get_major_locator().set_params(integer=True)
            else:
                axes.set_xticks(epochs)
    save(figure, path, overwrite)
    return path


def _edges(edges: Any) -> np.ndarray:
    edges = check.real_array("edges", edges).astype(np.float64)
    if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
        raise check.must("edges", "be at least two rising numbers", f"shape {edges.shape}"
                         if edges.ndim != 1 or edges.size < 2 else "others")
    return edges


def _values(given: Mapping[str, Any], n: int) -> dict[str, np.ndarray]:
    if not given:
        raise check.must("lines", "name at least one", "none")
    arrays = {name: check.real_array(name, values) for name, values in given.items()}
    for name, values in arrays.items():
        check.shape(name, values.shape, (n,), "a number a bin")
    return arrays


def _width(edges: np.ndarray) -> str:
    widths = np.diff(edges) * 1e3
    return f"{widths[0]:.3g} ms" if np.allclose(widths, widths[0]) else "various widths"


def _axes(lines: Mapping[str, Any]) -> tuple[Any, Any, dict[str, str]]:
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure = new_figure(2.8)
        return figure, figure.subplots(), colours(list(lines))


def _stairs(lines: dict[str, np.ndarray], edges: np.ndarray, path: str | os.PathLike,
            overwrite: bool, xlabel: str, ylabel: str, text: str, mark: float | None = None,
            from_zero: bool = False, level: float | None = None) -> pathlib.Path:
    path = check_picture(path, overwrite)
    figure, axes, colour = _axes(lines)
    for name, values in lines.items():
        axes.stairs(values, edges, baseline=None, color=colour[name], linewidth=0.9, label=name)
    if mark is not None:
        axes.axvline(mark, color="0.7", linewidth=0.6, zorder=0)
    if level is not None:
        axes.axhline(level, color="0.7", linewidth=0.6, zorder=0)
    axes.set(xlim=edges[[0, -1]], xlabel=xlabel, ylabel=ylabel)
    if from_zero or not any(np.isfinite(values).any() for values in lines.values()):
        axes.set_ylim(0, 1.08 * max(np.nanmax(values, initial=0.0) for values in lines.values())
                      or 2 * (level or 0.5))
    return _finish(figure, axes, lines, path, overwrite, text)


def _finish(figure: Any, axes: Any, lines: Mapping[str, Any], path: pathlib.Path,
            overwrite: bool, text: str) -> pathlib.Path:
    import matplotlib

    with matplotlib.rc_context(STYLE):
        if len(lines) > 1:
            legend(figure, axes.get_legend_handles_labels()[0])
        if not any((np.isfinite(values) & (values != 0)).any() for values in lines.values()):
            say_none(axes)
        if text:
            caption(figure, text)
    save(figure, path, overwrite)
    return path
