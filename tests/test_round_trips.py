"""What goes into a file comes out of it, as a property: spikes in each format that holds them."""

import csv
import pathlib
import tempfile

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from eventsnn import interop
from eventsnn.record import Recorder, Recording, Report, Sampling

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]),
                min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))
DT = st.sampled_from([1e-4, 1e-3, 2.5e-5, 1 / 3000, 0.1])


@st.composite
def runs(draw):
    """Sizes of populations, and the steps and neurons of their spikes."""
    found = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        size = draw(st.integers(1, 5))
        spikes = draw(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, size - 1)),
                               max_size=12))
        steps, ids = np.array(sorted(spikes), np.int64).reshape(-1, 2).T
        found[name] = size, steps, ids
    return found


@pytest.fixture(autouse=True)
def quick(no_fsync):
    """Nothing here is about the disk."""


def record(path, run, dt, **options):
    with Recorder(path, {name: size for name, (size, _, _) in run.items()}, dt,
                  **options) as recorder:
        for name, (_, steps, ids) in run.items():
            recorder.append(name, steps, ids)


examples = settings(max_examples=125, deadline=None)  # of each of four formats


@given(run=runs(), dt=DT, part=st.integers(1, 40), view=st.booleans(), n=st.integers(1, 20))
@examples
def test_sonata__round_trip(run, dt, part, view, n):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "run.h5")
        record(path, run, dt, part_spikes=part, merge_spikes=0 if view else 10**6)
        with Recording(path) as recording:
            assert recording.populations == sorted(run)
            for name, (size, steps, ids) in run.items():
                times, neurons = recording.spikes(name, n=n)
                assert recording.size(name) == size
                assert_array_equal(np.rint(times / dt), steps)
                assert_array_equal(neurons, ids)


@given(dt=DT, every=st.integers(1, 9), n=st.integers(0, 12), begin=st.integers(0, 1000),
       part=st.integers(1, 40), ids=st.sets(st.integers(0, 9), min_size=1), name=NAMES,
       data=st.data())
@examples
def test_report__round_trip(dt, every, n, begin, part, ids, name, data):
    ids = sorted(ids)
    values = np.array(data.draw(st.lists(
        st.floats(width=32, allow_nan=True), min_size=n * len(ids), max_size=n * len(ids))),
        np.float32).reshape(n, len(ids))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "run.h5")
        with Recorder(path, {name: 10}, dt, part_spikes=part,
                      samplings=[Sampling("v", name, every * dt, ids)]) as recorder:
            for k in range(n):
                recorder.sample(name, "v", begin + k * every, values[k])
            recorder.duration = 1.0
        if n:
            with Report(path.with_name("run.v.h5")) as report:
                times, columns, found = report.values(name)
            assert_array_equal(np.rint(times / dt), begin + every * np.arange(n))
            assert_array_equal(columns, ids)
            assert_array_equal(found, values)


def units(run, dt):
    return {name: (steps * dt, ids, size) for name, (size, steps, ids) in run.items()}


@given(run=runs(), dt=DT)
@examples
def test_nwb__round_trip(run, dt):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "run.nwb")
        interop.write_nwb(path, units(run, dt), t_stop=10**6 * dt)
        found = interop.read_nwb(path)
    assert sorted(found) == sorted(run)
    for name, (times, ids, size) in units(run, dt).items():
        assert found[name].n == size
        order = np.lexsort([ids, times])
        assert_array_equal(found[name].times, times[order])
        same = np.lexsort([found[name].ids, found[name].times])
        assert_array_equal(found[name].ids[same], ids[order])


@given(run=runs(), dt=DT)
@examples
def test_tables__round_trip(run, dt):
    assume(not any(set(name) & set(',"\r\n') for name in run))  # refused, for CSV
    with tempfile.TemporaryDirectory() as folder:
        interop.write_npz(pathlib.Path(folder, "run.npz"), units(run, dt))
        interop.write_csv(pathlib.Path(folder, "run.csv"), units(run, dt))
        with np.load(pathlib.Path(folder, "run.npz")) as file:
            arrays = dict(file)
        with open(pathlib.Path(folder, "run.csv"), newline="", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
    for name, (times, ids, _) in units(run, dt).items():
        assert_array_equal(arrays[f"{name}/times"], times)
        assert_array_equal(arrays[f"{name}/ids"], ids)
        mine = [row for row in rows if row["population"] == name]
        assert_array_equal([float(row["time_s"]) for row in mine], times)
        assert_array_equal([int(row["neuron"]) for row in mine], ids)
