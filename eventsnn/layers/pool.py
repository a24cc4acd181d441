"""Pooling as layers, on (..., H, W) with any leading axes; remainders at the far edge are left."""

from typing import Any

import numpy as np

from eventsnn.connect import conv
from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent


class _Pool2d(Layer):
    """What the poolings share."""

    kept_as = {"kernel_size": "window.kernel_size", "stride": "window.stride",
               "padding": "window.padding"}

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        self.window = conv.pool_window(kernel_size, stride, padding)


class SumPool2d(_Pool2d):
    """Sum over each window, which the border adds nothing to: spikes are counted.

    Parameters
    ----------
    kernel_size, stride, padding : int or pair of ints
        Of the window, (vertical, horizontal). It moves by its own size unless a stride is given;
        the padding is at most half of it.

    Examples
    --------
    >>> import numpy as np
    >>> SumPool2d(2)(np.ones((5, 5)))
    array([[4., 4.],
           [4., 4.]])
    """

    def _divisor(self) -> int:
        return 1

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Pool `x` (..., H, W)."""
        x = check.real_array("x", x)
        out = conv.sum_pool2d(x, *self.window[:3])
        out /= self._divisor()
        if tape is not None:
            tape.push(self, (x.shape[-2:], out.shape, out.dtype))
        return out

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        size, shape, dtype = tape.pop(self)
        if not tape.wants_input:
            return Gradients(None, None, {})
        out_bar = cotangent("out_bar", out_bar, shape, dtype, self) / dtype.type(self._divisor())
        return Gradients(conv.sum_pool2d_bar(out_bar, size, *self.window[:3]), None, {})


class AvgPool2d(SumPool2d):
    """Mean over each window; the zeros of the border count, as by default in torch.

    Parameters are those of `SumPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> AvgPool2d(2, padding=1)(np.ones((4, 4)))
    array([[0.25, 0.5 , 0.25],
           [0.5 , 1.  , 0.5 ],
           [0.25, 0.5 , 0.25]])
    """

    def _divisor(self) -> int:
        return self.window.kernel_size[0] * self.window.kernel_size[1]


class MaxPool2d(_Pool2d):
    """Largest number in each window, whatever the border; the first of equal ones is trained.

    Parameters are those of `SumPool2d`.

    Examples
    --------
    >>> MaxPool2d(2)([[1, 2, 0, 0], [4, 3, 0, 5]])
    array([[4., 5.]], dtype=float32)
    """

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Pool `x` (..., H, W)."""
        x = check.real_array("x", x)
        out, place = conv.max_pool2d(x, *self.window[:3])
        if tape is not None:
            tape.push(self, (x.shape[-2:], place, out.dtype))
        return out

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        size, place, dtype = tape.pop(self)
        if not tape.wants_input:
            return Gradients(None, None, {})
        out_bar = cotangent("out_bar", out_bar, place.shape, dtype, self)
        return Gradients(conv.max_pool2d_bar(out_bar, place, size, *self.window[:3]), None, {})
