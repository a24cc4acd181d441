"""Recordings: what is written is what is read, by eventsnn and by libsonata, whatever happens."""

import errno
import json
import subprocess
import sys

import h5py
import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.core import files
from eventsnn.errors import FormatError
from eventsnn.record import Recorder, Recording, recorder as recorder_module, sonata

DT = 1e-4
SIZES = {"exc": 80, "inh": 20}


def spikes(rng, n, size, n_steps=1000):
    return np.sort(rng.integers(0, n_steps, n)), rng.integers(0, size, n)


def record(path, steps, ids, piece=997, dt=DT, **options):
    with Recorder(path, SIZES, dt, **options) as recorder:
        for start in range(0, len(ids), piece):
            recorder.append("exc", steps[start:start + piece], ids[start:start + piece])
        recorder.duration = 0.2


def read(path, population="exc", n=1_000_000):
    with Recording(path) as recording:
        chunks = list(recording.chunks(population, n))
    return (np.concatenate([np.empty(0), *(times for times, _ in chunks)]),
            np.concatenate([np.empty(0, np.int64), *(ids for _, ids in chunks)]))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 spikes, so that a few thousand fill many."""
    for name in ("BLOCK_MOST", "BLOCK_LEAST"):
        monkeypatch.setattr(recorder_module, name, 64)


@pytest.fixture
def good(tmp_path, rng):
    record(tmp_path / "good.h5", *spikes(rng, 3000, 80))
    return tmp_path / "good.h5"


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 128, 5000])
@pytest.mark.parametrize("piece", [1, 64, 10_000])
def test_recorder__round_trip(tmp_path, rng, small_blocks, n, piece):
    steps, ids = spikes(rng, n, 80)

    record(tmp_path / "run.h5", steps, ids, piece)

    times, ids_read = read(tmp_path / "run.h5", n=100)
    assert_array_equal(np.rint(times / DT), steps)
    assert_array_equal(ids_read, ids)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5"]


def test_recorder__is_read_by_libsonata(tmp_path, rng, small_blocks):
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
            assert group["timestamps"].attrs["units"] == "ms"
            assert group["timestamps"].chunks and group["timestamps"].compression is None


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


@pytest.mark.parametrize(("arguments", "error", "message"), [
    (("exz", [1], [1]), ValueError, "did you mean 'exc'"),
    (("exc", [1], [80]), ValueError, "ids must lie in 0 ... 79.*got 80"),
    (("exc", [1], [-1]), ValueError, "ids must lie in 0 ... 79.*got -1"),
    (("exc", [1], [1.0]), TypeError, "ids must be whole numbers"),
    (("exc", [1.5], [1]), TypeError, "steps must be whole numbers"),
    (("exc", [3, 2], [1, 1]), ValueError, "steps must not decrease"),
    (("exc", [-1], [1]), ValueError, "steps must not decrease"),
    (("exc", [2**48], [1]), ValueError, "steps must be below"),
    (("exc", [1, 2], [1]), ValueError, "steps must have shape"),
    (("exc", [[1]], [[1]]), ValueError, "ids must have shape"),
])
def test_append__refuses_and_records_nothing(tmp_path, arguments, error, message):
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        with pytest.raises(error, match=message):
            recorder.append(*arguments)
        assert recorder.counts == {"exc": 0, "inh": 0}


def test_append__refuses_steps_before_those_of_the_last_call(tmp_path):
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", [5], [1])
        recorder.append("inh", [4], [1])
        with pytest.raises(ValueError, match="last call's 5"):
            recorder.append("exc", [4], [1])


def test_append__refuses_a_closed_recorder(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT)
    recorder.close()
    recorder.close()

    with pytest.raises(ValueError, match="recorder must be open"):
        recorder.append("exc", [4], [1])


@pytest.mark.parametrize(("populations", "dt", "attributes", "error"), [
    ({}, DT, None, ValueError),
    ({"a/b": 1}, DT, None, ValueError),
    ({"..": 1}, DT, None, ValueError),
    ({1: 1}, DT, None, TypeError),
    ({"a": 0}, DT, None, ValueError),
    ({"a": 1.0}, DT, None, TypeError),
    ({"a": 1}, 0.0, None, ValueError),
    ({"a": 1}, float("nan"), None, ValueError),
    ({"a": 1}, DT, {"f": print}, TypeError),
    ({"a": 1}, DT, {1: 2}, TypeError),
    ({"a": 1}, DT, {"numpy_version": "2"}, ValueError),
    ({"a": 1}, DT, {"p": [print]}, TypeError),
])
def test_recorder__refuses_arguments_and_leaves_no_file(tmp_path, populations, dt, attributes,
                                                        error):
    with pytest.raises(error, match="must"):
        Recorder(tmp_path / "run.h5", populations, dt, attributes=attributes)

    assert list(tmp_path.iterdir()) == []


def test_recorder__refuses_an_existing_file_and_leaves_it(good):
    before = good.read_bytes()

    with pytest.raises(FileExistsError, match="overwrite=True"):
        Recorder(good, SIZES, DT)

    assert good.read_bytes() == before


def test_recorder__refuses_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder that exists"):
        Recorder(tmp_path / "missing" / "run.h5", SIZES, DT)


def test_recorder__replaces_an_old_file_at_the_end_only(good):
    before = good.read_bytes()

    with Recorder(good, SIZES, DT, overwrite=True) as recorder:
        recorder.append("exc", [5], [1])
        assert good.read_bytes() == before

    assert_array_equal(read(good)[1], [1])


@pytest.mark.parametrize("exception", [ZeroDivisionError, KeyboardInterrupt, MemoryError])
def test_recorder__keeps_what_was_recorded_before_an_exception(tmp_path, rng, small_blocks,
                                                               exception):
    steps, ids = spikes(rng, 1000, 80)

    with pytest.raises(exception), Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", steps, ids)
        recorder.duration = 0.1
        raise exception

    assert_array_equal(read(tmp_path / "run.h5")[1], ids)
    assert libsonata.SpikeReader(str(tmp_path / "run.h5"))["exc"].sorting == "by_time"
    with Recording(tmp_path / "run.h5") as recording:
        assert recording.duration == 0.1


def test_recorder__interrupted_anywhere_keeps_a_prefix(tmp_path, rng, small_blocks):
    # An interrupt between any two lines of the recorder: the file is valid and holds the first
    # spikes, each once.
    steps, ids = spikes(rng, 300, 80)
    sources = {recorder_module.__file__, sonata.__file__}

    def run(path, at):
        line = 0

        def trace(frame, event, _):
            nonlocal line
            if frame.f_code.co_filename not in sources:
                return None
            if event == "line":
                line += 1
                if line == at:
                    raise KeyboardInterrupt
            return trace

        with Recorder(path, SIZES, DT) as recorder:
            sys.settrace(trace)
            try:
                recorder.append("exc", steps, ids)
            finally:
                sys.settrace(None)
        return line

    n_lines = run(tmp_path / "whole.h5", at=-1)
    assert n_lines > 100
    for at in range(1, n_lines + 1):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run.h5", at)
        times, ids_read = read(tmp_path / "run.h5")
        assert_array_equal(ids_read, ids[:ids_read.size])
        assert_array_equal(np.rint(times / DT), steps[:ids_read.size])
        (tmp_path / "run.h5").unlink()


def test_recorder__full_disk_at_every_reservation_keeps_a_prefix(tmp_path, rng, small_blocks,
                                                                 monkeypatch):
    steps, ids = spikes(rng, 1000, 80)

    for k in range(1000):
        calls = 0

        def allocate(descriptor, start, size):
            nonlocal calls
            calls += 1
            if calls > k:
                raise OSError(errno.ENOSPC, "planted")

        monkeypatch.setattr(files.os, "posix_fallocate", allocate, raising=False)
        try:
            with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
                recorder.append("inh", 1, [2])
                recorder.append("exc", steps, ids)
            break
        except OSError as error:
            assert error.errno == errno.ENOSPC and "run.h5" in str(error)
        if k == 0:
            assert list(tmp_path.iterdir()) == []
            continue
        ids_read = read(tmp_path / "run.h5")[1]
        assert ids_read.size == 64 * k
        assert_array_equal(ids_read, ids[:ids_read.size])
        assert_array_equal(read(tmp_path / "run.h5", "inh")[1], [2])
        (tmp_path / "run.h5").unlink()
    assert k == -(-1000 // 64)  # then nothing failed any more


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes as Linux does")
def test_recorder__real_limit_ends_cleanly(tmp_path):
    # HDF5 that meets a full disk itself brings the process down when it exits.
    script = """
import resource, sys
import numpy as np
from eventsnn.record import Recorder
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))
try:
    with Recorder(sys.argv[1], {"exc": 9}, 1e-4) as recorder:
        for step in range(10_000):
            recorder.append("exc", step, np.arange(1000) % 9)
except OSError as error:
    print(recorder.counts["exc"], error)
"""
    path = tmp_path / "run.h5"

    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    n = int(done.stdout.split()[0])
    assert n > 100_000
    times, ids = read(path)
    assert_array_equal(ids, np.arange(n) % 1000 % 9)
    assert_array_equal(np.rint(times / DT), np.arange(n) // 1000)


def test_recorder__memory_does_not_grow(tmp_path):
    with Recorder(tmp_path / "run.h5", {f"p{k}": 10 for k in range(1000)}, DT) as recorder:
        blocks = sum(stream.block for stream in recorder._streams.values())

    assert blocks * 16 <= 16 << 20


@pytest.mark.parametrize("n", [1, 7, 2999, 3000, 10**9])
def test_chunks__join_to_the_whole(good, n):
    with Recording(good) as recording:
        sizes = [times.size for times, _ in recording.chunks("exc", n)]

    assert max(sizes) <= n
    for whole, pieces in zip(read(good), read(good, n=n), strict=True):
        assert_array_equal(pieces, whole)


def test_recording__of_another_writer(tmp_path):
    # As other tools write them: gzip, narrow types, sorting a string, no size, no step, no units.
    with h5py.File(tmp_path / "other.h5", "w") as file:
        group = file.create_group("spikes/v1")
        group.attrs["sorting"] = "by_time"
        group.create_dataset("timestamps", data=np.float32([0.5, 1.5]), compression="gzip")
        group.create_dataset("node_ids", data=np.uint32([4, 2]), compression="gzip")

    with Recording(tmp_path / "other.h5") as recording:
        assert recording.populations == ["v1"]
        assert (recording.size("v1"), recording.count("v1")) == (5, 2)
        assert (recording.dt, recording.duration) == (None, 0.0015)
        assert recording.provenance == {}
        (times, ids), = recording.chunks("v1")
    assert times.dtype == np.float64 and ids.dtype == np.int64
    assert_array_equal(times, [0.0005, 0.0015])


def test_recording__refuses_unknown_population_and_closed_file(good):
    with Recording(good) as recording:
        with pytest.raises(ValueError, match="did you mean 'exc'"):
            recording.chunks("exe")
        with pytest.raises(ValueError, match="n must be at least 1"):
            recording.chunks("exc", 0)

    with pytest.raises(ValueError, match="recording must be open"):
        recording.size("exc")


def test_recording__missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="run.h5"):
        Recording(tmp_path / "run.h5")
    with pytest.raises(IsADirectoryError):
        Recording(tmp_path)


def drop(name):
    def damage(file):
        del file[name]
    return damage


def column(name, **options):
    def damage(file):
        del file["spikes/exc"][name]
        file["spikes/exc"].create_dataset(name, **options)
    return damage


def external_link(file):
    file["spikes/exc"].move("node_ids", "kept")
    file["spikes/exc/node_ids"] = h5py.ExternalLink("good.h5", "/spikes/exc/kept")


def soft_link(file):
    file["spikes/exc"].move("node_ids", "kept")
    file["spikes/exc/node_ids"] = h5py.SoftLink("/spikes/exc/kept")


def external_group(file):
    del file["spikes/exc"]
    file["spikes/exc"] = h5py.ExternalLink("good.h5", "/spikes/inh")


def virtual(file):
    layout = h5py.VirtualLayout((3000,), "u8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "ids", (3000,))
    del file["spikes/exc/node_ids"]
    file["spikes/exc"].create_virtual_dataset("node_ids", layout)


def attribute(where, name, value):
    def damage(file):
        file[where].attrs[name] = value
    return damage


def value(name, number):
    def damage(file):
        file["spikes/exc"][name][1234] = number
    return damage


@pytest.mark.parametrize(("damage", "message"), [
    (drop("spikes"), "with no /spikes"),
    (drop("spikes/exc/timestamps"), "no /spikes/exc/timestamps"),
    (drop("spikes/inh/node_ids"), "no /spikes/inh/node_ids"),
    (column("node_ids", data=np.zeros(2999, "u8")), "3000 timestamps and 2999 node_ids"),
    (column("node_ids", data=np.zeros((3000, 1), "u8")), r"shape \(3000, 1\)"),
    (column("node_ids", data=np.zeros(3000)), "node_ids a list of whole numbers"),
    (column("node_ids", data=["1"] * 3000), "node_ids a list of whole numbers.*object"),
    (column("timestamps", data=np.zeros(3000, "i8")), "timestamps a list of floats"),
    (column("timestamps", data=np.zeros(3000, [("a", "f8")])), "timestamps a list of floats"),
    (column("timestamps", shape=(), dtype="f8"), r"shape \(\)"),
    (column("timestamps", data=h5py.Empty("f8")), "shape None"),
    (column("timestamps", shape=(3000,), dtype="f8", external=[("/etc/passwd", 0, 24_000)]),
     "stored in other files"),
    (column("timestamps", shape=(2**40,), dtype="f8", chunks=(1000,)), "holds what it declares"),
    (column("timestamps", shape=(3000,), dtype="f8", chunks=(2**28,), maxshape=(None,)),
     "holds what it declares"),
    (external_link, "a link at /spikes/exc/node_ids"),
    (external_group, "a link at /spikes/exc"),
    (soft_link, "a link at /spikes/exc/node_ids"),
    (virtual, "stored in other files"),
    (attribute("spikes/exc/timestamps", "units", "fortnights"), "units 'fortnights'"),
    (attribute("/", "eventsnn", "{no json"), "JSON"),
    (attribute("/", "eventsnn", json.dumps([1])), "JSON"),
    (attribute("spikes/exc", "size", "many"), "size of 'exc'"),
    (attribute("spikes/exc", "size", 5), "recording of 5 neurons"),
    (value("timestamps", np.nan), "finite times.*spike 0"),
    (value("node_ids", 80), "a spike of neuron 80"),
    (value("node_ids", 2**64 - 1), "neurons from 0 on"),
])
def test_recording__refuses_in_one_line(good, damage, message):
    with h5py.File(good, "r+") as file:
        damage(file)

    with pytest.raises(FormatError, match=message) as caught:
        read(good)

    assert str(good) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"spikes", b"\x89HDF\r\n\x1a\n", bytes(10_000)])
def test_recording__refuses_what_is_not_hdf5(tmp_path, content):
    (tmp_path / "run.h5").write_bytes(content)

    with pytest.raises(FormatError, match="must be an HDF5 file that is whole"):
        Recording(tmp_path / "run.h5")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_recording__refuses_a_truncated_file(good, share):
    content = good.read_bytes()
    good.write_bytes(content[:int(share * len(content))])

    with pytest.raises(FormatError, match="truncated"):
        read(good)
