"""N-MNIST: digits seen by an event camera, a ``.bin`` file each.

An event is five bytes: x; y; and a number of 24 bits, the highest first, whose top bit is the
polarity (1: brighter) and whose others are the time in us. An event with y = 240 is none: it says
that the clock of 13 bits went round, so that all later times are 8192 us later.

References
----------
.. [1] Orchard, Jayawant, Cohen, Thakor, "Converting static image datasets to spiking neuromorphic
   datasets using saccades", Frontiers in Neuroscience 9, 437 (2015).
"""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.datasets import bins, items, paths
from eventsnn.datasets.digits import N_CLASSES
from eventsnn.errors import FormatError

SIZE = (34, 34)  # rows, columns
_BYTES = 5  # an event
_ROUND, _PERIOD = 240, 8192  # y that says so; us
_MICROSECOND = 1e-6  # s


class Events(NamedTuple):
    """Events of a camera, in the order of the file; each a (k,) array."""

    t: np.ndarray  # float64, s
    x: np.ndarray  # uint8, column
    y: np.ndarray  # uint8, row
    p: np.ndarray  # uint8, polarity: 1 brighter, 0 darker


def load_events(path: str | os.PathLike, size: tuple[int, int] = SIZE) -> Events:
    """Events of a file.

    Parameters
    ----------
    path : path
        The file.
    size : pair of ints
        Rows and columns of the camera; rows at most 240, columns at most 256.

    Returns
    -------
    Events

    Raises
    ------
    FormatError
        If the file ends within an event, or an event lies outside of the camera;
        FileNotFoundError if there is none.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "00001.bin")
    ...     _ = path.write_bytes(bytes([10, 20, 0x80, 0x03, 0xE8]))
    ...     events = load_events(path)
    >>> [column.tolist() for column in events]
    [[0.001], [10], [20], [1]]
    """
    rows, columns = _size(size)
    path = paths.existing("path", path, "a file of events")
    data = np.fromfile(path, np.uint8)
    if data.size % _BYTES:
        raise check.must(str(path), f"hold events of {_BYTES} bytes each", f"{data.size} bytes",
                         error=FormatError)
    x, y, high, middle, low = data.reshape(-1, _BYTES).T
    is_round = y == _ROUND
    us = (high & 127).astype(np.int64) << 16 | middle.astype(np.int64) << 8 | low
    us += _PERIOD * np.cumsum(is_round)
    x, y, us, p = (column[~is_round] for column in (x, y, us, high >> 7))
    outside = (x >= columns) | (y >= rows)
    if outside.any():
        first = outside.argmax()
        raise check.must(str(path), f"have x below {columns} and y below {rows}",
                         f"x = {x[first]}, y = {y[first]}", error=FormatError)
    return Events(us * _MICROSECOND, x, y, p)


def bin_frames(events: Sequence[Events], *, dt: float, duration: float,
               size: tuple[int, int] = SIZE, counts: bool = False) -> np.ndarray:
    """Events of cameras to frames.

    Parameters
    ----------
    events : sequence of B Events
        As `load_events` gives them.
    dt : float
        Duration of a frame, s.
    duration : float
        Of all frames, a multiple of `dt`, s. Later events are left out.
    size : pair of ints
        Rows and columns of the camera.
    counts : bool
        Whether events of a pixel in the same frame are counted; else they make a 1.

    Returns
    -------
    (T, B, 2, rows, columns) float32 array
        The third axis is the polarity.

    Examples
    --------
    >>> import numpy as np
    >>> one = Events(np.array([0.0, 0.02]), np.array([3, 3]), np.array([5, 5]), np.array([0, 1]))
    >>> frames = bin_frames([one], dt=0.01, duration=0.03)
    >>> frames.shape, np.argwhere(frames).tolist()
    ((3, 1, 2, 34, 34), [[0, 0, 0, 5, 3], [2, 0, 1, 5, 3]])
    """
    rows, columns = _size(size)
    pairs = [(one.t, _pixel(f"events[{k}]", one, rows, columns)) for k, one in enumerate(events)]
    out = bins.bin_events(pairs, 2 * rows * columns, dt=dt, duration=duration, counts=counts)
    return out.reshape(*out.shape[:2], 2, rows, columns)


class EventDigits:
    """A folder of N-MNIST, ``Train`` or ``Test``, with the folders 0 to 9; files are read on use.

    ``data.bin`` is what `encode` of `eventsnn.train.fit` asks for, when its inputs are the numbers
    of the items, ``numpy.arange(len(data))``.

    Parameters
    ----------
    folder : path
        The folder. In it only ``.bin`` files in folders that are named by a digit count.

    Attributes
    ----------
    paths : tuple of paths
        The files, by digit and then by name.
    labels : (n,) int64 array
        The digits.

    Raises
    ------
    FormatError
        If there are no such files; FileNotFoundError if there is no such folder.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        folder = check.path("folder", folder)
        if not folder.is_dir():
            raise check.must("folder", "name a folder with the folders 0 to 9", folder,
                             error=FileNotFoundError)
        of_digit = [sorted((folder / str(digit)).glob("*.bin")) for digit in range(N_CLASSES)]
        self.paths = tuple(path for found in of_digit for path in found)
        self.labels = np.repeat(np.arange(N_CLASSES), [len(found) for found in of_digit])
        if not self.paths:
            raise check.must(str(folder), "hold files such as 0/00002.bin", "none",
                             error=FormatError)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, item: int) -> Events:
        """Events of an item."""
        return load_events(self.paths[items.index(item, len(self))])

    def bin(self, numbers: Any, *, dt: float, duration: float = 0.3, counts: bool = False
            ) -> np.ndarray:
        """Frames (T, B, 2, 34, 34) of the items of these numbers (B,); see `bin_frames`."""
        return bin_frames([self[k] for k in items.indices(numbers)], dt=dt, duration=duration,
                          counts=counts)


def _size(size: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise check.must("size", "be a pair (rows, columns)", repr(size), error=TypeError)
    return (check.integer("size", size[0], least=1, most=_ROUND),
            check.integer("size", size[1], least=1, most=256))


def _pixel(argument: str, one: Events, rows: int, columns: int) -> np.ndarray:
    """Number of the place of each event in a frame."""
    x, y, p = (check.whole(argument, column) for column in one[1:])
    if not x.shape == y.shape == p.shape:
        raise check.must(argument, "be columns of the same length",
                         f"shapes {x.shape}, {y.shape} and {p.shape}")
    outside = (x < 0) | (x >= columns) | (y < 0) | (y >= rows) | (p < 0) | (p > 1)
    if outside.any():
        first = outside.argmax()
        raise check.must(argument, f"have x below {columns}, y below {rows} and p 0 or 1",
                         f"x = {x.flat[first]}, y = {y.flat[first]}, p = {p.flat[first]}")
    return (p * rows + y) * columns + x
