r"""Intervals between the spikes of each neuron.

With the intervals :math:`I_1, \dots, I_m` of a neuron, their mean :math:`\bar I` and their variance
:math:`s^2 = \frac1m \sum_k (I_k - \bar I)^2`, the coefficient of variation is

.. math:: C_V = s / \bar I,

0 for a clock, 1 on average for a Poisson process. Mean and squares are updated interval by interval
[1]_, which loses no digits where a sum of squares would.

References
----------
.. [1] Welford, "Note on a method for calculating corrected sums of squares and products",
   Technometrics 4, 419 (1962).
.. [2] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 7.3.
"""

from typing import Any

import numpy as np

from eventsnn.analyse.chunks import checked
from eventsnn.core import check
from eventsnn.core.jit import kernel


class IntervalStatistics:
    """Counts, rates and coefficients of variation, from spikes that come in pieces.

    32 bytes a neuron, whatever the number of spikes.

    Parameters
    ----------
    n_neurons : int
        Neurons, numbered from 0.

    Attributes
    ----------
    counts : (n_neurons,) int64 array
        Spikes so far.

    Examples
    --------
    >>> statistics = IntervalStatistics(3)
    >>> statistics.add([0.1, 0.1, 0.2], [0, 1, 0])
    >>> statistics.add([0.5, 0.6], [0, 1])
    >>> statistics.counts
    array([3, 2, 0])
    >>> statistics.rates(duration=2.0)
    array([1.5, 1. , 0. ])
    >>> statistics.cv()
    array([0.5, nan, nan])
    """

    def __init__(self, n_neurons: int) -> None:
        n = check.integer("n_neurons", n_neurons, least=0)
        self.counts = np.zeros(n, np.int64)
        self._last = np.zeros(n)  # s
        self._mean = np.zeros(n)  # s
        self._squares = np.zeros(n)  # sum of squared deviations, s^2
        self._now = -np.inf  # s

    def add(self, times: Any, ids: Any) -> None:
        """Take in spikes, sorted by time and none before those of the last call.

        Parameters
        ----------
        times : (m,) array
            Times, s.
        ids : (m,) int array
            Neurons.
        """
        times, ids = checked(times, ids, self.counts.size)
        if times.size == 0:
            return
        if times[0] < self._now or (times[1:] < times[:-1]).any():
            raise check.must("times", f"be sorted, and not before the last call's {self._now:g} s",
                             f"{times[0]:g} ... {times[-1]:g} s")
        _add(times, ids, self.counts, self._last, self._mean, self._squares)
        self._now = times[-1]

    def rates(self, duration: float) -> np.ndarray:
        """Spikes per time of each neuron, Hz, over `duration` in s; (n_neurons,) array."""
        return self.counts / check.number("duration", duration, above=0.0)

    def cv(self) -> np.ndarray:
        """Coefficient of variation of each neuron's intervals; (n_neurons,) array.

        NaN for neurons with fewer than two intervals, or whose spikes all have the same time.
        """
        intervals = np.maximum(self.counts - 1, 1)
        with np.errstate(invalid="ignore"):
            cv = np.sqrt(self._squares / intervals) / self._mean
        cv[self.counts < 3] = np.nan
        return cv

    def mean_cv(self) -> float:
        """Mean of `cv` over the neurons that have one; NaN if none has."""
        cv = self.cv()
        known = cv[~np.isnan(cv)]
        return float(known.mean()) if known.size else float("nan")


@kernel
def _add(times, ids, counts, last, mean, squares):
    """Update the statistics, each (n,), by spikes (m,)."""
    for j in range(np.uint64(times.size)):
        k = np.uint64(ids[j])
        m = counts[k]  # spikes before this one; this one ends the m-th interval
        if m > 0:
            interval = times[j] - last[k]
            deviation = interval - mean[k]
            mean[k] += deviation / m
            squares[k] += deviation * (interval - mean[k])
        last[k] = times[j]
        counts[k] = m + 1
