"""Correlation and spectrum from spikes that come in pieces, in a memory that no time makes grow."""

import numpy as np

from eventsnn.analyse.bins import Bins
from eventsnn.analyse.blocks import BlockCounts
from eventsnn.analyse.correlation import Moments, block_size, pearson
from eventsnn.analyse.sample import evenly_spaced
from eventsnn.analyse.spectrum import Welch


class SampleCorrelation:
    """Pearson's correlation of the binned counts of evenly spaced neurons, each with each.

    As `count_correlation` of these neurons. 8 bytes a neuron, and 32 MB.

    Parameters
    ----------
    n_neurons : int
        Neurons, numbered from 0.
    bins : Bins
        Where to count.
    most : int
        Neurons in the sample.
    """

    def __init__(self, n_neurons: int, bins: Bins, most: int) -> None:
        self.neurons = evenly_spaced(n_neurons, most)
        k = self.neurons.size
        self._row = np.full(n_neurons, -1)
        self._row[self.neurons] = np.arange(k)
        self._n_bins, self._moments = bins.n, Moments(k)
        size = block_size(k, bins.n)
        self._blocks = BlockCounts(k, bins, size, size)

    def add(self, times: np.ndarray, ids: np.ndarray) -> None:
        """Take in spikes (m,), sorted and none before those of the last call."""
        rows = self._row[ids]
        mine = rows >= 0
        for counts in self._blocks.add(times[mine], rows[mine]):
            self._moments.add(counts)

    def pairs(self) -> np.ndarray:
        """Coefficients of the pairs that have one, whose counts both vary; ends the counting."""
        for counts in self._blocks.rest():
            self._moments.add(counts)
        moments = pearson(self._moments.moments(self._n_bins))
        found = moments[np.triu_indices(self.neurons.size, 1)]
        return found[~np.isnan(found)]


class RateSpectrum:
    """Power spectrum of the spikes of a population, by Welch's method.

    As `power_spectrum` of all its spikes taken for one train.

    Parameters
    ----------
    bins : Bins
        Where to count; there are at least `segment` of them.
    segment : int
        Bins of a segment, 2 or more; segments overlap by half.
    """

    def __init__(self, bins: Bins, segment: int) -> None:
        self._welch = Welch(1, bins, segment)
        self._blocks = BlockCounts(1, bins, segment, self._welch.step)

    def add(self, times: np.ndarray) -> None:
        """Take in spikes (m,), sorted and none before those of the last call."""
        for counts in self._blocks.add(times, np.zeros(times.size, np.int64)):
            self._welch.add(counts)

    def spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Power, Hz, two-sided, and frequencies, Hz; ends the counting."""
        for counts in self._blocks.rest():
            self._welch.add(counts)
        return self._welch.power()[0], self._welch.frequencies
