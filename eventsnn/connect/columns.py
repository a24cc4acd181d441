"""Sparse weights met by events, and their transposes; `eventsnn.connect.sparse` makes them.

Rows `r` are the steps of all items. A weight is looked at where its input is not 0.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.jit import kernel

_ONE = np.uint64(1)


class ColumnWeights(NamedTuple):
    """Sparse weights (outputs, inputs), as loops take them."""

    starts: Any  # int64 (inputs + 1,): where the entries of an input begin
    rows: Any  # uint32 (n_entries,): output of an entry
    values: Any  # float (n_entries,)


@kernel
def gather(ends, ids, values, w, y):
    """Add to `y` (R, outputs) what the events of each row bring."""
    one = w.values.dtype.type(1)
    for r in range(np.uint64(y.shape[0])):
        for e in range(np.uint64(ends[r]), np.uint64(ends[r + _ONE])):
            i, value = np.uint64(ids[e]), one if values is None else values[e]
            for j in range(np.uint64(w.starts[i]), np.uint64(w.starts[i + _ONE])):
                y[r, w.rows[j]] += value * w.values[j]


@kernel
def scatter(ends, ids, values, starts, rows, y_bar, weights_bar):
    """Add to `weights_bar` (n_entries,) its part of the transpose of `gather`."""
    one = weights_bar.dtype.type(1)
    for r in range(np.uint64(y_bar.shape[0])):
        for e in range(np.uint64(ends[r]), np.uint64(ends[r + _ONE])):
            i, value = np.uint64(ids[e]), one if values is None else values[e]
            for j in range(np.uint64(starts[i]), np.uint64(starts[i + _ONE])):
                weights_bar[j] += value * y_bar[r, rows[j]]


@kernel
def back(w, y_bar, x_bar):
    """The gradient `x_bar` (R, inputs), written, of all inputs for that of the outputs."""
    for r in range(np.uint64(y_bar.shape[0])):
        for i in range(np.uint64(x_bar.shape[1])):
            total = w.values.dtype.type(0)
            for j in range(np.uint64(w.starts[i]), np.uint64(w.starts[i + _ONE])):
                total += w.values[j] * y_bar[r, w.rows[j]]
            x_bar[r, i] = total
