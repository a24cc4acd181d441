"""Views of strided arrays: which elements of a memory a slice, a transpose or a broadcast shows.

Offsets and strides are counted in elements.
"""

import math
import operator
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check


class View(NamedTuple):
    """Where the elements of an array lie."""

    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def contiguous(self) -> bool:
        """Whether they lie one behind the other, the last axis fastest."""
        return all(n == 1 or s == expected for n, s, expected in zip(
            self.shape, self.strides, steps(self.shape), strict=True)) or 0 in self.shape


def steps(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a contiguous array."""
    return tuple(math.prod(shape[axis + 1:]) for axis in range(len(shape)))


def whole(shape: tuple[int, ...], offset: int = 0) -> View:
    """The view of contiguous elements."""
    return View(offset, tuple(shape), steps(shape))


def indexed(view: View, index: Any) -> View:
    """What whole numbers, slices, None and an ellipsis leave of a view."""
    index = index if isinstance(index, tuple) else (index,)
    n_axes = sum(i is not None and i is not Ellipsis for i in index)
    if n_axes > len(view.shape):
        raise IndexError(f"too many indices: {n_axes} for {len(view.shape)} axes")
    rest = [slice(None)] * (len(view.shape) - n_axes)
    at = next((k for k, i in enumerate(index) if i is Ellipsis), len(index))
    index = (*index[:at], *rest, *index[at + 1:])
    offset, shape, strides, axis = view.offset, [], [], 0
    for i in index:
        if i is None:
            shape.append(1)
            strides.append(0)
            continue
        n, stride = view.shape[axis], view.strides[axis]
        axis += 1
        if isinstance(i, slice):
            start, stop, step = i.indices(n)
            length = len(range(start, stop, step))
            offset += start * stride if length else 0
            shape.append(length)
            strides.append(step * stride)
            continue
        try:
            k = operator.index(i)
        except TypeError:
            raise check.must("an index on a device", "be whole numbers, slices, None or ...",
                             type(i).__name__, "move the array with to('cpu')",
                             error=TypeError) from None
        if not -n <= k < n:
            raise IndexError(f"index {k} is out of bounds for an axis of size {n}")
        offset += (k % n) * stride
    return View(offset, tuple(shape), tuple(strides))


def transposed(view: View, axes: Any = None) -> View:
    """The view with its axes in another order, by default reversed."""
    order = range(len(view.shape))[::-1] if axes is None else axes
    return View(view.offset, tuple(view.shape[k] for k in order),
                tuple(view.strides[k] for k in order))


def broadcast(view: View, shape: tuple[int, ...]) -> View:
    """The view repeated to `shape`, as NumPy does it."""
    new = len(shape) - len(view.shape)
    fits = new >= 0 and all(n in (1, m) for n, m in zip(view.shape, shape[new:], strict=True))
    if not fits:
        raise ValueError(f"shape {view.shape} must broadcast to {tuple(shape)}")
    strides = tuple(0 if n != m else s
                    for n, m, s in zip(view.shape, shape[new:], view.strides, strict=True))
    return View(view.offset, tuple(shape), (0,) * new + strides)


def reshaped(shape: Any, size: int) -> tuple[int, ...]:
    """A new shape for `size` elements; one of its numbers may be -1."""
    shape = tuple(map(operator.index, shape if np.iterable(shape) else (shape,)))
    if -1 in shape:
        others = math.prod(n for n in shape if n != -1)
        shape = tuple(size // others if n == -1 and others else n for n in shape)
    if math.prod(shape) != size or min(shape, default=0) < 0:
        raise ValueError(f"shape {shape} must hold {size} elements")
    return shape


def merged(shape: tuple, strides: list[tuple]) -> tuple[tuple, list[tuple]]:
    """The same elements of several operands by as few axes as there can be."""
    axes: list[tuple[int, list[int]]] = []
    for axis, n in enumerate(shape):
        here = [s[axis] for s in strides]
        if n == 1:
            continue
        if axes and all(before == now * n for before, now in zip(axes[-1][1], here, strict=True)):
            axes[-1] = axes[-1][0] * n, here
        else:
            axes.append((n, here))
    return (tuple(n for n, _ in axes),
            [tuple(here[k] for _, here in axes) for k in range(len(strides))])
