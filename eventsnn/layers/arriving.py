"""What arrives at weights, in the form that is less work: events where few inputs are not 0.

Both forms give the same numbers to rounding. ``y`` are rows (R, outputs) of all items and steps,
weights are (outputs, inputs), in Fortran's order.
"""

import math
from typing import Any

import numpy as np

from eventsnn.connect import gather
from eventsnn.core.device import contiguous, like, on_device
from eventsnn.spikes import Events, density, to_events, to_raster

DENSE_FROM = 0.12  # share of inputs that are not 0 from which on BLAS is faster
IMAGES_DENSE_FROM = 0.25  # the same of convolutions, whose patches BLAS must have copied
FEW = 48  # outputs: fewer are not worth a search for events
SMALL = 1 << 14  # elements that are not worth a look
# A product of fewer inputs than these, which has as many numbers: BLAS takes up to twice as long.
FEW_INPUTS, LARGE = 32, 1 << 18


def are_few(events: Events) -> bool:
    """Whether work on each event is less than BLAS has with the raster."""
    return events.density < DENSE_FROM


def arriving(x: Any, n_outputs: int, images: bool = False) -> Any:
    """An input (..., inputs), an array or events, in the form to go on with.

    Each element reaches `n_outputs`, in `images` by a convolution.
    """
    dense_from = IMAGES_DENSE_FROM if images else DENSE_FROM
    if on_device(x):
        return x
    if isinstance(x, Events):
        return x if x.density < dense_from else to_raster(x)
    if n_outputs < FEW or x.size < SMALL or density(x) >= dense_from:
        return contiguous(x)  # products would each copy what is not
    return to_events(x)


def product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """``x @ w`` of `x` (..., n) and `w` (n, m) as one product, where NumPy makes one a step."""
    rows, shape = x.reshape(-1, x.shape[-1]), (*x.shape[:-1], w.shape[-1])
    if on_device(rows) or len(w) >= FEW_INPUTS or math.prod(shape) < LARGE:
        return (rows @ w).reshape(shape)
    y = np.empty((len(rows), w.shape[-1]), rows.dtype)
    gather.combine(contiguous(rows), contiguous(w), y)
    return y.reshape(shape)


def weighted(x: Any, weight: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """``x W^T`` of an input (..., inputs): an array (..., outputs) of its own."""
    weight = weight.astype(dtype, copy=False)
    if not isinstance(x, Events):
        return product(x.astype(dtype, copy=False), weight.T)
    y = np.empty((len(x.ends) - 1, len(weight)), dtype, **like(x.ids))
    loops: Any = gather
    if on_device(y):
        from eventsnn.connect.cuda import gather as loops
    loops.gather(x.ends, x.ids, x.values_as(dtype), contiguous(weight.T), y)
    return y.reshape(*x.shape[:-1], len(weight))


def weight_bar(x: Any, y_bar: np.ndarray) -> np.ndarray:
    """Gradient (outputs, inputs) of weights, for that of what `weighted` gave."""
    rows = y_bar.reshape(-1, y_bar.shape[-1])
    if on_device(rows) and isinstance(x, Events):
        x = to_raster(x)  # no thread knows the events of one input: look at all, in tiles
    if not isinstance(x, Events):
        x_rows = x.reshape(-1, x.shape[-1]).astype(rows.dtype, copy=False)
        # Few outputs first: it takes two thirds of the time.
        return rows.T @ x_rows if rows.shape[-1] < FEW else (x_rows.T @ rows).T
    bar = np.zeros((x.shape[-1], rows.shape[-1]), rows.dtype)
    gather.scatter(x.ends, x.ids, x.values_as(rows.dtype), np.ascontiguousarray(rows), bar)
    return bar.T
