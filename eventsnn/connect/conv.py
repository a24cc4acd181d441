r"""Convolution and pooling in two dimensions, and their transposes, on arrays (..., C, H, W).

A window of `kernel_size` moves over the image by `stride`; its places are `dilation` apart, and
the image has a border of `padding` zeros:

.. math::
    y_{o,h,v} = \sum_{c,i,j} w_{o,c,i,j} \,
        x_{c,\; s_0 h + d_0 i - p_0,\; s_1 v + d_1 j - p_1}

The output has :math:`\lfloor (H + 2p - d (k - 1) - 1) / s \rfloor + 1` rows, and columns likewise;
what is left over at the far edge is not looked at. With `groups`, the channels fall into as many
consecutive parts, and outputs see the inputs of their own part. Sizes are a number or a pair
(vertical, horizontal). All leading axes are kept. `<of what>_bar` is a gradient: of the input or of
the weight, given that of the output, `out_bar`.

A convolution is a matrix product with the patches as columns, as BLAS does it [1]_. The columns
are made for a few images at a time, so that they stay in the cache. Where much of `out_bar` is 0,
as behind a pooling that takes the largest, the columns of the gradient are sums of few kernels.

References
----------
.. [1] Chellapilla, Puri, Simard, "High performance convolutional neural networks for document
   processing", IWFHR (2006).
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn.connect import conv_columns, conv_events, pooling
from eventsnn.core import check
from eventsnn.core.device import contiguous, like, on_device
from eventsnn.core.windows import Window, padded, pair, patches_of, window
from eventsnn.spikes import Events

COLUMN_BYTES = 4 << 20  # of the columns at hand; 1 to 4 MiB are fastest, 16 cost up to 3 times more
# Share of gradients that are not 0 from which on BLAS is faster: with AVX2 it was, from a half on,
# for 64 channels and more. With 12 channels at hand BLAS takes 1.5 times as long even for all.
BARS_DENSE_FROM = 0.4
_LOOKED_AT = 16  # images, to estimate that share


def pool_window(kernel_size: Any, stride: Any = None, padding: Any = 0) -> Window:
    """The window of a pooling: it moves by its own size unless a `stride` is given."""
    win = window(kernel_size, kernel_size if stride is None else stride, padding)
    if any(2 * p > k for p, k in zip(win.padding, win.kernel_size, strict=True)):
        raise check.must("padding", f"be at most half of kernel_size {win.kernel_size}",
                         win.padding)
    return win


def check_groups(groups: Any, n_in: int, n_out: int) -> int:
    """`groups`, checked to divide the numbers of channels."""
    groups = check.integer("groups", groups, least=1)
    if n_in % groups or n_out % groups:
        raise check.must("groups", f"divide the numbers of channels, {n_in} in and {n_out} out",
                         groups)
    return groups


def conv2d(x: Any, w: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> np.ndarray:
    """Convolution of `x` with the kernels `w` (not flipped, as everywhere in machine learning).

    Parameters
    ----------
    x : (..., C, H, W) array or Events
        Images; numbers or spikes of any real dtype.
    w : (O, C / groups, kh, kw) array
        Kernels.
    stride, padding, dilation : int or pair of ints
        See the module.
    groups : int
        See the module.

    Returns
    -------
    (..., O, H', W') array
        float64 if an array given is, else float32.

    Examples
    --------
    >>> import numpy as np
    >>> conv2d(np.ones((5, 1, 4, 4)), np.ones((2, 1, 3, 3)), padding=1)[0, 0]
    array([[4., 6., 6., 4.],
           [6., 9., 9., 6.],
           [6., 9., 9., 6.],
           [4., 6., 6., 4.]])
    """
    w = check.real_array("w", w)
    win = _kernels_window(w, stride, padding, dilation, groups)
    x = _images(x, w.shape[1] * groups)
    dtype, size, n_out = check.float_dtype(x, w), win.out_size(x.shape), len(w)
    if on_device(w):
        return _on_device().conv2d(x, w, groups, win, dtype)
    if isinstance(x, Events):
        return conv_events.conv2d(x, w, win, groups, dtype)
    kernels = w.astype(dtype, copy=False).reshape(groups, n_out // groups, -1)
    images = x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])
    out = np.empty((len(images), n_out, *size), dtype)
    for part in _parts(images, win, dtype):
        product = kernels @ _columns(images[part], win, groups, dtype)
        out[part] = np.moveaxis(product.reshape(n_out, -1, *size), 1, 0)
    return out.reshape(*x.shape[:-3], n_out, *size)


def conv2d_input_bar(out_bar: Any, w: Any, size: Any, stride: Any = 1, padding: Any = 0,
                     dilation: Any = 1, groups: int = 1) -> np.ndarray:
    """Transpose of `conv2d` by its input: (..., O, H', W') to (..., C, H, W); (H, W) is `size`."""
    out_bar, w = check.real_array("out_bar", out_bar), check.real_array("w", w)
    win, size = _kernels_window(w, stride, padding, dilation, groups), pair("size", size, 1)
    n_out, n_in, lead = len(w), w.shape[1], out_bar.shape[:-3]
    check.shape("out_bar", out_bar.shape, (*lead, n_out, *win.out_size(size)), "to match w")
    dtype = check.float_dtype(out_bar, w)
    if on_device(out_bar):
        return _on_device().conv2d_input_bar(out_bar, w, size, groups, win, dtype)
    kernels = w.transpose(0, 2, 3, 1).astype(dtype).reshape(groups, n_out // groups, -1)
    height, width = out_bar.shape[-2:]
    bars = out_bar.astype(dtype, copy=False).reshape(
        math.prod(lead), groups, n_out // groups, height, width)
    x_bar = np.empty((len(bars), groups, n_in, *size), dtype)
    if _share(bars) < BARS_DENSE_FROM:
        for g, of_group in enumerate(kernels):
            conv_columns.add_products(bars[:, g], of_group.reshape(len(of_group), w.shape[2], -1),
                                      *win[1:], x_bar[:, g])
        return x_bar.reshape(*lead, groups * n_in, *size)
    for part in _parts(x_bar[:, 0], win, dtype):
        for g, of_group in enumerate(kernels):
            places = np.empty((len(bars[part]) * height * width, n_out // groups), dtype)
            conv_columns.rows_of(bars[part, g], places)
            columns = (places @ of_group).reshape(len(places), win.kernel_size[0], -1)
            conv_columns.add_columns(columns, height, width, *win[1:], x_bar[part, g])
    return x_bar.reshape(*lead, groups * n_in, *size)


def conv2d_weight_bar(x: Any, out_bar: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                      dilation: Any = 1, groups: int = 1) -> np.ndarray:
    """Transpose of `conv2d` by its kernels, summed over the leading axes.

    Takes (..., C, H, W) and (..., O, H', W'); returns (O, C / groups, kh, kw).
    """
    out_bar = check.real_array("out_bar", out_bar)
    win = window(kernel_size, stride, padding, dilation)
    if out_bar.ndim < 3:
        raise check.must("out_bar", "have shape (..., O, H', W')", out_bar.shape)
    n_out = out_bar.shape[-3]
    x = _images(x, None)
    n_in = x.shape[-3]
    check_groups(groups, n_in, n_out)
    check.shape("out_bar", out_bar.shape, (*x.shape[:-3], n_out, *win.out_size(x.shape)),
                "to match x")
    dtype = check.float_dtype(x, out_bar)
    if on_device(out_bar):
        return _on_device().conv2d_weight_bar(x, out_bar, groups, win, dtype)
    if isinstance(x, Events):
        return conv_events.conv2d_weight_bar(x, out_bar.astype(dtype, copy=False), win, groups)
    images = x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])
    bars = out_bar.reshape(len(images), *out_bar.shape[-3:])
    n_column = n_in // groups * math.prod(win.kernel_size)
    w_bar = np.zeros((groups, n_out // groups, n_column), dtype)
    for part in _parts(images, win, dtype):
        columns = _columns(images[part], win, groups, dtype)
        w_bar += _rows(bars[part], groups, dtype) @ np.swapaxes(columns, 1, 2)
    return w_bar.reshape(n_out, n_in // groups, *win.kernel_size)


def sum_pool2d(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> np.ndarray:
    """Sum of the numbers in each window: (..., H, W) to (..., H', W').

    The stride is the size of the window unless given; the padding is at most half of it.

    Examples
    --------
    >>> sum_pool2d([[1, 2, 3], [4, 5, 6]], 2)  # a column is left over
    array([[12.]], dtype=float32)
    """
    x, win = check.real_array("x", x), pool_window(kernel_size, stride, padding)
    dtype, size = check.float_dtype(x), win.out_size(x.shape)
    images = np.ascontiguousarray(x, dtype, **like(x)).reshape(
        math.prod(x.shape[:-2]), *x.shape[-2:])
    out = np.empty((len(images), *size), dtype, **like(images))
    _pooling(images).sum_pool(images, *win[:3], out)
    return out.reshape(*x.shape[:-2], *size)


def sum_pool2d_bar(out_bar: Any, size: Any, kernel_size: Any, stride: Any = None,
                   padding: Any = 0) -> np.ndarray:
    """Transpose of `sum_pool2d`: (..., H', W') to (..., H, W) with (H, W) = `size`."""
    win = pool_window(kernel_size, stride, padding)
    bars, x_bar = _bars_of_images(out_bar, win, size)
    _pooling(bars).sum_pool_bar(bars, *win[:3], x_bar)
    return x_bar.reshape(*np.shape(out_bar)[:-2], *x_bar.shape[1:])


def max_pool2d(x: Any, kernel_size: Any, stride: Any = None,
               padding: Any = 0) -> tuple[np.ndarray, np.ndarray]:
    """Largest number in each window, and its place there: (..., H, W) to twice (..., H', W').

    Places count row by row; of equal numbers the first counts. Padding is never the largest; NaN
    always is. Stride and padding as for `sum_pool2d`.

    Examples
    --------
    >>> out, place = max_pool2d([[1, 2, 7, 7], [4, 3, 0, 0]], 2)
    >>> out, place
    (array([[4., 7.]], dtype=float32), array([[2, 0]], dtype=uint8))
    """
    x, win = check.real_array("x", x), pool_window(kernel_size, stride, padding)
    dtype, size = check.float_dtype(x), win.out_size(x.shape)
    out = np.empty((math.prod(x.shape[:-2]), *size), dtype, **like(x))
    place = np.empty(out.shape, np.min_scalar_type(math.prod(win.kernel_size) - 1), **like(x))
    images = np.ascontiguousarray(x, dtype, **like(x)).reshape(len(out), *x.shape[-2:])
    _pooling(images).max_pool(images, *win[:3], out, place)
    return out.reshape(*x.shape[:-2], *size), place.reshape(*x.shape[:-2], *size)


def max_pool2d_bar(out_bar: Any, place: np.ndarray, size: Any, kernel_size: Any,
                   stride: Any = None, padding: Any = 0) -> np.ndarray:
    """Transpose of `max_pool2d`, whose `place` says where a gradient goes; see `sum_pool2d_bar`."""
    win = pool_window(kernel_size, stride, padding)
    check.shape("place", place.shape, np.shape(out_bar), "as out_bar")
    bars, x_bar = _bars_of_images(out_bar, win, size)
    _pooling(bars).max_pool_bar(bars, contiguous(place).reshape(bars.shape), *win[:3], x_bar)
    return x_bar.reshape(*np.shape(out_bar)[:-2], *x_bar.shape[1:])


def _bars_of_images(out_bar: Any, win: Window, size: Any) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (n, H', W') of windows, and room (n, H, W) for those of the images."""
    out_bar, size = check.real_array("out_bar", out_bar), pair("size", size, 1)
    check.shape("out_bar", out_bar.shape[-2:], win.out_size(size), "(in its last two axes)")
    n, dtype = math.prod(out_bar.shape[:-2]), check.float_dtype(out_bar)
    bars = np.ascontiguousarray(out_bar, dtype, **like(out_bar)).reshape(n, *out_bar.shape[-2:])
    return bars, np.empty((n, *size), dtype, **like(bars))


def _pooling(some: Any) -> Any:
    """The loops of the device where an array lies."""
    if not on_device(some):
        return pooling
    from eventsnn.connect.cuda import pooling as loops
    return loops


def _on_device() -> Any:
    from eventsnn.connect.cuda import conv
    return conv


def _kernels_window(w: np.ndarray, stride: Any, padding: Any, dilation: Any, groups: Any) -> Window:
    if w.ndim != 4:
        raise check.must("w", "have shape (O, C / groups, kh, kw)", w.shape)
    check_groups(groups, w.shape[1] * groups, len(w))
    return window(w.shape[2:], stride, padding, dilation)


def _images(x: Any, n_channels: int | None) -> Any:
    """Images or events of them, checked."""
    x = x if isinstance(x, Events) else check.real_array("x", x)
    if x.ndim < 3 or n_channels not in (None, x.shape[-3]):
        n = "C" if n_channels is None else n_channels
        raise check.must("x", f"have shape (..., {n}, H, W)", x.shape)
    return x


def _share(bars: np.ndarray) -> float:
    """Share of gradients (n, ...) that are not 0, by a sample of whole images: each row and column
    counts as often as the others, since pooling leaves a pattern."""
    sample = bars[::max(1, len(bars) // _LOOKED_AT)]
    return np.count_nonzero(sample) / max(sample.size, 1)


def _parts(images: np.ndarray, win: Window, dtype: np.dtype) -> Iterator[slice]:
    """Slices of as many images as columns are made for at a time."""
    places = math.prod(win.kernel_size) * math.prod(win.out_size(images.shape))
    each = images.shape[1] * places * dtype.itemsize
    step = max(1, COLUMN_BYTES // each)
    for start in range(0, len(images), step):
        yield slice(start, start + step)


def _columns(images: np.ndarray, win: Window, groups: int, dtype: np.dtype) -> np.ndarray:
    """Patches of (n, C, H, W) as (groups, C / groups * kh * kw, n * H' * W')."""
    seen = np.moveaxis(patches_of(padded(images, win.padding, dtype), win), 0, 3)
    return np.ascontiguousarray(seen).reshape(groups, -1, math.prod(seen.shape[3:]))


def _rows(bars: np.ndarray, groups: int, dtype: np.dtype) -> np.ndarray:
    """(n, O, H', W') as (groups, O / groups, n * H' * W')."""
    moved = np.ascontiguousarray(np.moveaxis(bars, 0, 1), dtype)
    return moved.reshape(groups, len(moved) // groups, -1)
