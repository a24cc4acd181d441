"""Recorders: what is written is what is read, by eventsnn and by libsonata."""

import os
import stat
import time

import h5py
import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.core import seal
from eventsnn.record import Recorder, Recording, sonata
from tests.recordings import DT, SIZES, read, record, spikes


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 128, 5000])
@pytest.mark.parametrize("piece", [1, 64, 10_000])
def test_recorder__round_trip(tmp_path, rng, small_parts, n, piece):
    steps, ids = spikes(rng, n, 80)

    record(tmp_path / "run.h5", steps, ids, piece)

    times, ids_read = read(tmp_path / "run.h5", n=100)
    assert_array_equal(np.rint(times / DT), steps)
    assert_array_equal(ids_read, ids)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5"]


def test_recorder__merges_parts_that_end_where_a_piece_of_the_seal_does(tmp_path, no_fsync):
    n = seal.PIECE // 8  # times of a part
    steps, ids = np.repeat(np.arange(3), n), np.arange(3 * n) % 80

    with Recorder(tmp_path / "run.h5", {"exc": 80}, DT, part_spikes=n) as recorder:
        recorder.append("exc", steps, ids)

    times, ids_read = read(tmp_path / "run.h5")
    assert_array_equal(np.rint(times / DT), steps)
    assert_array_equal(ids_read, ids)


def test_recorder__is_read_by_libsonata(tmp_path, rng, small_parts):
    steps, ids = spikes(rng, 5000, 80)
    record(tmp_path / "run.h5", steps, ids)

    reader = libsonata.SpikeReader(str(tmp_path / "run.h5"))

    assert reader.get_population_names() == ["exc", "inh"]
    assert reader["exc"].sorting == "by_time"
    columns = reader["exc"].get_dict()
    assert_array_equal(columns["node_ids"], ids)
    assert_array_equal(columns["timestamps"], steps / 10)  # ms
    assert len(reader["inh"].get_dict()["timestamps"]) == 0


def test_recorder__follows_the_profile(good):
    with h5py.File(good) as file:
        assert file.attrs["magic"] == 0x0A7A and file.attrs["magic"].dtype == np.uint32
        assert_array_equal(file.attrs["version"], [0, 1])
        for group in file["spikes"].values():
            enum = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
            assert enum == {"none": 0, "by_id": 1, "by_time": 2}
            assert group.attrs["sorting"] == 2
            assert group["timestamps"].dtype == "<f8" and group["node_ids"].dtype == "<u8"
            assert group["timestamps"].attrs["units"] == b"ms"
            assert group["timestamps"].chunks is None and group["timestamps"].compression is None


def test_recorder__reads_back_what_it_says_of_the_run(tmp_path):
    attributes = {"seed": np.int64(3), "rate": np.float32(0.5), "w": np.arange(3),
                  "long": "x" * 10**5}
    with Recorder(tmp_path / "run.h5", SIZES, DT, attributes=attributes) as recorder:
        recorder.close(duration=0.25)

    with Recording(tmp_path / "run.h5") as recording:
        assert (recording.dt, recording.duration) == (DT, 0.25)
        assert {name: recording.size(name) for name in recording.populations} == SIZES
        about = recording.provenance
    assert (about["seed"], about["rate"], about["w"]) == (3, 0.5, [0, 1, 2])
    assert len(about["long"]) == 10**5
    assert about["dt"] == DT and about["populations"] == SIZES
    assert {"eventsnn_version", "numpy_version", "numba_version", "h5py_version", "python_version",
            "platform"} <= set(about)


def test_recorder__same_run_same_bytes(tmp_path, rng):
    steps, ids = spikes(rng, 3000, 80)

    record(tmp_path / "a.h5", steps, ids, piece=10)
    record(tmp_path / "b.h5", steps, ids, piece=1000)

    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_layout__holds_no_time_of_the_clock():
    columns = {"a": (np.arange(5) / 10, np.arange(5))}
    images = set()
    end = time.time() + 1.1
    while time.time() < end:
        where = sonata.layout({"a": 5}, {"a": 5}, DT, 0.5, "{}", sealed=True)
        images.add(b"".join(bytes(data) for _, data in
                            seal.sealed(where.stretches(sonata.by_name(columns)), where.n_bytes)))
        time.sleep(0.2)
    assert len(images) == 1


def test_recorder__short_recording_is_a_small_file(good):
    assert good.stat().st_size < 3000 * 16 + 20_000


@pytest.mark.parametrize("dt", [1e-4, 1e-3, 2.5e-5, 3e-4, 1 / 3000, 1 / 44100, np.pi * 1e-4, 1e-12,
                                0.7, 123.0])
def test_times__tell_their_step_exactly(rng, dt):
    steps = np.concatenate([np.arange(10_000), rng.integers(0, sonata.STEP_LIMIT, 100_000),
                            [sonata.STEP_LIMIT - 1]])

    times = sonata.times_ms(steps, dt)

    assert_array_equal(np.rint(times / float(sonata.step_ms(dt))).astype(np.int64), steps)
    assert_array_equal(np.rint(times / (dt * 1e3)).astype(np.int64), steps)
    assert (np.diff(np.sort(steps)) > 0).sum() == (np.diff(np.sort(times)) > 0).sum()


def test_times__are_the_decimal_numbers_one_expects():
    assert_array_equal(sonata.times_ms(np.arange(5), 1e-4), [0.0, 0.1, 0.2, 0.3, 0.4])


def test_append__takes_one_step_for_many_spikes(tmp_path):
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("inh", 7, [3, 1])

    times, ids = read(tmp_path / "run.h5", "inh")
    assert_array_equal(times, [7e-4, 7e-4])
    assert_array_equal(ids, [3, 1])


def test_recorder__replaces_an_old_file_at_the_end_only(good):
    before = good.read_bytes()

    with Recorder(good, SIZES, DT, overwrite=True) as recorder:
        recorder.append("exc", [5], [1])
        assert good.read_bytes() == before

    assert_array_equal(read(good)[1], [1])


@pytest.mark.parametrize(("flush", "expected"), [
    # What was in no part: the file, and its name. A part: the first line of the manifest, its name
    # and that of the folder, then the part, its name, and its line.
    (False, ["file", "folder"]), (True, ["file", "folder", "folder", "file", "folder", "file"]),
])
def test_recorder__forces_to_the_disk_what_must_not_be_lost(tmp_path, monkeypatch, flush, expected):
    forced = []

    def fsync(descriptor):
        forced.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    monkeypatch.setattr(os, "fsync", fsync)
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", [1, 2], [3, 4])
        assert not forced
        if flush:
            recorder.flush()
            assert forced == expected

    assert flush or forced == expected


def test_recorder__memory_does_not_grow(tmp_path):
    ids = np.zeros(10_000, np.int64)
    with Recorder(tmp_path / "run.h5", {f"p{k}": 10 for k in range(100)}, DT,
                  part_spikes=100_000) as recorder:
        for k in range(100):
            recorder.append(f"p{k}", k, ids)
            recorder.append("p0", k, ids)
            room = sum(column.nbytes for _, buffer in recorder._buffers()
                       for column in buffer._columns)
            assert room <= 3 * 16 * 100_000  # bytes: three parts
