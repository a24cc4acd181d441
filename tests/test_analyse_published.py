"""Analyses against numbers of elephant and PySpike: see data/README.md."""

import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn import analyse

DATA = json.loads((pathlib.Path(__file__).parent / "data" / "analysis"
                   / "elephant_pyspike.json").read_text())
TRAINS = [np.array(train) for train in DATA["trains"]]  # of 60 spikes to none; two alike
N = len(TRAINS)
WINDOW = {"t_start": DATA["t_start"], "t_stop": DATA["t_stop"]}
EDGES = 3  # the train with spikes at the ends of the window


def numbers(name):
    return np.array(DATA[name], float)  # None becomes NaN


def spikes():
    times, ids = np.concatenate(TRAINS), np.repeat(np.arange(N), [t.size for t in TRAINS])
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]


def test_intervals__equal_elephant():
    statistics = analyse.interval_statistics(spikes(), N)

    assert_allclose(statistics.cv(), numbers("cv"), rtol=1e-12)
    assert_allclose(statistics.cv2(), numbers("cv2"), rtol=1e-12)
    assert_allclose(statistics.lv(), numbers("lv"), rtol=1e-12)
    assert_allclose(statistics.lvr(0.005), numbers("lvr_5ms"), rtol=1e-12)
    assert_allclose(analyse.firing_rates(spikes(), N, **WINDOW), numbers("rates_hz"), rtol=1e-12)
    counts = analyse.spike_counts(spikes(), N, **WINDOW)
    assert_allclose(analyse.fano_factor_of_counts(counts), DATA["fano_of_trains"], rtol=1e-12)


def test_binned_counts__equal_elephant_but_for_spikes_at_edges():
    inside = np.delete(np.arange(N), EDGES)
    options = {"bin_size": 0.1, "ids": inside, **WINDOW}
    expected = numbers("binned_100ms_spikes_inside")[inside]

    assert_array_equal(analyse.binned_counts(spikes(), N, **options), expected)
    correlation = analyse.count_correlation(spikes(), N, **options)
    expected = numbers("count_correlation_100ms")[np.ix_(inside, inside)]
    assert_allclose(correlation, expected, atol=1e-12)
    covariance = analyse.count_covariance(spikes(), N, **options) * 30 / 29  # elephant: over n - 1
    expected = numbers("count_covariance_100ms_n_minus_1")[np.ix_(inside, inside)]
    assert_allclose(covariance, expected, atol=1e-12)


def test_correlograms__equal_elephant_on_a_grid():
    grid = [np.array(steps) for steps in DATA["grid_bins_10ms"]]
    times, ids = np.concatenate(grid) * 0.01, np.repeat(np.arange(3), [g.size for g in grid])
    order = np.argsort(times, kind="stable")

    counts, _ = analyse.correlograms((times[order], ids[order]), 3, 0.01, 0.08)

    assert_array_equal(counts[0, 1], DATA["correlogram_0_1"])
    own = np.array(DATA["correlogram_0_0"])
    own[8] = 0  # elephant pairs a spike with itself
    assert_array_equal(counts[0, 0], own)


@pytest.mark.parametrize(("kernel", "parameter"), [
    (analyse.Gaussian, 0.02), (analyse.Rectangular, 0.02 * 12**0.5),
    (analyse.Triangular, 0.02 * 24**0.5), (analyse.Epanechnikov, 0.02 * 20**0.5),
    (analyse.Exponential, 0.02), (analyse.Alpha, 0.02 / 2**0.5),
])
def test_kernels__equal_elephant_of_the_same_standard_deviation(kernel, parameter):
    spike = [0.1], [0]  # elephant's kernel stands at 0

    rate, _ = analyse.smooth_rate(spike, 1, kernel(parameter), 0.01, t_stop=0.2)

    expected = DATA["kernels_sigma_20ms"]
    assert_allclose(rate[0], expected[kernel.__name__], rtol=1e-12, atol=1e-9)


def test_tiling__equals_elephant():
    assert_allclose(analyse.spike_time_tiling(TRAINS, 0.005, **WINDOW), numbers("sttc_5ms"),
                    rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cost", [0, 1, 20, 1000])
def test_victor_purpura__equals_elephant(cost):
    distance = analyse.victor_purpura_distance(TRAINS, cost)

    assert_allclose(distance, numbers(f"victor_purpura_{cost}_hz"), rtol=1e-12, atol=1e-12)


def test_van_rossum__equals_elephant():
    expected = numbers("van_rossum_50ms")
    np.fill_diagonal(expected, 0)  # a difference of large numbers there

    # squares, because elephant's difference of large numbers leaves 1e-7 of equal trains
    assert_allclose(analyse.van_rossum_distance(TRAINS, 0.05) ** 2, expected**2, rtol=1e-12,
                    atol=1e-12)


@pytest.mark.parametrize(("name", "measure"), [
    ("isi_distance", analyse.isi_distance), ("spike_distance", analyse.spike_distance),
    ("spike_sync", analyse.spike_synchronization),
])
def test_distances__equal_pyspike(name, measure):
    assert_allclose(measure(TRAINS, **WINDOW), numbers(name), rtol=1e-12, atol=1e-12)
