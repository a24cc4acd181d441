"""From arrays of any shape to the loops and back.

A population has any number of batch axes and, after them, feature axes: ``S = (*batch,
*features)``. The loops take ``(B, N)``. Which axes are features follows from the parameters: as
many as the parameter with the most axes has. Where no parameter is an array all axes are one row of
neurons. Inputs and states come checked, C-contiguous or not, in one float type.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect import feedback
from eventsnn.connect.columns import ColumnWeights
from eventsnn.core import check
from eventsnn.core.device import contiguous, on_device
from eventsnn.core.fields import map_fields
from eventsnn.engine import cpu
from eventsnn.spikes import trusted

# Share of outputs with a use for gradients from which on all are fetched: with dense weights by
# BLAS; with sparse ones visits took a tenth of the time at 2 %, six tenths at 50 %.
DENSE_FROM, SPARSE_FROM = 0.12, 1.0
_LOOKED_AT = 8  # steps, to estimate that share
_LISTED_STEPS = 8  # there is room for the events of one of so many in which all spike


class Layout(NamedTuple):
    """How a population lies in the arrays of a loop."""

    shape: tuple  # S
    n_batch: int
    n: int
    p: Any  # parameters: scalars, or arrays (n,)


def layout(p: Any, shape: tuple, dtype: np.dtype, least_axes: int = 0) -> Layout:
    """Lay out a population of `shape`; at least `least_axes` of it are features."""
    if all(type(field) is float for field in p):
        return _layout_of_numbers(p, tuple(shape), dtype, least_axes)
    return _layout(p, shape, dtype, least_axes)


def _layout(p: Any, shape: tuple, dtype: np.dtype, least_axes: int) -> Layout:
    n_axes = max(least_axes, *(np.ndim(field) for field in p))
    features = tuple(shape[len(shape) - n_axes:]) if n_axes <= len(shape) else ()
    for name, field in zip(p._fields, p, strict=True):
        if np.ndim(field) == 0:
            continue
        try:
            fits = np.broadcast_shapes(np.shape(field), features) == features
        except ValueError:
            fits = False
        if not fits:
            raise check.must(name, f"broadcast against neurons of shape {shape}",
                             f"shape {np.shape(field)}")
    if sum(np.ndim(field) > 0 for field in p) > 1:  # each mixture is compiled anew: have two only
        p = map_fields(lambda field: np.broadcast_to(field, features), p)
    n = int(np.prod(features)) if n_axes else int(np.prod(shape))

    def flat(field: Any) -> Any:
        if np.ndim(field) == 0:
            return dtype.type(float(field))  # from a device, too
        return np.broadcast_to(field, features).astype(dtype).reshape(n)

    return Layout(tuple(shape), int(np.prod(shape)) // n if n else 0, n, map_fields(flat, p))


# A layer asks for the same one in each call, which took a third of the time of a short one.
# Parameters of two models may be equal as tuples: their types count, too.
_layout_of_numbers = functools.lru_cache(256, typed=True)(_layout)


def _flat(a: Any, lay: Layout, *lead: int) -> Any:
    """Arrays (*lead, *S) as contiguous (*lead, B, N)."""
    return map_fields(
        lambda array: contiguous(array).reshape(*lead, lay.n_batch, lay.n), a)


def _empty(some: Any, lay: Layout, *lead: int) -> Any:
    """Arrays (*lead, B, N) for each of those in `some`, of its type and where it lies."""
    return map_fields(lambda a: np.empty_like(a, shape=(*lead, lay.n_batch, lay.n)), some)


def _zeros(p: Any, lay: Layout, some: np.ndarray) -> Any:
    """Zeros (B, N) for each field of `p`, or for an array, of the type of `some`, where it lies."""
    return map_fields(lambda _: np.zeros_like(some, shape=(lay.n_batch, lay.n)), p)


def loops(some: Any) -> Any:
    """The loops of the device where arrays lie."""
    if not on_device(some):
        return cpu
    from eventsnn.engine import cuda
    return cuda


def _shaped(a: Any, lay: Layout, *lead: int) -> Any:
    return map_fields(lambda array: array.reshape((*lead, *lay.shape)), a)


def is_held(x: Any) -> bool:
    """Whether an input (T, ...), or all its channels, is that of one step, which
    `np.broadcast_to` repeats."""
    if isinstance(x, tuple):
        return all(map(is_held, x))
    return not on_device(x) and len(x) > 1 and x.strides[0] == 0


def _moving(x: Any, lay: Layout, n_steps: int) -> tuple[Any, np.uint64]:
    """An input (T, *S) as the loops take it, and whether it moves."""
    if is_held(x):
        return _flat(map_fields(lambda a: a[:1], x), lay, 1), np.uint64(0)
    return _flat(x, lay, n_steps), np.uint64(1)


def forward(x: Any, state: Any, lay: Layout, dt: float, th: Any, first: int,
            taped: bool) -> tuple[np.ndarray, Any, Any]:
    """Run feed-forward neurons: ``-> (out (T, *S), final state, tape (T, *S) or None)``."""
    some = state[0]
    n_steps, dtype = np.shape(x[0] if isinstance(x, tuple) else x)[0], some.dtype
    s = map_fields(np.copy, _flat(state, lay))
    z = _empty(s[0], lay, n_steps)
    fixed = (*_moving(x, lay, n_steps), s, lay.p, dtype.type(dt), th, np.uint64(first), z)
    h, on = _empty(s, lay, n_steps) if taped else None, loops(z)
    if taped:
        on.forward_taped(_steps(n_steps), *fixed, h)
        h = _shaped(h, lay, n_steps)
    else:
        on.forward(_steps(n_steps - int(cpu.VISIT) + 1, int(cpu.VISIT)), *fixed)
    return _shaped(z, lay, n_steps), _shaped(s, lay), h


def states_after(h: Any, end: Any) -> Any:
    """The state after each step (T, *S), from those before each and the final one."""
    return map_fields(lambda before, last: np.concatenate([before[1:], last[None]]), h, end)


def backward(x: Any, h: Any, lay: Layout, dt: float, th: Any, first: int, stop_reset: bool,
             out_bar: np.ndarray, h_bar: Any, state_bar: Any, with_p: bool,
             summed: bool = False) -> tuple[Any, Any, Any]:
    """Transpose of `forward`: ``-> (x_bar (T, *S), state_bar, p_bar (*S) or None)``.

    If `summed`, and the input is held, `x_bar` is the sum over the steps (1, *S).
    """
    n_steps, dtype = len(out_bar), out_bar.dtype
    s_bar = map_fields(np.copy, _flat(state_bar, lay))
    summed = summed and is_held(x)
    x_bar = None if summed else _empty(x, lay, n_steps)
    x_sum = _zeros(x, lay, s_bar[0]) if summed else None
    p_bar = _zeros(lay.p, lay, s_bar[0]) if with_p else None
    loops(s_bar).backward(
        _steps(n_steps)[::-1].copy(), *_moving(x, lay, n_steps), _flat(h, lay, n_steps), lay.p,
        dtype.type(dt), th, np.uint64(first), dtype.type(stop_reset), _flat(out_bar, lay, n_steps),
        None if h_bar is None else _flat(h_bar, lay, n_steps), s_bar, x_bar, x_sum, p_bar)
    return (_shaped(x_sum, lay, 1) if summed else _shaped(x_bar, lay, n_steps),
            _shaped(s_bar, lay), _shaped(p_bar, lay) if with_p else None)


def forward_recurrent(drive: Any, state: Any, z_before: np.ndarray, weights: Any, lay: Layout,
                      dt: float, th: Any, first: int, taped: bool, raster: bool) -> tuple:
    """Run neurons coupled by `weights`, as `eventsnn.connect.feedback` has them; else `forward`.

    `drive` (T, *S), the input from outside, is the caller's to give away: on return it holds the
    whole input, recurrent part included, as `backward_recurrent` takes it. Both it and the weights
    are tuples for a model with several input channels. Returns what `forward` does, and the events
    (1 + T, *S) of the outputs of the step before the first and of all steps; None on a device.
    Unless a `raster` is wanted, the outputs returned may be those of the last step alone.
    """
    some = drive[0] if isinstance(drive, tuple) else drive
    n_steps, dtype = len(some), some.dtype
    assert contiguous(some) is some  # a copy would be filled in its place
    s = map_fields(np.copy, _flat(state, lay))
    z = _empty(s[0], lay, n_steps if raster or on_device(some) else 1)
    h = _empty(s, lay, n_steps) if taped else None
    fixed, events = (_flat(drive, lay, n_steps), s, _flat(z_before, lay), weights, lay.p,
                     dtype.type(dt), th, np.uint64(first), z, h), None
    if on_device(z):
        loops(z).forward_recurrent(_steps(n_steps), *fixed)
    else:
        listed = _listing(lambda order, *lists: cpu.forward_recurrent(order, *fixed, *lists),
                          n_steps, lay.n_batch, lay.n, dtype)
        events = trusted((1 + n_steps, *lay.shape), *listed)
    return (_shaped(z, lay, len(z)), _shaped(s, lay),
            None if h is None else _shaped(h, lay, n_steps), events)


def _listing(loop: Callable, n_steps: int, n_batch: int, n: int, dtype: np.dtype) -> tuple:
    """Run a loop that lists events, with more room as often as it asks for it; return ends, ids and
    values."""
    ends, room = np.zeros((1 + n_steps) * n_batch + 1, np.int64), n_batch * n
    room *= 2 + n_steps // _LISTED_STEPS
    ids, values, done = np.empty(room, np.uint32), np.empty(room, dtype), 0
    while (done := done + int(loop(_steps(n_steps)[done:], ends, ids, values))) < n_steps:
        ids, values = (np.concatenate([a, np.empty_like(a)]) for a in (ids, values))
    ids, values = ids[:ends[-1]].copy(), values[:ends[-1]]  # the room left over is given back
    return ends, ids, None if (values == 1).all() else values.copy()


def backward_recurrent(drive: Any, h: Any, weights: Any, lay: Layout, dt: float, th: Any,
                       first: int, stop_reset: bool, out_bar: np.ndarray, h_bar: Any,
                       state_bar: Any, with_p: bool, watch: tuple[str, ...] = (),
                       sparse: bool = False) -> tuple:
    """Transpose of `forward_recurrent`.

    `drive` is the whole input of the neurons, as `forward_recurrent` leaves it. Returns
    ``(drive_bar (T, *S), state_bar, gradient of the outputs before the first step (*S), p_bar (*S)
    or None, gradients (T, *S) of the state after each step, of the fields in `watch`)``.

    With `sparse` gradients are fetched through the weights only for the outputs that have a use for
    them, if these are few enough: the same gradients to rounding. Then nothing is to `watch`.
    Else the loop over time is here, since a step needs a dense product, which is BLAS's work.
    """
    n_steps, dtype = len(out_bar), out_bar.dtype
    drive, h = _flat(drive, lay, n_steps), _flat(h, lay, n_steps)
    z_bar = _flat(out_bar, lay, n_steps)
    h_bar = None if h_bar is None else _flat(h_bar, lay, n_steps)
    s_bar = map_fields(np.copy, _flat(state_bar, lay))
    drive_bar = map_fields(np.empty_like, drive)
    p_bar = _zeros(lay.p, lay, z_bar) if with_p else None
    fed_back = np.zeros_like(z_bar, shape=(lay.n_batch, lay.n))
    seen = map_fields(np.empty_like, h) if watch else None
    stop, two_way = dtype.type(stop_reset), feedback.two_way(weights)
    fixed = lay.p, dtype.type(dt), th, np.uint64(first), stop
    bars = z_bar, h_bar, s_bar, drive_bar, p_bar
    all_from = SPARSE_FROM if isinstance(weights, ColumnWeights) else DENSE_FROM
    if on_device(z_bar):
        loops(z_bar).backward_recurrent(None, drive, h, two_way, *fixed,
                                        _none(h) if sparse else None, *bars, seen)
        if feedback.is_sparse(weights):
            from eventsnn.connect.cuda import columns
            columns.back(weights, drive_bar[0], fed_back)
        else:
            feedback.back(two_way, drive_bar, 0, fed_back)
    elif sparse and reached(drive, h, lay, dt, th, first, stop) < all_from:
        order = _steps(n_steps)[::-1].copy()
        cpu.backward_recurrent(order, drive, h, weights, *fixed, _none(h), *bars)
        feedback.back(two_way, drive_bar, 0, fed_back)
    else:
        for t in reversed(range(n_steps)):
            cpu.backward_step(np.uint64(t), fed_back, drive, h, *fixed, *bars, seen)
            feedback.back(two_way, drive_bar, t, fed_back)
    return (_shaped(drive_bar, lay, n_steps), _shaped(s_bar, lay), fed_back.reshape(lay.shape),
            None if p_bar is None else _shaped(p_bar, lay),
            [_shaped(getattr(seen, name), lay, n_steps) for name in watch])


def reached(drive: Any, h: Any, lay: Layout, dt: float, th: Any, first: int, stop_reset: bool,
            steps: int = _LOOKED_AT) -> float:
    """Share of outputs whose gradients have an effect, looked up at about as many `steps`.

    With a margin those are the neurons within it: the slope is 0 beyond, and nothing else takes the
    gradient of an output on. `drive` (T, *S) or (T, B, N) as for `backward_recurrent`.
    """
    n_steps, dtype = len(h[0]), h[0].dtype
    order = _steps(n_steps, max(n_steps // steps, 1))
    h = _flat(h, lay, n_steps)
    count = cpu.reached(order, _flat(drive, lay, n_steps), h, lay.p, dtype.type(dt), th,
                        np.uint64(first), dtype.type(stop_reset), _none(h))
    return int(count) / max(len(order) * lay.n_batch * lay.n, 1)


def _none(h: Any) -> Any:
    """A state of zeros of one neuron."""
    return map_fields(lambda a: a.dtype.type(0), h)


def _steps(stop: int, by: int = 1) -> np.ndarray:
    return np.arange(0, max(stop, 0), by, dtype=np.uint64)
