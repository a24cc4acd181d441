"""Event lists to rasters on a CUDA device; see `eventsnn.spikes`."""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_each, kernel

_U = np.uint64
_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)


@kernel
def _raster(ends, ids, values, out):
    e = _U(cuda.grid(1))
    one = out.dtype.type(1)
    while e < _U(ids.shape[0]):
        low, high = _ZERO, _U(ends.shape[0]) - _ONE  # the last row that begins at `e` or before
        while high - low > _ONE:
            middle = (low + high) // _TWO
            if _U(ends[middle]) <= e:
                low = middle
            else:
                high = middle
        out[low, _U(ids[e])] = one if values is None else values[e]
        e += _U(cuda.gridsize(1))


def raster(ends: Any, ids: Any, values: Any, out: Any) -> None:
    """Write the values of events to their places of `out` (R, n)."""
    for_each(_raster, len(ids), ends, ids, values, out)
