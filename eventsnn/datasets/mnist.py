"""MNIST in its own format, IDX, as it is or compressed with gzip.

A file has two zero bytes, the kind of its numbers (8: uint8), the number of its axes, the length of
each axis (four bytes, the highest first), and then the numbers, the last axis fastest. So come
Fashion-MNIST and others of the same sizes, too.

References
----------
.. [1] LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
"""

import gzip
import math
import os
import pathlib
import struct
import zlib

import numpy as np

from eventsnn.core import check
from eventsnn.datasets import paths
from eventsnn.datasets.digits import N_CLASSES, SIDE
from eventsnn.errors import FormatError

_UINT8 = 8
_GZIP = b"\x1f\x8b"
_LEAST_LIMIT, _MOST_RATIO = 64 * 2**20, 1000  # bytes; declared bytes a byte of a gzip file


def load_mnist(images_path: str | os.PathLike, labels_path: str | os.PathLike
               ) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a pair of files, such as ``train-images-idx3-ubyte.gz``.

    Parameters
    ----------
    images_path, labels_path : path
        The files; whether they are compressed is seen from what they hold.

    Returns
    -------
    images : (N, 28, 28) uint8 array
        Grey values.
    labels : (N,) uint8 array
        Classes, 0 to 9.

    Raises
    ------
    FormatError
        If a file is not of this format, is cut off or has too much, or if they do not belong
        together; FileNotFoundError if one is missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     images, labels = pathlib.Path(folder, "images"), pathlib.Path(folder, "labels")
    ...     _ = images.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28])
    ...                            + bytes(2 * 28 * 28))
    ...     _ = labels.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 0]))
    ...     x, y = load_mnist(images, labels)
    >>> x.shape, y.tolist()
    ((2, 28, 28), [5, 0])
    """
    images_path = paths.existing("images_path", images_path, "a file of images")
    labels_path = paths.existing("labels_path", labels_path, "a file of labels")
    images, labels = _read(images_path, 3), _read(labels_path, 1)
    if images.shape[1:] != (SIDE, SIDE):
        raise check.must(str(images_path), f"have shape (N, {SIDE}, {SIDE})", images.shape,
                         error=FormatError)
    if len(labels) != len(images):
        raise check.must(str(labels_path), "have as many labels as there are images",
                         f"{len(labels)} labels for {len(images)} images", error=FormatError)
    if not len(images):
        raise check.must(str(images_path), "hold at least one image", "none", error=FormatError)
    if labels.max() >= N_CLASSES:
        raise check.must(str(labels_path), f"have labels from 0 to {N_CLASSES - 1}", labels.max(),
                         error=FormatError)
    return images, labels


def _read(path: pathlib.Path, n_axes: int) -> np.ndarray:
    stored = path.stat().st_size
    with open(path, "rb") as file:
        is_gzip = file.read(len(_GZIP)) == _GZIP
    limit = max(_LEAST_LIMIT, _MOST_RATIO * stored) if is_gzip else stored
    try:
        with gzip.open(path) if is_gzip else open(path, "rb") as file:
            head = file.read(4 + 4 * n_axes)
            if len(head) < 4 + 4 * n_axes or head[:4] != bytes([0, 0, _UINT8, n_axes]):
                raise check.must(str(path), f"be an IDX file of uint8 numbers on {n_axes} axes",
                                 f"one that begins with {head[:4].hex(' ') or 'nothing'}",
                                 error=FormatError)
            shape = struct.unpack(f">{n_axes}I", head[4:])
            n_bytes = math.prod(shape)
            if n_bytes > limit:
                raise check.must(str(path), "declare what its size allows",
                                 f"shape {shape} with {stored} bytes stored", error=FormatError)
            values = file.read(n_bytes)
            # Reading on also makes gzip compare its checksum.
            if len(values) < n_bytes or file.read(1):
                raise check.must(str(path), f"hold the {n_bytes} numbers that it declares",
                                 "fewer" if len(values) < n_bytes else "more", error=FormatError)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise check.must(str(path), "be a whole gzip file", str(error), error=FormatError) \
            from error
    return np.frombuffer(values, np.uint8).reshape(shape).copy()
