"""Spikes that the tests of analyses share, and ways to cut them."""

import numpy as np


def spikes(seed, n=2000, n_neurons=12, duration=2.0):
    """Times off any grid, sorted, and neurons; the last three have 2, 1 and 0 spikes."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.random(n) * duration)
    ids = rng.integers(0, n_neurons - 3, n)
    ids[rng.choice(n, 3, replace=False)] = n_neurons - 3, n_neurons - 3, n_neurons - 2
    return times, ids


def pieces(times, ids, seed=0, n=20):
    """The spikes in chunks, some of them empty."""
    cuts = np.sort(np.random.default_rng(seed).integers(0, times.size + 1, n))
    return list(zip(np.split(times, cuts), np.split(ids, cuts), strict=True))


def trains_of(times, ids, wanted, t_start=-np.inf, t_stop=np.inf):
    """One array of times for each neuron wanted."""
    kept = (times >= t_start) & (times <= t_stop)
    return [times[kept & (ids == k)] for k in wanted]
