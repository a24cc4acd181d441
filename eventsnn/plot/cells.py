"""Pictures of single neurons: potentials with their stimuli."""

import math
import os
import pathlib
from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Any

import numpy as np

from eventsnn.analyse.sample import evenly_spaced
from eventsnn.core import check
from eventsnn.plot.figure import (
    BLUE, OTHERS, STYLE, VERMILION, caption, check_picture, new_figure, save,
)

PANEL = 1.35  # inches; the height of a panel of single neurons
STRETCHES = 2100  # of a trace: one a pixel of a printed page


def responses(answers: Iterable[Any], path: str | os.PathLike, *, columns: int = 4,
              note: str = "", overwrite: bool = False) -> pathlib.Path:
    """Draw potentials of single neurons with their stimuli beneath them, one panel each.

    Parameters
    ----------
    answers : iterable of objects
        With a `name`; arrays `t` (ms), `v` (mV) and `current`, all of one length.
    path : path
        The picture; its ending, .png, .svg or .pdf, says in which format.
    columns : int
        Panels in a row.
    note : str
        Added to the caption.
    overwrite : bool
        Whether an existing picture may be replaced.

    Returns
    -------
    path : pathlib.Path
        The picture.
    """
    import matplotlib

    path = check_picture(path, overwrite)
    answers = list(answers)
    if not answers:
        raise check.must("answers", "hold at least one", "none")
    columns = check.integer("columns", columns, least=1)
    rows = -(-len(answers) // columns)
    figure = new_figure(PANEL * rows + 0.3)
    with matplotlib.rc_context(STYLE):
        panels = figure.subplots(rows, columns, squeeze=False).flat
        for letter, (panel, answer) in enumerate(zip(panels, answers)):
            _response(panel, answer, chr(ord("A") + letter))
        for panel in panels:  # those left over
            panel.axis("off")
        caption(figure, "Potentials (blue, mV) above stimuli (grey, each to its own scale). "
                f"{note}")
    save(figure, path, overwrite)
    return path


def _response(panel: Any, answer: Any, letter: str) -> None:
    """A potential, its stimulus in the strip beneath, and a bar for the time."""
    low, high = -95.0, 35.0  # mV; spikes are drawn to 30
    panel.plot(answer.t, answer.v, color=BLUE, linewidth=0.6, clip_on=False)
    span = np.ptp(answer.current) or 1.0
    stimulus = -125 + 22 * (answer.current - answer.current.min()) / span
    panel.plot(answer.t, stimulus, color="0.45", linewidth=0.8)
    bar = 10.0 ** math.floor(math.log10(answer.t[-1] / 4)) * 2
    right = answer.t[-1]
    panel.plot([right - bar, right], [-140, -140], color="black", linewidth=1.2,
               solid_capstyle="butt", clip_on=False)
    panel.text(right - bar / 2, -145, f"{bar:g} ms", ha="center", va="top", fontsize=6)
    panel.set(xlim=(0, right), ylim=(-140, high), yticks=[-80, -40, 0])
    panel.spines["left"].set_bounds(low, high)
    panel.spines["bottom"].set_visible(False)
    panel.tick_params(bottom=False, labelbottom=False, labelsize=6, length=2)
    panel.set_title(f"{letter}  {answer.name.replace('_', ' ')}", fontsize=7, loc="left", pad=3)


def traces(variables: Mapping[str, Any], times: Any, path: str | os.PathLike, *,
           ids: Any = None, max_traces: int = 5, total: int | None = None,
           overwrite: bool = False) -> pathlib.Path:
    """Draw recorded variables over time, a panel each, one line a neuron.

    Parameters
    ----------
    variables : dict of str to (T, k) arrays
        From top to bottom; the name, with its unit, labels the axis: ``"v (mV)"``.
    times : (T,) array
        Times, s.
    path : path
        The picture; its ending, .png, .svg or .pdf, says in which format.
    ids : (k,) array, optional
        Which neurons these are, for the legend; 0 to k - 1 by default.
    max_traces : int
        Of more neurons, evenly spaced ones are drawn, and the picture says so.
    total : int, optional
        Of how many neurons these are an evenly spaced choice already.
    overwrite : bool
        Whether an existing picture may be replaced.

    Returns
    -------
    path : pathlib.Path
        The picture.

    Notes
    -----
    Of more samples than a page tells apart, the least and the greatest of each stretch are drawn.
    """
    import matplotlib

    path = check_picture(path, overwrite)
    if not variables:
        raise check.must("variables", "name at least one", "none")
    times = check.real_array("times", times)
    arrays = {name: check.real_array(name, values) for name, values in variables.items()}
    k = next(iter(arrays.values())).shape[1:]
    for name, values in arrays.items():
        check.shape(name, values.shape, (times.size, *k[:1]), "(times, neurons)")
    ids = np.arange(*k) if ids is None else np.asarray(ids)
    check.shape("ids", ids.shape, k, "a neuron a column")
    n_drawn = min(ids.size, check.integer("max_traces", max_traces, least=1))
    columns = evenly_spaced(ids.size, n_drawn)
    figure = new_figure(PANEL * len(arrays) + 0.6)
    with matplotlib.rc_context(STYLE):
        panels = figure.subplots(len(arrays), 1, sharex=True, squeeze=False)[:, 0]
        for panel, (name, values) in zip(panels, arrays.items(), strict=True):
            for colour, column in zip(cycle((BLUE, VERMILION, *OTHERS)), columns, strict=False):
                panel.plot(*extremes(times, values[:, column]), color=colour, linewidth=0.8,
                           label=f"neuron {ids[column]}")
            panel.set(ylabel=name, xlim=times[[0, -1]] if times.size > 1 else None)
        panels[-1].set_xlabel("time (s)")
        figure.align_ylabels()
        handles, labels = panels[0].get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside upper center", ncols=5, frameon=False)
        total = max(ids.size, total or 0)
        if n_drawn < total:
            caption(figure, f"{n_drawn} of {total:,} neurons drawn, evenly spaced.")
    save(figure, path, overwrite)
    return path


def extremes(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest sample of each of `STRETCHES`; all samples, if they are few.

    Examples
    --------
    >>> times, values = extremes(np.arange(10_000), np.sin(np.arange(10_000)))
    >>> times.size
    5000
    """
    size = times.size // STRETCHES
    if size < 4:
        return times, values
    n = times.size // size * size
    blocks = values[:n].reshape(-1, size)
    first = np.arange(0, n, size)
    ends = np.sort([first + blocks.argmin(axis=1), first + blocks.argmax(axis=1)], axis=0)
    chosen = np.append(ends.T.reshape(-1), np.arange(n, times.size))
    return times[chosen], values[chosen]
