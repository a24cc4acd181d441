r"""Randman: spike times on smooth random manifolds, one manifold a class.

A point of a manifold has `dim` coordinates :math:`x_j \in [0, 1)`. Unit :math:`u` spikes once, at

.. math::
    f_u(x) = \prod_j \sum_{k=0}^{K-1} \frac{a_{ujk}}{(k + 1)^\alpha}
             \sin 2 \pi (k b_{ujk} x_j + c_{ujk})

with :math:`a, b, c` uniform in [0, 1) and :math:`a_{uj0} = 0`, after the values of the unit over
the samples of the class were stretched to the whole of the duration. So each unit fires once a
sample, and rates say nothing. The larger :math:`\alpha`, the smoother the manifold; K is where
:math:`K^{-\alpha}` falls under 1/1000, at most 1000.

References
----------
.. [1] Zenke, Vogels, "The remarkable robustness of surrogate gradient learning for instilling
   complex function in spiking neural networks", Neural Computation 33, 899-925 (2021).
"""

import math

import numpy as np

from eventsnn.core import check, random

_PRECISION, _MOST_FREQUENCIES = 1e-3, 1000
_MOST_VALUES = 2**28  # numbers in an array, so that a slip does not take all memory
_MARGIN = 1e-7  # relative, between the latest spike and the end


def randman(n_per_class: int, seed: int, *, n_classes: int = 10, n_units: int = 100, dim: int = 2,
            alpha: float = 2.0, duration: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Spike times of samples from random manifolds, and the number of the manifold.

    Parameters
    ----------
    n_per_class : int
        Samples of each class.
    seed : int
        Of the manifolds, the samples and their order.
    n_classes, n_units : int
        Number of manifolds, and of units, that is, of spikes a sample.
    dim : int
        Dimension of each manifold.
    alpha : float
        Smoothness, above 0.
    duration : float
        Spikes lie from 0 to just before it, s.

    Returns
    -------
    times : (n_per_class * n_classes, n_units) float64 array
        Time of the spike of each unit, s. `eventsnn.datasets.bin_times` makes spikes of them.
    labels : (n_per_class * n_classes,) int64 array
        Class, from 0; in random order.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    O(samples * n_units * dim * K). Numbers are not those of the authors' program, which draws from
    another generator.

    Examples
    --------
    >>> times, labels = randman(3, seed=0, n_classes=2, n_units=5)
    >>> times.shape, sorted(labels.tolist()), bool(times.max() < 0.1)
    ((6, 5), [0, 0, 0, 1, 1, 1], True)
    """
    n_per_class = check.integer("n_per_class", n_per_class, least=1)
    n_classes = check.integer("n_classes", n_classes, least=1)
    n_units = check.integer("n_units", n_units, least=1)
    dim = check.integer("dim", dim, least=1)
    alpha = check.number("alpha", alpha, above=0.0)
    duration = check.number("duration", duration, above=0.0)
    n_frequencies = frequencies(alpha)
    for size in (n_per_class * n_classes * n_units, n_units * dim * n_frequencies * 3,
                 n_per_class * dim):
        if size > _MOST_VALUES:
            raise check.must("n_per_class, n_classes, n_units and dim",
                             f"ask for arrays of at most {_MOST_VALUES} numbers", size)
    draw = random.generator(seed, random.SAMPLE)
    times = np.empty((n_classes, n_per_class, n_units))
    for one in times:
        parameters = draw.random((3, n_frequencies, dim, n_units))
        one[...] = _stretched(_manifold(draw.random((n_per_class, dim)), parameters, alpha))
    order = draw.permutation(n_classes * n_per_class)
    return times.reshape(-1, n_units)[order] * duration, order // n_per_class


def frequencies(alpha: float) -> int:
    """Number of sines that a manifold is made of, K."""
    # As a logarithm: for a small alpha the power itself overflows.
    exponent = -math.log10(_PRECISION) / alpha
    return min(math.ceil(10.0**exponent), _MOST_FREQUENCIES) if exponent < 4 else _MOST_FREQUENCIES


def _manifold(x: np.ndarray, parameters: np.ndarray, alpha: float) -> np.ndarray:
    """Values of all units, (n, n_units), at the points `x` (n, dim)."""
    y = np.zeros((*x.shape, parameters.shape[-1]))
    for k in range(1, parameters.shape[1]):  # the sine of frequency 0 has no weight
        a, b, c = parameters[:, k]
        y += a * float(k + 1)**-alpha * np.sin(2 * np.pi * (k * b * x[..., None] + c))
    return y.prod(1)


def _stretched(y: np.ndarray) -> np.ndarray:
    """Values (n, n_units) from 0 to just below 1, for each unit."""
    y = y - y.min(0)
    most = y.max(0)
    return y / np.where(most > 0, most * (1 + _MARGIN), 1.0)
