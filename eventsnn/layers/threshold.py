"""A spike function as a layer."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.engine import cpu
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent
from eventsnn.surrogates import SuperSpike, has_slope, is_stochastic, prepare


class Threshold(Layer):
    """Spikes where `x` is above 0; backward multiplies by the surrogate's slope.

    Parameters
    ----------
    surrogate : surrogate
        From `eventsnn.surrogates`. One that draws at random draws anew in each call.

    Examples
    --------
    >>> import numpy as np
    >>> Threshold()(np.array([-1.0, 0.0, 0.5]))
    array([0., 0., 1.])
    """

    def __init__(self, surrogate: Any = SuperSpike()) -> None:
        prepare(surrogate, np.dtype(np.float32))
        has_slope(surrogate)
        self.surrogate = surrogate
        self.first_step = 0  # the number of the next call, for random surrogates
        self.counter = "first_step" if is_stochastic(surrogate) else ""

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Spikes (0 or 1) of the shape of `x`."""
        x = check.real_array("x", x)
        dtype = check.float_dtype(x)
        u, th = np.ascontiguousarray(x, dtype).reshape(-1), prepare(self.surrogate, dtype)
        z = np.empty_like(u)
        cpu.threshold(u, th, np.uint64(self.first_step), z)
        if is_stochastic(th):
            self.first_step += 1
        if tape is not None:
            tape.push(self, (u, th, x.shape))
        return z.reshape(x.shape)

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        u, th, shape = tape.pop(self)
        z_bar = np.ascontiguousarray(cotangent("out_bar", out_bar, shape, u.dtype)).reshape(-1)
        u_bar = np.empty_like(u)
        cpu.threshold_backward(u, th, z_bar, u_bar)
        return Gradients(u_bar.reshape(shape), None, {})
