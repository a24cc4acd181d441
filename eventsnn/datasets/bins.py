"""Times of events to rasters: step k holds the events from ``k dt`` to just before ``(k + 1) dt``.

Events at or after the end of the raster are left out. A time within rounding of the start of a step
is in it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from eventsnn.core import check

_ROUNDING = 1e-9  # relative, of a time that was stored as a multiple of something
_MOST_STEPS = 2**31
_MOST_VALUES = 2**33  # in a raster


def steps(argument: str, duration: Any, dt: float, least: int = 1) -> int:
    """A duration as a whole number of steps; both in s."""
    duration = check.number(argument, duration, least=0.0, most=_MOST_STEPS * dt)
    n = round(duration / dt)
    if abs(duration / dt - n) > 1e-6 * max(n, 1) or n < least:
        raise check.must(argument, f"be a multiple of dt = {dt:g} s, at least {least} of it",
                         f"{duration:g} s")
    return n


def most(argument: str, n: int, n_steps: int, n_units: int) -> None:
    """Refuse `n` items whose raster is larger than anybody means."""
    if n * n_steps * n_units > _MOST_VALUES:
        raise check.must(argument, f"be at most {_MOST_VALUES // (n_steps * n_units)} items, of "
                         f"{n_steps} steps and {n_units} units", n,
                         "time is in seconds; did you pass milliseconds?")


def bin_times(times: Any, *, dt: float, duration: float) -> np.ndarray:
    """Times of one spike a unit to a raster, such as `encode` of `eventsnn.train.fit` gives.

    Parameters
    ----------
    times : (B, n) array
        Time of the spike of each unit, s, at least 0; inf for none.
    dt : float
        Step, s.
    duration : float
        Of the raster, a multiple of `dt`, s.

    Returns
    -------
    (T, B, n) float32 array
        0 or 1; ``T = duration / dt``.

    Examples
    --------
    >>> bin_times([[0.0, 0.0021, 0.5]], dt=1e-3, duration=3e-3)[:, 0].tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    times = check.real_array("times", times)
    if times.ndim != 2:
        raise check.must("times", "have shape (B, n)", times.shape)
    if not np.all(times >= 0):
        bad = times[~(times >= 0)]
        raise check.must("times", "be at least 0", f"{bad[0]} in {bad.size} places")
    n_batch, n = times.shape
    item, unit = np.divmod(np.arange(times.size), n or 1)
    return raster(item, times.reshape(-1), unit, n_batch, n, dt=dt, duration=duration)


def bin_events(events: Sequence[tuple[np.ndarray, np.ndarray]], n_units: int, *, dt: float,
               duration: float, counts: bool = False) -> np.ndarray:
    """Lists of events to a raster.

    Parameters
    ----------
    events : sequence of B pairs
        Times, s, at least 0, and units, whole numbers from 0 to just below `n_units`, of the
        events of an item; both (k,) arrays, in any order.
    n_units : int
        Number of units.
    dt : float
        Step, s.
    duration : float
        Of the raster, a multiple of `dt`, s.
    counts : bool
        Whether events of a unit in the same step are counted; else they make one spike.

    Returns
    -------
    (T, B, n_units) float32 array

    Examples
    --------
    >>> events = [([0.0, 0.0021, 0.0025], [0, 1, 1])]
    >>> bin_events(events, 2, dt=1e-3, duration=3e-3, counts=True)[:, 0].tolist()
    [[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]]
    """
    n_units = check.integer("n_units", n_units, least=1)
    times, units = [], []
    for k, (t, u) in enumerate(events):
        t, u = check.real_array(f"events[{k}][0]", t), check.whole(f"events[{k}][1]", u)
        if t.ndim != 1 or t.shape != u.shape:
            raise check.must(f"events[{k}]", "be two arrays of the same length",
                             f"shapes {t.shape} and {u.shape}")
        if not np.all(t >= 0):
            raise check.must(f"events[{k}][0]", "be times of at least 0", t[~(t >= 0)][0])
        if np.any((u < 0) | (u >= n_units)):
            raise check.must(f"events[{k}][1]", f"be units from 0 to {n_units - 1}",
                             u[(u < 0) | (u >= n_units)][0])
        times.append(t)
        units.append(u)
    item = np.repeat(np.arange(len(times)), [len(t) for t in times])
    return raster(item, np.concatenate([*times, np.empty(0)]),
                  np.concatenate([*units, np.empty(0, np.int64)]), len(times), n_units, dt=dt,
                  duration=duration, counts=counts)


def raster(item: np.ndarray, times: np.ndarray, units: np.ndarray, n_batch: int, n_units: int, *,
           dt: float, duration: float, counts: bool = False) -> np.ndarray:
    """Raster (T, n_batch, n_units) of events whose three columns have been checked."""
    dt = check.number("dt", dt, above=0.0)
    counts = check.flag("counts", counts)
    n_steps = steps("duration", duration, dt)
    most("events", n_batch, n_steps, n_units)
    with np.errstate(over="ignore"):
        position = times.astype(np.float64) / dt
    position = np.minimum(position, n_steps)  # the end; infinity is no whole number
    near = np.rint(position)
    is_near = np.abs(position - near) <= _ROUNDING * np.maximum(position, 1)
    step = np.where(is_near, near, np.floor(position)).astype(np.int64)
    kept = step < n_steps
    out = np.zeros((n_steps, n_batch, n_units), np.float32)
    place = step[kept], item[kept], units[kept]
    if counts:
        np.add.at(out, place, np.float32(1))
    else:
        out[place] = 1
    return out
