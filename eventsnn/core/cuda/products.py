"""Products of matrices, by tiles in shared memory.

A block of ``TILE x TILE`` threads makes a tile of the result ``EACH`` times as high and as wide,
each thread ``EACH x EACH`` numbers of it in registers. So a number read from shared memory is used
`EACH` times, and one read from the device's memory ``TILE * EACH`` times: 64 multiply-adds for 8
bytes, of which float32 at 3 TB/s and 60 TFLOP/s needs 80. Sums go over ``k`` in its order.
"""

import functools

import numpy as np
from numba import cuda
from numba.np.numpy_support import from_dtype

from eventsnn.core import check, views
from eventsnn.core import cuda as device
from eventsnn.core.cuda import Kernel, launch
from eventsnn.core.device import DeviceArray, _reach, empty
from eventsnn.core.views import View

TILE, EACH = 16, 4
_U = np.uint64


@functools.lru_cache(maxsize=None)
def _kernel(tile: int, each: int, name: str) -> Kernel:
    dtype = np.dtype(name)
    size, numba_type, zero = tile * each, from_dtype(dtype), dtype.type(0)

    def product(n_rows, n_columns, n_inner, steps_a, steps_b, a, b, out):
        """``out[g, i, j] = sum over k of a[g, i, k] b[g, k, j]``; steps along (g, i, k) and
        (g, k, j) are counted in elements."""
        tile_a = cuda.shared.array((tile, size), numba_type)
        tile_b = cuda.shared.array((tile, size), numba_type)
        sums = cuda.local.array((each, each), numba_type)
        x, y = _U(cuda.threadIdx.x), _U(cuda.threadIdx.y)
        first_row, first_column = _U(cuda.blockIdx.y) * _U(size), _U(cuda.blockIdx.x) * _U(size)
        of_a, of_b = _U(cuda.blockIdx.z) * steps_a[0], _U(cuda.blockIdx.z) * steps_b[0]
        for r in range(each):
            for c in range(each):
                sums[r, c] = zero
        start = _U(0)
        while start < n_inner:
            for r in range(each):
                row, k = first_row + y + _U(r * tile), start + x
                tile_a[x, y + _U(r * tile)] = a[
                    of_a + row * steps_a[1] + k * steps_a[2]
                ] if row < n_rows and k < n_inner else zero
                k, column = start + y, first_column + x + _U(r * tile)
                tile_b[y, x + _U(r * tile)] = b[
                    of_b + k * steps_b[1] + column * steps_b[2]
                ] if column < n_columns and k < n_inner else zero
            cuda.syncthreads()
            for k in range(tile):
                for r in range(each):
                    for c in range(each):
                        sums[r, c] += tile_a[k, y + _U(r * tile)] * tile_b[k, x + _U(c * tile)]
            cuda.syncthreads()
            start += _U(tile)
        for r in range(each):
            for c in range(each):
                row, column = first_row + y + _U(r * tile), first_column + x + _U(c * tile)
                if row < n_rows and column < n_columns:
                    out[(_U(cuda.blockIdx.z) * n_rows + row) * n_columns + column] = sums[r, c]

    return Kernel(product)


def matmul(a: DeviceArray, b: DeviceArray, out: DeviceArray | None = None) -> DeviceArray:
    """``a @ b`` of (..., m, k) and (k, n), or of two stacks of as many matrices."""
    if a.ndim == 1:
        return matmul(a[None], b).reshape(*b.shape[:-2], b.shape[-1])
    if b.ndim == 1:
        return matmul(a, b[:, None]).reshape(a.shape[:-1])
    if a.shape[-1] != b.shape[-2]:
        raise check.must("matrices", f"fit: {a.shape[-1]} columns and as many rows", b.shape[-2])
    dtype = np.result_type(a.dtype, b.dtype)
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    made = empty(shape, dtype) if out is None or not out.view.contiguous else out
    if made.size:
        _product(a.astype(dtype, copy=False), b.astype(dtype, copy=False), made)
    if out is not None and made is not out:
        out[...] = made
        return out
    return made


def _product(a: DeviceArray, b: DeviceArray, out: DeviceArray) -> None:
    if b.ndim == 2 and a.ndim > 2:  # one product in place of many
        a = a.reshape(-1, a.shape[-1])
        out = out.reshape(a.shape[0], out.shape[-1])
    lead = out.shape[:-2]
    a, b = (x._seen(views.broadcast(x.view, (*lead, *x.shape[-2:]))) for x in (a, b))
    if len(lead) > 1:
        a, b = (x.reshape(-1, *x.shape[-2:]) for x in (a, b))
    elif not lead:
        a, b = a[None], b[None]
    tile = TILE if device.backend.threads >= TILE * TILE else 2
    each = EACH if tile == TILE else 2
    (n, m, k), columns = a.shape, b.shape[-1]
    flat = [DeviceArray(x.buffer, x.dtype, View(x.view.offset, (_reach(x.view),), (1,)))
            for x in (a, b)]
    size = tile * each
    launch(_kernel(tile, each, out.dtype.name), (-(-columns // size), -(-m // size), n),
           (tile, tile), _U(m), _U(columns), _U(k), tuple(map(_U, a.view.strides)),
           tuple(map(_U, b.view.strides)), *flat, out.reshape(-1))
