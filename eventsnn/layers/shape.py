"""Layers that change the shape of their input and nothing else."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent


class Flatten(Layer):
    """The axes from `start_dim` to `end_dim`, both included, as one.

    Parameters
    ----------
    start_dim, end_dim : int
        Axes; negative ones count from the last. The default keeps the first axis, as in torch: for
        a sequence (T, B, C, H, W) take ``Flatten(2)``.

    Examples
    --------
    >>> import numpy as np
    >>> Flatten(2)(np.ones((10, 4, 8, 12, 12))).shape
    (10, 4, 1152)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = check.integer("start_dim", start_dim)
        self.end_dim = check.integer("end_dim", end_dim)

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Reshape `x`; its numbers and their dtype stay."""
        x = check.real_array("x", x)
        n = max(x.ndim, 1)
        for name, axis in (("start_dim", self.start_dim), ("end_dim", self.end_dim)):
            if not -n <= axis < n:
                raise check.must(name, f"be from {-n} to {n - 1} for x of shape {x.shape}", axis)
        first, last = self.start_dim % n, self.end_dim % n
        if first > last:
            raise check.must("start_dim", f"not come after end_dim = {self.end_dim} for x of shape "
                             f"{x.shape}", self.start_dim)
        size = int(np.prod(x.shape[first:last + 1]))
        out = x.reshape(*x.shape[:first], size, *x.shape[last + 1:])
        if tape is not None:
            tape.push(self, (x.shape, out.shape, check.float_dtype(out)))
        return out

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        shape, out_shape, dtype = tape.pop(self)
        if not tape.wants_input:
            return Gradients(None, None, {})
        bar = cotangent("out_bar", out_bar, out_shape, dtype, self)
        return Gradients(bar.reshape(shape), None, {})
