r"""Intervals between the spikes of each neuron.

With the intervals :math:`I_1, \dots, I_m` of a neuron, their mean :math:`\bar I` and their variance
:math:`s^2 = \frac1m \sum_k (I_k - \bar I)^2`, the coefficient of variation is

.. math:: C_V = s / \bar I,

0 for a clock, 1 on average for a Poisson process. Slow changes of the rate raise it; the local ones
compare neighbours, :math:`d_k = \frac{I_k - I_{k+1}}{I_k + I_{k+1}}`, and are again 1 for a Poisson
process:

.. math:: C_{V2} = \frac{2}{m-1} \sum_k |d_k|, \qquad  L_V = \frac{3}{m-1} \sum_k d_k^2, \qquad
   L_{VR} = \frac{3}{m-1} \sum_k d_k^2 \left(1 + \frac{4R}{I_k + I_{k+1}}\right)

with the refractoriness constant :math:`R`. Mean and squares are updated interval by interval [1]_,
which loses no digits where a sum of squares would.

References
----------
.. [1] Welford, "Note on a method for calculating corrected sums of squares and products",
   Technometrics 4, 419 (1962).
.. [2] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 7.3.
.. [3] Holt, Softky, Koch, Douglas, "Comparison of discharge variability in vitro and in vivo in cat
   visual cortex neurons", J. Neurophysiol. 75, 1806 (1996). CV2.
.. [4] Shinomoto, Shima, Tanji, "Differences in spiking patterns among cortical neurons",
   Neural Comput. 15, 2823 (2003). LV.
.. [5] Shinomoto et al., "Relating neuronal firing patterns to functional differentiation of
   cerebral cortex", PLoS Comput. Biol. 5, e1000433 (2009). LvR.
"""

from typing import Any

import numpy as np

from eventsnn.analyse.chunks import checked, in_order
from eventsnn.core import check
from eventsnn.core.jit import kernel

# What is kept of a neuron. One row is one line of cache, so that a spike costs one miss.
COUNT, LAST, INTERVAL, MEAN, SQUARES, ABSOLUTE, LOCAL, REFRACTORY = range(8)
LINE = 64  # bytes


class IntervalStatistics:
    """Counts, rates and the variability of intervals, from spikes that come in pieces.

    64 bytes a neuron, whatever the number of spikes. Results do not depend on the pieces.

    Parameters
    ----------
    n_neurons : int
        Neurons, numbered from 0.

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
    >>> statistics.lv()
    array([0.75,  nan,  nan])
    """

    def __init__(self, n_neurons: int) -> None:
        n = check.integer("n_neurons", n_neurons, least=0)
        memory = np.zeros(8 * n + LINE // 8)
        first = -memory.ctypes.data % LINE // 8
        self._s = memory[first:first + 8 * n].reshape(n, 8)
        self._now = -np.inf  # s

    @property
    def counts(self) -> np.ndarray:
        """Spikes so far; (n_neurons,) int64 array."""
        return self._s[:, COUNT].astype(np.int64)

    def add(self, times: Any, ids: Any) -> None:
        """Take in spikes, sorted by time and none before those of the last call.

        Parameters
        ----------
        times : (m,) array
            Times, s.
        ids : (m,) int array
            Neurons.
        """
        times, ids = checked(times, ids, len(self._s))
        now = in_order(times, self._now)
        _add(times, ids, self._s)
        self._now = now

    def rates(self, duration: float) -> np.ndarray:
        """Spikes per time of each neuron, Hz, over `duration` in s; (n_neurons,) array."""
        return self._s[:, COUNT] / check.number("duration", duration, above=0.0)

    def mean_intervals(self) -> np.ndarray:
        """Mean interval of each neuron, s; NaN for fewer than two spikes; (n_neurons,) array."""
        return np.where(self._s[:, COUNT] > 1, self._s[:, MEAN], np.nan)

    def cv(self) -> np.ndarray:
        """Coefficient of variation of each neuron's intervals; (n_neurons,) array.

        NaN for neurons with fewer than two intervals, or whose spikes all have the same time.
        """
        return self._of_pairs(lambda s: np.sqrt(s[:, SQUARES] / (s[:, COUNT] - 1)) / s[:, MEAN])

    def cv2(self) -> np.ndarray:
        """Mean local coefficient of variation [3]_; (n_neurons,) array.

        NaN for neurons with fewer than two intervals, or with three spikes in a row at one time.
        """
        return self._of_pairs(lambda s: 2 * s[:, ABSOLUTE] / (s[:, COUNT] - 2))

    def lv(self) -> np.ndarray:
        """Local variation [4]_; (n_neurons,) array, NaN as for `cv2`."""
        return self._of_pairs(lambda s: 3 * s[:, LOCAL] / (s[:, COUNT] - 2))

    def lvr(self, refractoriness: float = 0.005) -> np.ndarray:
        """Local variation with the refractoriness constant in s [5]_; as `lv`."""
        r = check.number("refractoriness", refractoriness, least=0.0)
        return self._of_pairs(
            lambda s: 3 * (s[:, LOCAL] + 4 * r * s[:, REFRACTORY]) / (s[:, COUNT] - 2))

    def mean_cv(self) -> float:
        """Mean of `cv` over the neurons that have one; NaN if none has."""
        cv = self.cv()
        known = cv[~np.isnan(cv)]
        return float(known.mean()) if known.size else float("nan")

    def _of_pairs(self, formula: Any) -> np.ndarray:
        """What needs two intervals, NaN where there are fewer."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self._s[:, COUNT] > 2, formula(self._s), np.nan)


@kernel
def _add(times, ids, s):
    """Update the statistics (n, 8) by spikes (m,)."""
    for j in range(np.uint64(times.size)):
        k = np.uint64(ids[j])
        m = s[k, COUNT]  # spikes before this one; this one ends the m-th interval
        if m > 0:
            interval = times[j] - s[k, LAST]
            deviation = interval - s[k, MEAN]
            s[k, MEAN] += deviation / m
            s[k, SQUARES] += deviation * (interval - s[k, MEAN])
            if m > 1:
                both = interval + s[k, INTERVAL]
                d = (interval - s[k, INTERVAL]) / both if both > 0.0 else np.nan
                s[k, ABSOLUTE] += abs(d)
                s[k, LOCAL] += d * d
                s[k, REFRACTORY] += d * d / both
            s[k, INTERVAL] = interval
        s[k, LAST] = times[j]
        s[k, COUNT] = m + 1.0
