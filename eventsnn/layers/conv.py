"""Convolutions as layers, on (..., C, H, W) with any leading axes."""

from typing import Any

import numpy as np

from eventsnn.connect import conv
from eventsnn.core import check
from eventsnn.core.device import zeros
from eventsnn.layers.arriving import arriving
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent
from eventsnn.layers.linear import Linear
from eventsnn.spikes import Events, to_raster


class Conv2d(Layer):
    """Convolution with learnt kernels; `eventsnn.connect.conv` has the formula.

    ``y = layer(x)`` maps (..., in_channels, H, W) to (..., out_channels, H', W'). All leading axes
    are kept: none, a batch, or time and a batch.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the third axis from the end.
    kernel_size, stride, padding, dilation : int or pair of ints
        Of the window, (vertical, horizontal). The padding may be ``"valid"``, which is 0, or
        ``"same"``: of a stride of 1, the output is as large as the input, with the odd zero at the
        far edge, as in torch.
    groups : int
        The channels fall into as many parts, each with its own outputs; it divides both numbers.
    bias : bool, None or (out_channels,) array
        Whether there is a bias (None: no), or the bias (copied).
    weight : (out_channels, in_channels / groups, kh, kw) array, optional
        Copied. By default, like the bias, uniform in ``+-1 / sqrt(n)`` for the ``n = in_channels /
        groups * kh * kw`` numbers that an output sees.
    seed : int, optional
        Of what is drawn.
    dtype : dtype
        Of what is drawn; arrays given keep float64, else become float32.

    Examples
    --------
    >>> import numpy as np
    >>> Conv2d(3, 8, kernel_size=5, stride=2, seed=1)(np.ones((10, 4, 3, 28, 28))).shape
    (10, 4, 8, 12, 12)
    """

    kept_as = {"kernel_size": "window.kernel_size", "stride": "window.stride",
               "dilation": "window.dilation"}

    takes_sums = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: Any = True, *,
                 weight: Any = None, seed: int | None = None, dtype: Any = np.float32) -> None:
        self.in_channels = check.integer("in_channels", in_channels, least=1)
        self.out_channels = check.integer("out_channels", out_channels, least=1)
        self.padding = padding  # as it was given; that of the window is the part on both sides
        self.window, self._far = _window(kernel_size, stride, padding, dilation)
        self.groups = conv.check_groups(groups, in_channels, out_channels)
        self.kernels = (out_channels, in_channels // groups, *self.window.kernel_size)
        if weight is not None:
            weight = check.real_array("weight", weight)
            check.shape("weight", weight.shape, self.kernels, "(out, in / groups, kh, kw)")
            weight = weight.reshape(out_channels, -1)
        # each output is a linear map of a patch, and starts as one
        linear = Linear(int(np.prod(self.kernels[1:])), out_channels, bias, weight=weight,
                        seed=seed, dtype=dtype)
        self.weight = linear.weight.reshape(self.kernels)
        self.bias = linear.bias

    @property
    def event_outputs(self) -> int:
        return self._reached()

    def _reached(self) -> int:
        """Outputs that an input reaches."""
        return self.out_channels * int(np.prod(self.window.kernel_size))

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def out_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output for those of the input."""
        return self.window.out_size(tuple(n + f for n, f in zip(size, self._far, strict=True)))

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Convolve `x` (..., in_channels, H, W), an array or `Events`.

        Where few of its elements are not 0, only their kernels are looked at. An `x` that
        `np.broadcast_to` made, repeating one input along the first axis, is convolved once; the
        result repeats likewise.
        """
        x = x if isinstance(x, Events) else check.real_array("x", x)
        if x.ndim < 3 or x.shape[-3] != self.in_channels:
            raise check.must("x", f"have shape (..., {self.in_channels}, H, W) to match the weight",
                             x.shape)
        repeats = 0
        if not isinstance(x, Events) and x.ndim > 3 and len(x) > 1 and x.strides[0] == 0:
            x, repeats = x[:1], len(x)
        kernels = self.weight.astype(check.float_dtype(x, self.weight), copy=False)
        x = arriving(_extended(x, self._far), self._reached(), images=True)
        y = conv.conv2d(x, kernels.reshape(self.kernels), *self.window[1:], self.groups)
        if self.bias is not None:
            y += self.bias[:, None, None]
        if repeats:
            y = np.broadcast_to(y[0], (repeats, *y.shape[1:]))
        if tape is not None:
            tape.push(self, (x, repeats, y.shape, y.dtype))
        return y

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        x, repeats, shape, dtype = tape.pop(self)
        if repeats:
            shape = (tape.steps_of(out_bar, repeats), *shape[1:])
        out_bar = cotangent("out_bar", out_bar, shape, dtype, self)
        x_bar = None
        if tape.wants_input:
            x_bar = conv.conv2d_input_bar(out_bar, self.weight.reshape(self.kernels), x.shape[-2:],
                                          *self.window[1:], self.groups)
            x_bar = x_bar[..., :x.shape[-2] - self._far[0], :x.shape[-1] - self._far[1]]
        if repeats:
            out_bar = out_bar.sum(axis=0, keepdims=True)
        weight_bar = conv.conv2d_weight_bar(x, out_bar, *self.window, self.groups)
        weights = {"weight": weight_bar.reshape(self.weight.shape)}
        if self.bias is not None:
            weights["bias"] = out_bar.sum(axis=(*range(out_bar.ndim - 3), -2, -1))
        return Gradients(x_bar, None, weights)


def _window(kernel_size: Any, stride: Any, padding: Any, dilation: Any
            ) -> tuple[conv.Window, tuple[int, int]]:
    """The window of a convolution, and the zeros at the far edges beyond its padding."""
    if not isinstance(padding, str):
        return conv.window(kernel_size, stride, padding, dilation), (0, 0)
    if padding not in ("same", "valid"):
        raise check.unknown("padding", padding, ("same", "valid"))
    win = conv.window(kernel_size, stride, 0, dilation)
    if padding == "valid":
        return win, (0, 0)
    if win.stride != (1, 1):
        raise check.must("stride", "be 1 for a padding of 'same'", win.stride)
    (top, p), (left, q) = (divmod(d * (k - 1), 2)
                           for d, k in zip(win.dilation, win.kernel_size, strict=True))
    return win._replace(padding=(top, left)), (p, q)


def _extended(x: Any, far: tuple[int, int]) -> Any:
    """`x` (..., H, W), or a copy of it with zeros at the far edges."""
    if far == (0, 0):
        return x
    x = to_raster(x) if isinstance(x, Events) else x
    out = zeros((*x.shape[:-2], x.shape[-2] + far[0], x.shape[-1] + far[1]), x.dtype, x)
    out[..., :x.shape[-2], :x.shape[-1]] = x
    return out


class LConv2d(Conv2d):
    """Convolution without bias, its weight stored with a trailing axis of one, as in norse.

    Parameters are those of `Conv2d`, but `bias`; a `weight` is taken with the last axis or without.

    Examples
    --------
    >>> import numpy as np
    >>> layer = LConv2d(3, 8, kernel_size=5, seed=1)
    >>> layer(np.ones((10, 4, 3, 28, 28))).shape, layer.weight.shape
    ((10, 4, 8, 24, 24), (8, 3, 5, 5, 1))
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1, groups: int = 1, *, weight: Any = None,
                 seed: int | None = None, dtype: Any = np.float32) -> None:
        if np.ndim(weight) == 5 and np.shape(weight)[-1] == 1:
            weight = np.asarray(weight)[..., 0]
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups,
                         False, weight=weight, seed=seed, dtype=dtype)
        self.weight = self.weight[..., None]
