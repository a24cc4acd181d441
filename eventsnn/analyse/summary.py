"""The usual statistics of a population's spikes, all in one pass.

Each is what the function of its name gives; what is undefined, as the CV of a silent neuron, is
left out of means, which say over how many they are taken.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.analyse.bins import count_squares, whole
from eventsnn.analyse.chunks import Spikes, checked, selected
from eventsnn.analyse.fano import fano_of_squares
from eventsnn.analyse.intervals import IntervalStatistics
from eventsnn.analyse.streamed import RateSpectrum, SampleCorrelation
from eventsnn.analyse.synchrony import synchrony_of_squares
from eventsnn.core import check

SEGMENT, LEAST_SEGMENTS = 1.0, 4  # s, of the spectrum; shorter ones where there is less time
RESOLUTION = 1e-3  # s, of the spectrum


class Mean(NamedTuple):
    """A mean, NaN of nothing, and over how many."""

    value: float
    n: int


class Summary(NamedTuple):
    """What `summary` found of a population."""

    n_neurons: int
    n_spikes: int
    n_active: int  # neurons with a spike
    mean_rate: float  # Hz, of all neurons
    median_rate: float  # Hz
    cv: Mean  # over neurons, as the next three
    cv2: Mean
    lv: Mean
    fano: Mean
    synchrony: float
    correlation: Mean  # over pairs of the sample
    n_sampled: int  # neurons in the sample
    peak_frequency: float  # Hz, of the spectrum of the population's rate
    peak_ratio: float  # power there over that of independent Poisson neurons of the same rate
    rates: np.ndarray  # (n_neurons,), Hz
    cvs: np.ndarray  # (n_neurons,), NaN where undefined
    power: np.ndarray  # of the population's rate, Hz^2 / Hz, two-sided
    frequencies: np.ndarray  # Hz


def summary(spikes: Spikes, n_neurons: int, *, t_stop: float, t_start: float = 0.0,
            **options: Any) -> Summary:
    """The usual statistics of a population.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, sorted; and neurons.
    n_neurons : int
        Neurons, numbered from 0, silent ones too.
    t_start, t_stop : float
        Window, s, both ends included.
    **options
        Of `SpikeStatistics`.

    Returns
    -------
    Summary

    Examples
    --------
    >>> found = summary(([0.1, 0.3, 0.7, 0.9], [0, 0, 0, 1]), 3, t_stop=1.0)
    >>> found.n_spikes, found.n_active, found.mean_rate, found.median_rate
    (4, 2, 1.3333333333333333, 1.0)
    >>> found.cv
    Mean(value=0.33333333333333326, n=1)
    """
    statistics = SpikeStatistics(n_neurons, t_start, t_stop, **options)
    for times, ids in selected(spikes, n_neurons, None, t_start, t_stop)[1]:
        statistics.add(times, ids)
    return statistics.summary()


class SpikeStatistics:
    """The usual statistics of a population, from spikes that come in pieces.

    About 140 bytes a neuron, whatever the number of spikes and the time.

    Parameters
    ----------
    n_neurons : int
        Neurons, numbered from 0.
    t_start, t_stop : float
        The time that the spikes are from, s.
    bin_size : float
        Width of the bins of synchrony and correlation, s.
    window : float
        Width of the windows of the Fano factor, s.
    sample : int
        Neurons, evenly spaced, whose counts are correlated, each with each.

    Examples
    --------
    >>> statistics = SpikeStatistics(2, 0.0, 1.0)
    >>> statistics.add([0.1, 0.2], [0, 1])
    >>> statistics.add([0.4], [0])
    >>> statistics.summary().rates
    array([2., 1.])
    """

    def __init__(self, n_neurons: int, t_start: float, t_stop: float, *, bin_size: float = 5e-3,
                 window: float = 0.1, sample: int = 100) -> None:
        self._n = check.integer("n_neurons", n_neurons, least=0)
        t_start = check.number("t_start", t_start)
        t_stop = check.number("t_stop", t_stop, above=t_start)
        self._duration = length = t_stop - t_start
        bin_size = check.number("bin_size", bin_size, above=0.0)
        window = check.number("window", window, above=0.0)
        sample = check.integer("sample", sample, least=0)

        def bins(width: float) -> Any:  # none where not one fits
            return whole(t_start, t_stop, width) if width <= length else None

        self._intervals = IntervalStatistics(self._n)
        self._windows, self._bins = bins(window), bins(bin_size)
        self._in_windows = np.zeros((self._n, 4), np.int64)
        self._in_bins = np.zeros((self._n, 4), np.int64)
        self._together = np.zeros((1, 4), np.int64)
        self._sample = SampleCorrelation(self._n, self._bins, sample) if self._bins else None
        segment = round(min(SEGMENT, length / LEAST_SEGMENTS) / RESOLUTION)
        self._spectrum = RateSpectrum(bins(RESOLUTION), segment) if segment > 1 else None

    def add(self, times: Any, ids: Any) -> None:
        """Take in spikes, sorted by time and none before those of the last call.

        Parameters
        ----------
        times : (m,) array
            Times, s.
        ids : (m,) int array
            Neurons.
        """
        times, ids = checked(times, ids, self._n)
        self._intervals.add(times, ids)  # which refuses times that are not sorted
        nothing = np.empty(0, np.int64)
        if self._windows:
            count_squares(times, ids, self._windows, self._in_windows, nothing)
        if self._bins:
            count_squares(times, ids, self._bins, self._in_bins, nothing)
            count_squares(times, np.zeros_like(ids), self._bins, self._together, nothing)
        if self._sample:
            self._sample.add(times, ids)
        if self._spectrum:
            self._spectrum.add(times)

    def summary(self) -> Summary:
        """The statistics of all spikes taken in; ends the counting."""
        rates, cvs = self._intervals.rates(self._duration), self._intervals.cv()
        counts = self._intervals.counts
        n_spikes = int(counts.sum())
        nothing = np.empty(0)
        power, frequencies = self._spectrum.spectrum() if self._spectrum else (nothing, nothing)
        peak = int(np.argmax(power[1:])) + 1 if n_spikes and power.size > 1 else None
        return Summary(
            self._n, n_spikes, int(np.count_nonzero(counts)),
            float(rates.mean()) if self._n else np.nan,
            float(np.median(rates)) if self._n else np.nan,
            _mean(cvs), _mean(self._intervals.cv2()), _mean(self._intervals.lv()),
            _mean(fano_of_squares(self._in_windows, self._windows.n) if self._windows
                  else nothing),
            synchrony_of_squares(self._in_bins, self._bins.n, float(self._together[0, 3]))
            if self._bins and self._n else np.nan,
            _mean(self._sample.pairs() if self._sample else nothing),
            self._sample.neurons.size if self._sample else 0,
            np.nan if peak is None else float(frequencies[peak]),
            np.nan if peak is None else float(power[peak]) * self._duration / n_spikes,
            rates, cvs, power / max(self._n, 1) ** 2, frequencies)


def _mean(values: np.ndarray) -> Mean:
    known = values[~np.isnan(values)]
    return Mean(float(known.mean()) if known.size else np.nan, known.size)
