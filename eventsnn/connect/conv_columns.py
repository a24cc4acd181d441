"""Columns of a convolution added up to images: the transpose of taking patches.

Within a kernel the channels of a place lie side by side, so that what a place gives to a row of an
image is one run of numbers, as long as the window's dilation is 1. Such a column, (kh, kw * C), is
either at hand, of a product of dense matrices, or made of the outputs of its place that are not 0.
"""

import numpy as np

from eventsnn.core.jit import kernel, scalar

_ZERO, _ONE, _TWO, _THREE, _FOUR = (np.uint64(n) for n in range(5))
_VECTOR = 16  # numbers of a vector, at most


@kernel
def rows_of(y, out):
    """Write images `y` (n, O, H', W') as places (n * H' * W', O), for a product."""
    n_out, height, width = np.uint64(y.shape[1]), np.uint64(y.shape[2]), np.uint64(y.shape[3])
    for n in range(np.uint64(y.shape[0])):
        for h in range(height):
            start = (n * height + h) * width
            for o in range(n_out):
                line = y[n, o, h]
                for v in range(width):
                    out[start + v, o] = line[v]


@kernel
def add_columns(columns, height, width, stride, padding, dilation, x_bar):
    """Write images `x_bar` (n, C, H, W) whose places (n * H' * W', kh, kw * C) are `columns`."""
    image = np.empty((x_bar.shape[2], x_bar.shape[3] * x_bar.shape[1]), x_bar.dtype)
    for n in range(np.uint64(x_bar.shape[0])):
        image[:] = 0
        for h in range(height):
            for v in range(width):
                place = np.uint64((n * height + h) * width + v)
                _add_column(columns[place], h * stride[0] - padding[0], v * stride[1] - padding[1],
                            dilation, x_bar.shape[1], image)
        _channels_first(image, x_bar[n])


@kernel
def add_products(y, kernels, stride, padding, dilation, x_bar):
    """As `add_columns`, of the columns ``y[n, :, h, v] @ kernels``, for `y` of which much is 0.

    `y` (n, O, H', W'), `kernels` (O, kh, kw * C).
    """
    n_out, size = np.uint64(y.shape[1]), kernels.shape[1] * kernels.shape[2]
    # Zeros fill up the last vector, for what is left of one is done number by number.
    padded = np.zeros((kernels.shape[0], -(-size // _VECTOR) * _VECTOR), x_bar.dtype)
    padded[:, :size] = kernels.reshape((kernels.shape[0], size))
    total = np.empty(padded.shape[1], x_bar.dtype)
    column = total[:size].reshape(kernels.shape[1:])
    image = np.empty((x_bar.shape[2], x_bar.shape[3] * x_bar.shape[1]), x_bar.dtype)
    ids, values = np.empty(n_out + _THREE, np.uint32), np.empty(n_out + _THREE, x_bar.dtype)
    for n in range(np.uint64(x_bar.shape[0])):
        image[:] = 0
        for h in range(y.shape[2]):
            for v in range(y.shape[3]):
                count = _listed(y[n], np.uint64(h), np.uint64(v), ids, values)
                if count > _ZERO:
                    _multiply(ids, values, count, padded, total)
                    _add_column(column, h * stride[0] - padding[0], v * stride[1] - padding[1],
                                dilation, x_bar.shape[1], image)
        _channels_first(image, x_bar[n])


@scalar
def _listed(y, h, v, ids, values):
    """List the outputs of a place that are not 0, and zeros to a multiple of four: their number.

    Without a branch: each is written, and the next one over it unless it counts.
    """
    count = _ZERO
    for o in range(np.uint64(y.shape[0])):
        value = y[o, h, v]
        ids[count], values[count] = o, value
        count += _ONE if value != 0 else _ZERO
    for e in range(count, count + _THREE):
        ids[e], values[e] = 0, 0
    return count


@scalar
def _multiply(ids, values, count, kernels, total):
    """Write the sum of the kernels listed; four a visit, which saves visits to the sum."""
    total[:] = 0
    for e in range(_ZERO, count, _FOUR):
        a, b, c, d = values[e], values[e + _ONE], values[e + _TWO], values[e + _THREE]
        of_a, of_b = kernels[ids[e]], kernels[ids[e + _ONE]]
        of_c, of_d = kernels[ids[e + _TWO]], kernels[ids[e + _THREE]]
        for k in range(np.uint64(total.shape[0])):
            total[k] += a * of_a[k] + b * of_b[k] + c * of_c[k] + d * of_d[k]


@scalar
def _add_column(column, top, left, dilation, n_in, image):
    """Add a column (kh, kw * C) to an `image` (H, W * C) where its window begins."""
    kh, kw = column.shape[0], column.shape[1] // n_in
    h_in, w_in = image.shape[0], image.shape[1] // n_in
    each = np.uint64(n_in)
    for i in range(kh):
        row = top + dilation[0] * i
        if row < 0 or row >= h_in:
            continue
        line, taps = image[np.uint64(row)], column[np.uint64(i)]
        if dilation[1] == 1:
            first, last = max(0, -left), min(kw, w_in - left)
            if last > first:
                to, of = np.uint64(left + first) * each, np.uint64(first) * each
                for k in range(np.uint64(last - first) * each):
                    line[to + k] += taps[of + k]
        else:
            for j in range(kw):
                at = left + dilation[1] * j
                if 0 <= at < w_in:
                    to, of = np.uint64(at) * each, np.uint64(j) * each
                    for k in range(each):
                        line[to + k] += taps[of + k]


@scalar
def _channels_first(image, x_bar):
    """From (H, W * C) to (C, H, W)."""
    n_in = np.uint64(x_bar.shape[0])
    for h in range(np.uint64(image.shape[0])):
        line = image[h]
        for c in range(n_in):
            out = x_bar[c, h]
            for v in range(np.uint64(x_bar.shape[2])):
                out[v] = line[v * n_in + c]
