"""Multiplication of each element by its own number."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, unbroadcast


class Scale(Layer):
    """``y = x * scale``, element by element; all other axes (time, batch, ...) are kept.

    Parameters
    ----------
    scale : number or array
        Broadcasts against the last axes of the input. Copied; float64 stays, all else becomes
        float32.

    Examples
    --------
    >>> import numpy as np
    >>> Scale([1.0, 2.0, 3.0])(np.ones((10, 4, 3))).sum(axis=(0, 1))
    array([ 40.,  80., 120.])
    """

    def __init__(self, scale: Any) -> None:
        scale = check.real_array("scale", scale)
        check.finite("scale", scale)
        self.scale = np.array(scale, check.float_dtype(scale) if scale.ndim else np.float32)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"scale": self.scale}

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Scale `x`, numbers or spikes of any real dtype."""
        x = check.real_array("x", x)
        check.broadcasts("x", x.shape, self.scale.shape, "scale")
        dtype = check.float_dtype(x, self.scale)
        x = x.astype(dtype, copy=False)
        if tape is not None:
            tape.push(self, x)
        return x * self.scale.astype(dtype, copy=False)

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        x = tape.pop(self)
        out_bar = cotangent("out_bar", out_bar, x.shape, x.dtype, self)
        x_bar = out_bar * self.scale.astype(x.dtype, copy=False) if tape.wants_input else None
        return Gradients(x_bar, None, {"scale": unbroadcast(out_bar * x, self.scale.shape)})
