r"""Correlation of spike counts.

With the counts :math:`n_{ib}` of neuron i in bin b, Pearson's coefficient over the bins,

.. math:: c_{ij} = \frac{\langle n_i n_j \rangle - \langle n_i \rangle \langle n_j \rangle}
   {\sqrt{\operatorname{var} n_i \operatorname{var} n_j}}.

References
----------
.. [1] Cohen, Kohn, "Measuring and interpreting neuronal correlations", Nat. Neurosci. 14, 811
   (2011).
"""

import numpy as np

from eventsnn.analyse.bins import binned_counts
from eventsnn.analyse.chunks import Spikes

BLOCK = 4096  # bins; products of counts are whole numbers, so blocks do not change their sum


def count_covariance(spikes: Spikes, n_neurons: int, bin_size: float, *, t_stop: float,
                     t_start: float = 0.0, ids=None) -> np.ndarray:
    """Covariance of the binned counts of each two neurons; (n, n) array, over n_bins, not less 1.

    Parameters as for `count_correlation`.

    Examples
    --------
    >>> count_covariance(([0.5, 0.6, 1.5], [0, 1, 1]), 2, 1.0, t_stop=2.0)
    array([[0.25, 0.  ],
           [0.  , 0.  ]])
    """
    counts = binned_counts(spikes, n_neurons, bin_size, t_start=t_start, t_stop=t_stop, ids=ids)
    return _moments(counts) / counts.shape[1] ** 2


def count_correlation(spikes: Spikes, n_neurons: int, bin_size: float, *, t_stop: float,
                      t_start: float = 0.0, ids=None) -> np.ndarray:
    """Pearson's correlation of the binned counts of each two neurons.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; in any order.
    n_neurons : int
        Neurons, numbered from 0.
    bin_size : float
        Width of a bin, s; bins are those of `binned_counts`.
    t_start, t_stop : float
        Window, s.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    (n, n) array
        Symmetric, 1 on the diagonal; NaN in the rows and columns of neurons whose counts are all
        the same, as of silent ones.

    Examples
    --------
    >>> count_correlation(([0.5, 0.6, 1.5, 1.6], [0, 1, 2, 2]), 3, 1.0, t_stop=2.0)
    array([[ 1.,  1., -1.],
           [ 1.,  1., -1.],
           [-1., -1.,  1.]])
    """
    moments = _moments(binned_counts(spikes, n_neurons, bin_size, t_start=t_start, t_stop=t_stop,
                                     ids=ids))
    return pearson(moments)


def pearson(moments: np.ndarray) -> np.ndarray:
    """Pearson's coefficients of covariances (n, n), or of any multiple of them."""
    deviation = np.sqrt(moments.diagonal())
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = moments / np.outer(deviation, deviation)
    silent = deviation == 0
    np.fill_diagonal(correlation, np.where(silent, np.nan, 1.0))
    return correlation


def _moments(counts: np.ndarray) -> np.ndarray:
    """Covariances times the square of the number of bins: whole numbers, and exact."""
    n, n_bins = counts.shape
    products = np.zeros((n, n))
    for b in range(0, n_bins, BLOCK):
        block = counts[:, b:b + BLOCK].astype(np.float64)
        products += block @ block.T
    total = counts.sum(axis=1).astype(np.float64)
    return n_bins * products - np.outer(total, total)
