"""Dense weights met by events: rows of weights gathered forward, gradients scattered backward.

Weights are (inputs, outputs) here, so that those of one input lie side by side.
"""

import numpy as np

from eventsnn.core.jit import kernel, scalar

_ONE, _TWO, _THREE, _FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


@scalar
def _value(values, e, one):
    return one if values is None else values[e]


@kernel
def gather(ends, ids, values, w, y):
    """Add to `y` (R, outputs) the rows of `w` that the events of each row name, times their values.

    Four rows of weights for each visit to `y`, which saves half of the traffic.
    """
    one, n = w.dtype.type(1), np.uint64(w.shape[1])
    for r in range(np.uint64(y.shape[0])):
        e, stop = np.uint64(ends[r]), np.uint64(ends[r + _ONE])
        while e + _FOUR <= stop:
            i0, i1 = np.uint64(ids[e]), np.uint64(ids[e + _ONE])
            i2, i3 = np.uint64(ids[e + _TWO]), np.uint64(ids[e + _THREE])
            a0, a1 = _value(values, e, one), _value(values, e + _ONE, one)
            a2, a3 = _value(values, e + _TWO, one), _value(values, e + _THREE, one)
            for k in range(n):
                y[r, k] += (a0 * w[i0, k] + a1 * w[i1, k]) + (a2 * w[i2, k] + a3 * w[i3, k])
            e += _FOUR
        for e_ in range(e, stop):
            i, a = np.uint64(ids[e_]), _value(values, e_, one)
            for k in range(n):
                y[r, k] += a * w[i, k]


@kernel
def scatter(ends, ids, values, y_bar, w_bar):
    """Add to `w_bar` (inputs, outputs) what `gather` makes of `y_bar` (R, outputs)."""
    one, n = w_bar.dtype.type(1), np.uint64(w_bar.shape[1])
    for r in range(np.uint64(y_bar.shape[0])):
        for e in range(np.uint64(ends[r]), np.uint64(ends[r + _ONE])):
            i, a = np.uint64(ids[e]), _value(values, e, one)
            for k in range(n):
                w_bar[i, k] += a * y_bar[r, k]
