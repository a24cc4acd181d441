"""Arrays on a device, and the moves between it and the host.

`to` moves, and nothing else does: results stay where they were made. A `DeviceArray` follows
NumPy's own protocols, so that code that is written for NumPy's arrays runs on it as it is, as far
as `core.cuda.elements` and `core.device_functions` know the operation; what they do not know is an
error, never a silent copy to the host.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from eventsnn.core import check, views
from eventsnn.core.views import View

DEVICES = ("cpu", "cuda")


class DeviceArray(NDArrayOperatorsMixin):
    """An array in the memory of a CUDA device.

    Made by `to`. It has NumPy's shapes, slices, arithmetic and sums; `to("cpu")` brings it back.
    """

    # NumPy's scalars give way to it, and its arrays are refused
    __array_priority__ = 100

    def __init__(self, buffer: Any, dtype: np.dtype, view: View) -> None:
        self.buffer = buffer
        self.dtype = dtype
        self.view = view

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.view.shape

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from element to element, along each axis."""
        return tuple(s * self.dtype.itemsize for s in self.view.strides)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Memory of the elements."""
        return self.size * self.dtype.itemsize

    @property
    def device(self) -> str:
        """Where it lies."""
        return "cuda"

    @property
    def data(self) -> Any:
        """What a kernel takes: contiguous, with this shape."""
        whole = self.contiguous()
        flat = whole.buffer[whole.view.offset:whole.view.offset + self.size]
        return flat if self.ndim == 1 else flat.reshape(self.shape)

    @property
    def T(self) -> "DeviceArray":
        """The axes in reverse order: a view."""
        return self._seen(views.transposed(self.view))

    def _seen(self, view: View) -> "DeviceArray":
        return DeviceArray(self.buffer, self.dtype, view)

    def contiguous(self) -> "DeviceArray":
        """Itself, or a copy whose elements lie one behind the other."""
        return self if self.view.contiguous else self.copy()

    def copy(self) -> "DeviceArray":
        """A contiguous copy."""
        return self.astype(self.dtype)

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> "DeviceArray":
        """A contiguous copy with another type; itself if that is its own and no `copy` is asked."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype and not copy:
            return self
        out = empty(self.shape, dtype)
        write("positive", out, (self,), (dtype,))
        return out

    def reshape(self, *shape: Any) -> "DeviceArray":
        """The elements, row by row, in another shape."""
        new = views.reshaped(shape[0] if len(shape) == 1 else shape, self.size)
        whole = self.contiguous()
        return whole._seen(views.whole(new, whole.view.offset))

    def transpose(self, *axes: Any) -> "DeviceArray":
        """The axes in another order: a view."""
        order = axes[0] if len(axes) == 1 and np.iterable(axes[0]) else axes or None
        return self._seen(views.transposed(self.view, order))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a number on a device has no length")
        return self.shape[0]

    def __getitem__(self, index: Any) -> "DeviceArray":
        return self._seen(views.indexed(self.view, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        write("positive", self[index], (value,), (self.dtype,))

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> "DeviceArray":
        """Sums along axes, on the device; of all elements by default."""
        x = self if dtype is None else self.astype(dtype, copy=False)
        return _reduced(np.add, x, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> "DeviceArray":
        """Largest elements along axes; NaN counts as the largest."""
        return _reduced(np.maximum, self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> "DeviceArray":
        """Smallest elements along axes; NaN counts as the smallest."""
        return _reduced(np.minimum, self, axis, keepdims)

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> "DeviceArray":
        """Means along axes."""
        total = self.sum(axis, dtype, keepdims)
        return total / total.dtype.type(self.size // max(total.size, 1))

    def argmax(self) -> int:
        """Place of the first of the largest elements, row by row; brought to the host."""
        flat = self.reshape(-1)
        places = to(np.arange(self.size), "cuda")
        return int(np.where(flat == flat.max(), places, self.size).min())

    def any(self, axis: Any = None, keepdims: bool = False) -> "DeviceArray":
        """Whether an element along axes is not 0."""
        return _reduced(np.logical_or, self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> "DeviceArray":
        """Whether all elements along axes are not 0."""
        return _reduced(np.logical_and, self, axis, keepdims)

    def to(self, device: str) -> Any:
        """This array for ``"cuda"``; a NumPy array, a copy, for ``"cpu"``."""
        if checked(device) == "cuda":
            return self
        whole = self.contiguous()
        flat = whole.buffer[whole.view.offset:whole.view.offset + max(self.size, 1)]
        return _backend().to_host(flat)[:self.size].reshape(self.shape)

    def item(self) -> Any:
        """The number that it holds, brought to the host."""
        return self.to("cpu").item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __repr__(self) -> str:
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype})"

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise check.must("an array", "be on the host here", "one on a CUDA device",
                         "move it with to('cpu')", error=TypeError)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from eventsnn.core import device_functions
        return device_functions.ufunc(ufunc, method, inputs, **options)

    def __array_function__(self, function: Callable, types: Any, arguments: tuple,
                           options: dict) -> Any:
        from eventsnn.core import device_functions
        return device_functions.function(function, arguments, options)


def _reduced(function: Any, x: DeviceArray, axis: Any, keepdims: bool) -> DeviceArray:
    from eventsnn.core import device_functions
    return device_functions.reduce(function.__name__, x, axis, keepdims)


def _backend() -> Any:
    from eventsnn.core import cuda
    return cuda.backend


def checked(device: Any) -> str:
    """The name of a device, checked."""
    if device not in DEVICES:
        raise check.unknown("device", device, DEVICES)
    return device


def require(device: str) -> None:
    """Refuse a device that is not there."""
    if checked(device) == "cuda":
        from eventsnn.core import cuda
        cuda.backend.check()


def on_device(value: Any) -> bool:
    """Whether an array, or the arrays of a tuple, lie on a CUDA device."""
    if isinstance(value, tuple):
        return any(map(on_device, value))
    return isinstance(value, DeviceArray)


def contiguous(array: Any) -> Any:
    """An array, here or on a device, whose elements lie one behind the other."""
    return array.contiguous() if isinstance(array, DeviceArray) else np.ascontiguousarray(array)


def like(array: Any) -> dict[str, Any]:
    """What NumPy's functions take to make an array where another one lies."""
    return {"like": array} if isinstance(array, DeviceArray) else {}


def beside(value: Any, some: Any) -> Any:
    """An array, moved if need be to where `some` lies."""
    return to(value, "cuda" if on_device(some) else "cpu")


def zeros(shape: Any, dtype: Any, some: Any) -> Any:
    """An array of zeros on the device of `some`: an array, a layer or None for the CPU."""
    if getattr(some, "device", "cpu") != "cuda":
        return np.zeros(shape, dtype)
    out = empty(shape, dtype)
    out[...] = 0
    return out


def filled(some: Any, value: Any, shape: tuple, dtype: np.dtype) -> Any:
    """A new array where `some` lies, of `value` broadcast to a shape."""
    out = np.empty(shape, dtype, **like(some))
    out[...] = beside(value, out) if np.ndim(value) else value
    return out


def empty(shape: Any, dtype: Any) -> DeviceArray:
    """An array on the device, of whatever was in its memory."""
    shape, dtype = views.reshaped(shape, math.prod(np.atleast_1d(shape))), np.dtype(dtype)
    return DeviceArray(_backend().empty(math.prod(shape), dtype), dtype, views.whole(shape))


def write(name: str, out: DeviceArray, operands: tuple, types: tuple) -> None:
    """Write what an operation makes of arrays and numbers, broadcast to `out`."""
    from eventsnn.core.cuda import elements
    if not out.size:
        return
    arrays = [x for x in operands if isinstance(x, DeviceArray)]
    for x in operands:
        if np.ndim(x) and not isinstance(x, DeviceArray):
            raise check.must("arrays", "be on one device", "one on the CPU beside one on CUDA",
                             "move one with to()", error=TypeError)
    seen = [out.view, *(views.broadcast(x.view, out.shape) for x in arrays)]
    shape, strides = views.merged(out.shape, [v.strides for v in seen])
    buffers = [DeviceArray(a.buffer, a.dtype, View(v.offset, (_reach(v),), (1,)))
               for a, v in zip([out, *arrays], seen, strict=True)]
    taken = iter(buffers[1:])
    given = tuple(next(taken) if isinstance(x, DeviceArray) else x for x in operands)
    if all(s in ((), (1,)) for s in strides):
        elements.run(name, out.size, buffers[0], given, types)
        return
    if out.size >= 2**32:
        raise check.must("an array on a device", "have fewer than 2^32 elements here", out.size)
    spread = iter(strides[1:])
    per_operand = [strides[0], *(next(spread) if isinstance(x, DeviceArray) else strides[0]
                                 for x in operands)]
    elements.run(name, out.size, buffers[0], given, types, shape, tuple(per_operand))


def _reach(view: View) -> int:
    """Elements from the first to the last of a view with no negative stride."""
    if any(s < 0 for s in view.strides):
        raise check.must("a slice on a device", "have a positive step", view.strides)
    return 1 + sum((n - 1) * s for n, s in zip(view.shape, view.strides, strict=True))


def to(value: Any, device: str) -> Any:
    """Arrays, or those in tuples, lists and dictionaries, on a device; other values as they are.

    Parameters
    ----------
    value : array, or a nest of them
        NumPy arrays or those of a device. What has a method ``to`` moves itself.
    device : {"cpu", "cuda"}
        Where to.

    Returns
    -------
    The same nest. Arrays that are there already are not copied.

    Raises
    ------
    RuntimeError
        If there is no CUDA device, or numba-cuda is not installed.
    """
    require(device)
    if isinstance(value, np.ndarray) and device == "cuda":
        from eventsnn.core import cuda
        flat = np.ascontiguousarray(value).reshape(-1)
        buffer = cuda.backend.from_host(flat) if flat.size else cuda.backend.empty(0, flat.dtype)
        return DeviceArray(buffer, value.dtype, views.whole(value.shape))
    if isinstance(value, dict):
        return {name: to(one, device) for name, one in value.items()}
    if isinstance(value, (tuple, list)):
        moved = [to(one, device) for one in value]
        return type(value)(*moved) if hasattr(value, "_fields") else type(value)(moved)
    return value.to(device) if hasattr(value, "to") else value
