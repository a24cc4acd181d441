"""Columns of a convolution added up to images: the transpose of taking patches.

Within a kernel the channels of a place lie side by side, so that what a place gives to a row of an
image is one run of numbers, as long as the window's dilation is 1.
"""

import numpy as np

from eventsnn.core.jit import kernel


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
    n_in = np.uint64(x_bar.shape[1])
    kh, kw = columns.shape[1], columns.shape[2] // x_bar.shape[1]
    h_in, w_in = x_bar.shape[2], x_bar.shape[3]
    image = np.empty((np.uint64(h_in), np.uint64(w_in) * n_in), x_bar.dtype)
    for n in range(np.uint64(x_bar.shape[0])):
        image[:] = 0
        for h in range(height):
            for v in range(width):
                place = np.uint64((n * height + h) * width + v)
                left = v * stride[1] - padding[1]
                for i in range(kh):
                    row = h * stride[0] - padding[0] + dilation[0] * i
                    if row < 0 or row >= h_in:
                        continue
                    line, column = image[np.uint64(row)], columns[place, np.uint64(i)]
                    if dilation[1] == 1:
                        first, last = max(0, -left), min(kw, w_in - left)
                        if last > first:
                            to, of = np.uint64(left + first) * n_in, np.uint64(first) * n_in
                            for k in range(np.uint64(last - first) * n_in):
                                line[to + k] += column[of + k]
                    else:
                        for j in range(kw):
                            at = left + dilation[1] * j
                            if 0 <= at < w_in:
                                to, of = np.uint64(at) * n_in, np.uint64(j) * n_in
                                for k in range(n_in):
                                    line[to + k] += column[of + k]
        for h in range(np.uint64(h_in)):
            line = image[h]
            for c in range(n_in):
                out = x_bar[n, c, h]
                for v in range(np.uint64(w_in)):
                    out[v] = line[v * n_in + c]
