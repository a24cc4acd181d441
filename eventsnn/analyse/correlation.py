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

from eventsnn.analyse.bins import whole
from eventsnn.analyse.blocks import count_blocks
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core.jit import kernel

BLOCK = 4_000_000  # counts; products of counts are whole numbers, so blocks do not change their sum
SPARSE = 0.01  # share of products that are not 0 below which to skip the others pays


def count_covariance(spikes: Spikes, n_neurons: int, bin_size: float, *, t_stop: float,
                     t_start: float = 0.0, ids=None) -> np.ndarray:
    """Covariance of the binned counts of each two neurons; (n, n) float64 array.

    Parameters and notes as for `count_correlation`. A mean over the bins: times
    ``n_bins / (n_bins - 1)``, that of `elephant.spike_train_correlation.covariance`.

    Examples
    --------
    >>> count_covariance(([0.5, 0.6, 1.5], [0, 1, 1]), 2, 1.0, t_stop=2.0)
    array([[0.25, 0.  ],
           [0.  , 0.  ]])
    """
    moments, n_bins = _moments(spikes, n_neurons, bin_size, t_start, t_stop, ids)
    return moments / n_bins**2


def count_correlation(spikes: Spikes, n_neurons: int, bin_size: float, *, t_stop: float,
                      t_start: float = 0.0, ids=None) -> np.ndarray:
    """Pearson's correlation of the binned counts of each two neurons.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; each pair in any order, but none before the one that came.
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

    Raises
    ------
    ValueError
        If a chunk begins before the one that came, or no bin fits; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Notes
    -----
    One pass; memory for some times the result and 32 MB, whatever `t_stop`. As
    `elephant.spike_train_correlation.correlation_coefficient` of the same bins: see `binned_counts`
    for their edges.

    Examples
    --------
    >>> count_correlation(([0.5, 0.6, 1.5, 1.6], [0, 1, 2, 2]), 3, 1.0, t_stop=2.0)
    array([[ 1.,  1., -1.],
           [ 1.,  1., -1.],
           [-1., -1.,  1.]])
    """
    moments, _ = _moments(spikes, n_neurons, bin_size, t_start, t_stop, ids)
    return pearson(moments)


def pearson(moments: np.ndarray) -> np.ndarray:
    """Pearson's coefficients of covariances (n, n), or of any multiple of them."""
    deviation = np.sqrt(moments.diagonal())
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = moments / np.outer(deviation, deviation)
    silent = deviation == 0
    np.fill_diagonal(correlation, np.where(silent, np.nan, 1.0))
    return correlation


def _moments(spikes: Spikes, n_neurons: int, bin_size: float, t_start: float, t_stop: float,
             ids) -> tuple[np.ndarray, int]:
    """Covariances times the square of the number of bins: whole numbers, and exact; and that."""
    bins = whole(t_start, t_stop, bin_size)
    n, chunks = selected(spikes, n_neurons, ids)
    size = block_size(n, bins.n)
    moments = Moments(n)
    for counts in count_blocks(chunks, n, bins, size, size):
        moments.add(counts)
    return moments.moments(bins.n), bins.n


def block_size(n: int, n_bins: int) -> int:
    """Bins of a block of counts of `n` neurons."""
    return min(n_bins, max(1, BLOCK // max(n, 1)))


class Moments:
    """Sums and products of the counts of `n` neurons, block by block."""

    def __init__(self, n: int) -> None:
        self._products, self._total = np.zeros((n, n)), np.zeros(n)

    def add(self, counts: np.ndarray) -> None:
        """Take in a block of counts (size, n)."""
        size, n = counts.shape
        self._total += counts.sum(axis=0)
        if np.square(np.count_nonzero(counts, axis=1)).sum() < SPARSE * size * n * n:
            _add_products(counts, self._products)
        else:
            self._products += counts.T @ counts

    def moments(self, n_bins: int) -> np.ndarray:
        """Covariances over all bins, times the square of their number; (n, n)."""
        products = np.tril(self._products) + np.tril(self._products, -1).T
        return n_bins * products - np.outer(self._total, self._total)


@kernel
def _add_products(counts, products):
    """Add to the lower half of (n, n) the products of each two counts of each bin of (m, n)."""
    some = np.empty(counts.shape[1], np.int64)
    for b in range(np.uint64(counts.shape[0])):
        m = 0
        for k in range(counts.shape[1]):
            some[np.uint64(m)] = k
            m += counts[b, np.uint64(k)] != 0.0
        for i in range(np.uint64(m)):
            x, row = counts[b, np.uint64(some[i])], np.uint64(some[i])
            for j in range(i + np.uint64(1)):
                k = np.uint64(some[j])
                products[row, k] += x * counts[b, k]
