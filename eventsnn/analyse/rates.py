r"""Rate of a population over time.

With :math:`n_b` spikes of :math:`N` neurons in a bin of width :math:`\Delta`, the population rate
(activity) is :math:`A_b = n_b / (N \Delta)`, in Hz [1]_.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 7.2, equation 7.11.
"""

import numpy as np

from eventsnn.analyse.bins import count_times, covering, left_edges
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check


def population_rate(spikes: Spikes, n_neurons: int, duration: float | None = None,
                    bin_size: float | None = None, *, t_start: float = 0.0,
                    t_stop: float | None = None, ids=None) -> tuple[np.ndarray, np.ndarray]:
    """Spikes per time and neuron, in bins.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; in any order.
    n_neurons : int
        Neurons in the population, the silent ones too.
    duration : float, optional
        Time covered by the bins, s; or give `t_stop`. If `bin_size` does not divide it, the last
        bin is narrower, and its rate is that over its true width.
    bin_size : float
        Width of a bin, s.
    t_start : float
        Left edge of the first bin, s. Spikes before it, and after the last bin, do not count.
    t_stop : float, optional
        Right edge of the last bin, s: ``t_start + duration``, if `duration` is not given.
    ids : (n,) int array, optional
        The population, if it is not all neurons.

    Returns
    -------
    rate : (n_bins,) float64 array
        Hz.
    edges : (n_bins,) float64 array
        Left edges of the bins, s.

    Raises
    ------
    ValueError
        If `duration` and `t_stop` are both given, or none; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Notes
    -----
    A bin holds its right edge and not its left one (only the first holds both), because a
    simulation gives a spike the time of the end of its step: so each bin holds the same number of
    steps. Times within rounding of an edge count as lying on it. One pass; memory for the bins and
    one chunk. `elephant.statistics.time_histogram` is this but for its edges: see `binned_counts`.

    Examples
    --------
    >>> rate, edges = population_rate((np.array([0.1, 0.2, 0.25]), np.array([0, 1, 0])),
    ...                               n_neurons=2, duration=0.4, bin_size=0.2)
    >>> rate
    array([5. , 2.5])
    >>> edges
    array([0. , 0.2])
    """
    check.integer("n_neurons", n_neurons, least=1)
    duration = _duration(duration, t_start, t_stop)
    bin_size = check.number("bin_size", bin_size, above=0.0)
    n, chunks = selected(spikes, n_neurons, ids)
    if n == 0:
        raise check.must("ids", "name a neuron", "none")
    population = PopulationRate(n, duration, bin_size, t_start)
    for times, _ in chunks:
        population.add(times)
    return population.rate(), population.edges


def _duration(duration: float | None, t_start: float, t_stop: float | None) -> float:
    if (duration is None) == (t_stop is None):
        raise check.must("duration", "be given, or t_stop in its place",
                         "neither" if t_stop is None else "both")
    if t_stop is None:
        return check.number("duration", duration, above=0.0)
    t_start = check.number("t_start", t_start)
    return check.number("t_stop", t_stop, above=t_start) - t_start


class PopulationRate:
    """Spikes per time and neuron, in bins, from spikes that come in pieces; as `population_rate`.

    Parameters
    ----------
    n_neurons : int
        Neurons in the population.
    duration, bin_size, t_start : float
        As for `population_rate`, s.

    Attributes
    ----------
    edges : (n_bins,) float64 array
        Left edges of the bins, s.

    Examples
    --------
    >>> population = PopulationRate(2, 0.4, 0.2)
    >>> population.add(np.array([0.1, 0.2]))
    >>> population.add(np.array([0.25]))
    >>> population.rate()
    array([5. , 2.5])
    """

    def __init__(self, n_neurons: int, duration: float, bin_size: float,
                 t_start: float = 0.0) -> None:
        duration = check.number("duration", duration, above=0.0)
        bin_size = check.number("bin_size", bin_size, above=0.0)
        self._n = check.integer("n_neurons", n_neurons, least=1)
        self._bins = bins = covering(t_start, duration, bin_size)
        self._counts = np.zeros(bins.n, np.int64)
        self._widths = np.full(bins.n, bin_size)
        if bins.n - duration / bin_size > bins.tolerance:
            self._widths[-1] = duration - (bins.n - 1) * bin_size
        self.edges = left_edges(bins)

    def add(self, times: np.ndarray) -> None:
        """Take in spikes at times (m,), s, in any order."""
        count_times(times, self._bins, self._counts)

    def rate(self) -> np.ndarray:
        """Rate in each bin so far, Hz; (n_bins,) float64 array."""
        return self._counts / (self._n * self._widths)
