"""Windows that move over images (..., H, W): their sizes, and what they see.

A window of `kernel_size` moves by `stride`; its places are `dilation` apart, and the image has a
border of `padding`. Sizes are a number or a pair (vertical, horizontal).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from eventsnn.core import check


class Window(NamedTuple):
    """How a window moves; each a pair (vertical, horizontal)."""

    kernel_size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def out_size(self, shape: tuple, argument: str = "x") -> tuple[int, int]:
        """Height and width of what a window gives on an image (..., H, W)."""
        if len(shape) < 2:
            raise check.must(argument, "have shape (..., H, W)", shape)
        (kh, kw), (s, t), (p, q), (d, e) = self
        span = d * (kh - 1) + 1, e * (kw - 1) + 1
        room = shape[-2] + 2 * p - span[0], shape[-1] + 2 * q - span[1]
        if min(room) < 0 or 0 in shape[-2:]:
            raise check.must(argument,
                             f"be at least as large as the window, {span}, with its padding",
                             f"shape {shape} with a padding of {self.padding}")
        return room[0] // s + 1, room[1] // t + 1


def window(kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Window:
    """The window of sizes given as numbers or pairs."""
    return Window(pair("kernel_size", kernel_size, 1), pair("stride", stride, 1),
                  pair("padding", padding, 0), pair("dilation", dilation, 1))


def pair(argument: str, value: Any, least: int) -> tuple[int, int]:
    """A number, or a pair of them, as a pair of whole numbers of at least `least`."""
    if type(value) is tuple and [*map(type, value)] == [int, int] and min(value) >= least:
        return value  # as a layer keeps it, several times a step
    if not isinstance(value, (tuple, list, np.ndarray)) or np.ndim(value) == 0:
        value = (value, value)
    if len(value) != 2:
        raise check.must(argument, "be a number or a pair (vertical, horizontal)", value)
    return (check.integer(argument, value[0], least=least),
            check.integer(argument, value[1], least=least))


def patches(x: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0,
            dilation: Any = 1, *, argument: str = "x") -> np.ndarray:
    """What the window sees at each of its places.

    Parameters
    ----------
    x : (..., H, W) array
    kernel_size, stride, padding, dilation : int or pair of ints
        See the module.
    argument : str
        What `x` is called in messages.

    Returns
    -------
    (..., kh, kw, H', W') array
        A read-only view of `x`, or of a padded copy. From (..., C, H, W) it is (..., C, kh, kw, H',
        W'), which reshaped to (..., C * kh * kw, H' * W') is what torch calls unfold.

    Examples
    --------
    >>> patches([[1, 2, 3], [4, 5, 6]], (2, 1))[..., 0, :].tolist()  # the first row of windows
    [[[1, 2, 3]], [[4, 5, 6]]]
    """
    win, x = window(kernel_size, stride, padding, dilation), check.real_array(argument, x)
    win.out_size(x.shape, argument)
    return patches_of(padded(x, win.padding, x.dtype), win)


def padded(x: np.ndarray, padding: tuple[int, int], dtype: Any, value: float = 0) -> np.ndarray:
    """`x`, or a copy of it with a border."""
    if padding == (0, 0):
        return x.astype(dtype, copy=False)
    (height, width), (p, q) = x.shape[-2:], padding
    out = np.full((*x.shape[:-2], height + 2 * p, width + 2 * q), value, dtype)
    out[..., p:p + height, q:q + width] = x
    return out


def patches_of(x: np.ndarray, win: Window) -> np.ndarray:
    """View (..., kh, kw, H', W') of a padded image."""
    (s, t), (d, e) = win.stride, win.dilation
    span = (d * (win.kernel_size[0] - 1) + 1, e * (win.kernel_size[1] - 1) + 1)
    seen = sliding_window_view(x, span, axis=(-2, -1))
    return np.moveaxis(seen[..., ::s, ::t, ::d, ::e], (-2, -1), (-4, -3))
