"""How often intervals of each length occur."""

from typing import Any

import numpy as np

from eventsnn.analyse.chunks import Spikes, checked, in_order, selected
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
    edges = _checked(edges)
    n, chunks = selected(spikes, n_neurons, ids, t_start, t_stop, ordered=True)
    counts = np.zeros((n, edges.size - 1), np.int64)
    last = np.full(n, np.nan)
    for times, rows in chunks:
        _add(times, rows, edges, last, counts)
    return counts


class PooledIntervals:
    """Intervals of all neurons of a population together, counted from spikes that come in pieces.

    8 bytes a neuron, where `interval_histogram` keeps a row of bins for each.

    Parameters
    ----------
    n_neurons : int
        Neurons, numbered from 0.
    edges : (n_bins + 1,) array
        As for `interval_histogram`.

    Attributes
    ----------
    counts : (n_bins,) int64 array
        Intervals so far.

    Examples
    --------
    >>> pooled = PooledIntervals(2, [0.0, 0.2, 0.4])
    >>> pooled.add([0.0, 0.1], [0, 0])
    >>> pooled.add([0.4, 0.5], [0, 1])
    >>> pooled.counts
    array([1, 1])
    """

    def __init__(self, n_neurons: int, edges: Any) -> None:
        self.edges = _checked(edges)
        n = check.integer("n_neurons", n_neurons, least=0)
        self._counts = np.zeros((1, self.edges.size - 1), np.int64)
        self._last, self._now = np.full(n, np.nan), -np.inf

    @property
    def counts(self) -> np.ndarray:
        """Intervals so far in each bin."""
        return self._counts[0]

    def add(self, times: Any, ids: Any) -> None:
        """Take in spikes, sorted by time (s) and none before those of the last call; and neurons.
        """
        times, ids = checked(times, ids, self._last.size)
        self._now = in_order(times, self._now)
        _add(times, ids, self.edges, self._last, self._counts)


def _checked(edges: Any) -> np.ndarray:
    edges = check.real_array("edges", edges).astype(np.float64)
    if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
        raise check.must("edges", "be two or more ascending times", edges.tolist())
    return edges


@kernel
def _add(times, rows, edges, last, counts):
    """Count the intervals that spikes (m,) end in (n, n_bins), or all in (1, n_bins).

    `last` (n,) spikes, NaN for none.
    """
    pooled = counts.shape[0] == 1
    for j in range(np.uint64(times.size)):
        k = np.uint64(rows[j])
        interval = times[j] - last[k]
        last[k] = times[j]
        if edges[0] <= interval <= edges[-1]:  # not so for NaN
            b = np.searchsorted(edges, interval, side="right") - 1
            row = np.uint64(0) if pooled else k
            counts[row, np.uint64(min(b, counts.shape[1] - 1))] += 1
