"""How often intervals of each length occur."""

import numpy as np

from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check
from eventsnn.core.jit import kernel


def interval_histogram(spikes: Spikes, n_neurons: int, edges, *, t_start: float | None = None,
                       t_stop: float | None = None, ids=None) -> np.ndarray:
    """Intervals between successive spikes of each neuron, counted in bins.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, sorted; and neurons.
    n_neurons : int
        Neurons, numbered from 0.
    edges : (n_bins + 1,) array
        Edges of the bins, s, ascending; equal (`numpy.linspace`) or logarithmic
        (`numpy.geomspace`). As for `numpy.histogram`, a bin holds its left edge, the last one both;
        intervals outside do not count.
    t_start, t_stop : float, optional
        Window, s, both ends included; no bound by default.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    (n, n_bins) int64 array
        One row for each of `ids`; its sum over rows is the histogram of the population.

    Raises
    ------
    ValueError
        If times are not sorted, or `edges` do not ascend; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Examples
    --------
    >>> interval_histogram(([0.0, 0.1, 0.4, 0.5], [0, 0, 0, 1]), 2, [0.0, 0.2, 0.4])
    array([[1, 1],
           [0, 0]])
    """
    edges = check.real_array("edges", edges).astype(np.float64)
    if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
        raise check.must("edges", "be two or more ascending times", edges.tolist())
    n, chunks = selected(spikes, n_neurons, ids, t_start, t_stop, ordered=True)
    counts = np.zeros((n, edges.size - 1), np.int64)
    last = np.full(n, np.nan)
    for times, rows in chunks:
        _add(times, rows, edges, last, counts)
    return counts


@kernel
def _add(times, rows, edges, last, counts):
    """Count in (n, n_bins) the intervals that spikes (m,) end; `last` (n,) spikes, NaN for none."""
    for j in range(np.uint64(times.size)):
        k = np.uint64(rows[j])
        interval = times[j] - last[k]
        last[k] = times[j]
        if edges[0] <= interval <= edges[-1]:  # not so for NaN
            b = np.searchsorted(edges, interval, side="right") - 1
            counts[k, np.uint64(min(b, counts.shape[1] - 1))] += 1
