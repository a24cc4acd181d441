"""Cross- and auto-correlograms: how often a spike of one neuron follows one of another by a lag.

References
----------
.. [1] Perkel, Gerstein, Moore, "Neuronal spike trains and stochastic point processes. II.
   Simultaneous spike trains", Biophys. J. 7, 419 (1967).
"""

import numpy as np

from eventsnn.analyse.bins import ROUNDING
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check
from eventsnn.core.jit import kernel


def correlograms(spikes: Spikes, n_neurons: int, bin_size: float, max_lag: float, *, pairs=None,
                 ids=None, t_start: float | None = None,
                 t_stop: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Differences of spike times of pairs of neurons, counted in bins.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, sorted; and neurons.
    n_neurons : int
        Neurons, numbered from 0.
    bin_size : float
        Width of a bin, s.
    max_lag : float
        Lag of the centre of the last bin, s, rounded to whole bins.
    pairs : (n_pairs, 2) int array, optional
        Pairs (reference, target) of positions in `ids`; all n x n by default.
    ids : (n,) int array, optional
        Neurons wanted; all by default.
    t_start, t_stop : float, optional
        Window, s, both ends included; no bound by default.

    Returns
    -------
    counts : (n, n, 2 m + 1) or (n_pairs, 2 m + 1) int64 array
        Pairs of spikes whose lag ``target - reference`` lies in a bin. A spike is not paired with
        itself; in an auto-correlogram each two spikes count at both signs.
    lags : (2 m + 1,) float64 array
        Centres of the bins, ``-m ... m`` times `bin_size`, s.

    Notes
    -----
    A lag between two bins goes to the one nearer to 0, so that exchanging the pair reverses the
    correlogram. Spikes in the last ``max_lag`` are carried from chunk to chunk: the time is
    O(spikes x spikes within `max_lag`), the memory that of the result and of the carried spikes.
    On trains of times at whole multiples of `bin_size` this is
    `elephant.spike_train_correlation.cross_correlation_histogram`, which else bins first.

    Examples
    --------
    >>> counts, lags = correlograms(([0.0, 0.1, 0.2], [0, 1, 0]), 2, 0.1, 0.1)
    >>> counts[0, 1]
    array([1, 0, 1])
    >>> counts[0, 0]
    array([0, 0, 0])
    """
    bin_size = check.number("bin_size", bin_size, above=0.0)
    m = round(check.number("max_lag", max_lag, least=0.0) / bin_size)
    n, chunks = selected(spikes, n_neurons, ids, t_start, t_stop, ordered=True)
    slots, n_slots = _slots(pairs, n)
    counts = np.zeros((n_slots, 2 * m + 1), np.int64)
    reach = (m + 0.5) * bin_size
    times, rows = np.empty(0), np.empty(0, np.int64)
    for new_times, new_rows in chunks:
        carried = times.size
        times, rows = np.concatenate([times, new_times]), np.concatenate([rows, new_rows])
        _add(times, rows, carried, bin_size, slots, counts)
        if times.size:  # one bin more than needed: rounding cannot lose a spike
            kept = np.searchsorted(times, times[-1] - reach - bin_size)
            times, rows = times[kept:], rows[kept:]
    lags = np.arange(-m, m + 1) * bin_size
    return (counts.reshape(n, n, lags.size) if pairs is None else counts), lags


def _slots(pairs, n: int) -> tuple[np.ndarray, int]:
    """The row of the result for each pair of neurons, -1 for none, (n, n); and how many rows."""
    if pairs is None:
        return np.arange(n * n).reshape(n, n), n * n
    pairs = np.asarray(pairs)
    check.shape("pairs", pairs.shape, (len(pairs), 2))
    if pairs.dtype.kind not in "iu":
        raise check.must("pairs", "be whole numbers", f"dtype {pairs.dtype}", error=TypeError)
    if pairs.size and (pairs.min() < 0 or pairs.max() >= n):
        raise check.must("pairs", f"lie in 0 ... {n - 1}", f"{pairs.min()} ... {pairs.max()}")
    slots = np.full((n, n), -1)
    slots[pairs[:, 0], pairs[:, 1]] = np.arange(len(pairs))
    if np.count_nonzero(slots >= 0) < len(pairs):
        raise check.must("pairs", "name each pair once", pairs.tolist())
    return slots, len(pairs)


@kernel
def _add(times, rows, carried, bin_size, slots, counts):
    """Count in (n_slots, 2 m + 1) the pairs of spikes (k,) whose later one is not `carried`."""
    m = counts.shape[1] // 2
    oldest = np.uint64(0)
    for j in range(np.uint64(carried), np.uint64(times.size)):
        tolerance = ROUNDING * abs(times[j]) / bin_size
        to = np.uint64(rows[j])
        # a bin is closed on the side of 0, open to the next but for rounding
        while (times[j] - times[oldest]) / bin_size > m + 0.5 + tolerance:
            oldest += np.uint64(1)
        for i in range(oldest, j):
            x = (times[j] - times[i]) / bin_size - 0.5 - tolerance
            b = max(np.int64(np.ceil(x)), 0)
            if b > m:
                continue
            since = np.uint64(rows[i])
            slot = slots[since, to]
            if slot >= 0:
                counts[np.uint64(slot), np.uint64(m + b)] += 1
            slot = slots[to, since]
            if slot >= 0:
                counts[np.uint64(slot), np.uint64(m - b)] += 1
