"""Outputs of neurons that come back, as one thread sees it; see `eventsnn.connect.feedback`.

A thread adds up for its own neuron: what its sources bring forward, what its targets send back. So
nothing is written by two threads, and sums are in a fixed order.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numba.extending import overload

from eventsnn.core.dispatch import INLINED
from eventsnn.core.fields import define
from eventsnn.core.jit import scalar

_U = np.uint64
_ZERO, _ONE, _TWO, _THREE, _FOUR = (np.uint64(i) for i in range(5))


class TwoWayWeights(NamedTuple):
    """Sparse weights (outputs, inputs) by their inputs and by their outputs."""

    starts: Any  # int64 (inputs + 1,): where the entries of an input begin
    rows: Any  # uint32 (n_entries,): output of an entry
    values: Any  # float (n_entries,)
    row_starts: Any  # int64 (outputs + 1,): where the entries of an output begin in the next two
    columns: Any  # uint32 (n_entries,): input of an entry, rising
    entries: Any  # uint32 (n_entries,): its place among the values


@scalar
def _from_rows(total, w, source, ids, count, k):
    """Four rows at a time, as `eventsnn.connect.gather` adds them."""
    e = _ZERO
    while e + _FOUR <= count:
        i0, i1, i2, i3 = _U(ids[e]), _U(ids[e + _ONE]), _U(ids[e + _TWO]), _U(ids[e + _THREE])
        total += ((source[i0] * w[i0, k] + source[i1] * w[i1, k])
                  + (source[i2] * w[i2, k] + source[i3] * w[i3, k]))
        e += _FOUR
    while e < count:
        i = _U(ids[e])
        total += source[i] * w[i, k]
        e += _ONE
    return total


@scalar
def _from_entries(total, w, source, k):
    for j in range(_U(w.row_starts[k]), _U(w.row_starts[k + _ONE])):
        total += source[_U(w.columns[j])] * w.values[_U(w.entries[j])]
    return total


def gathered(x: Any, w: Any, source: Any, ids: Any, count: Any, k: Any) -> Any:
    """The input `x` of neuron `k` and what the `count` sources `ids` with outputs `source` bring.

    `w` is (N, N) [source, target], one for each channel of `x`, or `TwoWayWeights`.
    """
    if isinstance(w, TwoWayWeights):
        return _from_entries(x, w, source, k)
    if isinstance(w, tuple):
        return type(x)(*(_from_rows(total, weights, source, ids, count, k)
                         for total, weights in zip(x, w, strict=True)))
    return _from_rows(x, w, source, ids, count, k)


@overload(gathered, target="generic", jit_options=INLINED)
def _gathered(x, w, source, ids, count, k):
    if getattr(w, "instance_class", None) is TwoWayWeights:
        return lambda x, w, source, ids, count, k: _from_entries(x, w, source, k)
    if isinstance(w, types.BaseTuple):
        values = ", ".join(f"add(x[{i}], w[{i}], source, ids, count, k)" for i in range(len(w)))
        return define("x, w, source, ids, count, k", f"return cls({values})", cls=x.instance_class,
                      add=_from_rows)
    return lambda x, w, source, ids, count, k: _from_rows(x, w, source, ids, count, k)


@scalar
def _from_targets(w, x_bar, t, b, k):
    total = w.dtype.type(0)
    for m in range(_U(w.shape[0])):
        total += w[m, k] * x_bar[t, b, m]
    return total


@scalar
def _to_entries(w, x_bar, t, b, k):
    total = w.values.dtype.type(0)
    for j in range(_U(w.starts[k]), _U(w.starts[k + _ONE])):
        total += w.values[j] * x_bar[t, b, _U(w.rows[j])]
    return total


def back_to(w: Any, x_bar: Any, t: Any, b: Any, k: Any) -> Any:
    """The gradient of output `k` for that of the inputs ``x_bar[t, b]``.

    `w` is (N, N) [target, source], so that threads read side by side; else as in `gathered`.
    """
    if isinstance(w, TwoWayWeights):
        return _to_entries(w, x_bar, t, b, k)
    if isinstance(w, tuple):
        return sum(_from_targets(weights, bar, t, b, k)
                   for bar, weights in zip(x_bar, w, strict=True))
    return _from_targets(w, x_bar, t, b, k)


@overload(back_to, target="generic", jit_options=INLINED)
def _back_to(w, x_bar, t, b, k):
    if getattr(w, "instance_class", None) is TwoWayWeights:
        return lambda w, x_bar, t, b, k: _to_entries(w, x_bar, t, b, k)
    if isinstance(w, types.BaseTuple):
        total = " + ".join(f"back(w[{i}], x_bar[{i}], t, b, k)" for i in range(len(w)))
        return define("w, x_bar, t, b, k", f"return {total}", back=_from_targets)
    return lambda w, x_bar, t, b, k: _from_targets(w, x_bar, t, b, k)
