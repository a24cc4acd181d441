"""Decoders: spikes to numbers."""

import math
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import empty, on_device
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, time_axis


def sum_decode(x: Any, dimension: int = 0) -> np.ndarray:
    """Sum over time, or over another axis: the number of spikes.

    Examples
    --------
    >>> import numpy as np
    >>> sum_decode(np.array([[0, 1], [1, 1], [0, 1]]))
    array([1., 3.], dtype=float32)
    """
    x = check.real_array("x", x)
    axis = check.integer("dimension", dimension, least=-x.ndim, most=x.ndim - 1)
    return x.sum(axis=axis, dtype=check.float_dtype(x))


class SumDecoder(Layer):
    """`sum_decode` over time as a layer: (T, ...) to (...).

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LIF, SequentialState
    >>> net = SequentialState(LIF(), SumDecoder())
    >>> net(np.full((100, 2), 0.4))[0]
    array([13., 13.])
    """

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Sum `x` (T, ...) over its first axis."""
        x = check.real_array("x", x)
        time_axis(x, 1, "(T, ...)")
        out = sum_decode(x)
        if tape is not None:
            tape.push(self, (x.shape, out.dtype))
        return out

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        shape, dtype = tape.pop(self)
        out_bar = cotangent("out_bar", out_bar, shape[1:], dtype, self)
        return Gradients(np.broadcast_to(out_bar, shape), None, {})


class SpikesToTimesDecoder(Layer):
    """Times of the first spikes of each neuron: (T, ...) to (spike_count, ...).

    What is not 0 is a spike; spikes that did not happen have time infinity. The gradient of a spike
    is minus that of its time (a stronger drive fires earlier), times `dt` if times are in seconds;
    all other entries have none, as in norse. The gradient of an infinite time is ignored.

    Parameters
    ----------
    spike_count : int
        Number of spikes a neuron.
    convert_indices_to_times : bool
        Give times in s; otherwise numbers of steps.
    dt : float
        Step, s.

    Examples
    --------
    >>> import numpy as np
    >>> SpikesToTimesDecoder(2)(np.array([[0, 1], [1, 0], [1, 0], [1, 0]]))
    array([[0.001, 0.   ],
           [0.002,   inf]], dtype=float32)
    """

    def __init__(self, spike_count: int = 1, convert_indices_to_times: bool = True,
                 dt: float = 1e-3) -> None:
        self.spike_count = check.integer("spike_count", spike_count, least=1)
        self.convert_indices_to_times = bool(convert_indices_to_times)
        self.dt = check.number("dt", dt, above=0.0)
        self._unit = self.dt if self.convert_indices_to_times else 1.0

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Times of the first spikes of `x` (T, ...), in ascending order."""
        x = check.real_array("x", x)
        time_axis(x, 1, "(T, ...)")
        check.finite("x", x)
        dtype = check.float_dtype(x)
        if on_device(x):
            return self._on_device(x, dtype, tape)
        silent = x == 0
        # a stable sort by "silent" puts the steps of the spikes first, in their order
        steps = np.argsort(silent, axis=0, kind="stable")[:self.spike_count]
        spiked = ~np.take_along_axis(silent, steps, axis=0)
        out = np.full((self.spike_count, *x.shape[1:]), np.inf, dtype)
        out[:len(steps)][spiked] = steps[spiked].astype(dtype) * self._unit
        if tape is not None:
            tape.push(self, (steps, spiked, x.shape, dtype))
        return out

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Gradient of the last call on `tape`; see the class."""
        if self.device != "cpu":
            return self._back_on_device(out_bar, tape)
        steps, spiked, shape, dtype = tape.pop(self)
        out_bar = cotangent("out_bar", out_bar, (self.spike_count, *shape[1:]), dtype)
        x_bar = np.zeros(shape, dtype)
        np.put_along_axis(x_bar, steps, np.where(spiked, -self._unit * out_bar[:len(steps)], 0), 0)
        return Gradients(x_bar, None, {})

    def _on_device(self, x: Any, dtype: np.dtype, tape: Tape | None) -> Any:
        from eventsnn.engine.cuda import traces
        n = math.prod(x.shape[1:])
        out = np.full((self.spike_count, *x.shape[1:]), np.inf, dtype, like=x)
        traces.spike_times(x.reshape(len(x), n), dtype.type(self._unit),
                           out.reshape(self.spike_count, n))
        if tape is not None:
            tape.push(self, (x, dtype))
        return out

    def _back_on_device(self, out_bar: Any, tape: Tape) -> Gradients:
        from eventsnn.engine.cuda import traces
        x, dtype = tape.pop(self)
        n, x_bar = math.prod(x.shape[1:]), empty(x.shape, dtype)
        out_bar = cotangent("out_bar", out_bar, (self.spike_count, *x.shape[1:]), dtype, x)
        traces.spike_times_bar(x.reshape(len(x), n), dtype.type(self._unit),
                               out_bar.reshape(self.spike_count, n), x_bar.reshape(len(x), n))
        return Gradients(x_bar, None, {})
