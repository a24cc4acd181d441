"""Correlations, correlograms, spectra, synchrony and bursts against slow and obvious ones."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn import analyse
from tests.analysis_trains import pieces, spikes, trains_of

N = 12
IDS = [7, 0, 11, 3, 9, 10]  # with trains of 0, 1 and 2 spikes
WINDOW = {"t_start": 0.25, "t_stop": 1.75}
SEEDS = range(3)

STREAMED = {
    "count_correlation": lambda s, **o: analyse.count_correlation(s, N, 0.05, **WINDOW, **o),
    "count_covariance": lambda s, **o: analyse.count_covariance(s, N, 0.05, **WINDOW, **o),
    "correlograms": lambda s, **o: analyse.correlograms(s, N, 0.003, 0.03, **WINDOW, **o)[0],
    "spike_time_tiling": lambda s, **o: analyse.spike_time_tiling(
        analyse.spike_trains(s, N, **WINDOW, **o)),
}


@pytest.mark.parametrize("name", STREAMED)
def test_matrices__do_not_depend_on_the_pieces_and_follow_ids(name):
    times, ids = spikes(0)
    whole = STREAMED[name]((times, ids))

    assert_array_equal(STREAMED[name](iter(pieces(times, ids))), whole)
    assert_array_equal(STREAMED[name]((times, ids), ids=IDS), whole[np.ix_(IDS, IDS)])
    assert STREAMED[name]([]).shape[:2] == (N, N)


@pytest.mark.parametrize("seed", SEEDS)
def test_count_correlation__equals_numpy(seed):
    s = spikes(seed)
    counts = analyse.binned_counts(s, N, 0.05, **WINDOW)

    correlation = analyse.count_correlation(s, N, 0.05, **WINDOW)

    kept = np.flatnonzero(counts.sum(axis=1))
    expected = np.corrcoef(counts[kept])
    assert_allclose(correlation[np.ix_(kept, kept)], expected, atol=1e-13)
    silent = np.setdiff1d(np.arange(N), kept)
    assert silent.size and np.isnan(correlation[silent]).all()
    assert_allclose(analyse.count_covariance(s, N, 0.05, **WINDOW), np.cov(counts, bias=True),
                    atol=1e-13)


def naive_correlograms(trains, bin_size, m):
    out = np.zeros((len(trains), len(trains), 2 * m + 1), int)
    for a, train_a in enumerate(trains):
        for b, train_b in enumerate(trains):
            for i, u in enumerate(train_a):
                for j, v in enumerate(train_b):
                    x = round((v - u) / bin_size, 9)
                    bin_ = int(math.copysign(max(math.ceil(abs(x) - 0.5), 0), x))
                    if not (a == b and i == j) and abs(bin_) <= m:
                        out[a, b, m + bin_] += 1
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_correlograms__equal_naive(seed):
    s = spikes(seed, n=300)

    counts, lags = analyse.correlograms(s, N, 0.01, 0.05)

    assert_array_equal(counts, naive_correlograms(trains_of(*s, range(N)), 0.01, 5))
    assert_allclose(lags, np.arange(-5, 6) * 0.01)
    assert_array_equal(counts, counts.transpose(1, 0, 2)[:, :, ::-1])


@pytest.mark.parametrize("steps", [1, 2, 5, 6])
def test_correlograms__on_a_grid_are_not_led_astray_by_rounding(steps):
    # Lags between two bins (an even number of steps a bin) go to the one nearer to 0.
    rng = np.random.default_rng(0)
    grid, ids = np.sort(rng.integers(1, 3000, 300)), rng.integers(0, 3, 300)
    dt, m = 1 / 3000, 4
    trains = [grid[ids == k].astype(float) for k in range(3)]

    counts, _ = analyse.correlograms(pieces(grid * dt, ids), 3, steps * dt, m * steps * dt)

    assert_array_equal(counts, naive_correlograms(trains, steps, m))
    pairs = [(a, b) for a in range(3) for b in range(3)]
    counts, _ = analyse.correlograms(pieces(grid * dt, ids), 3, steps * dt, m * steps * dt,
                                     pairs=pairs)
    assert_array_equal(counts.reshape(3, 3, -1), naive_correlograms(trains, steps, m))


def test_correlograms__of_few_pairs_of_many_neurons_take_little_memory():
    n = 3_000_000  # a table of all pairs would take 72 TB
    s = np.array([0.1, 0.2, 0.25]), np.array([5, n - 1, 77])

    counts, _ = analyse.correlograms(s, n, 0.1, 0.2, pairs=[(5, n - 1), (n - 1, 5), (77, 78)])

    assert_array_equal(counts, [[0, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0] * 5])


def test_correlograms__of_pairs_are_those_of_all():
    s = spikes(0)
    pairs = [(3, 0), (0, 3), (5, 5), (1, 4)]
    everything, _ = analyse.correlograms(s, N, 0.003, 0.03, ids=IDS)

    counts, _ = analyse.correlograms(s, N, 0.003, 0.03, ids=IDS, pairs=pairs)

    assert_array_equal(counts, [everything[pair] for pair in pairs])


@pytest.mark.parametrize(("options", "message"), [
    ({"bin_size": 0.0}, "bin_size must be above 0"),
    ({"max_lag": -1.0}, "max_lag must be at least 0"),
    ({"pairs": [[0, 2]]}, r"pairs must lie in 0 ... 1, got 0 ... 2"),
    ({"pairs": [[0, 1], [0, 1]]}, "pairs must name each pair once"),
    ({"pairs": [0, 1]}, "pairs must have shape"),
])
def test_correlograms__refuse(options, message):
    with pytest.raises(ValueError, match=message):
        analyse.correlograms([], 2, **({"bin_size": 0.1, "max_lag": 1.0} | options))


def naive_tiling(a, b, dt, t_start, t_stop):
    if not a.size or not b.size:
        return np.nan

    def tiled(train):
        edges = np.sort(np.clip(np.concatenate([train - dt, train + dt]), t_start, t_stop))
        middle = (edges[1:] + edges[:-1]) / 2
        covered = (np.abs(middle[:, None] - train).min(axis=1) <= dt)
        return (np.diff(edges) * covered).sum() / (t_stop - t_start)

    def term(p, t):
        return 1 if p * t == 1 else (p - t) / (1 - p * t)

    near = np.abs(a[:, None] - b) <= dt
    return (term(near.any(axis=1).mean(), tiled(b)) + term(near.any(axis=0).mean(), tiled(a))) / 2


@pytest.mark.parametrize("dt", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_spike_time_tiling__equals_naive(seed, dt):
    s = spikes(seed, n=400)
    trains = trains_of(*s, range(N))

    tiling = analyse.spike_time_tiling(trains, dt, t_start=0.0, t_stop=2.0)

    expected = [[naive_tiling(a, b, dt, 0.0, 2.0) for a in trains] for b in trains]
    assert_allclose(tiling, expected, rtol=1e-12, atol=1e-12)
    assert_array_equal(tiling, tiling.T)
    assert_array_equal(tiling.diagonal()[:-1], 1)  # the last train is empty


def test_synchrony__equals_naive_and_does_not_depend_on_the_pieces():
    s = spikes(0)
    counts = analyse.binned_counts(s, N, 0.05, **WINDOW)

    chi = analyse.synchrony(s, N, 0.05, **WINDOW)

    assert_allclose(chi, np.sqrt(counts.mean(axis=0).var() / counts.var(axis=1).mean()), rtol=1e-12)
    assert analyse.synchrony(iter(pieces(*s)), N, 0.05, **WINDOW) == chi


def test_synchrony__of_equal_trains_is_one_and_of_none_is_nan():
    times = np.repeat(np.sort(np.random.default_rng(0).random(100)), 3)
    s = times, np.tile(np.arange(3), 100)

    assert_allclose(analyse.synchrony(s, 3, 0.01, t_stop=1.0), 1, rtol=1e-12)
    assert np.isnan(analyse.synchrony([], 3, 0.01, t_stop=1.0))


def test_power_spectrum__equals_naive_fourier_sum():
    s = spikes(1, n=300)
    counts = analyse.binned_counts(s, N, 0.05, t_stop=2.0, ids=IDS)
    expected = np.zeros((len(IDS), 11))
    for k in range(11):
        for half in (counts[:, :20], counts[:, 10:30], counts[:, 20:]):
            wave = np.exp(-2j * np.pi * k * np.arange(20) / 20)
            expected[:, k] += np.abs((half - half.mean(1, keepdims=True)) @ wave) ** 2 / 3

    power, frequencies = analyse.power_spectrum(s, N, 0.05, 1.0, t_stop=2.0, ids=IDS,
                                                window="boxcar")

    assert_allclose(power, expected, rtol=1e-11, atol=1e-12)
    assert_allclose(frequencies, np.arange(11))


def test_power_spectrum__of_a_poisson_process_is_its_rate():
    rng = np.random.default_rng(0)
    s = np.sort(rng.random(50_000) * 500), np.zeros(50_000, int)

    power, _ = analyse.power_spectrum(s, 1, 1e-3, 0.5, t_stop=500.0)

    assert abs(power[0, 2:-1].mean() - 100) < 3


def test_power_spectrum__refuses_segments():
    with pytest.raises(ValueError, match="segment must be 2 ... 10 bins, got 11 bins"):
        analyse.power_spectrum([], 1, 0.1, 1.1, t_stop=1.0)


def naive_bursts(train, begin, end, apart, duration, least):
    """The manual's steps, each over lists."""
    found, current = [], []
    for u, v in zip(train[:-1], train[1:], strict=True):
        if current and v - u <= end:
            current.append(v)
        else:
            found.append(current)
            current = [u, v] if v - u <= begin else []
    found = [burst for burst in [*found, current] if burst]
    joined = []
    for burst in found:
        if joined and burst[0] - joined[-1][-1] < apart:
            joined[-1] = [t for t in train if joined[-1][0] <= t <= burst[-1]]
        else:
            joined.append(burst)
    return [(b[0], b[-1], len(b)) for b in joined if b[-1] - b[0] >= duration and len(b) >= least]


@pytest.mark.parametrize("options", [
    {}, {"begin": 0.005, "end": 0.005}, {"begin": 0.004, "end": 0.01, "apart": 0.02},
    {"begin": 0.008, "end": 0.012, "apart": 0.0, "duration": 0.03, "least": 5},
])
@pytest.mark.parametrize("seed", SEEDS)
def test_bursts__equal_naive(seed, options):
    s = spikes(seed, n=1000)
    all_options = {"begin": 0.17, "end": 0.3, "apart": 0.2, "duration": 0.01, "least": 3} | options

    found = analyse.bursts(analyse.spike_trains(s, N, t_stop=2.0), **options)

    expected = [(k, *burst) for k, train in enumerate(trains_of(*s, range(N)))
                for burst in naive_bursts(train, **all_options)]
    assert expected
    assert_array_equal(np.column_stack(found), expected)


@pytest.mark.parametrize("dt", [1e-4, 1 / 3000])
def test_tiling_and_bursts__on_a_grid_are_not_led_astray_by_rounding(dt):
    # Distances of just so many steps are at most so long, wherever they begin.
    rng = np.random.default_rng(0)
    grid = [np.sort(rng.choice(2000, 200, replace=False)) for _ in range(4)]
    trains, later = [[(g + shift) * dt for g in grid] for shift in (0, 70_000)]
    in_steps = [g.astype(float) for g in grid]
    options = {"begin": 3, "end": 7, "apart": 11, "duration": 9, "least": 3}
    scaled = options | {name: options[name] * dt for name in ("begin", "end", "apart", "duration")}

    tiling = analyse.spike_time_tiling(in_steps, 3.0, t_start=0.0, t_stop=2000.0)
    found = analyse.bursts(in_steps, **options)

    assert found.train.size > 20
    for times, start in ((trains, 0), (later, 70_000)):
        window = {"t_start": start * dt, "t_stop": (start + 2000) * dt}
        assert_allclose(analyse.spike_time_tiling(times, 3 * dt, **window), tiling, atol=1e-9)
        again = analyse.bursts(times, **scaled)
        assert_array_equal(again.train, found.train)
        assert_array_equal(again.spikes, found.spikes)
        assert_allclose(again.start / dt - start, found.start, atol=1e-6)


def test_trains__refuse():
    with pytest.raises(ValueError, match="trains must be sorted, got 1 before 0 s"):
        analyse.bursts([[1.0, 0.0]])
    with pytest.raises(TypeError, match="trains must be Trains or a list"):
        analyse.bursts(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="ids must lie in 0 ... 1, got 2"):
        analyse.bursts([[0.0], [1.0]], ids=[0, 2])
    with pytest.raises(ValueError, match="t_stop must be above 0"):
        analyse.spike_time_tiling([[], []])
