"""Outputs of neurons that come back, as one thread sees it; see `eventsnn.connect.feedback`.

A thread adds up for its own neuron: what its sources bring forward, what its targets send back. So
nothing is written by two threads, and sums are in a fixed order.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from eventsnn.core.fields import define
from eventsnn.core.inline import inlined
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
def _from_rows(total, w, n, source, before, ids, start, count, k):
    """Four rows at a time, as `eventsnn.connect.gather` adds them."""
    e, end = start, start + count
    while e + _FOUR <= end:
        i0, i1, i2, i3 = _U(ids[e]), _U(ids[e + _ONE]), _U(ids[e + _TWO]), _U(ids[e + _THREE])
        total += ((source[before + i0] * w[i0 * n + k] + source[before + i1] * w[i1 * n + k])
                  + (source[before + i2] * w[i2 * n + k] + source[before + i3] * w[i3 * n + k]))
        e += _FOUR
    while e < end:
        i = _U(ids[e])
        total += source[before + i] * w[i * n + k]
        e += _ONE
    return total


@scalar
def _from_entries(total, w, source, before, k):
    for j in range(_U(w.row_starts[k]), _U(w.row_starts[k + _ONE])):
        total += source[before + _U(w.columns[j])] * w.values[_U(w.entries[j])]
    return total


def gathered(x: Any, w: Any, n: Any, source: Any, before: Any, ids: Any, start: Any, count: Any,
             k: Any) -> Any:
    """The input `x` of neuron `k` and what the sources with outputs bring.

    Outputs lie in `source` from `before` on; of which they are not 0 the `count` numbers in `ids`
    from `start` on tell. `w` is (N * N,) [source, target], one for each channel of `x`, or
    `TwoWayWeights`.
    """
    if isinstance(w, TwoWayWeights):
        return _from_entries(x, w, source, before, k)
    if isinstance(w, tuple):
        return type(x)(*(_from_rows(total, weights, n, source, before, ids, start, count, k)
                         for total, weights in zip(x, w, strict=True)))
    return _from_rows(x, w, n, source, before, ids, start, count, k)


@inlined(gathered)
def _gathered(x, w, n, source, before, ids, start, count, k):
    if getattr(w, "instance_class", None) is TwoWayWeights:
        return lambda x, w, n, source, before, ids, start, count, k: _from_entries(
            x, w, source, before, k)
    if isinstance(w, types.BaseTuple):
        values = ", ".join(f"add(x[{i}], w[{i}], n, source, before, ids, start, count, k)"
                           for i in range(len(w)))
        return define("x, w, n, source, before, ids, start, count, k", f"return cls({values})",
                      cls=x.instance_class, add=_from_rows)
    return lambda x, w, n, source, before, ids, start, count, k: _from_rows(
        x, w, n, source, before, ids, start, count, k)


@scalar
def _from_targets(w, n, x_bar, at, k):
    total = w.dtype.type(0)
    for m in range(n):
        total += w[m * n + k] * x_bar[at + m]
    return total


@scalar
def _to_entries(w, x_bar, at, k):
    total = w.values.dtype.type(0)
    for j in range(_U(w.starts[k]), _U(w.starts[k + _ONE])):
        total += w.values[j] * x_bar[at + _U(w.rows[j])]
    return total


def back_to(w: Any, n: Any, x_bar: Any, at: Any, k: Any) -> Any:
    """The gradient of output `k` for that of the inputs, which lie in `x_bar` from `at` on.

    `w` is (N * N,) [target, source], so that threads read side by side; else as in `gathered`.
    """
    if isinstance(w, TwoWayWeights):
        return _to_entries(w, x_bar, at, k)
    if isinstance(w, tuple):
        return sum(_from_targets(weights, n, bar, at, k)
                   for bar, weights in zip(x_bar, w, strict=True))
    return _from_targets(w, n, x_bar, at, k)


@inlined(back_to)
def _back_to(w, n, x_bar, at, k):
    if getattr(w, "instance_class", None) is TwoWayWeights:
        return lambda w, n, x_bar, at, k: _to_entries(w, x_bar, at, k)
    if isinstance(w, types.BaseTuple):
        total = " + ".join(f"back(w[{i}], n, x_bar[{i}], at, k)" for i in range(len(w)))
        return define("w, n, x_bar, at, k", f"return {total}", back=_from_targets)
    return lambda w, n, x_bar, at, k: _from_targets(w, n, x_bar, at, k)
