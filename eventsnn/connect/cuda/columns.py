"""Sparse weights on a CUDA device; see `eventsnn.connect.columns`.

The inputs are dense, (R, inputs): to find a row's events costs as much as to read it. A thread
makes one output, from the entries in its row of the matrix forward and in its column backward; of
the weights' gradient it makes one entry's, for a part of the rows. Nothing is written by two
threads, and sums are in a fixed order.
"""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.connect.cuda.feedback import TwoWayWeights
from eventsnn.core.cuda import for_pairs, kernel
from eventsnn.core.device import empty, to

PART = 256  # rows whose part of a weight's gradient one thread adds up
_U = np.uint64
_ONE, _PART = np.uint64(1), np.uint64(PART)


def two_way(shape: tuple[int, int], starts: np.ndarray, rows: np.ndarray) -> TwoWayWeights:
    """Places of entries, those of an input side by side, as the device takes them; no values."""
    columns = np.repeat(np.arange(shape[1], dtype=np.uint32), np.diff(starts))
    entries = np.argsort(rows, kind="stable").astype(np.uint32)
    row_starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return TwoWayWeights(*(to(a, "cuda") if a is not None else None for a in (
        starts, rows, None, row_starts.astype(np.int64), columns[entries], entries)))


@kernel
def _gather(x, w, y):
    o, r = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if o < _U(y.shape[1]):
        while r < _U(y.shape[0]):
            total = y.dtype.type(0)
            for j in range(_U(w.row_starts[o]), _U(w.row_starts[o + _ONE])):
                total += x[r, _U(w.columns[j])] * w.values[_U(w.entries[j])]
            y[r, o] = total
            r += _U(cuda.gridsize(2)[1])


def gather(x: Any, w: TwoWayWeights, y: Any) -> None:
    """Write `y` (R, outputs), what the inputs `x` (R, inputs) bring."""
    for_pairs(_gather, *y.shape, x, w, y)


@kernel
def _scatter(x, columns, rows, entries, y_bar, parts):
    j, part = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if j < _U(parts.shape[1]):
        i, e = _U(columns[j]), _U(entries[j])
        o = _U(rows[e])
        while part < _U(parts.shape[0]):
            total = parts.dtype.type(0)
            for r in range(part * _PART, min((part + _ONE) * _PART, _U(x.shape[0]))):
                total += x[r, i] * y_bar[r, o]
            parts[part, e] = total
            part += _U(cuda.gridsize(2)[1])


def scatter(x: Any, w: TwoWayWeights, y_bar: Any) -> Any:
    """The gradient (n_entries,) of the values, for `y_bar` (R, outputs)."""
    n = w.entries.size
    parts = empty((max(1, -(-len(x) // PART)), n), y_bar.dtype)
    for_pairs(_scatter, len(parts), n, x, w.columns, w.rows, w.entries, y_bar, parts)
    return parts.sum(axis=0)


@kernel
def _back(w, y_bar, x_bar):
    i, r = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if i < _U(x_bar.shape[1]):
        while r < _U(x_bar.shape[0]):
            total = x_bar.dtype.type(0)
            for j in range(_U(w.starts[i]), _U(w.starts[i + _ONE])):
                total += w.values[j] * y_bar[r, _U(w.rows[j])]
            x_bar[r, i] = total
            r += _U(cuda.gridsize(2)[1])


def back(w: TwoWayWeights, y_bar: Any, x_bar: Any) -> None:
    """Write the gradient `x_bar` (R, inputs) of all inputs for that of the outputs."""
    for_pairs(_back, *x_bar.shape, w, y_bar, x_bar)
