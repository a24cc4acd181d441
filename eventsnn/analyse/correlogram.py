"""Cross- and auto-correlograms: how often a spike of one neuron follows one of another by a lag.

References
----------
.. [1] Perkel, Gerstein, Moore, "Neuronal spike trains and stochastic point processes. II.
   Simultaneous spike trains", Biophys. J. 7, 419 (1967).
"""

import numpy as np

from eventsnn.analyse.bins import ROUNDING
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.analyse.trains import sorted_by_row
from eventsnn.core import check
from eventsnn.core.jit import kernel, scalar


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
    O(spikes x spikes within `max_lag`), or O(spikes) a pair for `pairs`; the memory that of the
    result and of the carried spikes. On times at the centres of equal bins this is
    `elephant.spike_train_correlation.cross_correlation_histogram`, which bins first and pairs a
    spike with itself.

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
    chosen, of = (None, np.arange(0)) if pairs is None else _chosen(pairs, n)
    counts = np.zeros((n * n if chosen is None else len(chosen), 2 * m + 1), np.int64)
    reach = (m + 0.5) * bin_size
    times, rows = np.empty(0), np.empty(0, np.int64)
    for new_times, new_rows in chunks:
        if chosen is not None:
            new_rows = of[new_rows]
            new_times, new_rows = new_times[new_rows >= 0], new_rows[new_rows >= 0]
        carried = times.size
        times, rows = np.concatenate([times, new_times]), np.concatenate([rows, new_rows])
        if chosen is None:
            _add_all(times, rows, carried, bin_size, n, counts)
        else:
            before = np.bincount(rows[:carried], minlength=of.size)
            _add_pairs(*sorted_by_row([(times, rows)], of.size), before, chosen, bin_size, counts)
        if times.size:  # one bin more than needed: rounding cannot lose a spike
            kept = np.searchsorted(times, times[-1] - reach - bin_size)
            times, rows = times[kept:], rows[kept:]
    lags = np.arange(-m, m + 1) * bin_size
    return (counts.reshape(n, n, lags.size) if pairs is None else counts), lags


def _chosen(pairs, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The pairs, in numbers of the neurons that they name; and those numbers, (n,), -1 for none."""
    pairs = np.asarray(pairs)
    pairs = pairs.reshape(0, 2) if pairs.shape == (0,) else pairs
    check.shape("pairs", pairs.shape, (*pairs.shape[:1], 2))
    if pairs.size and pairs.dtype.kind not in "iu":
        raise check.must("pairs", "be whole numbers", f"dtype {pairs.dtype}", error=TypeError)
    pairs = pairs.astype(np.int64)
    if pairs.size and (pairs.min() < 0 or pairs.max() >= n):
        raise check.must("pairs", f"lie in 0 ... {n - 1}", f"{pairs.min()} ... {pairs.max()}")
    values, times = np.unique(pairs, axis=0, return_counts=True)
    if (times > 1).any():
        raise check.must("pairs", "name each pair once",
                         f"{values[times > 1][0].tolist()} {times.max()} times")
    named, chosen = np.unique(pairs, return_inverse=True)
    of = np.full(n, -1)
    of[named] = np.arange(named.size)
    return chosen.reshape(pairs.shape), of


@scalar
def _tolerance(later, bin_size):
    """How far rounding may move a lag, in bins."""
    return ROUNDING * abs(later) / bin_size


@scalar
def _bin(lag, tolerance):
    """The bin, 0 or more, of a lag in bins; it is closed on the side of 0, open to the next."""
    return max(np.int64(np.ceil(lag - 0.5 - tolerance)), 0)


@kernel
def _add_all(times, rows, carried, bin_size, n, counts):
    """Count in (n n, 2 m + 1) the pairs of spikes (k,) whose later one is not `carried`."""
    m, n = counts.shape[1] // 2, np.uint64(n)
    oldest = np.uint64(0)
    for j in range(np.uint64(carried), np.uint64(times.size)):
        tolerance = _tolerance(times[j], bin_size)
        to = np.uint64(rows[j])
        while (times[j] - times[oldest]) / bin_size > m + 0.5 + tolerance:
            oldest += np.uint64(1)
        for i in range(oldest, j):
            b = _bin((times[j] - times[i]) / bin_size, tolerance)
            if b <= m:
                since = np.uint64(rows[i])
                counts[since * n + to, np.uint64(m + b)] += 1
                counts[to * n + since, np.uint64(m - b)] += 1


@kernel
def _add_pairs(times, first, before, pairs, bin_size, counts):
    """Count in (n_pairs, 2 m + 1) those of trains ``times[first[k]:first[k + 1]]``.

    The first ``before[k]`` of a train were carried.
    """
    m = counts.shape[1] // 2
    for slot in range(np.uint64(len(pairs))):
        a, b = np.uint64(pairs[slot, 0]), np.uint64(pairs[slot, 1])
        oldest = first[a]
        for j in range(first[b], first[b + np.uint64(1)]):
            new = j - first[b] >= before[b]
            for i in range(oldest, first[a + np.uint64(1)]):
                lag = (times[j] - times[i]) / bin_size
                tolerance = _tolerance(max(times[i], times[j]), bin_size)
                if lag > m + 0.5 + tolerance:
                    oldest = i + 1
                    continue
                bin_ = _bin(abs(lag), tolerance)
                if bin_ > m:
                    break  # all that follow are later still
                if (new or i - first[a] >= before[a]) and (a != b or i != j):
                    counts[slot, np.uint64(m + bin_ if lag > 0 else m - bin_)] += 1
