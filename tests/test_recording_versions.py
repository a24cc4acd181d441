"""Recordings of every format version that ever was are read; newer ones are refused by name."""

import pathlib
import shutil

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.core import lines, seal
from eventsnn.errors import VersionError
from eventsnn.record import Recording, Report, manifest, repair
from tests.recordings import DT

DATA = pathlib.Path(__file__).parent / "data/recordings"
VERSIONS = sorted(path.name for path in DATA.iterdir())


def expected():
    """The spikes in each of these recordings."""
    rng = np.random.default_rng(22)
    steps, ids = np.sort(rng.integers(0, 1000, 30)), rng.integers(0, 8, 30)
    return {"exc": (steps, ids), "inh": (steps[[9, 19, 29]], np.array([0, 1, 0]))}


def check(recording):
    assert recording.populations == ["exc", "inh"] and recording.dt == DT
    assert 0.0987 <= recording.duration <= 0.1 and recording.provenance["seed"] == 22
    for name, (steps, ids) in expected().items():
        times, neurons = recording.spikes(name)
        assert_array_equal(np.rint(times / DT), steps)
        assert_array_equal(neurons, ids)


@pytest.fixture
def folder(tmp_path):
    def copy(version):
        return pathlib.Path(shutil.copytree(DATA / version, tmp_path / version))
    return copy


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["run.h5", "view.h5", "view.h5.parts", "killed.h5.parts"])
def test_recording__of_each_version(version, name):
    with Recording(DATA / version / name) as recording:
        check(recording)


@pytest.mark.parametrize("version", VERSIONS)
def test_repair__of_each_version(folder, version):
    path = folder(version) / "killed.h5"

    done = repair(path)

    assert done.counts == {"exc": 30, "inh": 3} and not done.complete and not done.lost
    with Recording(path) as recording:
        check(recording)


@pytest.mark.parametrize("name", ["run.v.h5", "view.v.h5", "killed.h5.parts"])
@pytest.mark.parametrize("version", VERSIONS[1:])  # the first had none
def test_report__of_each_version(version, name):
    with Report(DATA / version / name) as report:
        times, ids, values = report.values("exc")
    assert_array_equal(times, [0.0, 0.02, 0.04, 0.06, 0.08])
    assert_array_equal(ids, [2, 5])
    assert_array_equal(values, np.outer(np.arange(5), [1, -1]))


def test_versions__are_all_kept():
    assert len(VERSIONS) == manifest.VERSION


def test_recording__of_a_newer_version_is_refused_by_name(folder):
    made = folder(VERSIONS[-1])
    for path, size in ((made / "run.h5", seal.HEAD), (made / "killed.h5.parts/manifest.jsonl", 0)):
        first = path.read_bytes()[:size] or path.read_bytes().splitlines(keepends=True)[0]
        said = lines.read(first.rstrip() + b"\n")
        newer = lines.written(said | {"version": 99})
        padded = newer[:-1].ljust(size - 1) + b"\n" if size else newer
        path.write_bytes(padded + path.read_bytes()[len(first):])
        with pytest.raises(VersionError, match="format version 99, .* update eventsnn"):
            Recording(path if size else path.parent)
