r"""A linear map and an exponential filter behind it: a smooth read-out of spikes.

.. math::
    y_t = W x_t + b, \qquad out_0 = y_0, \qquad
    out_t = e^{-dt / \tau} \, out_{t-1} + y_t

The decay is exact, so any step is stable.
"""

import math
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import on_device
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, time_axis
from eventsnn.layers.linear import Linear


class ExpFilter(Layer):
    """``(T, ..., input_size)`` to filtered ``(T, ..., output_size)``.

    Parameters
    ----------
    input_size, output_size : int
        Sizes of the last axis.
    tau_filter_inv : float
        Inverse time constant of the filter, 1/s; by default 1 ms. At 0 it adds up.
    dt : float
        Step, s.
    input_weights : (output_size, input_size) array, optional
        Copied. By default as in `Linear`.
    bias, seed, dtype
        As for `Linear`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = ExpFilter(1, 1, 100.0, 1e-2, input_weights=np.ones((1, 1)), bias=False)
    >>> layer(np.array([[1.0], [0.0], [0.0]])).round(3).ravel()
    array([1.   , 0.368, 0.135])
    """

    kept_as = {"input_size": "linear.in_features", "output_size": "linear.out_features",
               "input_weights": "linear.weight", "bias": "linear.bias"}

    def __init__(self, input_size: int, output_size: int, tau_filter_inv: float = 1e3,
                 dt: float = 1e-3, input_weights: Any = None, bias: Any = True, *,
                 seed: int | None = None, dtype: Any = np.float32) -> None:
        self.tau_filter_inv = check.number("tau_filter_inv", tau_filter_inv, least=0.0)
        self.dt = check.number("dt", dt, above=0.0)
        self.decay = math.exp(-self.dt * self.tau_filter_inv)
        self.linear = Linear(input_size, output_size, bias, weight=input_weights, seed=seed,
                             dtype=dtype)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return self.linear.weights

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Filter `x` (T, ..., input_size)."""
        x = check.real_array("x", x)
        time_axis(x, 2, f"(T, ..., {self.linear.in_features})")
        out = self.linear(x, tape=tape).copy()  # it may be one row, repeated
        if on_device(out):
            from eventsnn.engine.cuda import traces
            traces.decaying(out.dtype.type(self.decay), _rows(out))
        else:
            for t in range(1, len(out)):
                out[t] += self.decay * out[t - 1]
        if tape is not None:
            tape.push(self, (out.shape, out.dtype))
        return out

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        shape, dtype = tape.pop(self)
        y_bar = cotangent("out_bar", out_bar, shape, dtype, self).copy()
        if on_device(y_bar):
            from eventsnn.engine.cuda import traces
            traces.decaying_bar(dtype.type(self.decay), _rows(y_bar))
        else:
            for t in reversed(range(len(y_bar) - 1)):
                y_bar[t] += self.decay * y_bar[t + 1]
        return self.linear.backward(y_bar, tape)


def _rows(x: Any) -> Any:
    """(T, ...) as (T, n)."""
    return x.reshape(len(x), math.prod(x.shape[1:]))
