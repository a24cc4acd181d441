"""What holds for all spikes, on those that Hypothesis finds: on a grid, with ties of all kinds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn import analyse

N = 4
STEPS = 60  # of the window
STEP = 2.0**-7  # s; sums of times are exact, so that ties stay ties
EDGES = np.arange(8) * 3 * STEP

some = settings(max_examples=60, deadline=None, derandomize=True, database=None)
steps = st.integers(0, STEPS)
spikes = st.lists(st.tuples(steps, st.integers(0, N - 1)), max_size=40).map(sorted)
trains = st.lists(st.lists(steps, max_size=8).map(sorted), min_size=2, max_size=4)
cuts = st.lists(st.integers(0, 40), max_size=6).map(sorted)

STREAMED = {
    "spike_counts": lambda s, t, **o: analyse.spike_counts(s, N, **o),
    "cv": lambda s, t, **o: analyse.cv(s, N, **o),
    "lvr": lambda s, t, **o: analyse.lvr(s, N, **o),
    "interval_histogram": lambda s, t, **o: analyse.interval_histogram(s, N, EDGES, **o),
    "binned_counts": lambda s, t, **o: analyse.binned_counts(s, N, 7 * STEP, **t, **o),
    "fano_factor": lambda s, t, **o: analyse.fano_factor(s, N, 7 * STEP, **t, **o),
    "count_correlation": lambda s, t, **o: analyse.count_correlation(s, N, 7 * STEP, **t, **o),
    "power_spectrum": lambda s, t, **o: analyse.power_spectrum(s, N, 2 * STEP, 14 * STEP, **t,
                                                               **o)[0],
    "correlograms": lambda s, t, **o: analyse.correlograms(s, N, 2 * STEP, 6 * STEP, **o)[0],
    "psth": lambda s, t, **o: analyse.psth(s, N, t["t_start"] + STEP * np.array([10, 13, 50]),
                                           4 * STEP, 8 * STEP, 3 * STEP, **o)[0],
    "smooth_rate": lambda s, t, **o: analyse.smooth_rate(s, N, analyse.Triangular(5 * STEP), STEP,
                                                         **t, **o)[0],
}
DISTANCES = {
    "victor_purpura": lambda t, w: analyse.victor_purpura_distance(t, 16.0),
    "van_rossum": lambda t, w: analyse.van_rossum_distance(t, 8 * STEP),
    "isi": lambda t, w: analyse.isi_distance(t, **w),
    "spike": lambda t, w: analyse.spike_distance(t, **w),
    "synchronization": lambda t, w: 1 - analyse.spike_synchronization(t, **w),
    "tiling": lambda t, w: 1 - analyse.spike_time_tiling(t, 2 * STEP, **w),
}


def window(shift=0):
    return {"t_start": shift * STEP, "t_stop": (STEPS + shift) * STEP}


def arrays(found, shift=0):
    steps, ids = (np.array(part, int) for part in zip(*found, strict=True)) if found else ([], [])
    return (np.array(steps) + shift) * STEP, np.array(ids, int)


def close(found, expected):
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@some
@given(spikes, cuts)
def test_analyses__do_not_depend_on_the_pieces(found, where):
    times, ids = arrays(found)
    parts = list(zip(np.split(times, where), np.split(ids, where), strict=True))

    for analysis in STREAMED.values():
        assert_array_equal(analysis(iter(parts), window()), analysis((times, ids), window()))


@some
@given(spikes, st.integers(-1000, 1000))
def test_analyses__do_not_depend_on_the_origin_of_time(found, shift):
    for analysis in STREAMED.values():
        close(analysis(arrays(found, shift), window(shift)), analysis(arrays(found), window()))


@some
@given(spikes, st.permutations(range(N)))
def test_analyses__follow_the_order_of_ids(found, order):
    s = arrays(found)

    for name, analysis in STREAMED.items():
        rows = np.ix_(order, order) if name in ("count_correlation", "correlograms") else order
        assert_array_equal(analysis(s, window(), ids=order), analysis(s, window())[rows])


@some
@given(spikes)
def test_correlograms__of_pairs_are_those_of_all(found):
    pairs = [(a, b) for b in range(N) for a in range(N)]
    counts, _ = analyse.correlograms(arrays(found), N, 2 * STEP, 6 * STEP)

    of_pairs, _ = analyse.correlograms(arrays(found), N, 2 * STEP, 6 * STEP, pairs=pairs)

    assert_array_equal(of_pairs, counts.transpose(1, 0, 2).reshape(of_pairs.shape))
    assert_array_equal(counts, counts.transpose(1, 0, 2)[:, :, ::-1])


@some
@given(spikes)
def test_count_covariance__equals_numpy(found):
    counts = analyse.binned_counts(arrays(found), N, 7 * STEP, **window())

    covariance = analyse.count_covariance(arrays(found), N, 7 * STEP, **window())

    close(covariance, np.cov(counts, bias=True))


@some
@given(trains, st.integers(-1000, 1000))
def test_distances__are_symmetric_zero_to_themselves_and_free_of_the_origin(found, shift):
    here = [np.array(train) * STEP for train in found]
    there = [(np.array(train) + shift) * STEP for train in found]

    for name, distance in DISTANCES.items():
        d = distance(here, window())
        assert_array_equal(d, d.T)
        known = d.diagonal()[~np.isnan(d.diagonal())]
        assert_array_equal(known, 0)
        assert name == "tiling" or known.size == len(here)
        twice = distance([*here, *here], window())
        close(twice.diagonal(len(here)), d.diagonal())
        close(distance(there, window(shift)), d)


@some
@given(trains)
def test_metrics__keep_the_triangle_inequality(found):
    found = [np.array(train) * STEP for train in found]

    for name in ("victor_purpura", "van_rossum", "isi"):
        d = DISTANCES[name](found, window())
        assert (d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-12).all()


@some
@given(trains)
def test_distances__have_the_limits_of_their_parameters(found):
    counts = np.array([len(train) for train in found])
    trains = [np.array(train) * STEP for train in found]

    difference = abs(counts[:, None] - counts)
    assert_array_equal(analyse.victor_purpura_distance(trains, 0.0), difference)
    assert_array_equal(analyse.van_rossum_distance(trains, np.inf), difference)
    sharp = analyse.victor_purpura_distance(trains, np.inf)
    close(analyse.victor_purpura_distance(trains, 2.0 / STEP), sharp)  # a step costs as both spikes
