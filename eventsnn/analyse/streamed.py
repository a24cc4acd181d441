"""Correlation and spectrum from spikes that come in pieces, in a memory that no time makes grow."""

import numpy as np
from scipy import signal

from eventsnn.analyse.bins import Bins
from eventsnn.analyse.blocks import Blocks
from eventsnn.analyse.correlation import BLOCK, pearson
from eventsnn.analyse.sample import evenly_spaced

SEGMENTS = 64  # handed on at a time


class SampleCorrelation:
    """Pearson's correlation of the binned counts of evenly spaced neurons, each with each.

    As `count_correlation` of these neurons. 8 bytes a neuron, and 32 kB for each in the sample.

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
        self._n_bins = bins.n
        self._total, self._products = np.zeros(k), np.zeros((k, k))
        self._blocks = Blocks(k, bins, BLOCK, self._take)

    def add(self, times: np.ndarray, ids: np.ndarray) -> None:
        """Take in spikes (m,), sorted and none before those of the last call."""
        rows = self._row[ids]
        mine = rows >= 0
        self._blocks.add(times[mine], rows[mine])

    def _take(self, counts: np.ndarray) -> None:
        if counts.any():
            block = counts.astype(np.float64)  # whole numbers: their products are exact
            self._products += block @ block.T
            self._total += block.sum(axis=1)

    def pairs(self) -> np.ndarray:
        """Coefficients of the pairs that have one, whose counts both vary; ends the counting."""
        self._blocks.finish()
        moments = self._n_bins * self._products - np.outer(self._total, self._total)
        found = pearson(moments)[np.triu_indices(self.neurons.size, 1)]
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
        self._width, self._size = bins.width, segment
        self._step = segment - segment // 2
        self._window = signal.get_window("hann", segment)
        self._sum, self._n = np.zeros(segment // 2 + 1), 0
        self._tail = np.empty(0)
        self._blocks = Blocks(1, bins, SEGMENTS * segment, self._take)

    def add(self, times: np.ndarray) -> None:
        """Take in spikes (m,), sorted and none before those of the last call."""
        self._blocks.add(times, np.zeros(times.size, np.int64))

    def _take(self, counts: np.ndarray) -> None:
        rate = np.concatenate([self._tail, counts[0] / self._width])
        n = max((rate.size - self._size) // self._step + 1, 0)
        if n:
            pieces = np.lib.stride_tricks.sliding_window_view(rate, self._size)[::self._step]
            pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * self._window
            self._sum += (np.abs(np.fft.rfft(pieces, axis=1)) ** 2).sum(axis=0)
            self._n += n
        self._tail = rate[n * self._step:]

    def spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Power, Hz, two-sided, and frequencies, Hz; ends the counting."""
        self._blocks.finish()
        power = self._sum * self._width / (self._n * (self._window ** 2).sum())
        return power, np.arange(power.size) / (self._size * self._width)
