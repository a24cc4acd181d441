"""Times of events to rasters."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from eventsnn.datasets import bin_events, bin_times


def naive(events, n_units, us_per_step, n_steps, counts):
    """Of events at whole microseconds, by whole numbers."""
    out = np.zeros((n_steps, len(events), n_units), np.float32)
    for b, item in enumerate(events):
        for us, unit in item:
            step = us // us_per_step
            if step < n_steps:
                out[step, b, unit] = out[step, b, unit] + 1 if counts else 1
    return out


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 4)), max_size=12),
                min_size=1, max_size=3),
       st.sampled_from([100, 250, 700, 1000, 3000]), st.integers(1, 12), st.booleans())
def test_bin_events__equals_naive(events, us_per_step, n_steps, counts):
    dt = us_per_step * 1e-6
    columns = [(np.array([us * 1e-6 for us, _ in item]), np.array([u for _, u in item], int))
               for item in events]

    got = bin_events(columns, 5, dt=dt, duration=n_steps * dt, counts=counts)

    assert got.dtype == np.float32
    assert_array_equal(got, naive(events, 5, us_per_step, n_steps, counts))


def test_bin_events__time_on_an_edge_is_in_the_later_step():
    for us in range(1, 5000):  # us * 1e-6 is at times below the edge by rounding
        step = bin_events([([us * 1e-6], [0])], 1, dt=1e-6, duration=5e-3)[:, 0, 0].argmax()
        assert step == us
        if us % 500 == 0:
            assert bin_events([([us * 1e-6], [0])], 1, dt=5e-4,
                              duration=5e-3)[:, 0, 0].argmax(0) == us // 500 % 10


def test_bin_times__equals_exact_arithmetic():
    rng = np.random.default_rng(0)
    times = rng.random((4, 50)) * 0.12

    got = bin_times(times, dt=1e-3, duration=0.1)

    assert got.shape == (100, 4, 50)
    for b in range(4):
        for k in range(50):
            step = int(Fraction(times[b, k]) / Fraction("0.001"))
            assert_array_equal(np.flatnonzero(got[:, b, k]), [step] if step < 100 else [])


def test_bin_times__infinity_is_no_spike_and_a_batch_may_be_empty():
    assert bin_times([[np.inf, 1e300]], dt=1e-3, duration=0.01).sum() == 0
    assert bin_times(np.empty((0, 3)), dt=1e-3, duration=0.01).shape == (10, 0, 3)
    assert bin_times(np.empty((2, 0)), dt=1e-3, duration=0.01).shape == (10, 2, 0)
    assert bin_events([], 3, dt=1e-3, duration=0.01).shape == (10, 0, 3)
    assert bin_events([([], [])], 3, dt=1e-3, duration=0.01).sum() == 0


@pytest.mark.parametrize("times, options, error, words", [
    ([0.1], {}, ValueError, r"times must have shape \(B, n\), got \(1,\)"),
    ([[-0.1]], {}, ValueError, "times must be at least 0, got -0.1 in 1 places"),
    ([[np.nan]], {}, ValueError, "times must be at least 0, got nan"),
    ([["a"]], {}, TypeError, "times must hold real numbers"),
    ([[0.1]], {"dt": 0}, ValueError, "dt must be above 0"),
    ([[0.1]], {"dt": 0.3}, ValueError, "duration must be a multiple of dt = 0.3 s"),
    ([[0.1]], {"duration": 0.0}, ValueError, "at least 1 of it, got 0 s"),
    ([[0.1]], {"duration": np.inf}, ValueError, "duration must be finite"),
    ([[0.1]], {"duration": 1e300}, ValueError, "duration must be at most"),
    (np.zeros((10, 9)), {"dt": 1e-6, "duration": 1400.0}, ValueError,
     "events must be at most 0 items.*did you pass milliseconds"),
])
def test_bin_times__refuses(times, options, error, words):
    with pytest.raises(error, match=words):
        bin_times(times, **{"dt": 0.1, "duration": 1.0, **options})


@pytest.mark.parametrize("events, n_units, error, words", [
    ([([0.1], [0, 1])], 2, ValueError, r"events\[0\] must be two arrays of the same length"),
    ([([], []), ([0.1], [2])], 2, ValueError, r"events\[1\]\[1\] must be units from 0 to 1, got 2"),
    ([([0.1], [-1])], 2, ValueError, "units from 0 to 1, got -1"),
    ([([-0.1], [1])], 2, ValueError, "times of at least 0, got -0.1"),
    ([([np.nan], [1])], 2, ValueError, "times of at least 0, got nan"),
    ([([0.1], [0.5])], 2, TypeError, "must be whole numbers"),
    ([([0.1], [0])], 0, ValueError, "n_units must be at least 1"),
])
def test_bin_events__refuses(events, n_units, error, words):
    with pytest.raises(error, match=words):
        bin_events(events, n_units, dt=0.1, duration=1.0)


def test_bin_events__refuses_counts_that_are_no_flag():
    with pytest.raises(TypeError, match="counts must be True or False"):
        bin_events([], 1, dt=0.1, duration=1.0, counts="yes")
