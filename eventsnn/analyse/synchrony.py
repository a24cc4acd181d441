r"""Synchrony of a population: how much of its neurons' variance their mean keeps.

With the counts :math:`n_{ib}` of neuron i in bin b and their mean over neurons :math:`A_b` [1]_,

.. math:: \chi = \sqrt{\frac{\operatorname{var}_b A}{\frac1N \sum_i \operatorname{var}_b n_i}},

1 if all neurons spike in the same bins, about :math:`1 / \sqrt N` if they are independent.

References
----------
.. [1] Golomb, Hansel, Mato, "Mechanisms of synchrony of neural activity in large networks",
   Handbook of Biological Physics 4, 887 (2001). Of spike counts in place of potentials.
"""

import numpy as np

from eventsnn.analyse.bins import count_squares, whole
from eventsnn.analyse.chunks import Spikes, selected


def synchrony(spikes: Spikes, n_neurons: int, bin_size: float, *, t_stop: float,
              t_start: float = 0.0, ids=None) -> float:
    """Synchrony of a population.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, sorted; and neurons.
    n_neurons : int
        Neurons, numbered from 0; silent ones count.
    bin_size : float
        Width of a bin, s; bins are those of `binned_counts`.
    t_start, t_stop : float
        Window, s.
    ids : (n,) int array, optional
        The population, if it is not all neurons.

    Returns
    -------
    float
        In 0 ... 1; NaN if no neuron's count varies.

    Raises
    ------
    ValueError
        If times are not sorted, or no bin fits; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Notes
    -----
    One pass; memory for the bins and 32 bytes a neuron.

    Examples
    --------
    >>> synchrony(([0.5, 0.6], [0, 1]), 2, 1.0, t_stop=2.0)
    1.0
    """
    bins = whole(t_start, t_stop, bin_size)
    n, chunks = selected(spikes, n_neurons, ids, ordered=True)
    population, state = np.zeros(bins.n, np.int64), np.zeros((n, 4), np.int64)
    for times, rows in chunks:
        count_squares(times, rows, bins, state, population)
    return synchrony_of_squares(state, bins.n, (population.astype(float) ** 2).sum())


def synchrony_of_squares(state: np.ndarray, n_bins: int, population_squares: float) -> float:
    """Synchrony of what `count_squares` counted (n, 4), and the squares of the population's counts.
    """
    total, squares = state[:, 2].astype(float), state[:, 3].astype(float)
    single = (n_bins * squares - total * total).sum()
    together = n_bins * population_squares - total.sum() ** 2
    return float(np.sqrt(together / len(state) / single)) if single > 0 else float("nan")
