"""The usual statistics in one pass: each what its own function gives, however the spikes come."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn import analyse
from eventsnn.analyse import PooledIntervals, SpikeStatistics, summary
from eventsnn.analyse.sample import evenly_spaced
from tests.analysis_trains import pieces, spikes

N, T = 12, 2.0


@pytest.fixture
def found():
    return summary(spikes(0), N, t_stop=T, bin_size=0.01, window=0.25)


def test_summary__counts_and_rates(found):
    times, ids = spikes(0)
    counts = np.bincount(ids, minlength=N)

    assert (found.n_neurons, found.n_spikes, found.n_active) == (N, times.size, N - 1)
    assert_array_equal(found.rates, counts / T)
    assert_allclose([found.mean_rate, found.median_rate],
                    [times.size / N / T, np.median(counts) / T])


@pytest.mark.parametrize("name", ["cv", "cv2", "lv"])
def test_summary__of_intervals_is_the_mean_where_defined(found, name):
    values = getattr(analyse, name)(spikes(0), N)

    assert getattr(found, name).n == N - 3  # the last three have too few spikes
    assert_allclose(getattr(found, name).value, np.nanmean(values))


def test_summary__of_counts_is_that_of_their_functions(found):
    options = {"t_stop": T}
    factors = analyse.fano_factor(spikes(0), N, 0.25, **options)
    pairs = analyse.count_correlation(spikes(0), N, 0.01, **options)[np.triu_indices(N, 1)]

    assert found.fano.n == N - 1
    assert_allclose(found.fano.value, np.nanmean(factors))
    assert_allclose(found.synchrony, analyse.synchrony(spikes(0), N, 0.01, **options))
    assert (found.correlation.n, found.n_sampled) == ((N - 1) * (N - 2) // 2, N)
    assert_allclose(found.correlation.value, np.nanmean(pairs))


@pytest.mark.parametrize("duration", [0.05, 2.0, 6.3, 300.0])
def test_summary__spectrum_is_that_of_one_train_of_all_spikes(duration):
    times, ids = spikes(3, n=5000, duration=duration)

    found = summary((times, ids), N, t_stop=duration)

    segment = round(min(1.0, duration / 4) / 1e-3) * 1e-3
    power, frequencies = analyse.power_spectrum((times, np.zeros_like(ids)), 1, 1e-3, segment,
                                                t_stop=duration)
    assert_allclose(found.frequencies, frequencies, atol=1e-9)
    assert_allclose(found.power, power[0] / N ** 2, rtol=1e-9, atol=1e-9 * power.max() / N ** 2)


def test_summary__finds_the_rhythm_of_a_population():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 20, 40_000))
    times = times[rng.random(times.size) < 0.5 + 0.5 * np.sin(2 * np.pi * 37 * times)]

    found = summary((times, rng.integers(0, 100, times.size)), 100, t_stop=20.0)

    assert found.peak_frequency == pytest.approx(37, abs=0.5)
    assert found.peak_ratio > 50
    steady = np.sort(rng.uniform(0, 20, 20_000))
    assert summary((steady, rng.integers(0, 100, steady.size)), 100, t_stop=20.0).peak_ratio < 3


@pytest.mark.parametrize("cuts", range(3))
def test_summary__does_not_depend_on_the_pieces(cuts):
    whole = summary(spikes(1, duration=30.0), N, t_stop=30.0, sample=5)

    cut = summary(pieces(*spikes(1, duration=30.0), seed=cuts), N, t_stop=30.0, sample=5)

    for a, b in zip(whole, cut, strict=True):
        assert_array_equal(a, b)


def test_summary__keeps_to_its_window():
    times, ids = spikes(2)
    mine = (times >= 0.5) & (times <= 1.5)

    inside = summary((times[mine], ids[mine]), N, t_start=0.5, t_stop=1.5)

    for a, b in zip(summary((times, ids), N, t_start=0.5, t_stop=1.5), inside, strict=True):
        assert_array_equal(a, b)


def test_summary__correlation_of_a_sample_is_that_of_its_neurons():
    times, ids = spikes(4, n=20_000, n_neurons=60, duration=100.0)

    found = summary((times, ids), 60, t_stop=100.0, sample=7)

    pairs = analyse.count_correlation((times, ids), 60, 5e-3, t_stop=100.0,
                                      ids=evenly_spaced(60, 7))[np.triu_indices(7, 1)]
    assert (found.n_sampled, found.correlation.n) == (7, np.isfinite(pairs).sum())
    assert_allclose(found.correlation.value, np.nanmean(pairs), rtol=1e-10)


@pytest.mark.parametrize("n_neurons", [0, 3])
def test_summary__of_silence_is_undefined(n_neurons):
    found = summary((np.empty(0), np.empty(0, int)), n_neurons, t_stop=1.0)

    assert found.n_spikes == 0
    for value in (found.cv.value, found.cv2.value, found.lv.value, found.fano.value,
                  found.synchrony, found.correlation.value, found.peak_frequency,
                  found.peak_ratio):
        assert np.isnan(value)
    assert found.cv.n == found.correlation.n == 0


def test_summary__of_less_time_than_a_bin():
    found = summary(([1e-4, 2e-4, 4e-4], [0, 0, 0]), 1, t_stop=5e-4)

    assert found.cv.n == 1 and found.fano.n == found.n_sampled == 0
    assert np.isnan(found.synchrony) and np.isnan(found.peak_frequency)


@pytest.mark.parametrize("options, words", [
    ({"t_start": 1.0, "t_stop": 1.0}, "t_stop must be above 1"),
    ({"t_stop": 1.0, "bin_size": 0.0}, "bin_size must be above 0"),
    ({"t_stop": 1.0, "window": -1.0}, "window must be above 0"),
    ({"t_stop": 1.0, "sample": -1}, "sample must be at least 0"),
])
def test_summary__refuses(options, words):
    with pytest.raises(ValueError, match=words):
        summary(spikes(0), N, **options)


def test_statistics__refuse_times_that_go_back():
    statistics = SpikeStatistics(2, 0.0, 1.0)
    statistics.add([0.5], [0])

    with pytest.raises(ValueError, match="times must be sorted"):
        statistics.add([0.4], [1])


def test_pooled_intervals__are_those_of_all_neurons():
    edges = np.geomspace(1e-3, 1.0, 20)
    pooled = PooledIntervals(N, edges)

    for piece in pieces(*spikes(6)):
        pooled.add(*piece)

    assert_array_equal(pooled.counts,
                       analyse.interval_histogram(spikes(6), N, edges).sum(axis=0))


@pytest.mark.parametrize("n, most", [(0, 5), (1, 1), (10, 3), (7, 7), (10**6, 100)])
def test_evenly_spaced__is_centred(n, most):
    chosen = evenly_spaced(n, most)

    assert chosen.size == min(n, most)
    if chosen.size:
        assert abs(chosen[0] - (n - 1 - chosen[-1])) <= 1
        assert np.ptp(np.diff(chosen)) <= 1 if chosen.size > 1 else True
