r"""Fano factor: variance over mean of spike counts,

.. math:: F = \frac{\langle n^2 \rangle - \langle n \rangle^2}{\langle n \rangle},

1 for a Poisson process, 0 for counts that are all the same [1]_.

References
----------
.. [1] Fano, "Ionization yield of radiations. II", Phys. Rev. 72, 26 (1947).
.. [2] Dayan, Abbott, "Theoretical Neuroscience", 2001, section 1.4.
"""

import numpy as np

from eventsnn.analyse.bins import count_squares, whole
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check


def fano_factor(spikes: Spikes, n_neurons: int, window: float, *, t_stop: float,
                t_start: float = 0.0, ids=None) -> np.ndarray:
    """Fano factor of each neuron, over successive windows.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, sorted; and neurons.
    n_neurons : int
        Neurons, numbered from 0.
    window : float
        Width of a window, s. As in `binned_counts`, a window holds its right edge, and what is left
        after the last whole one does not count.
    t_start, t_stop : float
        Time covered, s.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    (n,) array
        One entry for each of `ids`; NaN for a silent neuron.

    Raises
    ------
    ValueError
        If times are not sorted, or no `window` fits; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Notes
    -----
    One pass, 32 bytes a neuron. Sums are of whole numbers, so nothing is lost and the variance is
    that over n, not n - 1.

    Examples
    --------
    >>> fano_factor(([0.5, 1.5, 1.6, 1.7], [0, 0, 0, 0]), 2, 1.0, t_stop=2.0)
    array([0.5, nan])
    """
    windows = whole(t_start, t_stop, check.number("window", window, above=0.0))
    n, chunks = selected(spikes, n_neurons, ids, ordered=True)
    state = np.zeros((n, 4), np.int64)
    for times, rows in chunks:
        count_squares(times, rows, windows, state, np.empty(0, np.int64))
    return fano_of_squares(state, windows.n)


def fano_of_squares(state: np.ndarray, n_windows: int) -> np.ndarray:
    """Fano factors (n,) of what `count_squares` counted (n, 4)."""
    total, squares = state[:, 2].astype(float), state[:, 3].astype(float)
    with np.errstate(invalid="ignore"):
        return (n_windows * squares - total * total) / (n_windows * total)


def fano_factor_of_counts(counts, axis: int = 0) -> np.ndarray:
    """Variance over mean of spike counts along an axis, of trials or of neurons.

    Parameters
    ----------
    counts : array
        Spike counts.
    axis : int
        Axis to average over.

    Returns
    -------
    array
        Without that axis; NaN where the mean is 0.

    Examples
    --------
    >>> fano_factor_of_counts([[1, 2], [3, 2]])
    array([0.5, 0. ])
    """
    counts = check.real_array("counts", counts).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return counts.var(axis=axis) / counts.mean(axis=axis)
