"""Outputs of neurons that come back to them as input, and the transpose.

`w` are the weights: dense (N, N) [source, target], sparse columns, or a tuple of dense ones for
neurons with several input channels.
"""

from typing import Any

import numpy as np
from numba.core import types

from eventsnn.connect import columns
from eventsnn.connect.columns import ColumnWeights
from eventsnn.connect.gather import add_rows
from eventsnn.core.device import contiguous
from eventsnn.core.fields import define, map_fields
from eventsnn.core.inline import inlined
from eventsnn.core.jit import scalar

_ZERO, _ONE = np.uint64(0), np.uint64(1)


@scalar
def sources(z, ids, values, at):
    """Write which of the outputs `z` (N,) are not 0, and what they are, from place `at` on; return
    the place behind the last.

    Without a branch: each is written, and the next one over it unless it counts.
    """
    for j in range(np.uint64(z.shape[0])):
        value = z[j]
        ids[at] = j
        values[at] = value
        at += _ONE if value != 0 else _ZERO
    return at


@scalar
def _add_columns(w, ids, values, start, stop, x):
    for e in range(start, stop):
        for j in range(np.uint64(w.starts[ids[e]]), np.uint64(w.starts[ids[e] + _ONE])):
            x[w.rows[j]] += values[e] * w.values[j]


def feed(x: Any, t: Any, b: Any, w: Any, ids: Any, values: Any, start: Any,
         stop: Any) -> None:
    """Add to the input ``x[t, b]`` what the sources ``ids[start:stop]`` bring."""
    if isinstance(w, ColumnWeights):
        _add_columns(w, ids, values, start, stop, x[t, b])
    elif isinstance(w, tuple):
        for channel, weights in zip(x, w, strict=True):
            add_rows(weights, ids, values, start, stop, channel[t, b])
    else:
        add_rows(w, ids, values, start, stop, x[t, b])


@inlined(feed)
def _feed(x, t, b, w, ids, values, start, stop):
    if getattr(w, "instance_class", None) is ColumnWeights:
        return define("x, t, b, w, ids, values, start, stop",
                      "add_columns(w, ids, values, start, stop, x[t, b])",
                      add_columns=_add_columns)
    channels = [f"[{i}]" for i in range(len(x))] if isinstance(x, types.BaseTuple) else [""]
    return define("x, t, b, w, ids, values, start, stop", *(
        f"add_rows(w{c}, ids, values, start, stop, x{c}[t, b])" for c in channels),
        add_rows=add_rows)


@scalar
def _column(w, x, j):
    total = w.values.dtype.type(0)
    for e in range(np.uint64(w.starts[j]), np.uint64(w.starts[j + _ONE])):
        total += w.values[e] * x[w.rows[e]]
    return total


def back_to(w: Any, x_bar: Any, t: Any, b: Any, j: Any) -> Any:
    """As `back`, of the one output `j`, for the gradient ``x_bar[t, b]`` of the input."""
    if isinstance(w, ColumnWeights):
        return _column(w, x_bar[t, b], j)
    if isinstance(w, tuple):
        return sum(np.dot(weights[j], bar[t, b]) for bar, weights in zip(x_bar, w, strict=True))
    return np.dot(w[j], x_bar[t, b])


@inlined(back_to)
def _back_to(w, x_bar, t, b, j):
    if getattr(w, "instance_class", None) is ColumnWeights:
        return lambda w, x_bar, t, b, j: _column(w, x_bar[t, b], j)
    channels = ([f"[{i}]" for i in range(len(x_bar))] if isinstance(x_bar, types.BaseTuple)
                else [""])
    total = " + ".join(f"dot(w{c}[j], x_bar{c}[t, b])" for c in channels)
    return define("w, x_bar, t, b, j", f"return {total}", dot=np.dot)


def two_way(w: Any) -> Any:
    """The weights as `back` takes them: dense ones [target, source], side by side in memory, which
    saves BLAS a fourth of its time in products as small as a step's."""
    return w if is_sparse(w) else map_fields(lambda dense: contiguous(dense.T), w)


def back(w: Any, x_bar: Any, t: int, z_bar: Any) -> None:
    """The gradient `z_bar` (B, N), written, of outputs for that of the input they bring,
    ``x_bar[t]`` (B, N).

    `w` is of `two_way`.
    """
    if isinstance(w, ColumnWeights):
        columns.back(w, x_bar[t], z_bar)
    elif isinstance(w, tuple):
        z_bar[...] = sum(bar[t] @ weights for bar, weights in zip(x_bar, w, strict=True))
    else:
        np.matmul(x_bar[t], w, out=z_bar)


def is_sparse(w: Any) -> bool:
    """Whether recurrent weights are sparse: a tuple of arrays, too, but not one a channel."""
    return hasattr(w, "starts")
