"""Spoken digits and words as spikes of 700 channels of an inner ear: SHD and SSC.

A file has ``spikes/times`` and ``spikes/units``, rows of unequal length, one a recording, and
``labels``; about them, ``extra/keys`` (names of the classes), ``extra/speaker`` and
``extra/meta_info``.

References
----------
.. [1] Cramer, Stradmann, Schemmel, Zenke, "The Heidelberg spiking data sets for the systematic
   evaluation of spiking neural networks", IEEE Transactions on Neural Networks and Learning
   Systems 33, 2744-2757 (2022).
"""

import contextlib
import os
from types import TracebackType
from typing import Any, NamedTuple

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.datasets import bins, items, paths
from eventsnn.datasets.ragged import Ragged
from eventsnn.record.untrusted import Untrusted

N_UNITS = 700
_KIND = "file of spiking digits"


class Spikes(NamedTuple):
    """Spikes of a recording, in the order of the file."""

    times: np.ndarray  # (k,) float64, s
    units: np.ndarray  # (k,) int64, 0 to 699


class SpikingDigits:
    """A file of SHD or SSC, such as ``shd_train.h5``; spikes are read when they are used.

    It is to be closed, or used in a ``with`` block. ``data.bin`` is what `encode` of
    `eventsnn.train.fit` asks for, when its inputs are the numbers of the items,
    ``numpy.arange(len(data))``. Train on one file and test on another: `fit` does not know.

    Parameters
    ----------
    path : path
        The file, uncompressed.

    Attributes
    ----------
    labels : (n,) int64 array
        Class of each item.
    keys : tuple of str
        Names of the classes; empty if the file has none.
    speakers : (n,) int64 array or None
        Who speaks.
    meta_info : dict of arrays
        What else is known of the speakers, such as gender, age and body_height, by speaker.

    Raises
    ------
    FormatError
        If the file is not such a file; also when an item is read. FileNotFoundError if there is
        none.

    Examples
    --------
    >>> import pathlib, tempfile, h5py
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "digits.h5")
    ...     with h5py.File(path, "w") as file:
    ...         times = file.create_dataset("spikes/times", 1, h5py.vlen_dtype("f4"))
    ...         times[0] = [0.25, 0.5]
    ...         units = file.create_dataset("spikes/units", 1, h5py.vlen_dtype("u2"))
    ...         units[0] = [3, 699]
    ...         file["labels"] = [7]
    ...     with SpikingDigits(path) as data:
    ...         spikes, raster = data[0], data.bin([0], dt=0.1, duration=1.0)
    >>> spikes.times.tolist(), spikes.units.tolist(), raster.shape, raster.sum().item()
    ([0.25, 0.5], [3, 699], (10, 1, 700), 2.0)
    """

    def __init__(self, path: str | os.PathLike) -> None:
        path = paths.existing("path", path, f"a {_KIND}")
        with contextlib.ExitStack() as opened:
            self._file = Untrusted(path, _KIND, verify=False)
            opened.callback(self._file.close)
            self._stream = opened.enter_context(open(path, "rb"))
            with self._file.read("what it holds"):
                self._open()
            self._opened = opened.pop_all()

    def _open(self) -> None:
        root = self._file.root
        spikes = self._file.child(root, "spikes", h5py.Group)
        self._times = self._rows(spikes, "times", "f")
        self._units = self._rows(spikes, "units", "iu")
        self.labels = self._numbers(root, "labels")
        for name, n in (("spikes/units", len(self._units)), ("labels", len(self.labels))):
            if n != len(self._times):
                raise self._file.refuse(f"a file with as many {name} as spikes/times",
                                        f"{n} for {len(self._times)}")
        self.keys: tuple[str, ...] = ()
        self.speakers: np.ndarray | None = None
        self.meta_info: dict[str, np.ndarray] = {}
        if "extra" in root:
            self._open_extra(self._file.child(root, "extra", h5py.Group))
        most = len(self.keys) - 1 if self.keys else np.iinfo(np.int64).max
        if self.labels.size and not 0 <= self.labels.min() <= self.labels.max() <= most:
            raise self._file.refuse("a file with labels from 0"
                                    + (f" to {most}, for its keys" if self.keys else ""),
                                    f"{self.labels.min()} to {self.labels.max()}")

    def _open_extra(self, extra: h5py.Group) -> None:
        if "keys" in extra:
            self.keys = tuple(self._strings(extra, "keys").tolist())
        if "speaker" in extra:
            self.speakers = self._numbers(extra, "speaker")
            if len(self.speakers) != len(self.labels):
                raise self._file.refuse("a file with as many extra/speaker as labels",
                                        f"{len(self.speakers)} for {len(self.labels)}")
        if "meta_info" in extra:
            group = self._file.child(extra, "meta_info", h5py.Group)
            for name in group:
                dataset = self._file.child(group, name, h5py.Dataset)
                self.meta_info[name] = self._strings(group, name) if dataset.dtype.kind in "SO" \
                    else self._file.column(group, name, "biuf", "numbers")[...]

    def _rows(self, group: h5py.Group, name: str, kinds: str) -> Ragged:
        return Ragged(self._file, self._stream, group, name, kinds)

    def _numbers(self, group: h5py.Group, name: str) -> np.ndarray:
        numbers = self._file.column(group, name, "iu", "whole numbers")[...]
        if numbers.dtype.kind == "u" and numbers.size and numbers.max() > np.iinfo(np.int64).max:
            raise self._file.refuse(f"a file with {name} of 64 bits", str(numbers.max()))
        return numbers.astype(np.int64)

    def _strings(self, group: h5py.Group, name: str) -> np.ndarray:
        if self._file.child(group, name, h5py.Dataset).dtype.kind == "S":
            stored = self._file.column(group, name, "S", "strings")[...].tolist()
        else:
            rows = self._rows(group, name, "S")
            stored = [rows[k].tobytes().rstrip(b"\0") for k in range(len(rows))]
        return np.array([text.decode() for text in stored], dtype=np.str_)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, item: int) -> Spikes:
        """Spikes of an item."""
        item = items.index(item, len(self))
        if self._stream.closed:
            raise check.must("the file", "be open", "one that was closed")
        times = self._times[item].astype(np.float64)
        units = self._units[item]
        if len(times) != len(units):
            raise self._file.refuse(f"a file with a unit for each time of item {item}",
                                    f"{len(units)} units for {len(times)} times")
        if not np.all((times >= 0) & (times < np.inf)):
            raise self._file.refuse(f"a file with times of at least 0 in item {item}",
                                    str(times[~((times >= 0) & (times < np.inf))][0]))
        if np.any((units < 0) | (units >= N_UNITS)):
            raise self._file.refuse(f"a file with units from 0 to {N_UNITS - 1} in item {item}",
                                    str(units[(units < 0) | (units >= N_UNITS)][0]))
        return Spikes(times, units.astype(np.int64))

    def bin(self, numbers: Any, *, dt: float, duration: float = 1.4, counts: bool = False
            ) -> np.ndarray:
        """Raster (T, B, 700) of the items of these numbers (B,).

        `dt`, `duration` (s) and `counts` are as for `eventsnn.datasets.bin_events`. Recordings of
        SHD last up to about 1.4 s, those of SSC 1 s.
        """
        return bins.bin_events([self[k] for k in items.indices(numbers)], N_UNITS, dt=dt,
                               duration=duration, counts=counts)

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def __enter__(self) -> "SpikingDigits":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
