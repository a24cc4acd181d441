"""Spikes of each neuron, and spikes per time."""

import numpy as np

from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check


def spike_counts(spikes: Spikes, n_neurons: int, *, t_start: float | None = None,
                 t_stop: float | None = None, ids=None) -> np.ndarray:
    """Number of spikes of each neuron.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; in any order.
    n_neurons : int
        Neurons, numbered from 0.
    t_start, t_stop : float, optional
        Window, s, both ends included; no bound by default.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    (n,) int64 array
        One entry for each of `ids`.

    Raises
    ------
    ValueError
        If times are not finite, neurons or `ids` are out of range, or `ids` name one twice.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Examples
    --------
    >>> spike_counts(([0.1, 0.2, 0.3], [2, 0, 2]), 3, t_stop=0.2, ids=[2, 0])
    array([1, 1])
    """
    n, chunks = selected(spikes, n_neurons, ids, t_start, t_stop)
    counts = np.zeros(n, np.int64)
    for _, rows in chunks:
        counts += np.bincount(rows, minlength=n)
    return counts


def firing_rates(spikes: Spikes, n_neurons: int, *, t_stop: float, t_start: float = 0.0,
                 ids=None) -> np.ndarray:
    """Spikes per time of each neuron, Hz: `spike_counts` over ``t_stop - t_start``.

    Parameters and result as for `spike_counts`, but (n,) float64.

    Examples
    --------
    >>> firing_rates(([0.1, 0.2, 0.3], [2, 0, 2]), 3, t_stop=0.5)
    array([2., 0., 4.])
    """
    t_start = check.number("t_start", t_start)
    duration = check.number("t_stop", t_stop, above=t_start) - t_start
    return spike_counts(spikes, n_neurons, t_start=t_start, t_stop=t_stop, ids=ids) / duration
