"""Recordings of variables where the machine stops, or the disk fails, at any of its changes."""

import errno
import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.core import files
from eventsnn.record import Recorder, Recording, Report, Sampling, repair
from tests.failing_disk import Disk, Stop
from tests.recordings import DT, SIZES

N = 24
ROWS = np.random.default_rng(4).normal(size=(N, 3)).astype(np.float32)
SAMPLINGS = [Sampling("v", "exc", DT, [1, 4, 9]), Sampling("w", "inh", 2 * DT, [0])]


def session(path, safe):
    """Samples of two variables, and a spike a step; `safe` is told what is on the disk."""
    with Recorder(path, SIZES, DT, samplings=SAMPLINGS, part_spikes=12) as recorder:
        for step in range(1, N + 1):
            recorder.append("exc", step, [step])
            recorder.sample("exc", "v", step, ROWS[step - 1])
            if step % 2 == 0:
                recorder.sample("inh", "w", step, ROWS[step - 1, :1])
            done = recorder._folder.done
            safe.update(spikes=done.counts["exc"], v=done.rows["v"]["exc"],
                        w=done.rows["w"]["inh"])
    safe.update(spikes=N, v=N, w=N // 2)


def check_prefixes(path, safe):
    """Each file holds the first of what came, each once, and at least what was safe."""
    with Recording(path) as recording:
        ids = recording.spikes("exc")[1]
    assert_array_equal(ids, np.arange(1, N + 1)[:len(ids)])
    assert len(ids) >= safe["spikes"]
    for variable, name, whole in (("v", "exc", ROWS), ("w", "inh", ROWS[1::2, :1])):
        file = path.with_name(f"run.{variable}.h5")
        if safe[variable] or file.exists():
            with Report(file) as report:
                values = report.values(name)[2]
            assert_array_equal(values, whole[:len(values)])
            assert len(values) >= safe[variable]


def recovered(path, safe):
    try:
        assert not repair(path).lost
    except FileNotFoundError as error:
        assert "nothing to repair" in str(error)
        if not path.exists():
            assert not any(safe.values())
            return
    check_prefixes(path, safe)


@pytest.mark.parametrize("how", [{}, {"torn": True}, {"lost": True}], ids=str)
def test_recorder__machine_stops_at_every_change_of_the_disk(
        tmp_path, monkeypatch, no_fsync, how):
    k, n = 1, None
    while n is None or k <= n:
        path, safe, disk = tmp_path / str(k) / "run.h5", dict.fromkeys("vw", 0), Disk(k, **how)
        safe["spikes"] = 0
        path.parent.mkdir()
        monkeypatch.setattr(files, "os", disk)
        try:
            session(path, safe)
            n = k
        except Stop:
            pass
        disk.restart()
        monkeypatch.setattr(files, "os", os)
        recovered(path, safe)
        assert {p.name for p in path.parent.rglob("*")} <= {"run.h5", "run.v.h5", "run.w.h5"}
        k += 1
    assert n > 80  # then it came to its end


def test_recorder__disk_fails_once_at_every_change(tmp_path, monkeypatch, no_fsync):
    def full(name, args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for k in range(1, 1000):
        path, disk = tmp_path / str(k) / "run.h5", Disk(k, full)
        safe = {"spikes": 0, "v": 0, "w": 0}
        path.parent.mkdir()
        monkeypatch.setattr(files, "os", disk)
        try:
            session(path, safe)
        except OSError as error:
            assert error.errno == errno.ENOSPC and "\n" not in str(error)
        monkeypatch.setattr(files, "os", os)
        if disk.n < k:
            break
        recovered(path, safe)
        assert not list(path.parent.rglob("*.partial"))
    assert k > 80
