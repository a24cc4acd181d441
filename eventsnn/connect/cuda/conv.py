"""Convolutions on a CUDA device; see `eventsnn.connect.conv`.

A thread makes one output, and threads of neighbouring columns lie side by side: they read
neighbouring inputs, and one weight for all. The gradient of a weight is a block's, whose threads
share the images out among them and meet in shared memory, in an order that depends on the launch
alone. Nothing is written by two threads.

Images of 1 x 28 x 28 to 8 x 24 x 24 by kernels of 5 x 5: 6.3 kB come in and 18.4 kB go out an
image for 115,200 multiply-adds, so that 3 TB/s and 60 TFLOP/s would take 8 and 4 ns; the 25 reads
an output are of the L1 cache.
"""

import functools
import math
from typing import Any

import numpy as np
from numba import cuda
from numba.np.numpy_support import from_dtype

from eventsnn.core import cuda as device
from eventsnn.core.cuda import Kernel, for_pairs, kernel, launch
from eventsnn.core.device import empty
from eventsnn.core.windows import Window
from eventsnn.spikes import Events, to_raster

THREADS = 128  # of a block that adds up, at most; a power of two
_U, _U32, _I = np.uint64, np.uint32, np.int64
_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)


@kernel
def _conv2d(x, w, outs, stride, padding, dilation, y):
    """`outs` are the outputs of a group."""
    n_out, width = _U(y.shape[1]), _U(y.shape[3])
    n_rows, n_in = _U(y.shape[0]) * n_out, _U(w.shape[1])
    k, r = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(y.shape[2]) * width:
        h = _U(_U32(k) // _U32(width))
        v = k - h * width
        top, left = _I(h) * stride[0] - padding[0], _I(v) * stride[1] - padding[1]
        while r < n_rows:
            n = _U(_U32(r) // _U32(n_out))
            o = r - n * n_out
            first = n_in * _U(_U32(o) // _U32(outs))
            total = y.dtype.type(0)
            for c in range(n_in):
                for i in range(_U(w.shape[2])):
                    row = top + dilation[0] * _I(i)
                    if 0 <= row < x.shape[2]:
                        for j in range(_U(w.shape[3])):
                            column = left + dilation[1] * _I(j)
                            if 0 <= column < x.shape[3]:
                                total += x[n, first + c, _U(row), _U(column)] * w[o, c, i, j]
            y[n, o, h, v] = total
            r += _U(cuda.gridsize(2)[1])


def conv2d(x: Any, w: Any, groups: int, win: Window, dtype: np.dtype) -> Any:
    """Convolution of `x` (..., C, H, W), an array or events, with kernels `w`."""
    images, size = _images(x, dtype), win.out_size(x.shape)
    y = empty((len(images), len(w), *size), dtype)
    for_pairs(_conv2d, len(y) * len(w), math.prod(size), images, w.astype(dtype, copy=False),
              _U(len(w) // groups), *win[1:], y)
    return y.reshape(*x.shape[:-3], *y.shape[1:])


@kernel
def _input_bar(y_bar, w, outs, stride, padding, dilation, x_bar):
    n_all, width, ins = _U(x_bar.shape[1]), _U(x_bar.shape[3]), _U(w.shape[1])
    n_rows = _U(x_bar.shape[0]) * n_all
    k, r = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(x_bar.shape[2]) * width:
        h = _U(_U32(k) // _U32(width))
        v = k - h * width
        while r < n_rows:
            n = _U(_U32(r) // _U32(n_all))
            channel = r - n * n_all
            group = _U(_U32(channel) // _U32(ins))
            c, first = channel - group * ins, group * outs
            total = x_bar.dtype.type(0)
            for i in range(_U(w.shape[2])):
                above = _I(h) + padding[0] - dilation[0] * _I(i)
                row = _U(_U32(max(above, 0)) // _U32(stride[0]))
                if above >= 0 and _I(row) * stride[0] == above and row < _U(y_bar.shape[2]):
                    for j in range(_U(w.shape[3])):
                        before = _I(v) + padding[1] - dilation[1] * _I(j)
                        column = _U(_U32(max(before, 0)) // _U32(stride[1]))
                        if (before >= 0 and _I(column) * stride[1] == before
                                and column < _U(y_bar.shape[3])):
                            for o in range(first, first + outs):
                                total += y_bar[n, o, row, column] * w[o, c, i, j]
            x_bar[n, channel, h, v] = total
            r += _U(cuda.gridsize(2)[1])


def conv2d_input_bar(y_bar: Any, w: Any, size: tuple[int, int], groups: int, win: Window,
                     dtype: np.dtype) -> Any:
    """Its transpose by the images: (..., O, H', W') to (..., C, H, W)."""
    bars, n_in = _images(y_bar, dtype), groups * w.shape[1]
    x_bar = empty((len(bars), n_in, *size), dtype)
    for_pairs(_input_bar, len(bars) * n_in, math.prod(size), bars, w.astype(dtype, copy=False),
              _U(len(w) // groups), *win[1:], x_bar)
    return x_bar.reshape(*y_bar.shape[:-3], *x_bar.shape[1:])


@functools.lru_cache(maxsize=None)
def _weight_bar(name: str) -> Kernel:
    numba_type = from_dtype(np.dtype(name))

    def conv2d_weight_bar(x, y_bar, outs, images, places, stride, padding, dilation, w_bar):
        """A thread goes on by `images` and `places`, which together are as many as the threads."""
        shared = cuda.shared.array(THREADS, numba_type)
        kh, kw, n_in = _U(w_bar.shape[2]), _U(w_bar.shape[3]), _U(w_bar.shape[1])
        thread, block = _U(cuda.threadIdx.x), _U(cuda.blockIdx.x)
        rest = _U(_U32(block) // _U32(kw))
        j = block - rest * kw
        above = _U(_U32(rest) // _U32(kh))
        i = rest - above * kh
        o = _U(_U32(above) // _U32(n_in))
        c = above - o * n_in
        channel = n_in * _U(_U32(o) // _U32(outs)) + c
        width, n_places = _U(y_bar.shape[3]), _U(y_bar.shape[2]) * _U(y_bar.shape[3])
        n = _U(_U32(thread) // _U32(n_places))
        k = thread - n * n_places
        total = w_bar.dtype.type(0)
        while n < _U(x.shape[0]):
            h = _U(_U32(k) // _U32(width))
            v = k - h * width
            row = _I(h) * stride[0] - padding[0] + dilation[0] * _I(i)
            column = _I(v) * stride[1] - padding[1] + dilation[1] * _I(j)
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                total += x[n, channel, _U(row), _U(column)] * y_bar[n, o, h, v]
            n += images
            k += places
            if k >= n_places:
                k -= n_places
                n += _ONE
        shared[thread] = total
        cuda.syncthreads()
        half = _U(cuda.blockDim.x) // _TWO
        while half > _ZERO:
            if thread < half:
                shared[thread] += shared[thread + half]
            cuda.syncthreads()
            half //= _TWO
        if thread == _ZERO:
            w_bar[o, c, i, j] = shared[_ZERO]

    return Kernel(conv2d_weight_bar)


def conv2d_weight_bar(x: Any, y_bar: Any, groups: int, win: Window, dtype: np.dtype) -> Any:
    """Its transpose by the kernels: (O, C / groups, kh, kw)."""
    n_out, n_in = y_bar.shape[-3], x.shape[-3]
    w_bar = empty((n_out, n_in // groups, *win.kernel_size), dtype)
    threads = min(THREADS, device.backend.threads)
    images, places = divmod(threads, math.prod(y_bar.shape[-2:]))
    launch(_weight_bar(dtype.name), w_bar.size, threads, _images(x, dtype), _images(y_bar, dtype),
           _U(n_out // groups), _U(images), _U(places), *win[1:], w_bar)
    return w_bar


def _images(x: Any, dtype: np.dtype) -> Any:
    """(..., C, H, W) as (n, C, H, W); of events, their raster."""
    x = to_raster(x, dtype) if isinstance(x, Events) else x.astype(dtype, copy=False)
    return x.contiguous().reshape(math.prod(x.shape[:-3]), *x.shape[-3:])
