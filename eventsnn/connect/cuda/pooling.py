"""Windows of images on a CUDA device; see `eventsnn.connect.pooling`.

A thread makes one output, of the window forward and of the image backward, where it looks at all
windows that its place is in: nothing is written by two threads. Sums are in the order of the CPU's.
"""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_pairs, kernel
from eventsnn.core.jit import scalar

_U, _U32, _I = np.uint64, np.uint32, np.int64
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_LEAST = np.float32(-np.inf)


@scalar
def _place(k, width):
    """Row and column of a place."""
    row = _U(_U32(k) // _U32(width))
    return row, k - row * width


@scalar
def _windows(k, size, stride, padding, n):
    """The first window that has place `k` of an axis in it, and the one behind the last."""
    last = _U32(k + padding) // _U32(stride) + _ONE
    before = _I(k) + _I(padding) - _I(size)
    first = _ZERO if before < 0 else _U(_U32(before) // _U32(stride)) + _ONE
    return first, min(_U(last), n)


@kernel
def _sum_pool(x, kernel_size, stride, padding, out):
    k, n = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(out.shape[1]) * _U(out.shape[2]):
        h, v = _place(k, _U(out.shape[2]))
        top, left = _I(h) * stride[0] - padding[0], _I(v) * stride[1] - padding[1]
        while n < _U(out.shape[0]):
            total = out.dtype.type(0)
            for row in range(max(top, 0), min(top + kernel_size[0], x.shape[1])):
                for column in range(max(left, 0), min(left + kernel_size[1], x.shape[2])):
                    total += x[n, _U(row), _U(column)]
            out[n, h, v] = total
            n += _U(cuda.gridsize(2)[1])


def sum_pool(x: Any, kernel_size: Any, stride: Any, padding: Any, out: Any) -> None:
    """Write the sums `out` (n, H', W') of the windows of images (n, H, W)."""
    for_pairs(_sum_pool, len(out), out.shape[1] * out.shape[2], x, kernel_size, stride, padding,
              out)


@kernel
def _sum_pool_bar(out_bar, kernel_size, stride, padding, x_bar):
    k, n = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(x_bar.shape[1]) * _U(x_bar.shape[2]):
        row, column = _place(k, _U(x_bar.shape[2]))
        top, bottom = _windows(row, kernel_size[0], stride[0], padding[0], _U(out_bar.shape[1]))
        left, right = _windows(column, kernel_size[1], stride[1], padding[1], _U(out_bar.shape[2]))
        while n < _U(x_bar.shape[0]):
            total = x_bar.dtype.type(0)
            for h in range(top, bottom):
                v = right
                while v > left:  # backwards, as the CPU comes to them
                    v -= _ONE
                    total += out_bar[n, h, v]
            x_bar[n, row, column] = total
            n += _U(cuda.gridsize(2)[1])


def sum_pool_bar(out_bar: Any, kernel_size: Any, stride: Any, padding: Any, x_bar: Any) -> None:
    """Write the transpose `x_bar` (n, H, W) of `sum_pool`."""
    for_pairs(_sum_pool_bar, len(x_bar), x_bar.shape[1] * x_bar.shape[2], out_bar,
              *_unsigned(kernel_size, stride, padding), x_bar)


@kernel
def _max_pool(x, kernel_size, stride, padding, out, place):
    k, n = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(out.shape[1]) * _U(out.shape[2]):
        h, v = _place(k, _U(out.shape[2]))
        top, left = _I(h) * stride[0] - padding[0], _I(v) * stride[1] - padding[1]
        while n < _U(out.shape[0]):
            largest, found = out.dtype.type(_LEAST), 0
            for row in range(max(top, 0), min(top + kernel_size[0], x.shape[1])):
                for column in range(max(left, 0), min(left + kernel_size[1], x.shape[2])):
                    here = x[n, _U(row), _U(column)]
                    if here > largest or here != here:
                        largest = here
                        found = (row - top) * kernel_size[1] + column - left
            out[n, h, v] = largest
            place[n, h, v] = found
            n += _U(cuda.gridsize(2)[1])


def max_pool(x: Any, kernel_size: Any, stride: Any, padding: Any, out: Any, place: Any) -> None:
    """Write the largest numbers `out` and their places `place` (n, H', W') of images (n, H, W)."""
    for_pairs(_max_pool, len(out), out.shape[1] * out.shape[2], x, kernel_size, stride, padding,
              out, place)


@kernel
def _max_pool_bar(out_bar, place, kernel_size, stride, padding, x_bar):
    k, n = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(x_bar.shape[1]) * _U(x_bar.shape[2]):
        row, column = _place(k, _U(x_bar.shape[2]))
        top, bottom = _windows(row, kernel_size[0], stride[0], padding[0], _U(out_bar.shape[1]))
        left, right = _windows(column, kernel_size[1], stride[1], padding[1], _U(out_bar.shape[2]))
        while n < _U(x_bar.shape[0]):
            total = x_bar.dtype.type(0)
            for h in range(top, bottom):
                i = row + padding[0] - h * stride[0]
                for v in range(left, right):
                    j = column + padding[1] - v * stride[1]
                    if _U(place[n, h, v]) == i * kernel_size[1] + j:
                        total += out_bar[n, h, v]
            x_bar[n, row, column] = total
            n += _U(cuda.gridsize(2)[1])


def max_pool_bar(out_bar: Any, place: Any, kernel_size: Any, stride: Any, padding: Any,
                 x_bar: Any) -> None:
    """Write the transpose `x_bar` (n, H, W) of `max_pool`."""
    for_pairs(_max_pool_bar, len(x_bar), x_bar.shape[1] * x_bar.shape[2], out_bar, place,
              *_unsigned(kernel_size, stride, padding), x_bar)


def _unsigned(*pairs: Any) -> Any:
    return (tuple(map(_U, pair)) for pair in pairs)
