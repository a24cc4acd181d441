"""Pictures of weight matrices."""

import os
import pathlib
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.plot.figure import STYLE, caption, check_picture, new_figure, save

MOST = 600  # rows and columns told apart: two pixels each on a printed page


def weights(matrix: Any, path: str | os.PathLike, *, overwrite: bool = False) -> pathlib.Path:
    """Draw a weight matrix, red above zero and blue below, with the distribution of its entries.

    Parameters
    ----------
    matrix : (n_post, n_pre) array, or a scipy sparse matrix
        Row = receiver. The picture and the distribution of a sparse one leave out what is not
        stored.
    path : path
        The picture; its ending, .png, .svg or .pdf, says in which format.
    overwrite : bool
        Whether an existing picture may be replaced.

    Returns
    -------
    path : pathlib.Path
        The picture.

    Notes
    -----
    Of more than 600 rows or columns, blocks are drawn by their means, and the picture says so.
    """
    import matplotlib

    path = check_picture(path, overwrite)
    if hasattr(matrix, "tocoo"):
        stored = matrix.tocoo()
        shape, entries = stored.shape, np.asarray(stored.data, np.float64)
        rows, columns = stored.row, stored.col
    else:
        dense = check.real_array("matrix", matrix)
        if dense.ndim != 2:
            raise check.must("matrix", "have shape (n_post, n_pre)", dense.shape)
        shape, entries = dense.shape, dense.astype(np.float64).reshape(-1)
        rows, columns = (index.reshape(-1) for index in np.indices(shape))
    if 0 in shape:
        raise check.must("matrix", "have rows and columns", f"shape {shape}")
    check.finite("matrix", entries)
    block = [-(-n // MOST) for n in shape]
    image = _block_means(rows // block[0], columns // block[1], entries,
                         tuple(-(-n // b) for n, b in zip(shape, block, strict=True)))

    figure = new_figure()
    with matplotlib.rc_context(STYLE):
        left, right = figure.subplots(1, 2, width_ratios=(2, 1))
        largest = np.nanmax(np.abs(image), initial=0.0) or 1.0
        drawn = left.imshow(image, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto",
                            extent=(-0.5, shape[1] - 0.5, shape[0] - 0.5, -0.5),
                            interpolation="nearest")
        left.set(xlabel="sender", ylabel="receiver")
        figure.colorbar(drawn, ax=left, label="weight", pad=0.02)
        for axis in (left.xaxis, left.yaxis):
            axis.get_major_locator().set_params(integer=True)
        if entries.size:
            right.hist(entries, bins=int(np.clip(2 * entries.size ** (1 / 3), 10, 50)),
                       color="0.4")
        right.set(xlabel="weight", ylabel="synapses")
        text = f"{entries.size:,} weights."
        if max(block) > 1:
            text += f" Each point is the mean of a block of {block[0]} x {block[1]}."
        caption(figure, text)
    save(figure, path, overwrite)
    return path


def _block_means(rows: np.ndarray, columns: np.ndarray, entries: np.ndarray,
                 shape: tuple) -> np.ndarray:
    """The mean of the entries of each block; nan where there is none."""
    place = rows.astype(np.int64) * shape[1] + columns
    size = shape[0] * shape[1]
    count = np.bincount(place, minlength=size)
    with np.errstate(invalid="ignore"):
        return (np.bincount(place, entries, size) / count).reshape(shape)
