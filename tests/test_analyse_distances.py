"""Distances of spike trains against slow and obvious ones, and what makes them distances."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn import analyse
from tests.analysis_trains import pieces, spikes

WINDOW = {"t_start": 0.0, "t_stop": 2.0}
MEASURES = {
    "victor_purpura": lambda t: analyse.victor_purpura_distance(t, 30.0),
    "victor_purpura_0": lambda t: analyse.victor_purpura_distance(t, 0.0),
    "victor_purpura_inf": lambda t: analyse.victor_purpura_distance(t, math.inf),
    "van_rossum": lambda t: analyse.van_rossum_distance(t, 0.02),
    "isi": lambda t: analyse.isi_distance(t, **WINDOW),
    "spike": lambda t: analyse.spike_distance(t, **WINDOW),
    "synchronization": lambda t: 1 - analyse.spike_synchronization(t, **WINDOW),
}
SEEDS = range(4)

every_measure = pytest.mark.parametrize("name", MEASURES)


def some_trains(seed, sizes=(25, 30, 7, 3, 2, 1, 0, 0)):
    """Off any grid; the third has spikes of the first and both ends."""
    rng = np.random.default_rng(seed)
    trains = [np.sort(rng.random(size) * 2) for size in sizes]
    trains[2] = np.sort([0.0, 2.0, *trains[2], *trains[0][:5]])
    return trains


@every_measure
@pytest.mark.parametrize("seed", SEEDS)
def test_measures__are_symmetric_and_zero_for_equal_trains(name, seed):
    trains = some_trains(seed)
    distance = MEASURES[name]([*trains, *trains])
    n = len(trains)

    assert_array_equal(distance, distance.T)
    for block in (distance[:n, n:], distance[n:, n:]):
        assert_array_equal(block, distance[:n, :n])
    assert_array_equal(distance.diagonal(n), 0)
    assert (distance >= 0).all()
    if name in ("isi", "spike", "synchronization"):
        assert (distance <= 1).all()


@every_measure
def test_measures__do_not_depend_on_the_origin_of_time(name):
    trains = [np.round(t, 6) for t in some_trains(0)]  # no new coincidences by rounding
    window = {"t_start": 64.0, "t_stop": 66.0}
    later = [t + 64 for t in trains]
    shifted = {
        "isi": lambda: analyse.isi_distance(later, **window),
        "spike": lambda: analyse.spike_distance(later, **window),
        "synchronization": lambda: 1 - analyse.spike_synchronization(later, **window),
    }.get(name, lambda: MEASURES[name](later))()

    assert_allclose(shifted, MEASURES[name](trains), atol=1e-10)


@every_measure
def test_measures__follow_ids_and_do_not_depend_on_the_pieces(name):
    times, ids = spikes(0, n=300)
    order = [7, 0, 11, 3, 9, 10]
    whole = MEASURES[name](analyse.spike_trains((times, ids), 12, t_stop=2.0))

    trains = analyse.spike_trains(iter(pieces(times, ids)), 12, t_stop=2.0, ids=order)

    assert_array_equal(MEASURES[name](trains), whole[np.ix_(order, order)])
    assert MEASURES[name]([[0.5]]).shape == (1, 1)
    assert MEASURES[name]([]).shape == (0, 0)


@pytest.mark.parametrize("name", ["victor_purpura", "victor_purpura_inf", "van_rossum", "isi"])
def test_metrics__keep_the_triangle_inequality(name):
    d = MEASURES[name](some_trains(1))

    assert (d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-12).all()


def naive_victor_purpura(x, y, cost):
    table = np.zeros((x.size + 1, y.size + 1))
    table[:, 0], table[0] = np.arange(x.size + 1), np.arange(y.size + 1)
    for i in range(x.size):
        for j in range(y.size):
            apart = abs(x[i] - y[j])
            moved = table[i, j] + (cost * apart if apart else 0.0)
            table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, moved)
    return table[-1, -1]


@pytest.mark.parametrize("cost", [0.0, 0.3, 5.0, 100.0, 1e4, math.inf])
@pytest.mark.parametrize("seed", SEEDS)
def test_victor_purpura__equals_the_full_table(seed, cost):
    trains = some_trains(seed)

    distance = analyse.victor_purpura_distance(trains, cost)

    expected = [[naive_victor_purpura(a, b, cost) for a in trains] for b in trains]
    assert_allclose(distance, expected, rtol=1e-12, atol=1e-12)


def naive_van_rossum(x, y, tau):
    def overlap(a, b):
        return np.exp(-np.abs(np.subtract.outer(a, b)) / tau).sum()

    return math.sqrt(max(overlap(x, x) + overlap(y, y) - 2 * overlap(x, y), 0))


@pytest.mark.parametrize("tau", [0.001, 0.02, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_van_rossum__equals_the_double_sum(seed, tau):
    trains = some_trains(seed)

    distance = analyse.van_rossum_distance(trains, tau)

    expected = np.array([[naive_van_rossum(a, b, tau) for a in trains] for b in trains])
    assert_allclose(distance**2, expected**2, rtol=1e-12, atol=1e-11)


def test_van_rossum__keeps_digits_of_nearly_equal_trains():
    # One spike moved by d: D^2 = 2 (1 - exp(-d / tau)); differences of sums would leave 1e-8.
    train = np.arange(1, 1001) * 0.001
    moved = train.copy()
    moved[-1] += 2.0**-40

    distance = analyse.van_rossum_distance([train, moved], 0.5)[0, 1]

    assert_allclose(distance, math.sqrt(-2 * math.expm1(-(moved[-1] - train[-1]) / 0.5)), rtol=1e-9)


def naive_profile(trains, time, t_start, t_stop):
    """ISI- and SPIKE-dissimilarity of two trains at one time, from their definitions."""
    filled = [t if t.size else np.array([t_start, t_stop]) for t in trains]
    beyond = []
    for t in filled:
        first, last = (t[1] - t[0], t[-1] - t[-2]) if t.size > 1 else (0, 0)
        beyond.append([min(t_start, t[0] - first), *t, max(t_stop, t[-1] + last)])
    intervals, nearness = [], []
    for t, mine, other in zip(filled, beyond, beyond[::-1], strict=True):
        k = sum(u < time for u in t)  # the spike that follows
        before, after = mine[k], mine[k + 1]
        gap = [min(abs(u - v) for v in other) for u in t]
        gap = [gap[0], *gap, gap[-1]]
        intervals.append(after - before)
        nearness.append((gap[k] * (after - time) + gap[k + 1] * (time - before)) / (after - before))
    (i_x, i_y), (s_x, s_y) = intervals, nearness
    return abs(i_x - i_y) / max(i_x, i_y), (s_x * i_y + s_y * i_x) / ((i_x + i_y) ** 2 / 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_isi_and_spike_distance__equal_the_mean_of_the_profile(seed):
    trains = some_trains(seed, sizes=(9, 5, 4, 3, 2, 1, 0))
    isi, spike = analyse.isi_distance(trains, **WINDOW), analyse.spike_distance(trains, **WINDOW)

    for a, x in enumerate(trains):
        for b, y in enumerate(trains[:a]):
            edges = np.unique([0.0, 2.0, *x, *y])
            # constant and linear between spikes: the value in the middle is the mean
            values = [naive_profile([x, y], t, 0.0, 2.0) for t in (edges[1:] + edges[:-1]) / 2]
            expected = np.diff(edges) @ np.array(values) / 2
            assert_allclose([isi[a, b], spike[a, b]], expected, rtol=1e-12, atol=1e-12)


def naive_synchronization(x, y, longest):
    def shortest(t, k):
        return min([*np.diff(t)[max(k - 1, 0):k + 1], longest])

    both = sum(u == v or abs(u - v) < min(shortest(x, i), shortest(y, j)) / 2
               for i, u in enumerate(x) for j, v in enumerate(y))
    return 2 * both / (x.size + y.size) if x.size + y.size else 1


@pytest.mark.parametrize("seed", SEEDS)
def test_spike_synchronization__equals_naive(seed):
    trains = some_trains(seed)

    expected = [[naive_synchronization(a, b, 2.0) for a in trains] for b in trains]

    assert_allclose(analyse.spike_synchronization(trains, **WINDOW), expected, rtol=1e-14)


def test_distances__refuse():
    with pytest.raises(ValueError, match="cost must be at least 0"):
        analyse.victor_purpura_distance([[1.0]], -1.0)
    with pytest.raises(ValueError, match="cost must be finite, got nan"):
        analyse.victor_purpura_distance([[1.0]], math.nan)
    with pytest.raises(ValueError, match="tau must be above 0"):
        analyse.van_rossum_distance([[1.0]], 0.0)
    for measure in (analyse.isi_distance, analyse.spike_distance, analyse.spike_synchronization):
        with pytest.raises(ValueError, match="t_stop must be above 1"):
            measure([[1.0], [1.0]])
        with pytest.raises(ValueError, match="t_stop must be at least 2, got 1.5"):
            measure([[1.5], [0.5]], t_start=2.0)
