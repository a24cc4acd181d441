"""Sums and extremes along axes: over the rows or the columns of a matrix.

A block of threads shares a row out and meets in shared memory, in an order that depends on the
launch alone; of a column each thread sums up one. So results are the same from run to run.
"""

import functools
from typing import Any

import numpy as np
from numba import cuda
from numba.np.numpy_support import from_dtype

from eventsnn.core import cuda as device
from eventsnn.core.cuda import Kernel, for_each, launch
from eventsnn.core.cuda.elements import EXPRESSIONS
from eventsnn.core.fields import define

THREADS = 128  # of a block, at most; a power of two
COMBINE = {"add": "add", "maximum": "maximum", "minimum": "minimum", "logical_and": "logical_and",
           "logical_or": "logical_or"}


@functools.lru_cache(maxsize=None)
def _rows(name: str, kind: str) -> Kernel:
    cast: Any = np.dtype(kind).type
    expression = EXPRESSIONS[COMBINE[name]]
    function = define(
        "n, x, out",
        "shared = cuda.shared.array(THREADS, numba_type)",
        "i, n, r = u64(cuda.threadIdx.x), u64(n), u64(cuda.blockIdx.x)",
        "width = u64(cuda.blockDim.x)",
        "while r < u64(out.shape[0]):",
        " k = i",
        " a = cast(x[r * n + min(k, n - u64(1))])",
        " k += width",
        " while k < n:",
        "  b = cast(x[r * n + k])",
        f"  a = cast({expression})",
        "  k += width",
        " shared[i] = a",
        " cuda.syncthreads()",
        " half = width // u64(2)",
        " while half > u64(0):",
        "  if i < half and i + half < n:",
        "   a, b = shared[i], shared[i + half]",
        f"   shared[i] = cast({expression})",
        "  cuda.syncthreads()",
        "  half //= u64(2)",
        " if i == u64(0):",
        "  out[r] = shared[u64(0)]",
        " cuda.syncthreads()",
        " r += u64(cuda.gridDim.x)",
        cuda=cuda, cast=cast, u64=np.uint64, THREADS=THREADS,
        numba_type=from_dtype(np.dtype(kind)))
    function.__name__, function.__module__ = f"{name}_rows", __name__
    return Kernel(function)


@functools.lru_cache(maxsize=None)
def _columns(name: str, kind: str) -> Kernel:
    cast: Any = np.dtype(kind).type
    expression = EXPRESSIONS[COMBINE[name]]
    function = define(
        "n_rows, n, x, out",
        "k, n = u64(cuda.grid(1)), u64(n)",
        "while k < n:",
        " a, r = cast(x[k]), u64(1)",
        " while r < u64(n_rows):",
        "  b = cast(x[r * n + k])",
        f"  a = cast({expression})",
        "  r += u64(1)",
        " out[k] = a",
        " k += u64(cuda.gridsize(1))",
        cuda=cuda, cast=cast, u64=np.uint64)
    function.__name__, function.__module__ = f"{name}_columns", __name__
    return Kernel(function)


def over_rows(name: str, n_rows: int, n: int, x: Any, out: Any, dtype: np.dtype) -> None:
    """Combine each row of `x` (n_rows * n,), 1 element or more, to `out` (n_rows,)."""
    width = min(THREADS, device.backend.threads)
    launch(_rows(name, dtype.name), min(n_rows, 65535), width, np.uint64(n), x, out)


def over_columns(name: str, n_rows: int, n: int, x: Any, out: Any, dtype: np.dtype) -> None:
    """Combine each column of `x` (n_rows * n,), 1 element or more, to `out` (n,)."""
    for_each(_columns(name, dtype.name), n, np.uint64(n_rows), np.uint64(n), x, out)
