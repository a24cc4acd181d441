"""Recordings where the machine stops, or the disk fails, at any of its changes."""

import errno
import os
import signal
import subprocess
import sys
import time

import h5py
import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.core import files
from eventsnn.record import Recorder, manifest, parts, repair
from tests.failing_disk import Disk, Stop
from tests.recordings import DT, SIZES, read, spikes

KILLS = [30, pytest.param(200, marks=pytest.mark.long)]
STEPS, IDS = spikes(np.random.default_rng(3), 400, 80)


def session(path, safe, old=b""):
    """Record 400 spikes in parts of 100; `safe` is told what can no longer be lost."""
    with Recorder(path, SIZES, DT, overwrite=bool(old), part_spikes=100) as recorder:
        for start in range(0, 400, 50):
            recorder.append("exc", STEPS[start:start + 50], IDS[start:start + 50])
            recorder.append("inh", int(STEPS[start + 49]), [start // 50])
            safe[0] = sum(recorder.written.values())
        recorder.duration = 0.2
    safe[0] = 408


def check_prefix(path, safe):
    """The file holds the first spikes, each once, and at least those that were safe."""
    times, ids = read(path)
    assert_array_equal(ids, IDS[:len(ids)])
    assert_array_equal(np.rint(times / DT), STEPS[:len(ids)])
    inh = read(path, "inh")[1]
    assert_array_equal(inh, np.arange(len(inh)))
    assert len(ids) + len(inh) >= safe
    assert_array_equal(libsonata.SpikeReader(str(path))["exc"].get_dict()["node_ids"], ids)


def recovered(path, safe, old=b""):
    """What a user does after the machine stopped."""
    try:
        done = repair(path)
        assert not done.lost and sum(done.counts.values()) >= safe
    except FileNotFoundError as error:
        assert "nothing to repair" in str(error)
        if not path.exists() or path.read_bytes() == old:
            assert safe == 0
            return
    check_prefix(path, safe)


@pytest.mark.parametrize("old", [b"", b"old"])
@pytest.mark.parametrize("how", [{}, {"torn": True}, {"lost": True}], ids=str)
def test_recorder__machine_stops_at_every_change_of_the_disk(
        tmp_path, monkeypatch, no_fsync, how, old):
    k, n = 1, None
    while n is None or k <= n:
        folder = tmp_path / str(k)
        folder.mkdir()
        path, safe, disk = folder / "run.h5", [0], Disk(k, **how)
        if old:
            path.write_bytes(old)
        monkeypatch.setattr(files, "os", disk)
        try:
            session(path, safe, old)
            n = k
        except Stop:
            pass
        disk.restart()
        monkeypatch.setattr(files, "os", os)
        recovered(path, safe[0], old)
        assert not [p for p in folder.rglob("*") if p.name != "run.h5"]
        k += 1
    assert n > 60  # then it came to its end


def test_repair__machine_stops_at_every_change_of_the_disk(tmp_path, monkeypatch, no_fsync):
    for k in range(1, 1000):
        folder = tmp_path / str(k)
        folder.mkdir()
        path, disk = folder / "run.h5", Disk(60)
        monkeypatch.setattr(files, "os", disk)
        with pytest.raises(Stop):
            session(path, [0])
        disk.restart()
        safe = manifest.read(parts.folder_of(path)).counts
        disk = Disk(k)
        monkeypatch.setattr(files, "os", disk)
        try:
            repair(path)
            break
        except Stop:
            disk.restart()
        monkeypatch.setattr(files, "os", os)
        recovered(path, sum(safe.values()))
    monkeypatch.setattr(files, "os", os)
    assert k > 10


def fails(number):
    def fault(name, args):
        raise OSError(number, os.strerror(number))
    return fault


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS],
                         ids=errno.errorcode.get)
def test_recorder__disk_fails_once_at_every_change(tmp_path, monkeypatch, no_fsync, number):
    n = 0
    for k in range(1, 1000):
        path, safe, disk = tmp_path / str(k) / "run.h5", [0], Disk(k, fails(number))
        path.parent.mkdir()
        monkeypatch.setattr(files, "os", disk)
        try:
            session(path, safe)
        except OSError as error:
            assert error.errno == number and "\n" not in str(error)
            n += 1
        else:  # a part failed beside the run, and was written again
            check_prefix(path, 408)
        monkeypatch.setattr(files, "os", os)
        if disk.n < k:
            break
        recovered(path, safe[0])
        assert not list(path.parent.rglob("*.partial"))
    assert n > 20 and k > 50


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_recorder__disk_is_full_from_any_write_on(tmp_path, monkeypatch, no_fsync, number):
    for k in range(1, 1000):
        path, safe = tmp_path / str(k) / "run.h5", [0]
        path.parent.mkdir()
        writes = 0

        def write(descriptor, data, real=os.write, k=k):
            nonlocal writes
            writes += 1
            if writes >= k:
                raise OSError(number, os.strerror(number))
            return real(descriptor, data)

        monkeypatch.setattr(os, "write", write)
        try:
            session(path, safe)
            break
        except OSError as error:
            assert error.errno == number
        finally:
            monkeypatch.undo()
            monkeypatch.setattr(os, "fsync", lambda _: None)
        recovered(path, safe[0])
        assert not list(path.parent.rglob("*.partial"))
    assert k > 10


def test_recorder__goes_on_after_short_writes(tmp_path, monkeypatch, no_fsync):
    monkeypatch.setattr(os, "write", lambda f, data, write=os.write: write(f, data[:100]))
    session(tmp_path / "run.h5", [0])
    check_prefix(tmp_path / "run.h5", 408)


def test_recorder__goes_on_after_a_full_disk_was_cleared(tmp_path, monkeypatch, no_fsync):
    with Recorder(tmp_path / "run.h5", SIZES, DT, part_spikes=100) as recorder:
        for start in range(0, 400, 50):
            monkeypatch.setattr(files, "os", Disk(1, fails(errno.ENOSPC)))
            try:
                recorder.append("exc", STEPS[start:start + 50], IDS[start:start + 50])
            except OSError:
                monkeypatch.setattr(files, "os", os)
                recorder.flush()
            monkeypatch.setattr(files, "os", os)

    assert_array_equal(read(tmp_path / "run.h5")[1], IDS)


def vanish(path):
    for entry in parts.folder_of(path).iterdir():
        entry.unlink()
    parts.folder_of(path).rmdir()


def other_manifest(path):
    vanish(path)
    Recorder(path, SIZES, DT)


def missing_part(path):
    (parts.folder_of(path) / "part-r0-000001.h5").unlink()


def folder_in_the_way(path):
    path.mkdir()


@pytest.mark.parametrize(("harm", "message"), [
    (vanish, "stay where it is"), (other_manifest, "stay where it is"),
    (missing_part, "got nothing"),
    (folder_in_the_way, "name of a file"),
])
def test_recorder__says_what_others_did_to_its_files(tmp_path, no_fsync, harm, message):
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT, part_spikes=100)
    recorder.append("exc", STEPS, IDS)
    recorder.flush()
    recorder.append("exc", int(STEPS[-1]), [1])
    harm(tmp_path / "run.h5")

    with pytest.raises((OSError, ValueError), match=message) as caught:
        recorder.close()

    assert "\n" not in str(caught.value)


def test_recorder__short_recording_outlives_its_folder(tmp_path, no_fsync):
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", STEPS, IDS)
        vanish(tmp_path / "run.h5")

    assert_array_equal(read(tmp_path / "run.h5")[1], IDS)


def test_recorder__refuses_a_file_in_the_place_of_its_folder(tmp_path):
    (tmp_path / "run.h5.parts").write_bytes(b"")

    with pytest.raises(NotADirectoryError, match="must be a folder"):
        Recorder(tmp_path / "run.h5", SIZES, DT)


VICTIM = """
import sys
import numpy as np
from eventsnn.record import Recorder
steps, ids = np.load(sys.argv[2])
while True:
    with Recorder(sys.argv[1], {"exc": 80, "inh": 20}, 1e-4, overwrite=True, part_spikes=2000
                  ) as recorder:
        print("new", flush=True)
        for start in range(0, len(ids), 500):
            recorder.append("exc", steps[start:start + 500], ids[start:start + 500])
            print(recorder.written["exc"], flush=True)
    print("closed", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("kills", KILLS)
def test_recorder__killed_at_random_moments_loses_nothing_that_was_safe(tmp_path, kills):
    rng = np.random.default_rng(5)
    steps, ids = spikes(rng, 200_000, 80, n_steps=100_000)
    np.save(tmp_path / "spikes.npy", np.stack([steps, ids]))
    within = 0
    for k in range(kills):
        path = tmp_path / str(k) / "run.h5"
        path.parent.mkdir()
        with subprocess.Popen(
                [sys.executable, "-c", VICTIM, str(path), str(tmp_path / "spikes.npy")], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE) as victim:
            assert victim.stdout.readline() == "new\n"
            time.sleep(rng.exponential(0.15))
            victim.send_signal(signal.SIGKILL)
            said = victim.stdout.read().splitlines(keepends=True)
        whole = [line.strip() for line in said if line.endswith("\n")]
        closed = "closed" in whole
        safe = len(ids) if closed else max(map(int, whole), default=0)
        try:
            assert repair(path).counts["exc"] >= safe
            within += 1
        except FileNotFoundError as error:
            assert "nothing to repair" in str(error) and (safe == 0 or path.exists())
            if not path.exists():
                continue
        times, found = read(path)
        assert len(found) >= safe
        assert_array_equal(found, ids[:len(found)])
        assert_array_equal(np.rint(times / DT), steps[:len(found)])
        assert_array_equal(libsonata.SpikeReader(str(path))["exc"].get_dict()["node_ids"], found)
        with h5py.File(path) as file:
            assert file["spikes/exc/node_ids"].shape == (len(found),)
        assert [p.name for p in path.parent.iterdir()] == ["run.h5"]
    assert within > kills / 3  # most are hit while they record
