"""Convolution met by events: kernels are gathered at each of them, gradients scattered.

What an input touches is laid down once in tables, for rows and for columns of the image. An input
at row ``h`` touches output row ``out[a]`` with kernel row ``tap[a]``, for ``a`` from ``ends[h]`` to
``ends[h + 1]``. Along a row of outputs the channels of a place lie side by side, and the columns of
a kernel are laid out from the last to the first: so all that an input touches there is one run of
numbers, if the window's dilation is 1.

`gather` and `scatter` go the same way; one loop for both took 10 to 25 % longer.
"""

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.gather import value_of
from eventsnn.core.jit import kernel, scalar
from eventsnn.core.windows import Window
from eventsnn.spikes import Events

_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Runs(NamedTuple):
    """What an input at each place of an axis touches: ``out, tap, length`` of runs."""

    ends: Any  # int64 (n + 1,): where the runs of a place begin
    out: Any  # uint32 (n_runs,): the first output
    tap: Any  # uint32 (n_runs,): the first tap, in the order of the kernel as it is laid out
    length: Any  # uint32 (n_runs,)


class Touched(NamedTuple):
    """What inputs of an image touch, and how kernels are laid out for it."""

    rows: Runs  # of length 1
    columns: Runs
    order: Any  # int64 (kw,): kernel columns as they are laid out


@functools.lru_cache(64)
def touched(win: Window, size: tuple[int, int]) -> Touched:
    """The tables of a window on images of `size`."""
    height, width = win.out_size(size)
    (s, t), (p, q), (d, e) = win.stride, win.padding, win.dilation
    kh, kw = win.kernel_size
    # Columns that one input touches side by side differ by the stride: phase after phase.
    order = np.array([j for phase in range(t) for j in range(kw - 1 - phase, -1, -t)], np.int64)
    return Touched(_runs(np.arange(kh), size[0], height, s, p, d, False),
                   _runs(order, size[1], width, t, q, e, e == 1), order)


def _runs(order: np.ndarray, n: int, n_out: int, stride: int, padding: int, dilation: int,
          joined: bool) -> Runs:
    ends, found = [0], list[list[int]]()
    for place in range(n):
        for at, tap in enumerate(order):
            out, rest = divmod(place + padding - dilation * int(tap), stride)
            if rest or not 0 <= out < n_out:
                continue
            last = found[-1] if joined and len(found) > ends[-1] else None
            if last is not None and (out, at) == (last[0] + last[2], last[1] + last[2]):
                last[2] += 1
            else:
                found.append([out, at, 1])
        ends.append(len(found))
    table = np.array(found, np.uint32).reshape(-1, 3)
    return Runs(np.array(ends, np.int64), *(np.ascontiguousarray(c) for c in table.T))


def conv2d(x: Events, w: np.ndarray, win: Window, groups: int, dtype: np.dtype) -> np.ndarray:
    """Convolution of events (..., C, H, W); see `eventsnn.connect.conv`."""
    tables, lead = touched(win, x.shape[-2:]), x.shape[:-3]
    y = np.empty((math.prod(lead), len(w), *win.out_size(x.shape)), dtype)
    gather(x.ends, x.ids, x.values_as(dtype), np.uint64(x.shape[-2]),
           laid_out(w.astype(dtype, copy=False), groups, tables.order), tables.rows,
           tables.columns, np.uint64(groups), y)
    return y.reshape(*lead, *y.shape[1:])


def conv2d_weight_bar(x: Events, out_bar: np.ndarray, win: Window, groups: int) -> np.ndarray:
    """Its transpose by the kernels: (O, C / groups, kh, kw)."""
    tables, n_out, n_in = touched(win, x.shape[-2:]), out_bar.shape[-3], x.shape[-3]
    bars = np.ascontiguousarray(out_bar).reshape(math.prod(x.shape[:-3]), *out_bar.shape[-3:])
    kh, kw = win.kernel_size
    w_bar = np.zeros((n_in, kh, kw * (n_out // groups)), bars.dtype)
    scatter(x.ends, x.ids, x.values_as(bars.dtype), np.uint64(x.shape[-2]), bars, tables.rows,
            tables.columns, np.uint64(groups), w_bar)
    return taken_back(w_bar, n_out, groups, tables.order)


def laid_out(w: np.ndarray, groups: int, order: np.ndarray) -> np.ndarray:
    """Kernels (O, C / groups, kh, kw) as (C, kh, kw * O / groups), for `gather`."""
    n_out, n_in, kh, kw = w.shape
    by_group = w[..., order].reshape(groups, n_out // groups, n_in, kh, kw)
    moved = np.ascontiguousarray(by_group.transpose(0, 2, 3, 4, 1))
    return moved.reshape(groups * n_in, kh, kw * (n_out // groups))


def taken_back(w: np.ndarray, n_out: int, groups: int, order: np.ndarray) -> np.ndarray:
    """Inverse of `laid_out`."""
    n_in, kh, kw = len(w) // groups, w.shape[1], len(order)
    by_group = w.reshape(groups, n_in, kh, kw, n_out // groups).transpose(0, 4, 1, 2, 3)
    out = np.empty((n_out, n_in, kh, kw), w.dtype)
    out[..., order] = by_group.reshape(n_out, n_in, kh, kw)
    return out


@kernel
def gather(ends, ids, values, height, w, rows, columns, groups, y):
    """Write the convolution `y` (n, O, H', W') of events (n, C, H rows, W) with kernels `w`."""
    one = w.dtype.type(1)
    n_in, each = np.uint64(w.shape[0]), np.uint64(y.shape[1]) // groups
    width = np.uint64(y.shape[3])
    image = np.empty((groups, np.uint64(y.shape[2]), width * each), y.dtype)
    for n in range(np.uint64(y.shape[0])):
        image[:] = 0
        for c in range(n_in):
            here = image[c // (n_in // groups)]
            for h in range(height):
                r = (n * n_in + c) * height + h
                for e in range(np.uint64(ends[r]), np.uint64(ends[r + _ONE])):
                    value, column = value_of(values, e, one), np.uint64(ids[e])
                    for a in range(np.uint64(rows.ends[h]), np.uint64(rows.ends[h + _ONE])):
                        line, kernel_line = here[rows.out[a]], w[c, rows.tap[a]]
                        for b in range(np.uint64(columns.ends[column]),
                                       np.uint64(columns.ends[column + _ONE])):
                            to = np.uint64(columns.out[b]) * each
                            of = np.uint64(columns.tap[b]) * each
                            for k in range(np.uint64(columns.length[b]) * each):
                                line[to + k] += value * kernel_line[of + k]
        _channels_first(image, each, width, y[n])


@kernel
def scatter(ends, ids, values, height, y_bar, rows, columns, groups, w_bar):
    """Add to `w_bar`, laid out as the kernels, what `gather` makes of `y_bar` (n, O, H', W')."""
    one = w_bar.dtype.type(1)
    n_in, each = np.uint64(w_bar.shape[0]), np.uint64(y_bar.shape[1]) // groups
    width = np.uint64(y_bar.shape[3])
    image = np.empty((groups, np.uint64(y_bar.shape[2]), width * each), y_bar.dtype)
    for n in range(np.uint64(y_bar.shape[0])):
        _channels_last(y_bar[n], each, width, image)
        for c in range(n_in):
            here = image[c // (n_in // groups)]
            for h in range(height):
                r = (n * n_in + c) * height + h
                for e in range(np.uint64(ends[r]), np.uint64(ends[r + _ONE])):
                    value, column = value_of(values, e, one), np.uint64(ids[e])
                    for a in range(np.uint64(rows.ends[h]), np.uint64(rows.ends[h + _ONE])):
                        line, kernel_line = here[rows.out[a]], w_bar[c, rows.tap[a]]
                        for b in range(np.uint64(columns.ends[column]),
                                       np.uint64(columns.ends[column + _ONE])):
                            to = np.uint64(columns.out[b]) * each
                            of = np.uint64(columns.tap[b]) * each
                            for k in range(np.uint64(columns.length[b]) * each):
                                kernel_line[of + k] += value * line[to + k]


@scalar
def _channels_first(image, each, width, y):
    """From (groups, H', W' * each) to (groups * each, H', W')."""
    for g in range(np.uint64(image.shape[0])):
        for h in range(np.uint64(image.shape[1])):
            line = image[g, h]
            for o in range(each):
                out = y[g * each + o, h]
                for v in range(width):
                    out[v] = line[v * each + o]


@scalar
def _channels_last(y, each, width, image):
    """Inverse of `_channels_first`."""
    for g in range(np.uint64(image.shape[0])):
        for h in range(np.uint64(image.shape[1])):
            line = image[g, h]
            for o in range(each):
                out = y[g * each + o, h]
                for v in range(width):
                    line[v * each + o] = out[v]
