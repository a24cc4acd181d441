"""Pictures of many small images, such as receptive fields."""

import math
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.plot.figure import STYLE, WIDTH, caption, check_picture, new_figure, save

MOST = 400  # images of a picture
ROOM = 0.8  # share of the width that the images take beside a scale
LINE, TITLE = 0.35, 0.16  # inches; a line of text beneath, and a title


def images(values: Any, path: str | os.PathLike, *, titles: Sequence[str] = (),
           columns: int | None = None, label: str = "", note: str = "",
           overwrite: bool = False) -> pathlib.Path:
    """Draw images side by side, all to one scale.

    Parameters
    ----------
    values : (n, rows, columns) array
        White is zero. Where some are negative, red is above zero and blue below; else black is the
        largest.
    path : path
        The picture; its ending, .png, .svg or .pdf, says in which format.
    titles : sequence of n str, optional
        Written above each.
    columns : int, optional
        Images in a row; by default about twice as many as there are rows.
    label : str
        What the values are, with their unit: a scale beside the images is drawn for it.
    note : str
        A line beneath the picture.
    overwrite : bool
        Whether an existing picture may be replaced.

    Returns
    -------
    path : pathlib.Path
        The picture.
    """
    import matplotlib

    path = check_picture(path, overwrite)
    values = check.real_array("values", values)
    if values.ndim != 3 or 0 in values.shape:
        raise check.must("values", "have shape (n, rows, columns), none of them 0", values.shape)
    check.finite("values", values)
    if len(values) > MOST:
        raise check.must("values", f"be at most {MOST} images", len(values))
    if titles and len(titles) != len(values):
        raise check.must("titles", f"be {len(values)}, one an image", len(titles))
    columns = min(len(values), math.ceil(math.sqrt(2 * len(values)))) if columns is None \
        else check.integer("columns", columns, least=1)
    rows = -(-len(values) // columns)

    largest = float(np.abs(values).max()) or 1.0
    signed = bool((values < 0).any())
    scale = {"cmap": "RdBu_r" if signed else "Greys", "vmin": -largest if signed else 0.0,
             "vmax": largest}
    side = (ROOM if label else 1.0) * WIDTH / columns  # inches
    height = side * values.shape[1] / values.shape[2] + (TITLE if titles else 0.0)
    figure = new_figure(rows * height + (LINE if note else 0.05))
    with matplotlib.rc_context(STYLE):
        panels = figure.subplots(rows, columns, squeeze=False)
        for k, panel in enumerate(panels.flat):
            panel.set(xticks=[], yticks=[])
            for edge in panel.spines.values():
                edge.set(visible=k < len(values), linewidth=0.3, color="0.6")
            if k >= len(values):
                continue
            drawn = panel.imshow(values[k], interpolation="nearest", **scale)
            if titles:
                panel.set_title(titles[k], fontsize=7, pad=2)
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
        if label:
            figure.colorbar(drawn, ax=panels, label=label, shrink=min(1.0, 2.0 / (rows * height)),
                            aspect=20)
        if note:
            caption(figure, note)
    save(figure, path, overwrite)
    return path
