"""What NumPy's functions do with arrays on a device; see `core.device`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check, views
from eventsnn.core.device import DeviceArray, empty, write

_FUNCTIONS: dict[Callable, Callable] = {}


def _unknown(name: str) -> TypeError:
    return check.must("an operation on a device", "be one that it knows", f"numpy.{name}",
                      "move the arrays with to('cpu')", error=TypeError)


def ufunc(function: Any, method: str, inputs: tuple, out: Any = None, axis: Any = 0,
          keepdims: bool = False, dtype: Any = None, **options: Any) -> Any:
    """Of `DeviceArray.__array_ufunc__`: an element by element operation, or a reduction."""
    from eventsnn.core.cuda import elements
    name = function.__name__
    if options or name not in elements.EXPRESSIONS and function is not np.matmul:
        raise _unknown(name)
    if function is np.power and method == "__call__" and np.ndim(inputs[1]) == 0 and (
            not isinstance(inputs[1], DeviceArray) and inputs[1] == 2):
        return ufunc(np.square, method, inputs[:1], out, dtype=dtype)  # as NumPy takes it
    target = out[0] if out else None
    if target is not None and not isinstance(target, DeviceArray):
        raise check.must("out", "be on the device of the operands", "an array on the CPU",
                         error=TypeError)
    if method == "reduce":
        x = inputs[0] if dtype is None else inputs[0].astype(dtype, copy=False)
        return reduce(name, x, axis, keepdims, target)
    if method != "__call__":
        raise _unknown(f"{name}.{method}")
    if function is np.matmul:
        return matmul(inputs[0], inputs[1], target)
    kinds = tuple(x.dtype if hasattr(x, "dtype") else type(x) for x in inputs)
    if dtype is not None:
        kinds = (np.dtype(dtype),) * len(kinds)
    *types, result = function.resolve_dtypes((*kinds, None))
    shape = np.broadcast_shapes(*(np.shape(x) for x in inputs))
    target = empty(shape, result) if target is None else target
    if target.shape != shape:
        raise check.must("out", f"have shape {shape}", target.shape)
    write(name, target, inputs, tuple(types))
    return target


def matmul(a: Any, b: Any, out: DeviceArray | None = None) -> DeviceArray:
    """Product of matrices (..., m, k) and (k, n), or of stacks of them that broadcast."""
    from eventsnn.core.cuda import products
    for x in (a, b):
        if not isinstance(x, DeviceArray):
            raise check.must("arrays", "be on one device", "one on the CPU beside one on CUDA",
                             "move one with to()", error=TypeError)
    return products.matmul(a, b, out)


def _axes(axis: Any, n_axes: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(n_axes))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if any(not -n_axes <= k < n_axes for k in axes):
        raise check.must("axis", f"be below {n_axes}", axis)
    return tuple(sorted(k % n_axes for k in axes))


def reduce(name: str, x: DeviceArray, axis: Any, keepdims: bool,
           target: DeviceArray | None = None) -> DeviceArray:
    """Sums or extremes along axes; `name` is that of the ufunc."""
    from eventsnn.core.cuda import sums
    if name not in sums.COMBINE:
        raise _unknown(f"{name}.reduce")
    axes = _axes(axis, x.ndim)
    kept = tuple(k for k in range(x.ndim) if k not in axes)
    shape = tuple(x.shape[k] for k in kept)
    n_reduced = math.prod(x.shape[k] for k in axes)
    logical = name.startswith("logical")
    dtype = np.dtype(bool) if logical else (
        np.dtype(np.int64) if name == "add" and x.dtype.kind in "bi" else x.dtype)
    out = empty(shape, dtype)
    if n_reduced == 0 and name in ("maximum", "minimum"):
        raise check.must("an array", "not be empty where its extremes are asked for", x.shape)
    if n_reduced == 0:
        out[...] = name == "logical_and"
    elif out.size and axes == tuple(range(len(axes))) and kept:
        sums.over_columns(name, n_reduced, out.size, _flat(x), _flat(out), dtype)
    elif out.size:
        moved = x.transpose(*kept, *axes) if kept else x
        sums.over_rows(name, out.size, n_reduced, _flat(moved), _flat(out), dtype)
    if keepdims:
        out = out.reshape(tuple(1 if k in axes else n for k, n in enumerate(x.shape)))
    if target is not None:
        target[...] = out
        return target
    return out


def _flat(x: DeviceArray) -> DeviceArray:
    return x.reshape(-1)


def function(called: Callable, arguments: tuple, options: dict) -> Any:
    """Of `DeviceArray.__array_function__`."""
    if called not in _FUNCTIONS:
        raise _unknown(called.__name__)
    return _FUNCTIONS[called](*arguments, **options)


def _implements(*functions: Callable) -> Callable:
    def register(own: Callable) -> Callable:
        _FUNCTIONS.update(dict.fromkeys(functions, own))
        return own

    return register


_implements(np.shape)(lambda a: a.shape)
_implements(np.ndim)(lambda a: a.ndim)
_implements(np.size)(lambda a: a.size)
_implements(np.sum)(lambda a, axis=None, dtype=None, keepdims=False: a.sum(axis, dtype, keepdims))
_implements(np.mean)(lambda a, axis=None, dtype=None, keepdims=False: a.mean(
    axis, dtype, keepdims))
_implements(np.clip)(lambda a, least, most: np.minimum(np.maximum(a, least), most))
_implements(np.max, np.amax)(lambda a, axis=None, keepdims=False: a.max(axis, keepdims))
_implements(np.min, np.amin)(lambda a, axis=None, keepdims=False: a.min(axis, keepdims))
_implements(np.any)(lambda a, axis=None, keepdims=False: a.any(axis, keepdims))
_implements(np.all)(lambda a, axis=None, keepdims=False: a.all(axis, keepdims))
_implements(np.argmax)(lambda a: a.argmax())
_implements(np.expand_dims)(lambda a, axis: a[(slice(None),) * (axis % (a.ndim + 1)) + (None,)])
_implements(np.reshape)(lambda a, shape: a.reshape(shape))
_implements(np.transpose)(lambda a, axes=None: a.transpose(*(axes or ())))
_implements(np.copy)(lambda a, **_: a.copy())
_implements(np.ascontiguousarray, np.asarray)(lambda a, dtype=None, **_: (
    a if dtype is None else a.astype(dtype, copy=False)).contiguous())
_implements(np.where)(lambda condition, a, b: _where(condition, a, b))
_implements(np.empty)(lambda shape, dtype=float, **_: empty(shape, dtype))
_implements(np.empty_like)(lambda a, dtype=None, shape=None, **_: empty(
    a.shape if shape is None else shape, a.dtype if dtype is None else dtype))
_implements(np.zeros)(lambda shape, dtype=float, **_: _filled(shape, dtype, 0))
_implements(np.ones)(lambda shape, dtype=float, **_: _filled(shape, dtype, 1))
_implements(np.full)(lambda shape, value, dtype=None, **_: _filled(
    shape, np.asarray(value).dtype if dtype is None else dtype, value))
_implements(np.zeros_like)(lambda a, dtype=None, shape=None, **_: _filled(
    a.shape if shape is None else shape, a.dtype if dtype is None else dtype, 0))
_implements(np.ones_like)(lambda a, dtype=None, **_: _filled(
    a.shape, a.dtype if dtype is None else dtype, 1))
_implements(np.full_like)(lambda a, value, dtype=None, **_: _filled(
    a.shape, a.dtype if dtype is None else dtype, value))
_implements(np.broadcast_arrays)(lambda *arrays: tuple(np.broadcast_to(
    a, np.broadcast_shapes(*map(np.shape, arrays))) for a in arrays))


def _filled(shape: Any, dtype: Any, value: Any) -> DeviceArray:
    out = empty(shape, dtype)
    out[...] = value
    return out


def _where(condition: Any, a: Any, b: Any) -> DeviceArray:
    dtype = np.result_type(*(x.dtype if isinstance(x, DeviceArray) else x for x in (a, b)))
    out = empty(np.broadcast_shapes(*map(np.shape, (condition, a, b))), dtype)
    write("where", out, (condition, a, b), (np.dtype(bool), dtype, dtype))
    return out


@_implements(np.broadcast_to)
def _broadcast_to(a: DeviceArray, shape: Any, **_: Any) -> DeviceArray:
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    return DeviceArray(a.buffer, a.dtype, views.broadcast(a.view, shape))


@_implements(np.moveaxis)
def _moveaxis(a: DeviceArray, source: Any, destination: Any) -> DeviceArray:
    # NumPy orders the axes, of an array whose sizes are their numbers
    axes = np.moveaxis(np.empty(tuple(range(a.ndim))), source, destination).shape
    return a.transpose(*axes)


@_implements(np.swapaxes)
def _swapaxes(a: DeviceArray, one: int, other: int) -> DeviceArray:
    axes = list(range(a.ndim))
    axes[one], axes[other] = axes[other], axes[one]
    return a.transpose(*axes)


@_implements(np.concatenate)
def _concatenate(arrays: Any, axis: int = 0, **_: Any) -> DeviceArray:
    first = arrays[0]
    axis %= first.ndim
    dtype = np.result_type(*(a.dtype for a in arrays))
    for a in arrays:
        if (*a.shape[:axis], *a.shape[axis + 1:]) != (*first.shape[:axis], *first.shape[axis + 1:]):
            raise check.must("arrays", f"agree in all axes but {axis}",
                             f"{a.shape} beside {first.shape}")
    total = sum(a.shape[axis] for a in arrays)
    out = empty((*first.shape[:axis], total, *first.shape[axis + 1:]), dtype)
    at = 0
    for a in arrays:
        out[(slice(None),) * axis + (slice(at, at + a.shape[axis]),)] = a
        at += a.shape[axis]
    return out


@_implements(np.stack)
def _stack(arrays: Any, axis: int = 0, **_: Any) -> DeviceArray:
    arrays = list(arrays)
    before = (slice(None),) * (axis % (arrays[0].ndim + 1))
    return _concatenate([a[(*before, None)] for a in arrays], axis % (arrays[0].ndim + 1))


@_implements(np.fill_diagonal)
def _fill_diagonal(a: DeviceArray, value: Any, wrap: bool = False) -> None:
    n, width = min(a.shape), a.view.strides
    a._seen(views.View(a.view.offset, (n,), (sum(width),)))[...] = value
