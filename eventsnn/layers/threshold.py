"""A spike function as a layer."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import contiguous, like
from eventsnn.engine import run
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent
from eventsnn.surrogates import SuperSpike, has_slope, is_stochastic, prepare


class Threshold(Layer):
    """Spikes where `x` is above a threshold; backward multiplies by the surrogate's slope.

    Parameters
    ----------
    surrogate : surrogate
        From `eventsnn.surrogates`. One that draws at random draws anew in each call.
    threshold : number or array
        Broadcasts against the last axes of the input. It does not learn: a bias before it may.

    Examples
    --------
    >>> import numpy as np
    >>> Threshold()(np.array([-1.0, 0.0, 0.5]))
    array([0., 0., 1.])
    """

    def __init__(self, surrogate: Any = SuperSpike(), threshold: Any = 0.0) -> None:
        prepare(surrogate, np.dtype(np.float32))
        has_slope(surrogate)
        self.surrogate = surrogate
        threshold = check.real_array("threshold", threshold)
        check.finite("threshold", threshold)
        self.threshold = np.array(threshold, np.float64)
        self.first_step = 0  # the number of the next call, for random surrogates
        self.counter = "first_step" if is_stochastic(surrogate) else ""

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Spikes (0 or 1) of the shape of `x`."""
        x = check.real_array("x", x)
        check.broadcasts("x", x.shape, self.threshold.shape, "threshold")
        dtype = check.float_dtype(x)
        u, th = np.ascontiguousarray(x, dtype, **like(x)), prepare(self.surrogate, dtype)
        if self.threshold.any():  # a difference is above 0 where the one is above the other
            u = u - self.threshold.astype(dtype)
        u = u.reshape(-1)
        z = np.empty_like(u)
        run.loops(u).threshold(u, th, np.uint64(self.first_step), z)
        if is_stochastic(th):
            self.first_step += 1
        if tape is not None:
            tape.push(self, (u, th, x.shape))
        return z.reshape(x.shape)

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        u, th, shape = tape.pop(self)
        z_bar = contiguous(cotangent("out_bar", out_bar, shape, u.dtype, u)).reshape(-1)
        u_bar = np.empty_like(u)
        run.loops(u).threshold_backward(u, th, z_bar, u_bar)
        return Gradients(u_bar.reshape(shape), None, {})
