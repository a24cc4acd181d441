r"""Rates as sums of kernels: :math:`r(t) = \sum_j K(t - t_j)` with :math:`\int K = 1` [1]_.

References
----------
.. [1] Dayan, Abbott, "Theoretical Neuroscience", 2001, section 1.2.
.. [2] Nawrot, Aertsen, Rotter, "Single-trial estimation of neuronal firing rates: from
   single-neuron spike trains to population activity", J. Neurosci. Methods 94, 81 (1999).
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.analyse.bins import MOST, ROUNDING
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check
from eventsnn.core.jit import kernel as compiled
from eventsnn.core.jit import scalar

# What lies further from a spike than this is below 2^-53 of the peak.
GAUSSIAN_REACH = 8.6  # standard deviations
EXPONENTIAL_REACH = 41.0  # time constants, of x exp(-x), too


class Gaussian(NamedTuple):
    """Normal density with standard deviation `sigma`, s."""

    sigma: float


class Rectangular(NamedTuple):
    """Constant over `width`, s, centred."""

    width: float


class Triangular(NamedTuple):
    """Falls linearly to 0 at a distance of ``width / 2``, s."""

    width: float


class Epanechnikov(NamedTuple):
    """Falls as a parabola to 0 at a distance of ``width / 2``, s."""

    width: float


class Exponential(NamedTuple):
    """``exp(-t / tau) / tau`` after the spike, 0 before it; `tau` in s."""

    tau: float


class Alpha(NamedTuple):
    """``t exp(-t / tau) / tau**2`` after the spike, 0 before it; `tau` in s."""

    tau: float


# Of each kernel: its number in `_density`, its unit of length in terms of its parameter, and where
# it begins and ends in that unit.
KERNELS = {Gaussian: (0, 1.0, -GAUSSIAN_REACH, GAUSSIAN_REACH), Rectangular: (1, 0.5, -1.0, 1.0),
           Triangular: (2, 0.5, -1.0, 1.0), Epanechnikov: (3, 0.5, -1.0, 1.0),
           Exponential: (4, 1.0, 0.0, EXPONENTIAL_REACH), Alpha: (5, 1.0, 0.0, EXPONENTIAL_REACH)}


def smooth_rate(spikes: Spikes, n_neurons: int, kernel: Any, dt: float, *, t_stop: float,
                t_start: float = 0.0, ids=None) -> tuple[np.ndarray, np.ndarray]:
    """Rate of each neuron as a sum of kernels.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; in any order. Spikes outside the window count as far as their kernels
        reach into it.
    n_neurons : int
        Neurons, numbered from 0.
    kernel : Gaussian, Rectangular, Triangular, Epanechnikov, Exponential or Alpha
        The kernel; the last two look only into the past.
    dt : float
        Distance of the times at which the rate is computed, s.
    t_start, t_stop : float
        First and last such time, s.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    rate : (n, n_times) float64 array
        Hz.
    times : (n_times,) float64 array
        ``t_start + k dt``, s.

    Raises
    ------
    ValueError
        If `dt` or the kernel's parameter is not positive; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Notes
    -----
    Kernels stand at the spikes' own times, and are not corrected at the ends of the window. Those
    with long tails end where they fall below 2^-53 of their peak. Memory for the result and one
    chunk.

    `elephant.statistics.instantaneous_rate` at a `sampling_period` of `dt`, with
    ``center_kernel=False, border_correction=False`` and a large `cutoff`, is this of the times of
    bins, ``t_start + dt * floor((times - t_start) / dt)``, the last one for a spike at `t_stop`. It
    names kernels by their standard deviation sigma: `width` is sqrt(12) sigma (Rectangular),
    sqrt(24) sigma (Triangular) or sqrt(20) sigma (Epanechnikov), `tau` is sigma (Exponential) or
    sigma / sqrt(2) (Alpha).

    Examples
    --------
    >>> rate, times = smooth_rate(([0.2], [0]), 1, Rectangular(0.2), 0.05, t_stop=0.4)
    >>> rate
    array([[0., 0., 5., 5., 5., 5., 5., 0., 0.]])
    """
    if type(kernel) not in KERNELS:
        raise check.must("kernel", f"be one of {', '.join(k.__name__ for k in KERNELS)}",
                         repr(kernel), error=TypeError)
    number, unit, begin, end = KERNELS[type(kernel)]
    unit *= check.number(kernel._fields[0], kernel[0], above=0.0)
    t_start = check.number("t_start", t_start)
    duration = check.number("t_stop", t_stop, least=t_start) - t_start
    dt = check.number("dt", dt, above=0.0, least=duration / MOST)
    tolerance = ROUNDING * max(abs(t_start), abs(t_stop))
    n_times = int(np.floor((duration + tolerance) / dt)) + 1
    n, chunks = selected(spikes, n_neurons, ids)
    rate = np.zeros((n, n_times))
    for times, rows in chunks:
        _add(times, rows, number, unit, begin, end, tolerance / unit, t_start, dt, rate)
    return rate, t_start + np.arange(n_times) * dt


@scalar
def _density(number, x):
    """Kernel at a distance from the spike in its unit of length, where it is not 0."""
    if number == 0:
        return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    if number == 1:
        return 0.5
    if number == 2:
        return 1.0 - abs(x)
    if number == 3:
        return 0.75 * (1.0 - x * x)
    if number == 4:
        return np.exp(-x)
    return x * np.exp(-x)


@compiled
def _add(times, rows, number, unit, begin, end, slack, t_start, dt, rate):
    """Add to (n, n_times) the kernels of spikes (m,); `unit` in s, `begin` ... `slack` in units."""
    n_times = np.int64(rate.shape[1])
    for j in range(np.uint64(times.size)):
        k = np.uint64(rows[j])
        since = times[j] - t_start
        first = max(np.int64(0), np.int64(np.ceil((since + (begin - slack) * unit) / dt)))
        last = min(n_times - 1, np.int64(np.floor((since + (end + slack) * unit) / dt)))
        for i in range(first, last + 1):
            x = min(max((i * dt - since) / unit, begin), end)
            rate[k, np.uint64(i)] += _density(number, x) / unit
