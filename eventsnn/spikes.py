"""Spikes in two forms: a raster, an array with a value for each step and neuron, and event lists.

An event list names for each row of a raster (a step of an item) the neurons that spiked. Where few
do it is smaller, and what is done for each of them is less work than for all.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import on_device, to, zeros
from eventsnn.core.jit import kernel, scalar

_ZERO, _ONE, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)
_SAMPLE = 64  # rows that tell how dense a raster is


@dataclass(frozen=True, slots=True)
class Events:
    """The values of a raster that are not 0, row by row.

    A row is all of the last axis. ``len(events)``, ``events[i:j]`` and ``events[:, i:j]`` are as
    those of the raster.

    Parameters
    ----------
    shape : tuple of int
        Of the raster, (..., n).
    ends : (R + 1,) int64 array
        Events of row `r` lie from ``ends[r]`` to ``ends[r + 1]``; R is the product of the leading
        axes.
    ids : (E,) uint32 array
        Places in the last axis, ascending within a row.
    values : (E,) float array, optional
        None if all are 1.

    Examples
    --------
    >>> import numpy as np
    >>> events = to_events(np.array([[0, 1, 0], [0, 0, 0], [1, 0, 1]]))
    >>> events.ends.tolist(), events.ids.tolist(), events.values
    ([0, 1, 1, 3], [1, 0, 2], None)
    >>> to_raster(events[1:]).tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]
    """

    shape: tuple[int, ...]
    ends: np.ndarray
    ids: np.ndarray
    values: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = tuple(check.integer("shape", s, least=0) for s in self.shape)
        object.__setattr__(self, "shape", shape)
        if not shape:
            raise check.must("shape", "have at least one axis", shape)
        check.shape("ends", np.shape(self.ends), (int(np.prod(shape[:-1])) + 1,), "a row, and one")
        ends, ids = np.asarray(self.ends), np.asarray(self.ids)
        if ends.dtype.kind not in "iu" or ends[0] != 0 or (np.diff(ends) < 0).any() \
                or ends[-1] != len(ids):
            raise check.must("ends", f"rise from 0 to the number of ids, {len(ids)}",
                             f"{ends.tolist()[:9]}")
        if ids.dtype.kind not in "iu" or ids.ndim != 1 \
                or len(ids) and not 0 <= ids.min() <= ids.max() < shape[-1]:
            raise check.must("ids", f"be whole numbers from 0 to {shape[-1] - 1}",
                             f"{ids.min()} to {ids.max()}" if ids.size else ids.dtype)
        object.__setattr__(self, "ends", ends.astype(np.int64, copy=False))
        object.__setattr__(self, "ids", ids.astype(np.uint32, copy=False))
        if self.values is not None:
            values = check.real_array("values", self.values)
            check.shape("values", values.shape, ids.shape, "as ids")
            object.__setattr__(self, "values", values.astype(check.float_dtype(values), copy=False))

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of axes of the raster."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """That of the values; of spikes, which are all 1, the smallest float."""
        return np.dtype(np.float32) if self.values is None else self.values.dtype

    @property
    def nbytes(self) -> int:
        """Memory taken."""
        return self.ends.nbytes + self.ids.nbytes + (0 if self.values is None
                                                     else self.values.nbytes)

    @property
    def density(self) -> float:
        """Share of the raster that is not 0."""
        return len(self.ids) / max(math.prod(self.shape), 1)

    @property
    def device(self) -> str:
        """Where the arrays lie."""
        return "cuda" if on_device(self.ids) else "cpu"

    def to(self, device: str) -> "Events":
        """These events on a device, ``"cpu"`` or ``"cuda"``."""
        return trusted(self.shape, to(self.ends, device), to(self.ids, device),
                       to(self.values, device))

    def values_as(self, dtype: Any) -> np.ndarray | None:
        """The values in a float type; None if all are 1."""
        return None if self.values is None else self.values.astype(dtype, copy=False)

    def __getitem__(self, index: Any) -> "Events":
        first, second = index if isinstance(index, tuple) and len(index) == 2 else (index, None)
        for one in (first, second):
            if not isinstance(one, slice) and one is not None or self.ndim < 1 + (
                    first is not None) + (second is not None):
                raise check.must("index", "be a slice of the first axis, or of the first two",
                                 repr(index), error=TypeError)
        made = _of_steps(self, first)
        return made if second is None else _of_items(made, second)


def trusted(shape: tuple, ends: np.ndarray, ids: np.ndarray, values: Any) -> Events:
    """Events that need no check."""
    made = object.__new__(Events)
    for name, value in zip(("shape", "ends", "ids", "values"), (shape, ends, ids, values),
                           strict=True):
        object.__setattr__(made, name, value)
    return made


def _of_steps(events: Events, index: slice) -> Events:
    start, stop, step = index.indices(len(events))
    if step != 1:
        raise check.must("index", "have a step of 1", step)
    stop = max(start, stop)
    rows = math.prod(events.shape[1:-1])
    ends = events.ends[start * rows:stop * rows + 1]
    first, last = int(ends[0]), int(ends[-1])
    part = slice(first, last)
    return trusted((stop - start, *events.shape[1:]), ends - first, events.ids[part],
                   None if events.values is None else events.values[part])


def _of_items(events: Events, index: slice) -> Events:
    start, stop, step = index.indices(events.shape[1])
    if step != 1:
        raise check.must("index", "have a step of 1", step)
    if events.device != "cpu":
        raise check.must("events", "be on the CPU to take some items of them", "on 'cuda'",
                         "move them with to('cpu')", error=TypeError)
    stop = max(start, stop)
    rows = int(np.prod(events.shape[2:-1]))
    table = np.arange(len(events.ends) - 1).reshape(len(events), events.shape[1] * rows)
    chosen = table[:, start * rows:stop * rows].reshape(-1)
    counts = np.diff(events.ends)[chosen]
    ends = np.concatenate([[0], np.cumsum(counts)])
    places = np.repeat(events.ends[chosen] - ends[:-1], counts) + np.arange(ends[-1])
    return trusted((len(events), stop - start, *events.shape[2:]), ends, events.ids[places],
                   None if events.values is None else events.values[places])


def density(raster: np.ndarray) -> float:
    """Share of a raster (..., n) that is not 0, by a sample of `_SAMPLE` rows of it."""
    if not raster.size:
        return 0.0
    lead, n_rows = raster.shape[:-1] or (1,), raster.size // raster.shape[-1]
    chosen = np.unravel_index(np.arange(0, n_rows, max(1, n_rows // _SAMPLE)), lead)
    sample = np.atleast_2d(raster)[chosen]
    return np.count_nonzero(sample) / sample.size


def to_events(raster: Any) -> Events:
    """The events of a raster (..., n) of any real dtype."""
    raster = check.real_array("raster", raster)
    if raster.ndim == 0:
        raise check.must("raster", "have at least one axis", "a number")
    if on_device(raster):
        raise check.must("raster", "be on the CPU to list its events", "on 'cuda'",
                         "move it with to('cpu')", error=TypeError)
    rows = _by_step(raster)
    room = int(1.2 * density(raster) * raster.size) + 2 * raster.shape[-1]
    found = _listed(rows, room, None) or _listed(rows, room, check.float_dtype(raster))
    return trusted(raster.shape, *found)


def to_raster(events: Events, dtype: Any = None) -> np.ndarray:
    """The raster of `events`, in a float type; by default in that of the values."""
    raster = zeros(events.shape, events.dtype if dtype is None else dtype, events)
    if on_device(raster):
        from eventsnn.core.cuda import rasters
        rasters.raster(events.ends, events.ids, events.values, _rows(raster))
        return raster
    _set(events.ends, events.ids, events.values_as(raster.dtype), _rows(raster))
    return raster


@kernel
def _set(ends, ids, values, rows):
    """Write events into rows of zeros."""
    for r in range(np.uint64(rows.shape[0])):
        for e in range(np.uint64(ends[r]), np.uint64(ends[r + _ONE])):
            rows[r, np.uint64(ids[e])] = 1 if values is None else values[e]


def _rows(raster: np.ndarray) -> np.ndarray:
    return raster.reshape(int(np.prod(raster.shape[:-1])), raster.shape[-1])


def _by_step(raster: np.ndarray) -> np.ndarray:
    """The rows of a raster by its first axis (T, M, n); some items of all steps are not copied."""
    if raster.ndim < 3 or not raster[:1].flags.c_contiguous:
        return _rows(np.ascontiguousarray(raster))[None]
    return raster.reshape(len(raster), int(np.prod(raster.shape[1:-1])), raster.shape[-1])


def _listed(rows: np.ndarray, room: int, dtype: Any) -> Any:
    """Ends, ids and values; without a `dtype` values are not kept, and one other than 1 ends it:
    then the result is None."""
    n_rows, n = rows.shape[0] * rows.shape[1], rows.shape[2]
    words = rows.view(np.uint64) if rows.size and n * rows.itemsize % 8 == 0 \
        else np.empty((*rows.shape[:2], 0), np.uint64)
    ends, ids = np.zeros(n_rows + 1, np.int64), np.empty(room, np.uint32)
    values, done = None if dtype is None else np.empty(room, dtype), 0
    while True:
        done, plain = _fill(rows, words, done, ends, ids, values)
        if not plain:
            return None
        if done == n_rows:
            break
        ids = np.concatenate([ids, np.empty_like(ids)])  # it is denser than the sample
        values = None if values is None else np.concatenate([values, np.empty_like(values)])
    # Copies: the room that was not needed is given back.
    return ends, ids[:ends[-1]].copy(), None if values is None else values[:ends[-1]].copy()


@kernel
def _fill(rows, words, first, ends, ids, values):
    """Append the events of the rows from `first` on, until there might be no room: the rows done,
    and whether all values were 1; if not, and `values` is None, it ends there.

    `words` (T, M, W) are the same bytes, eight at a time, or has W = 0: where 64 are 0 nothing is
    looked at.
    """
    n_items, n, n_words = (np.uint64(rows.shape[1]), np.uint64(rows.shape[2]),
                           np.uint64(words.shape[2]))
    at, n_lines = np.uint64(ends[first]), n_words // _EIGHT
    width = _EIGHT * (n // max(n_words, _ONE))  # elements of a line
    for r in range(np.uint64(first), np.uint64(rows.shape[0]) * n_items):
        if at + n > np.uint64(ids.shape[0]):
            return np.int64(r), True
        row, row_words = rows[r // n_items, r % n_items], words[r // n_items, r % n_items]
        start = at
        for line in range(n_lines):
            some = _ZERO
            for j in range(line * _EIGHT, (line + _ONE) * _EIGHT):
                some |= row_words[j]
            if some != _ZERO:
                at = _append(row, line * width, (line + _ONE) * width, ids, values, at)
        at = _append(row, n_lines * width, n, ids, values, at)
        ends[r + _ONE] = at
        if values is None:
            others = False
            for e in range(start, at):
                others |= row[ids[e]] != 1
            if others:
                return np.int64(r), False
    return np.int64(ends.shape[0] - 1), True


@scalar
def _append(row, start, stop, ids, values, at):
    """Without a branch: each element is written, and the next one over it unless it counts."""
    for k in range(start, stop):
        value = row[k]
        ids[at] = k
        if values is not None:
            values[at] = value
        at += _ONE if value != 0 else _ZERO
    return at
