"""Pictures of points of several classes, with the answers that a network gave."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.plot.figure import STYLE, caption, check_picture, colours, legend, new_figure, save

HEIGHT = 3.4  # inches


def classes(points: Any, labels: Any, answers: Any, path: str | os.PathLike, *,
            names: Sequence[str], axes: tuple[str, str] = ("x", "y"),
            overwrite: bool = False) -> pathlib.Path:
    """Draw points as they are and as they were answered, with what was answered wrong.

    Parameters
    ----------
    points : (n, 2) array
        Places.
    labels, answers : (n,) int arrays
        Class of each point, from 0, and what it was taken for.
    path : path
        The picture; its ending, .png, .svg or .pdf, says in which format.
    names : sequence of str
        Of the classes.
    axes : pair of str
        What the two numbers of a point are, with their unit.
    overwrite : bool
        Whether an existing picture may be replaced.

    Returns
    -------
    path : pathlib.Path
        The picture.
    """
    import matplotlib
    from matplotlib.lines import Line2D

    path = check_picture(path, overwrite)
    points = check.real_array("points", points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise check.must("points", "have shape (n, 2)", points.shape)
    names = list(names)
    given = {"labels": check.whole("labels", labels), "answers": check.whole("answers", answers)}
    for argument, numbers in given.items():
        check.shape(argument, numbers.shape, points.shape[:1], "a class a point")
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(names):
            raise check.must(argument, f"be from 0 to {len(names) - 1}",
                             f"{numbers.min()} to {numbers.max()}")
    wrong = given["labels"] != given["answers"]

    colour = colours(names)
    figure = new_figure(HEIGHT)
    with matplotlib.rc_context(STYLE):
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for panel, title, numbers in zip(panels, ("class", "answer"), given.values(), strict=True):
            for k, name in enumerate(names):
                chosen = points[numbers == k]
                panel.plot(*chosen.T, linestyle="none", marker="o", markersize=2.4,
                           markeredgewidth=0, color=colour[name])
            panel.set_title(title, fontsize=8)
            panel.set(xlabel=axes[0], aspect="equal")
        panels[0].set(ylabel=axes[1])
        panels[1].plot(*points[wrong].T, linestyle="none", marker="o", markersize=6,
                       markerfacecolor="none", markeredgecolor="black", markeredgewidth=0.7)
        marks = [Line2D([], [], linestyle="none", marker="o", markersize=4, color=colour[name],
                        label=name) for name in names]
        marks.append(Line2D([], [], linestyle="none", marker="o", markersize=6, color="black",
                            markerfacecolor="none", label="wrong"))
        legend(figure, marks, handletextpad=0.1)
        caption(figure, f"{np.count_nonzero(wrong):,} of {len(points):,} points wrong.")
    save(figure, path, overwrite)
    return path
