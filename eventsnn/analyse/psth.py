r"""Peri-stimulus time histogram: the rate around events, averaged over them [1]_.

References
----------
.. [1] Gerstein, Kiang, "An approach to the quantitative analysis of electrophysiological data from
   single neurons", Biophys. J. 1, 15 (1960).
.. [2] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 7.2.
"""

import numpy as np

from eventsnn.analyse.bins import Bins, bin_of, covering, left_edges
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check
from eventsnn.core.jit import kernel


def psth(spikes: Spikes, n_neurons: int, events, before: float, after: float, bin_size: float, *,
         t_start: float | None = None, t_stop: float | None = None,
         ids=None) -> tuple[np.ndarray, np.ndarray]:
    """Rate of each neuron in bins of time since an event, averaged over events.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; in any order.
    n_neurons : int
        Neurons, numbered from 0.
    events : (n_events,) array
        Times of the events, s; in any order. They may overlap: a spike counts for each of them.
    before, after : float
        Time covered before and after an event, s.
    bin_size : float
        Width of a bin, s; it must divide ``before + after``.
    t_start, t_stop : float, optional
        Window, s, both ends included; no bound by default. Events near its ends, or those of the
        recording, see fewer spikes: leave them out.
    ids : (n,) int array, optional
        Neurons wanted; all by default.

    Returns
    -------
    rate : (n, n_bins) float64 array
        Hz; its mean over rows is the rate of the population.
    edges : (n_bins,) float64 array
        Left edges of the bins, s since the event.

    Notes
    -----
    A bin holds its right edge, as in `binned_counts`: a spike at the very time of an event lies in
    the bin before it. One pass; memory for the result and one chunk.

    Examples
    --------
    >>> rate, edges = psth(([1.05, 2.05, 2.15], [0, 0, 0]), 1, [1.0, 2.0], 0.1, 0.2, 0.1)
    >>> rate
    array([[ 0., 10.,  5.]])
    >>> edges.round(12)
    array([-0.1,  0. ,  0.1])
    """
    events = np.sort(check.real_array("events", events).astype(np.float64))
    check.finite("events", events)
    if events.ndim != 1 or events.size == 0:
        raise check.must("events", "be one or more times", f"shape {events.shape}")
    before = check.number("before", before, least=0.0)
    after = check.number("after", after, least=0.0)
    bins = covering(-before, before + after, bin_size)
    # a time since an event is as inexact as both times
    bins = bins._replace(tolerance=bins.tolerance * (1 + np.abs(events).max() / (before + after)))
    if abs((before + after) / bin_size - bins.n) > bins.tolerance:
        raise check.must("bin_size", "divide before + after", f"{bin_size:g} s")
    bins = bins._replace(end=bins.n + bins.tolerance)
    n, chunks = selected(spikes, n_neurons, ids, t_start, t_stop)
    counts = np.zeros((n, bins.n), np.int64)
    for times, rows in chunks:
        _count(times, rows, events, bins, counts)
    return counts / (events.size * bins.width), left_edges(bins)


@kernel
def _count(times, rows, events, bins: Bins, counts):
    """Count spikes (m,) in (n, n_bins), added to, for each of the sorted `events` near them."""
    slack = bins.tolerance * bins.width
    for j in range(np.uint64(times.size)):
        latest = times[j] - bins.start + slack
        e = np.searchsorted(events, times[j] - bins.start - bins.end * bins.width - slack)
        while e < events.size and events[e] <= latest:
            b = bin_of(times[j] - events[e], bins)
            if b >= 0:
                counts[np.uint64(rows[j]), np.uint64(b)] += 1
            e += 1
