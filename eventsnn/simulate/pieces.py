"""Arguments that may differ from neuron to neuron and from one stretch of time to the next."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check


class Pieces(NamedTuple):
    """Values that hold from a step on, until the next ones do."""

    steps: np.ndarray  # int64 (P,), ascending; the first is 0
    values: np.ndarray  # float64 (P, 1), or (P, n) where neurons differ


def each(name: str, value: Any, n: int) -> np.ndarray:
    """A number, or one for each of `n` neurons, that float32 can hold: float64 (1,) or (n,)."""
    array = check.real_array(name, value)
    check.finite(name, array, np.float32)
    if array.shape not in ((), (n,)):
        raise check.must(name, f"have shape () or ({n},)", array.shape)
    return array.reshape(-1).astype(np.float64)


def pieces(name: str, value: Any, times: Any, n: int, dt: float) -> Pieces:
    """`value` from each of the `times` (s) on, or always if they are None; before the first, 0."""
    if times is None:
        return Pieces(np.zeros(1, np.int64), each(name, value, n)[None])
    steps = _rising_steps(times, dt)
    array = check.real_array(name, value)
    check.finite(name, array, np.float32)
    if array.shape not in ((len(steps),), (len(steps), n)):
        raise check.must(name, f"have shape ({len(steps)},) or ({len(steps)}, {n}) to match times",
                         array.shape)
    values = array.reshape(len(steps), -1).astype(np.float64)
    if steps[0] > 0:
        steps = np.concatenate([[0], steps])
        values = np.concatenate([np.zeros((1, values.shape[1])), values])
    return Pieces(steps, values)


def _rising_steps(times: Any, dt: float) -> np.ndarray:
    steps = whole_steps("times", times, dt)
    if not steps.size:
        raise check.must("times", "hold one time or more", "none")
    if (np.diff(steps) <= 0).any():
        at = int(np.flatnonzero(np.diff(steps) <= 0)[0])
        raise check.must("times", f"rise by dt = {dt:g} s or more",
                         f"{np.asarray(times)[at]:g} s and then {np.asarray(times)[at + 1]:g} s")
    return steps


def whole_steps(name: str, times: Any, dt: float) -> np.ndarray:
    """Times (s) of a run as the nearest steps: (m,) int64."""
    times = check.real_array(name, times)
    check.shape(name, times.shape, (times.size,))
    check.finite(name, times)
    if times.size and times.min() < 0:
        raise check.must(name, "be at least 0 s", f"{times.min():g} s")
    steps = np.rint(times.astype(np.float64) / dt)
    if steps.size and steps.max() >= 2.0**48:
        raise check.must(name, "be below 2**48 steps", f"{times.max():g} s",
                         "times are in seconds; did you pass milliseconds?")
    return steps.astype(np.int64)


class Column(NamedTuple):
    """Rows of several lengths, one after the other, as a compiled loop takes them."""

    at: np.ndarray  # int64: where each begins; one more entry closes the last
    values: np.ndarray


def column(rows: list[np.ndarray], dtype: Any) -> Column:
    """Arrays joined to one."""
    sizes = [row.size for row in rows]
    return Column(np.cumsum([0, *sizes]).astype(np.int64), np.concatenate(
        [np.empty(0, dtype), *(row.reshape(-1) for row in rows)]).astype(dtype))
