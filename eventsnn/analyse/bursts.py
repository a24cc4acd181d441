"""Bursts by the maximum-interval method.

A burst begins at an interval of at most `begin`, goes on while intervals are at most `end`; bursts
less than `apart` from each other are one; then those that are too short or have too few spikes are
dropped. It finds bursts in most kinds of recordings where the parameters suit them [2]_.

References
----------
.. [1] Nex Technologies, "NeuroExplorer Manual", burst analysis, 2014.
.. [2] Cotterill, Charlesworth, Thomas, Paulsen, Eglen, "A comparison of computational methods for
   detecting bursts in neuronal spike trains and their application to human stem cell-derived
   neuronal networks", J. Neurophysiol. 116, 306 (2016).
"""

from typing import NamedTuple

import numpy as np

from eventsnn.analyse.bins import ROUNDING
from eventsnn.analyse.trains import as_trains
from eventsnn.core import check
from eventsnn.core.jit import kernel


class Bursts(NamedTuple):
    """Bursts, by train and time; (n_bursts,) arrays."""

    train: np.ndarray  # which one
    start: np.ndarray  # first spike, s
    stop: np.ndarray  # last spike, s
    spikes: np.ndarray  # how many


def bursts(trains, *, begin: float = 0.17, end: float = 0.3, apart: float = 0.2,
           duration: float = 0.01, least: int = 3, t_start: float | None = None,
           t_stop: float | None = None, ids=None) -> Bursts:
    """Bursts of each train, by the maximum-interval method.

    Parameters
    ----------
    trains : Trains, or list of arrays
        These, the window and `ids` as for `isi_distance`.
    begin, end : float
        Longest interval at the beginning of a burst, and within it, s.
    apart : float
        Bursts less than this apart are one, s.
    duration : float
        A burst is at least so long, s.
    least : int
        And has at least so many spikes.

    Returns
    -------
    Bursts
        Trains are numbered in the order of `ids`.

    Raises
    ------
    ValueError
        If `end` is below `begin`, or trains are not sorted.

    Notes
    -----
    O(spikes). Times within rounding of a bound, as on the grid of a simulation, count as equal to
    it. With ``begin = end`` and ``apart = duration = 0`` a burst is a run of short intervals.

    Examples
    --------
    >>> found = bursts([[0.0, 1.0, 1.1, 1.2, 3.0], [5.0]])
    >>> found.train, found.start, found.stop, found.spikes
    (array([0]), array([1.]), array([1.2]), array([3]))
    """
    begin = check.number("begin", begin, above=0.0)
    end = check.number("end", end, least=begin)
    apart = check.number("apart", apart, least=0.0)
    duration = check.number("duration", duration, least=0.0)
    least = check.integer("least", least, least=2)
    times, first, _, _ = as_trains(trains, t_start, t_stop, ids)
    found = np.empty((times.size // 2, 3), np.int64)
    m = _find(times, first, begin, end, apart, found)
    train, i, j = found[:m].T
    kept = (times[j] - times[i] >= duration - ROUNDING * np.abs(times[j])) & (j - i + 1 >= least)
    train, i, j = train[kept], i[kept], j[kept]
    return Bursts(train, times[i], times[j], j - i + 1)


@kernel
def _find(times, first, begin, end, apart, found):
    """Write train, first and last spike of each burst to (m, 3), close ones joined; how many."""
    m = 0
    for k in range(first.size - 1):
        i, mine, last = first[k], m, first[k + 1] - 1
        while i < last:
            if times[i + 1] - times[i] > begin + ROUNDING * abs(times[i]):
                i += 1
                continue
            j = i + 1
            while j < last and times[j + 1] - times[j] <= end + ROUNDING * abs(times[j]):
                j += 1
            if m > mine and times[i] - times[found[m - 1, 2]] < apart - ROUNDING * abs(times[i]):
                found[m - 1, 2] = j
            else:
                found[m, 0], found[m, 1], found[m, 2] = k, i, j
                m += 1
            i = j + 1
    return m
