"""Dense weights met by events on a CUDA device; see `eventsnn.connect.gather`.

A thread adds up the rows of weights that a row's events name, for one output, in the order of the
events; its neighbours read the same rows beside it.
"""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.connect.gather import value_of
from eventsnn.core.cuda import for_pairs, kernel

_U = np.uint64
_ONE, _TWO, _THREE, _FOUR = (np.uint64(i) for i in range(1, 5))


@kernel
def _gather(ends, ids, values, w, y):
    k, r = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    one = y.dtype.type(1)
    if k < _U(y.shape[1]):
        while r < _U(y.shape[0]):
            e, stop = _U(ends[r]), _U(ends[r + _ONE])
            total = y.dtype.type(0)
            while e + _FOUR <= stop:  # as `eventsnn.connect.gather` adds them
                total += ((value_of(values, e, one) * w[_U(ids[e]), k]
                           + value_of(values, e + _ONE, one) * w[_U(ids[e + _ONE]), k])
                          + (value_of(values, e + _TWO, one) * w[_U(ids[e + _TWO]), k]
                             + value_of(values, e + _THREE, one) * w[_U(ids[e + _THREE]), k]))
                e += _FOUR
            while e < stop:
                total += value_of(values, e, one) * w[_U(ids[e]), k]
                e += _ONE
            y[r, k] = total
            r += _U(cuda.gridsize(2)[1])


def gather(ends: Any, ids: Any, values: Any, w: Any, y: Any) -> None:
    """Write the sums `y` (R, outputs) of the rows of `w` that the events of each row name, times
    their values."""
    for_pairs(_gather, *y.shape, ends, ids, values, w, y)
