"""Times of spikes in s, and the windows that steps fall into."""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn.record import Recorder, Recording, Report, Sampling
from tests.recordings import unseal


@pytest.fixture(params=[10_000, 3000, 40_000, 1000])
def rate(request):
    """Steps a second."""
    return request.param


def record(path, rate, form):
    """A spike in each of 5,000 steps, in parts, in one file, or in one of another program."""
    with Recorder(path, {"exc": 1}, 1 / rate, part_spikes=1000,
                  merge_spikes=0 if form == "parts" else 10**9) as recorder:
        recorder.append("exc", np.arange(5000), np.zeros(5000, int))
    if form == "another's":
        unseal(path)
        with h5py.File(path, "r+") as file:
            del file["spikes/exc"].attrs["dt_ms"]
    return path


@pytest.mark.parametrize("form", ["parts", "file"])
def test_spikes__have_the_number_nearest_to_their_time(tmp_path, no_fsync, rate, form):
    with Recording(record(tmp_path / "run.h5", rate, form)) as recording:
        times, _ = recording.spikes("exc")

    assert_array_equal(times, np.arange(5000) / rate)


@pytest.mark.parametrize("form", ["parts", "file", "another's"])
def test_spikes__fall_on_the_same_side_of_a_bound_however_it_was_rounded(
        tmp_path, no_fsync, rate, form):
    with Recording(record(tmp_path / "run.h5", rate, form)) as recording:
        for step in range(0, 5000, 97):
            for bound in (step / rate, step * (1 / rate), step * (1e3 / rate) / 1e3):
                assert recording.spikes("exc", t_start=bound)[0].size == 5000 - step
                assert recording.spikes("exc", t_stop=bound)[0].size == step


def test_values__have_the_number_nearest_to_their_time(tmp_path, rate):
    v = Sampling("v", "exc", every=1 / rate)
    with Recorder(tmp_path / "run.h5", {"exc": 1}, 1 / rate, samplings=[v]) as recorder:
        for step in range(500):
            recorder.sample("exc", "v", step, [step])

    with Report(tmp_path / "run.v.h5") as report:
        assert_array_equal(report.times("exc"), np.arange(500) / rate)


def test_spikes__that_are_of_no_step_keep_their_times(tmp_path):
    with Recorder(tmp_path / "run.h5", {"exc": 1}, 1e-3) as recorder:
        recorder.append("exc", [1, 2, 3], [0, 0, 0])
    unseal(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        file["spikes/exc/timestamps"][:] = [0.5, 2.0, 2.01]

    with Recording(tmp_path / "run.h5") as recording:
        assert_array_equal(recording.spikes("exc")[0], [5e-4, 2e-3, 2.01 / 1e3])


@pytest.mark.parametrize("dt_ms", [5e-324, 1e-310, 1e-30, 1e300, np.inf, np.nan, 0.0])
def test_spikes__of_a_step_that_is_none_keep_their_times(tmp_path, dt_ms):
    with Recorder(tmp_path / "run.h5", {"exc": 1}, 1e-3) as recorder:
        recorder.append("exc", [1, 2], [0, 0])
    unseal(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        file["spikes/exc"].attrs["dt_ms"] = dt_ms
        file["spikes/exc/timestamps"][:] = [0.52, 2.03]

    with Recording(tmp_path / "run.h5") as recording:
        assert_allclose(recording.spikes("exc")[0], [5.2e-4, 2.03e-3], rtol=1e-15)


def test_recording__of_a_population_called_as_a_column_is(tmp_path):
    with Recorder(tmp_path / "run.h5", {"timestamps": 3, "node_ids": 2}, 1e-3) as recorder:
        recorder.append("timestamps", [1], [2])

    with Recording(tmp_path / "run.h5") as recording:
        assert recording.populations == ["node_ids", "timestamps"]
        assert_array_equal(recording.spikes("timestamps")[1], [2])
