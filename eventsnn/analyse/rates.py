r"""Rate of a population over time.

With :math:`n_b` spikes of :math:`N` neurons in a bin of width :math:`\Delta`, the population rate
(activity) is :math:`A_b = n_b / (N \Delta)`, in Hz [1]_.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 7.2, equation 7.11.
"""

import math

import numpy as np

from eventsnn.analyse.chunks import Spikes, each_chunk
from eventsnn.core import check
from eventsnn.core.jit import kernel

ROUNDING = 16 * 2.0**-52  # relative, of a time that is a multiple of a step


def population_rate(chunks: Spikes, n_neurons: int, duration: float, bin_size: float, *,
                    t_start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Spikes per time and neuron, in bins.

    Parameters
    ----------
    chunks : iterable of pairs ``(times, ids)``, or one pair
        Spikes: times in s, and neurons; in any order.
    n_neurons : int
        Neurons in the population, the silent ones too.
    duration : float
        Time covered by the bins, s. If `bin_size` does not divide it, the last bin is narrower, and
        its rate is that over its true width.
    bin_size : float
        Width of a bin, s.
    t_start : float
        Left edge of the first bin, s. Spikes before it, and after the last bin, do not count.

    Returns
    -------
    rate : (n_bins,) float64 array
        Hz.
    edges : (n_bins,) float64 array
        Left edges of the bins, s.

    Notes
    -----
    A bin holds its right edge and not its left one (only the first holds both), because a
    simulation gives a spike the time of the end of its step: so each bin holds the same number of
    steps. Times within rounding of an edge count as lying on it. One pass; memory for one chunk.

    Examples
    --------
    >>> rate, edges = population_rate((np.array([0.1, 0.2, 0.25]), np.array([0, 1, 0])),
    ...                               n_neurons=2, duration=0.4, bin_size=0.2)
    >>> rate
    array([5. , 2.5])
    >>> edges
    array([0. , 0.2])
    """
    n_neurons = check.integer("n_neurons", n_neurons, least=1)
    duration = check.number("duration", duration, above=0.0)
    bin_size = check.number("bin_size", bin_size, above=0.0, most=duration)
    t_start = check.number("t_start", t_start)
    # in bins: how far rounding may move a time that lies on an edge
    tolerance = ROUNDING * max(abs(t_start), abs(t_start + duration)) / bin_size
    n_bins = math.ceil(duration / bin_size - tolerance)
    counts = np.zeros(n_bins, np.int64)
    for times, _ in each_chunk(chunks, n_neurons):
        _count(times, t_start, duration, bin_size, tolerance, counts)
    offsets = np.arange(n_bins) * bin_size
    widths = np.full(n_bins, bin_size)
    if n_bins - duration / bin_size > tolerance:
        widths[-1] = duration - offsets[-1]
    return counts / (n_neurons * widths), t_start + offsets


@kernel
def _count(times, t_start, duration, bin_size, tolerance, counts):
    """Count times (m,) in bins (n_bins,), added to; `tolerance` in bins."""
    last = duration / bin_size + tolerance
    for j in range(np.uint64(times.size)):
        x = (times[j] - t_start) / bin_size
        if -tolerance <= x <= last:
            # ceil, with what is barely above a whole number taken for it
            b = max(np.ceil(x - tolerance) - 1.0, 0.0)
            counts[np.uint64(min(b, counts.size - 1.0))] += 1
