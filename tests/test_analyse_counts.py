"""Counts, intervals and rates of each neuron against slow and obvious ones."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn import analyse
from eventsnn.analyse import smooth
from tests.analysis_trains import pieces, spikes, trains_of

N = 12
IDS = [7, 0, 11, 3, 9, 10]  # with trains of 0, 1 and 2 spikes
SEEDS = range(4)
WINDOW = {"t_start": 0.25, "t_stop": 1.75}

# Every analysis that takes pieces, as a function of the spikes and of options.
STREAMED = {
    "spike_counts": lambda s, **o: analyse.spike_counts(s, N, **WINDOW, **o),
    "firing_rates": lambda s, **o: analyse.firing_rates(s, N, **WINDOW, **o),
    "binned_counts": lambda s, **o: analyse.binned_counts(s, N, 0.1, **WINDOW, **o),
    "cv": lambda s, **o: analyse.cv(s, N, **WINDOW, **o),
    "cv2": lambda s, **o: analyse.cv2(s, N, **WINDOW, **o),
    "lv": lambda s, **o: analyse.lv(s, N, **WINDOW, **o),
    "lvr": lambda s, **o: analyse.lvr(s, N, refractoriness=0.002, **WINDOW, **o),
    "interval_histogram": lambda s, **o: analyse.interval_histogram(
        s, N, np.geomspace(1e-4, 1, 20), **WINDOW, **o),
    "fano_factor": lambda s, **o: analyse.fano_factor(s, N, 0.1, **WINDOW, **o),
    "psth": lambda s, **o: analyse.psth(s, N, [0.5, 0.6, 1.2], 0.1, 0.2, 0.02, **o)[0],
    "smooth_rate": lambda s, **o: analyse.smooth_rate(
        s, N, analyse.Gaussian(0.01), 0.01, **WINDOW, **o)[0],
}

every_streamed = pytest.mark.parametrize("name", STREAMED)


@every_streamed
def test_streamed__do_not_depend_on_the_pieces(name):
    times, ids = spikes(0)
    whole = STREAMED[name]((times, ids))

    assert_array_equal(STREAMED[name](iter(pieces(times, ids))), whole)
    assert_array_equal(STREAMED[name]([(times.tolist(), ids.tolist())]), whole)


@every_streamed
def test_streamed__rows_follow_ids(name):
    s = spikes(1)

    assert_array_equal(STREAMED[name](s, ids=IDS), STREAMED[name](s)[IDS])
    assert len(STREAMED[name](s, ids=[])) == 0


@every_streamed
def test_streamed__take_no_spikes(name):
    assert len(STREAMED[name]([])) == N
    assert_array_equal(STREAMED[name]([]), STREAMED[name]((np.array([]), np.array([], int))))


@every_streamed
@pytest.mark.parametrize(("ids", "error", "message"), [
    ([0, 12], ValueError, "ids must lie in 0 ... 11, got 12"),
    ([0, 3, 0], ValueError, "ids must name each neuron once"),
    ([0.5], TypeError, "ids must be whole numbers"),
    ([[1]], ValueError, "ids must have shape"),
])
def test_streamed__refuse_ids(name, ids, error, message):
    with pytest.raises(error, match=message):
        STREAMED[name](spikes(0), ids=ids)


@pytest.mark.parametrize("name", ["cv", "interval_histogram", "fano_factor"])
def test_streamed__refuse_pieces_out_of_order(name):
    parts = pieces(*spikes(0))

    with pytest.raises(ValueError, match="times must be sorted"):
        STREAMED[name](parts[::-1])


@pytest.mark.parametrize("seed", SEEDS)
def test_counts__equal_naive(seed):
    s = spikes(seed)
    trains = trains_of(*s, IDS, **WINDOW)

    counts = analyse.spike_counts(s, N, ids=IDS, **WINDOW)

    assert_array_equal(counts, [train.size for train in trains])
    assert_array_equal(analyse.firing_rates(s, N, ids=IDS, **WINDOW), counts / 1.5)
    binned = analyse.binned_counts(s, N, 0.1, ids=IDS, **WINDOW)
    assert_array_equal(binned, [np.histogram(t, 15, (0.25, 1.75))[0] for t in trains])


def test_counts__window_holds_both_ends():
    s = [0.0, 0.5, 1.0, 1.5], [0, 0, 0, 0]

    assert analyse.spike_counts(s, 1, t_start=0.5, t_stop=1.0) == [2]


@pytest.mark.parametrize(("t_stop", "n_bins"), [(0.3, 3), (0.7, 7), (0.75, 7), (1.1, 11)])
def test_binned_counts__are_of_whole_bins(t_stop, n_bins):
    counts = analyse.binned_counts(([t_stop], [0]), 1, 0.1, t_stop=t_stop)

    assert counts.shape == (1, n_bins)
    assert counts.sum() == (t_stop != 0.75)  # the last bin holds its right edge


def local(intervals, r):
    """CV2, LV and LvR by the letter of their papers."""
    pairs = list(zip(intervals[:-1], intervals[1:], strict=True))
    if not pairs:
        return math.nan, math.nan, math.nan
    cv2 = sum(2 * abs(b - a) / (a + b) for a, b in pairs) / len(pairs)
    lv = sum(3 * ((a - b) / (a + b)) ** 2 for a, b in pairs) / len(pairs)
    lvr = sum((1 - 4 * a * b / (a + b) ** 2) * (1 + 4 * r / (a + b)) for a, b in pairs)
    return cv2, lv, 3 * lvr / len(pairs)


@pytest.mark.parametrize("seed", SEEDS)
def test_variability__equals_naive(seed):
    s = spikes(seed)
    intervals = [np.diff(train) for train in trains_of(*s, IDS, **WINDOW)]
    cv2, lv, lvr = zip(*[local(i, 0.003) for i in intervals], strict=True)
    cv = [i.std() / i.mean() if i.size > 1 else np.nan for i in intervals]

    statistics = analyse.interval_statistics(s, N, ids=IDS, **WINDOW)

    assert_allclose(statistics.cv(), cv, rtol=1e-12)
    assert_allclose(statistics.cv2(), cv2, rtol=1e-12)
    assert_allclose(statistics.lv(), lv, rtol=1e-12)
    assert_allclose(statistics.lvr(0.003), lvr, rtol=1e-12)
    means = [i.mean() if i.size else np.nan for i in intervals]
    assert_allclose(statistics.mean_intervals(), means, rtol=1e-12)


def test_variability__few_spikes_and_spikes_at_one_time():
    # 0: none; 1: one; 2: two; 3: three, the last two at one time; 4: three at one time
    s = [0, 0, 0, 0, 1, 1, 1, 0, 0], [1, 2, 3, 4, 2, 3, 3, 4, 4]
    order = np.argsort(s[0], kind="stable")
    s = np.array(s[0])[order], np.array(s[1])[order]

    assert_array_equal(analyse.cv(s, 5), [np.nan] * 3 + [1, np.nan])
    assert_array_equal(analyse.cv2(s, 5), [np.nan] * 3 + [2, np.nan])
    assert_array_equal(analyse.lv(s, 5), [np.nan] * 3 + [3, np.nan])
    assert_array_equal(analyse.lvr(s, 5, refractoriness=0.25), [np.nan] * 3 + [6, np.nan])


def test_variability__of_a_poisson_process_is_one():
    times = np.cumsum(np.random.default_rng(0).exponential(0.1, 100_000))
    statistics = analyse.interval_statistics((times, np.zeros(times.size, int)), 1)

    for value in (statistics.cv(), statistics.cv2(), statistics.lv(), statistics.lvr(0.0)):
        assert abs(value - 1) < 5 / np.sqrt(times.size)


@pytest.mark.parametrize("seed", SEEDS)
def test_variability__of_other_units_of_time_is_the_same(seed):
    times, ids = spikes(seed)
    ours = analyse.interval_statistics((times, ids), N)
    later = analyse.interval_statistics((4 * times, ids), N)  # a power of 2 rounds nothing

    for name in ("cv", "cv2", "lv"):
        assert_array_equal(getattr(later, name)(), getattr(ours, name)())
    assert_allclose(later.lvr(0.02), ours.lvr(0.005), rtol=1e-13)


@pytest.mark.parametrize("edges", [np.linspace(0, 0.1, 30), np.geomspace(1e-5, 2, 17), [0.0, 1.0]])
def test_interval_histogram__equals_numpy(edges):
    s = spikes(2)

    counts = analyse.interval_histogram(s, N, edges, ids=IDS, **WINDOW)

    trains = trains_of(*s, IDS, **WINDOW)
    assert_array_equal(counts, [np.histogram(np.diff(t), edges)[0] for t in trains])


def test_interval_histogram__last_bin_holds_both_edges():
    s = [0.0, 0.0, 1.0, 3.0, 5.5], [0, 0, 0, 0, 0]

    assert_array_equal(analyse.interval_histogram(s, 1, [0, 1, 2]), [[1, 2]])


@pytest.mark.parametrize("edges", [[1.0], [], [1.0, 1.0], [2.0, 1.0], [[0, 1]], [0, np.nan]])
def test_interval_histogram__refuses_edges(edges):
    with pytest.raises(ValueError, match="edges must be two or more ascending times"):
        analyse.interval_histogram([], 1, edges)


@pytest.mark.parametrize("seed", SEEDS)
def test_fano_factor__equals_that_of_binned_counts(seed):
    s = spikes(seed)

    fano = analyse.fano_factor(s, N, 0.07, ids=IDS, **WINDOW)

    counts = analyse.binned_counts(s, N, 0.07, ids=IDS, **WINDOW)
    assert_allclose(fano, analyse.fano_factor_of_counts(counts, axis=1), rtol=1e-12)
    assert np.isnan(fano[2])


def test_fano_factor__of_a_clock_is_zero_and_of_one_window_is_zero():
    s = np.arange(1, 101) * 0.01, np.zeros(100, int)

    assert analyse.fano_factor(s, 1, 0.1, t_stop=1.0) == [0.0]
    assert analyse.fano_factor(s, 1, 1.0, t_stop=1.0) == [0.0]


@pytest.mark.parametrize("dt", [1e-3, 1 / 3000])
def test_psth__equals_naive_on_a_grid(dt):
    # Spikes and events on the grid of a simulation: every time lies on an edge or at a step.
    rng = np.random.default_rng(0)
    steps, ids = np.sort(rng.integers(1, 3000, 3000)), rng.integers(0, 4, 3000)
    events = np.array([2500, 100, 130, 2990, 7])
    expected = np.zeros((4, 20))
    for step, k in zip(steps, ids, strict=True):
        for event in events:
            if -20 <= step - event <= 80:
                expected[k, max(math.ceil((step - event + 20) / 5) - 1, 0)] += 1

    rate, edges = analyse.psth((steps * dt, ids), 4, events * dt, 20 * dt, 80 * dt, 5 * dt)

    assert_allclose(rate, expected / (5 * 5 * dt), rtol=1e-12)
    assert_allclose(edges, np.arange(-20, 80, 5) * dt, atol=1e-12)


@pytest.mark.parametrize(("change", "message"), [
    ({"events": []}, "events must be one or more times"),
    ({"events": [np.inf]}, "events must be finite"),
    ({"before": -0.1}, "before must be at least 0"),
    ({"after": 0.0, "before": 0.0}, "duration must be above 0"),
    ({"bin_size": 0.07}, "bin_size must divide before"),
    ({"bin_size": 0.0}, "bin_size must be above 0"),
])
def test_psth__refuses(change, message):
    arguments = {"events": [1.0], "before": 0.1, "after": 0.1, "bin_size": 0.1} | change

    with pytest.raises(ValueError, match=message):
        analyse.psth([], 1, **arguments)


def sigma(x, s):
    return math.exp(-x * x / (2 * s * s)) / (s * math.sqrt(2 * math.pi))


DENSITIES = [
    (analyse.Gaussian(0.02), lambda x: sigma(x, 0.02)),
    (analyse.Rectangular(0.06), lambda x: 1 / 0.06 if abs(x) < 0.03 else 0),
    (analyse.Triangular(0.1), lambda x: max(0, 1 - abs(x) / 0.05) / 0.05),
    (analyse.Epanechnikov(0.1), lambda x: max(0, 0.75 * (1 - (x / 0.05) ** 2)) / 0.05),
    (analyse.Exponential(0.02), lambda x: math.exp(-x / 0.02) / 0.02 if x >= 0 else 0),
    (analyse.Alpha(0.02), lambda x: x * math.exp(-x / 0.02) / 0.02**2 if x >= 0 else 0),
]


@pytest.mark.parametrize(("kernel", "density"), DENSITIES)
def test_smooth_rate__equals_naive(kernel, density):
    s = spikes(3, n=60)

    rate, times = analyse.smooth_rate(s, N, kernel, 0.01, t_start=0.2, t_stop=1.8, ids=IDS)

    expected = [[sum(density(t - u) for u in train) for t in times] for train in trains_of(*s, IDS)]
    assert times.size == 161
    assert_allclose(rate, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", [kernel for kernel, _ in DENSITIES])
def test_smooth_rate__integrates_to_the_number_of_spikes(kernel):
    rate, _ = analyse.smooth_rate(([1.0, 1.00005, 1.1], [0] * 3), 1, kernel, 1e-4, t_stop=3.0)

    assert_allclose(rate.sum() * 1e-4, 3, rtol=3e-3)


def test_smooth_rate__refuses():
    with pytest.raises(TypeError, match="kernel must be one of Gaussian, "):
        analyse.smooth_rate([], 1, "gaussian", 0.1, t_stop=1.0)
    with pytest.raises(ValueError, match="sigma must be above 0"):
        analyse.smooth_rate([], 1, analyse.Gaussian(0.0), 0.1, t_stop=1.0)
    with pytest.raises(ValueError, match="dt must be above 0"):
        analyse.smooth_rate([], 1, analyse.Alpha(1.0), 0.0, t_stop=1.0)
    assert {k.__name__ for k in smooth.KERNELS} < set(analyse.__all__)


def test_population_rate__of_some_neurons():
    s = spikes(0)

    rate, _ = analyse.population_rate(s, N, 2.0, 0.1, ids=IDS)

    kept = np.isin(s[1], IDS)
    expected, _ = analyse.population_rate((s[0][kept], s[1][kept]), N, 2.0, 0.1)
    assert_allclose(rate, expected * N / len(IDS), rtol=1e-14)
    with pytest.raises(ValueError, match="ids must name a neuron, got none"):
        analyse.population_rate(s, N, 2.0, 0.1, ids=[])


@pytest.mark.parametrize("start", [0, 10_000_000, 864_000_000])  # steps; the last is a day
def test_smooth_rate__on_a_grid_sees_spikes_at_the_times_it_is_computed_at(start):
    # These kernels jump there: rounding must not take a spike for a later one.
    grid = start + np.arange(0, 1001, 5)
    window = {"t_start": start * 1e-4, "t_stop": (start + 1000) * 1e-4}

    for kernel, peak in ((analyse.Exponential(1e-5), 1e5), (analyse.Rectangular(2e-4), 1 / 2e-4)):
        rate, times = analyse.smooth_rate((grid * 1e-4, np.zeros(201, int)), 1, kernel, 5e-4,
                                          **window)
        assert times.size == 201
        assert_allclose(rate[0], peak, rtol=1e-5)
