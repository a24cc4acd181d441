"""Equal bins of time, and the spikes counted in them.

A bin holds its right edge and not its left one (only the first holds both), because a simulation
gives a spike the time of the end of its step: so each bin holds the same number of steps. Times
within rounding of an edge count as lying on it.
"""

import math
from typing import NamedTuple

import numpy as np

from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check
from eventsnn.core.jit import kernel, scalar

MOST = 2.0**53  # bins: whole numbers in float64
ROUNDING = 16 * 2.0**-52  # relative, of a time that is a multiple of a step


class Bins(NamedTuple):
    """Where the bins are."""

    start: float  # left edge of the first bin, s
    width: float  # s
    n: int
    end: float  # of the last one, in bins, rounding allowed for
    tolerance: float  # in bins: how far rounding may move a time that lies on an edge


def covering(t_start: float, duration: float, bin_size: float) -> Bins:
    """Bins over all of `duration`; the last one is narrower if `bin_size` does not divide it."""
    bins = _bins(t_start, duration, bin_size)
    return bins._replace(n=math.ceil(bins.end - 2 * bins.tolerance))


def whole(t_start: float, t_stop: float, bin_size: float) -> Bins:
    """Bins of full width: what is left of the window after the last one does not count."""
    t_start = check.number("t_start", t_start)
    t_stop = check.number("t_stop", t_stop, above=t_start)
    bins = _bins(t_start, t_stop - t_start, bin_size)
    n = math.floor(bins.end)
    return bins._replace(n=n, end=n + bins.tolerance)


def _bins(t_start: float, duration: float, bin_size: float) -> Bins:
    duration = check.number("duration", duration, above=0.0)
    t_start = check.number("t_start", t_start)
    tolerance = ROUNDING * max(abs(t_start), abs(t_start + duration))
    bin_size = check.number("bin_size", bin_size, above=0.0, least=duration / MOST,
                            most=duration + tolerance)
    tolerance /= bin_size
    return Bins(t_start, bin_size, 0, duration / bin_size + tolerance, tolerance)


def left_edges(bins: Bins) -> np.ndarray:
    """Left edges, s; (n,) array."""
    return bins.start + np.arange(bins.n) * bins.width


@scalar
def bin_of(time, bins):
    """The bin of a time, -1 if it has none."""
    x = (time - bins.start) / bins.width
    if -bins.tolerance <= x <= bins.end:
        # ceil, with what is barely above a whole number taken for it
        b = max(np.ceil(x - bins.tolerance) - 1.0, 0.0)
        return np.int64(min(b, bins.n - 1.0))
    return np.int64(-1)


def binned_counts(spikes: Spikes, n_neurons: int, bin_size: float, *, t_stop: float,
                  t_start: float = 0.0, ids=None) -> np.ndarray:
    """Spikes of each neuron in each bin.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; in any order.
    n_neurons : int
        Neurons, numbered from 0.
    bin_size : float
        Width of a bin, s. Bins are whole: a remainder of the window does not count.
    t_start, t_stop : float
        Window, s.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    (n, n_bins) int64 array
        One row for each of `ids`.

    Raises
    ------
    ValueError
        If no bin fits into the window; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Notes
    -----
    A bin holds its right edge and not its left one (only the first holds both), where
    `elephant.conversion.BinnedSpikeTrain` holds the left one. The same counts come of times on a
    grid of `dt`, as simulations give, from ``times + dt / 2``; off any grid there is no difference.
    A pass over the spikes; memory for the result and one chunk.

    Examples
    --------
    >>> binned_counts(([0.1, 0.2, 0.35], [0, 1, 0]), 2, 0.2, t_stop=0.4)
    array([[1, 1],
           [1, 0]])
    """
    bins = whole(t_start, t_stop, bin_size)
    n, chunks = selected(spikes, n_neurons, ids)
    counts = np.zeros((n, bins.n), np.int64)
    for times, rows in chunks:
        _count(times, rows, bins, counts)
    return counts


@kernel
def _count(times, rows, bins, counts):
    """Count spikes (m,) in (n, n_bins), added to."""
    for j in range(np.uint64(times.size)):
        b = bin_of(times[j], bins)
        if b >= 0:
            counts[np.uint64(rows[j]), np.uint64(b)] += 1


@kernel
def count_times(times, bins, counts):
    """Count times (m,) in bins (n_bins,), added to."""
    for j in range(np.uint64(times.size)):
        b = bin_of(times[j], bins)
        if b >= 0:
            counts[np.uint64(b)] += 1


@kernel
def count_squares(times, rows, bins, state, population):
    """Update (n, 4), bin, spikes in it, all spikes, sum of squares, and (n_bins,) by spikes (m,).

    Times must be sorted; no `population`: it is not counted.
    """
    for j in range(np.uint64(times.size)):
        b = bin_of(times[j], bins)
        if b >= 0:
            k = np.uint64(rows[j])
            if b != state[k, 0]:
                state[k, 0] = b
                state[k, 1] = 0
            state[k, 3] += 2 * state[k, 1] + 1  # (c + 1)^2 - c^2
            state[k, 1] += 1
            state[k, 2] += 1
            if population.size:
                population[np.uint64(b)] += 1
