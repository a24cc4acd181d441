"""Convolution along one axis: that of images one row high."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.layers.base import Gradients, Tape
from eventsnn.layers.conv import Conv2d


class _Sizes(NamedTuple):
    """As they were given."""

    kernel_size: int
    stride: int
    padding: Any
    dilation: int


class Conv1d(Conv2d):
    """Convolution of (..., in_channels, N) with learnt kernels, on any leading axes.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the second axis from the end.
    kernel_size, stride, padding, dilation : int
        Of the window; `padding` may be ``"same"`` or ``"valid"``, as in `Conv2d`.
    groups, bias, seed, dtype
        As in `Conv2d`.
    weight : (out_channels, in_channels / groups, kernel_size) array, optional
        Copied. Drawn by default, as in `Conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> Conv1d(2, 8, kernel_size=5, stride=2, seed=1)(np.ones((10, 4, 2, 28))).shape
    (10, 4, 8, 12)
    """

    kept_as = {"kernel_size": "_sizes.kernel_size", "stride": "_sizes.stride",
               "dilation": "_sizes.dilation", "padding": "_sizes.padding"}

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1,
                 padding: Any = 0, dilation: int = 1, groups: int = 1, bias: Any = True, *,
                 weight: Any = None, seed: int | None = None, dtype: Any = np.float32) -> None:
        kernel_size = check.integer("kernel_size", kernel_size, least=1)
        stride = check.integer("stride", stride, least=1)
        dilation = check.integer("dilation", dilation, least=1)
        if not isinstance(padding, str):
            padding = check.integer("padding", padding, least=0)
        self._sizes = _Sizes(kernel_size, stride, padding, dilation)
        if weight is not None:
            weight = check.real_array("weight", weight)
            if weight.ndim != 3:
                raise check.must("weight", "have shape (out, in / groups, kernel_size)",
                                 weight.shape)
            weight = weight[:, :, None]
        super().__init__(in_channels, out_channels, (1, kernel_size), (1, stride),
                         padding if isinstance(padding, str) else (0, padding), (1, dilation),
                         groups, bias, weight=weight, seed=seed, dtype=dtype)
        self.weight = self.weight[:, :, 0]

    @property
    def event_outputs(self) -> int:
        return 0  # it takes arrays alone

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Convolve `x` (..., in_channels, N); numbers or spikes of any real dtype."""
        x = check.real_array("x", x)
        if x.ndim < 2 or x.shape[-2] != self.in_channels:
            raise check.must("x", f"have shape (..., {self.in_channels}, N) to match the weight",
                             x.shape)
        return super().__call__(_one_row(x), tape=tape)[..., 0, :]

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        if out_bar is not None:
            out_bar = _one_row(check.real_array("out_bar", out_bar))
        g = super().backward(out_bar, tape)
        return g if g.x is None else g._replace(x=g.x[..., 0, :])


def _one_row(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:-1], 1, *x.shape[-1:])
