"""Spike trains on which the analyses are compared with those of other packages."""

from typing import NamedTuple

import numpy as np

KINDS = ("random", "grid", "few", "alike")


class Case(NamedTuple):
    """Trains in a window, and the sizes with which they are analysed."""

    trains: list  # of sorted arrays, s
    t_start: float  # s
    t_stop: float  # s
    step: float  # s; times are whole multiples of it
    bin_size: float  # s

    @property
    def window(self):
        return {"t_start": self.t_start, "t_stop": self.t_stop}

    @property
    def spikes(self):
        """Sorted times, and neurons."""
        times = np.concatenate(self.trains)
        ids = np.repeat(np.arange(len(self.trains)), [t.size for t in self.trains])
        order = np.argsort(times, kind="stable")
        return times[order], ids[order]


def case(kind, seed):
    """A case of a kind: off any grid to 1 us, on a grid of 0.1 ms, 0 ... 3 spikes, or much alike.

    Each holds trains of 0, 1, and 2 spikes, equal trains, spikes at both ends of the window and at
    edges of bins, and several spikes at one time; half of the windows begin below 0.
    """
    rng = np.random.default_rng([KINDS.index(kind), seed])
    steps_per_s = 1_000_000 if kind == "random" else 10_000
    start = int(rng.choice([-1, 0, 2])) * steps_per_s // 2
    n_bins = int(rng.integers(12, 40))
    bin_steps = steps_per_s // int(rng.choice([20, 50, 100]))
    stop = start + n_bins * bin_steps
    most = 4 if kind == "few" else int(rng.choice([10, 60, 200]))
    sizes = [0, 1, 2, 3, most, *rng.integers(0, most, 5)]
    trains = [np.sort(rng.integers(start, stop + 1, size)) for size in sizes]
    trains.append(trains[4])  # equal trains
    trains.append(np.array([start, start + bin_steps, start + 2 * bin_steps, stop]))
    trains.append(np.sort(np.repeat(rng.integers(start, stop + 1, 4), 2)))  # each spike twice
    if kind == "alike":  # shifted by few steps, so that distances are near ties
        moved = trains[4] + rng.integers(-2, 3, most)
        trains[-3:] = [np.sort(np.clip(moved, start, stop)), trains[4][1:], trains[4][::2]]
    return Case([train / steps_per_s for train in trains], start / steps_per_s, stop / steps_per_s,
                1 / steps_per_s, bin_steps / steps_per_s)
