"""Handwritten digits in HDF5: ``images`` uint8 (N, 28, 28), ``labels`` uint8 (N,)."""

import os
import pathlib

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.errors import FormatError

SIDE, N_CLASSES = 28, 10
_LEAST_LIMIT, _MOST_RATIO = 64 * 2**20, 1000  # bytes; declared bytes a byte of the file


def load_digits(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a file of digits, such as ``data/mnist9k.h5``.

    Returns
    -------
    images : (N, 28, 28) uint8 array
        Grey values.
    labels : (N,) uint8 array
        Digits, 0 to 9.

    Raises
    ------
    FormatError
        If the file is not such a file; FileNotFoundError if there is none.
    """
    path = check.path("path", path)
    if not path.exists():
        raise FileNotFoundError(f"path must name a file of digits, got {path}, which is not there; "
                                "the project's repository has one, data/mnist9k.h5")
    try:
        with h5py.File(path, "r") as file:
            limit = max(_LEAST_LIMIT, _MOST_RATIO * path.stat().st_size)
            images = _read(file, path, "images", (SIDE, SIDE), limit)
            labels = _read(file, path, "labels", (), limit)
    except (FormatError, PermissionError):
        raise
    except (OSError, RuntimeError, ValueError) as error:  # what h5py raises on broken files
        raise check.must(str(path), "be a whole HDF5 file", str(error),
                         error=FormatError) from error
    if len(images) != len(labels):
        raise check.must(str(path), "have as many labels as images",
                         f"{len(labels)} labels for {len(images)} images", error=FormatError)
    if not len(images):
        raise check.must(str(path), "hold at least one image", "none", error=FormatError)
    if labels.max(initial=0) >= N_CLASSES:
        raise check.must(str(path), f"have labels from 0 to {N_CLASSES - 1}", labels.max(),
                         error=FormatError)
    return images, labels


def _read(file: h5py.File, path: pathlib.Path, name: str, item: tuple, limit: int) -> np.ndarray:
    where = f"{path}: {name}"
    if name not in file:
        raise check.must(str(path), f"hold a dataset {name!r}",
                         f"only {', '.join(file) or 'nothing'}", error=FormatError)
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise check.must(where, "be in the file itself", "a link", error=FormatError)
    data = file[name]
    if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external:
        raise check.must(where, "be an array in the file itself", data, error=FormatError)
    if data.dtype != np.uint8:
        raise check.must(where, "be uint8", data.dtype, error=FormatError)
    if data.ndim != 1 + len(item) or data.shape[1:] != item:
        demand = ", ".join(map(str, ("N", *item))) if item else "N,"
        raise check.must(where, f"have shape ({demand})", data.shape, error=FormatError)
    if data.nbytes > limit:
        raise check.must(where, f"declare at most {limit} bytes, for the size of the file",
                         data.nbytes, error=FormatError)
    return data[...]


def shift(images: np.ndarray, rng: np.random.Generator, most: int = 2) -> np.ndarray:
    """Each image moved by a random number of pixels, for augmentation; zeros move in.

    Parameters
    ----------
    images : (N, rows, columns) array
    rng : numpy.random.Generator
    most : int
        Largest shift along either axis, pixels; all from ``-most`` to ``most`` are equally likely.

    Returns
    -------
    moved : (N, rows, columns) array

    Examples
    --------
    >>> import numpy as np
    >>> images = np.array([[[1, 2], [3, 4]]])
    >>> shift(images, np.random.default_rng(0), most=1)[0].tolist()
    [[3, 4], [0, 0]]
    """
    images = check.real_array("images", images)
    if images.ndim != 3:
        raise check.must("images", "have shape (N, rows, columns)", images.shape)
    rows, columns = images.shape[1:]
    most = check.integer("most", most, least=0, most=max(rows, columns))
    padded = np.pad(images, ((0, 0), (most, most), (most, most)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (rows, columns), axis=(1, 2))
    corner = rng.integers(0, 2 * most + 1, size=(2, len(images)))
    return windows[np.arange(len(images)), corner[0], corner[1]]


def upright(images: np.ndarray) -> np.ndarray:
    """Images with each row moved so that what is drawn does not slant [1]_; zeros move in.

    Parameters
    ----------
    images : (N, rows, columns) array
        Ink above 0. Each is sheared about its centre of gravity until rows and columns of its ink
        are uncorrelated; what is between pixels is interpolated.

    Returns
    -------
    (N, rows, columns) float32 array

    References
    ----------
    .. [1] LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86, 2278 (1998): "deslanting", section III.A.

    Examples
    --------
    >>> import numpy as np
    >>> upright(np.eye(3)[None])[0].tolist()
    [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    """
    images = check.real_array("images", images).astype(np.float32)
    if images.ndim != 3:
        raise check.must("images", "have shape (N, rows, columns)", images.shape)
    rows, columns = (np.arange(n, dtype=np.float32) for n in images.shape[1:])
    ink = images.sum((1, 2))[:, None]
    ink[ink == 0] = 1
    down = rows - images.sum(2) @ rows[:, None] / ink
    right = columns - images.sum(1) @ columns[:, None] / ink
    spread = np.einsum("nrc,nr->n", images, down**2)
    spread[spread == 0] = 1
    slant = np.einsum("nrc,nr,nc->n", images, down, right, optimize=True) / spread
    place = columns + slant[:, None, None] * down[..., None]
    inside = (place >= 0) & (place <= len(columns) - 1)
    place = np.where(inside, place, 0)
    left = place.astype(np.intp)
    right_of = np.minimum(left + 1, len(columns) - 1)
    before, after = (np.take_along_axis(images, at, 2) for at in (left, right_of))
    return np.where(inside, before + (place - left.astype(np.float32)) * (after - before), 0)
