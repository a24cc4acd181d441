"""Analyses against slow and obvious ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn.analyse import IntervalStatistics, population_rate

RNG_SEEDS = range(5)


def spikes(seed, n=3000, n_neurons=50, duration=2.0, dt=1e-4):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(1, round(duration / dt) + 1, n)) * dt
    return times, rng.integers(0, n_neurons, n)


def pieces(times, ids, seed=0, n=20):
    cuts = np.sort(np.random.default_rng(seed).integers(0, times.size + 1, n))
    return list(zip(np.split(times, cuts), np.split(ids, cuts), strict=True))


def naive_cv(times, ids, n_neurons):
    out = np.full(n_neurons, np.nan)
    for k in range(n_neurons):
        intervals = np.diff(times[ids == k])
        if intervals.size >= 2 and intervals.mean() > 0:
            out[k] = intervals.std() / intervals.mean()
    return out


def naive_counts(steps, n_bins, steps_per_bin):
    """Spikes at the ends of steps 1, 2, ...; steps 1 ... m are the first bin's."""
    out = np.zeros(n_bins, int)
    for step in steps:
        out[max(step - 1, 0) // steps_per_bin] += 1
    return out


@pytest.mark.parametrize("seed", RNG_SEEDS)
def test_interval_statistics__equals_naive(seed):
    times, ids = spikes(seed)
    statistics = IntervalStatistics(60)  # ten are silent

    for chunk in pieces(times, ids, seed):
        statistics.add(*chunk)

    assert_array_equal(statistics.counts, np.bincount(ids, minlength=60))
    assert_array_equal(statistics.rates(2.0), np.bincount(ids, minlength=60) / 2.0)
    cv = naive_cv(times, ids, 60)
    assert_allclose(statistics.cv(), cv, rtol=1e-12)
    assert_allclose(statistics.mean_cv(), np.nanmean(cv), rtol=1e-12)


def test_interval_statistics__does_not_depend_on_the_pieces():
    times, ids = spikes(0)
    whole, parts = IntervalStatistics(50), IntervalStatistics(50)

    whole.add(times, ids)
    for chunk in pieces(times, ids):
        parts.add(*chunk)

    assert_array_equal(whole.cv(), parts.cv())


def test_interval_statistics__loses_no_digits_late_and_regular():
    # A sum of squares would leave no digit: intervals vary by 1e-9 of their size.
    rng = np.random.default_rng(0)
    intervals = 1024.0 * (1 + 2.0**-30 * rng.integers(-1, 2, 1000))
    times = np.cumsum(intervals)
    statistics = IntervalStatistics(1)

    statistics.add(times, np.zeros(1000, int))

    assert_allclose(statistics.cv(), naive_cv(times, np.zeros(1000, int), 1), rtol=1e-6)


def test_interval_statistics__known_values():
    statistics = IntervalStatistics(4)

    # 0: one interval; 1: a clock; 2: intervals 1 and 3, so std 1 and mean 2; 3: all at once
    statistics.add([0, 0, 0, 1, 1, 1, 2, 4, 5, 5, 5], [0, 1, 2, 0, 1, 2, 1, 2, 3, 3, 3])

    assert_array_equal(statistics.cv(), [np.nan, 0.0, 0.5, np.nan])
    assert statistics.mean_cv() == 0.25


def test_interval_statistics__poisson_process_has_cv_one():
    rng = np.random.default_rng(0)
    statistics = IntervalStatistics(1)

    statistics.add(np.cumsum(rng.exponential(0.1, 100_000)), np.zeros(100_000, int))

    assert abs(statistics.mean_cv() - 1) < 5 / np.sqrt(100_000)


def test_interval_statistics__without_spikes_has_no_cv():
    statistics = IntervalStatistics(3)
    statistics.add([], [])

    assert np.isnan(statistics.mean_cv())
    assert np.isnan(IntervalStatistics(0).mean_cv())


@pytest.mark.parametrize(("times", "ids", "error", "message"), [
    ([0.5, 0.4], [0, 0], ValueError, "times must be sorted"),
    ([0.05], [0], ValueError, "last call's 0.1 s"),
    ([0.5], [3], ValueError, "ids must lie in 0 ... 2, got 3"),
    ([0.5], [-1], ValueError, "ids must lie in 0 ... 2, got -1"),
    ([0.5], [0.0], TypeError, "ids must be whole numbers"),
    ([0.5, 0.6], [0], ValueError, "ids must have shape"),
    ([[0.5]], [[0]], ValueError, "times must have shape"),
    ([np.nan], [0], ValueError, "times must be finite"),
    (["a"], [0], TypeError, "times must hold real numbers"),
])
def test_interval_statistics__refuses_and_stays_as_it_was(times, ids, error, message):
    statistics = IntervalStatistics(3)
    statistics.add([0.1], [1])

    with pytest.raises(error, match=message):
        statistics.add(times, ids)

    assert_array_equal(statistics.counts, [0, 1, 0])


def test_interval_statistics__refuses_sizes_and_durations():
    with pytest.raises(ValueError, match="n_neurons must be at least 0"):
        IntervalStatistics(-1)
    with pytest.raises(ValueError, match="duration must be above 0"):
        IntervalStatistics(1).rates(0.0)


@pytest.mark.parametrize("dt", [1e-4, 1e-3, 1 / 3000])
@pytest.mark.parametrize("steps_per_bin", [1, 3, 7, 50])
def test_population_rate__each_bin_holds_its_steps(dt, steps_per_bin):
    # Times on the edges of bins, where floor(t / bin) goes astray in one case of ten.
    rng = np.random.default_rng(0)
    n_bins = 200
    steps = np.sort(rng.integers(1, n_bins * steps_per_bin + 1, 5000))
    bin_size = steps_per_bin * dt

    rate, edges = population_rate((steps * dt, steps % 10), 10, n_bins * bin_size, bin_size)

    expected = naive_counts(steps, n_bins, steps_per_bin) / (10 * bin_size)
    assert_allclose(rate, expected, rtol=1e-14)
    assert_allclose(edges, np.arange(n_bins) * bin_size)


@pytest.mark.parametrize("seed", RNG_SEEDS)
def test_population_rate__equals_histogram_away_from_edges(seed):
    rng = np.random.default_rng(seed)
    times, ids = rng.random(5000) * 3.0, rng.integers(0, 40, 5000)  # in any order

    rate, edges = population_rate(iter(pieces(times, ids, seed)), 40, 1.25, 0.05, t_start=0.5)

    counts, bins = np.histogram(times, bins=25, range=(0.5, 1.75))
    assert_allclose(rate, counts / (40 * 0.05))
    assert_allclose(edges, bins[:-1])


def test_population_rate__holds_both_ends():
    rate, _ = population_rate((np.array([0.0, 1.0]), np.array([0, 0])), 1, 1.0, 0.1)

    assert_allclose(rate, [10] + [0] * 8 + [10])


def test_population_rate__narrower_last_bin_has_its_true_rate():
    times = np.arange(1, 101) * 0.01  # 100 Hz

    rate, edges = population_rate((times, np.zeros(100, int)), 1, 1.0, 0.3)

    assert_allclose(rate, [100, 100, 100, 100])
    assert_allclose(edges, [0, 0.3, 0.6, 0.9])


@pytest.mark.parametrize("duration", [0.3, 0.7, 1.1, 12.3, 1e5 + 0.1])
def test_population_rate__rounding_makes_no_extra_bin(duration):
    _, edges = population_rate([], 1, duration, 0.1)

    assert edges.size == round(duration / 0.1)


@pytest.mark.parametrize(("options", "message"), [
    ({"n_neurons": 0}, "n_neurons must be at least 1"),
    ({"duration": 0.0}, "duration must be above 0"),
    ({"duration": np.inf}, "duration must be finite"),
    ({"bin_size": 0.0}, "bin_size must be above 0"),
    ({"bin_size": 2.0}, "bin_size must be at most 1"),
    ({"n_neurons": 3}, "ids must lie in 0 ... 2"),
])
def test_population_rate__refuses(options, message):
    arguments = {"n_neurons": 4, "duration": 1.0, "bin_size": 0.1} | options

    with pytest.raises(ValueError, match=message):
        population_rate((np.array([0.5]), np.array([3])), **arguments)
