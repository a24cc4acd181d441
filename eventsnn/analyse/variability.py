"""How irregular the intervals of each neuron are, in one call: see `IntervalStatistics`."""

import numpy as np

from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.analyse.intervals import IntervalStatistics


def interval_statistics(spikes: Spikes, n_neurons: int, *, t_start: float | None = None,
                        t_stop: float | None = None, ids=None) -> IntervalStatistics:
    """Counts, rates, CV, CV2, LV and LvR of each neuron, in one pass.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, sorted; and neurons.
    n_neurons : int
        Neurons, numbered from 0.
    t_start, t_stop : float, optional
        Window, s, both ends included; no bound by default.
    ids : (n,) int array, optional
        Neurons wanted; all by default. Results have one entry for each, in this order.

    Returns
    -------
    IntervalStatistics

    Raises
    ------
    ValueError
        If times are not sorted; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Examples
    --------
    >>> statistics = interval_statistics(([0.1, 0.2, 0.3, 0.6], [4, 4, 2, 4]), 5, ids=[4, 2])
    >>> statistics.counts
    array([3, 1])
    """
    n, chunks = selected(spikes, n_neurons, ids, t_start, t_stop, ordered=True)
    statistics = IntervalStatistics(n)
    for times, rows in chunks:
        statistics.add(times, rows)
    return statistics


def cv(spikes: Spikes, n_neurons: int, **options) -> np.ndarray:
    """Coefficient of variation of the intervals of each neuron.

    Parameters and options as for `interval_statistics`; (n,) array. NaN for fewer than two
    intervals (elephant gives 0 for one). Of a silent or almost silent neuron nothing is known.

    Examples
    --------
    >>> cv(([0.0, 1.0, 4.0], [0, 0, 0]), 1)
    array([0.5])
    """
    return interval_statistics(spikes, n_neurons, **options).cv()


def cv2(spikes: Spikes, n_neurons: int, **options) -> np.ndarray:
    """Mean local coefficient of variation (Holt et al. 1996); (n,) array, NaN below two intervals.

    Parameters and options as for `interval_statistics`.

    Examples
    --------
    >>> cv2(([0.0, 1.0, 4.0], [0, 0, 0]), 1)
    array([1.])
    """
    return interval_statistics(spikes, n_neurons, **options).cv2()


def lv(spikes: Spikes, n_neurons: int, **options) -> np.ndarray:
    """Local variation (Shinomoto et al. 2003); (n,) array, NaN below two intervals.

    Parameters and options as for `interval_statistics`.

    Examples
    --------
    >>> lv(([0.0, 1.0, 4.0], [0, 0, 0]), 1)
    array([0.75])
    """
    return interval_statistics(spikes, n_neurons, **options).lv()


def lvr(spikes: Spikes, n_neurons: int, *, refractoriness: float = 0.005,
        **options) -> np.ndarray:
    """Revised local variation (Shinomoto et al. 2009); (n,) array, NaN below two intervals.

    Parameters and options as for `interval_statistics`; `refractoriness` is R in s.

    Examples
    --------
    >>> lvr(([0.0, 1.0, 4.0], [0, 0, 0]), 1, refractoriness=1.0)
    array([1.5])
    """
    return interval_statistics(spikes, n_neurons, **options).lvr(refractoriness)
