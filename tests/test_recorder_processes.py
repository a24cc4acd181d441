"""Recorders among signals, threads and processes."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.record import Recorder, finish, repair
from eventsnn.record.job import Job
from tests.recordings import DT, SIZES, read

SCRIPT = """
import os, sys
from eventsnn.neurons import LIFParameters
from eventsnn.record import Recorder, Sampling
from eventsnn.simulate import Network

net = Network(seed=1)
cells = net.population("cells", 10, LIFParameters())
net.poisson(cells, rate=5000.0, weight=0.5)
v = Sampling("v", "cells", every=1e-3)
with Recorder(sys.argv[1], {"cells": 10}, net.dt, samplings=[v]) as recorder:
    net.run(0.3, recorder=recorder)
    if sys.argv[2] == "run":
        sample = recorder.sample
        def stop(*what):
            sample(*what)
            os.kill(os.getpid(), 15)
        recorder.sample = stop
        net.run(1e6, recorder=recorder)
    os.kill(os.getpid(), 15)
"""


@pytest.mark.parametrize("where", ["run", "block"])
def test_recorder__closes_properly_on_sigterm(tmp_path, where):
    done = subprocess.run([sys.executable, "-c", SCRIPT, tmp_path / "run.h5", where],
                          capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5", "run.v.h5"]
    assert read(tmp_path / "run.h5", "cells")[1].size > 10


def test_recorder__leaves_handlers_of_others_alone(tmp_path, handlers):
    def mine(*_):
        pass

    signal.signal(signal.SIGTERM, mine)
    with Recorder(tmp_path / "run.h5", SIZES, DT):
        assert signal.getsignal(signal.SIGTERM) is mine
    assert signal.getsignal(signal.SIGTERM) is mine

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with Recorder(tmp_path / "b.h5", SIZES, DT):
        assert callable(signal.getsignal(signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_recorder__interrupted_again_while_it_closes_keeps_all(tmp_path, monkeypatch):
    at_hand = finish.at_hand

    def interrupted(*what):
        os.kill(os.getpid(), signal.SIGINT)
        at_hand(*what)

    monkeypatch.setattr(finish, "at_hand", interrupted)
    with pytest.raises(KeyboardInterrupt), Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", [1, 2], [3, 4])
        raise KeyboardInterrupt

    assert_array_equal(read(tmp_path / "run.h5")[1], [3, 4])
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


def test_job__interrupted_while_it_waits_does_nothing_twice():
    begun, done = [], []

    def task(k):
        def work():
            begun.append(k)
            while len(begun) == 1 and not interrupted:
                time.sleep(1e-3)
            time.sleep(0.05)
            done.append(k)
        return work

    interrupted = []
    job = Job([task(0), task(1)], {})
    job.start()
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        job.finish()
    interrupted.append(True)

    job.finish()

    assert begun == done == [0, 1]


def test_append__from_threads_loses_nothing(tmp_path, no_fsync):
    names = [f"of thread {k}" for k in range(4)]

    def work(name):
        for step in range(500):
            recorder.append(name, step, np.arange(5))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Recorder(tmp_path / "run.h5", dict.fromkeys(names, 5), DT, part_spikes=500
                      ) as recorder:
            threads = [threading.Thread(target=work, args=(name,)) for name in names]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)

    for name in names:
        times, ids = read(tmp_path / "run.h5", name)
        assert_array_equal(np.rint(times / DT), np.repeat(np.arange(500), 5))
        assert_array_equal(ids, np.tile(np.arange(5), 500))


FORKED = """
import os, sys
from eventsnn.record import Recorder

with Recorder(sys.argv[1], {"exc": 5}, 1e-4) as recorder:
    recorder.append("exc", [1], [2])
    if os.fork() == 0:
        try:
            recorder.append("exc", [2], [3])
        except RuntimeError as error:
            print(error)
            sys.exit(7)  # which leaves the block, too
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
    recorder.append("exc", [4], [4])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_recorder__is_none_of_a_forked_process(tmp_path):
    done = subprocess.run([sys.executable, "-c", FORKED, tmp_path / "run.h5"],
                          capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("recorder must be used by the process that made it, got one forked "
                           "off\n")
    assert_array_equal(read(tmp_path / "run.h5")[1], [2, 4])


HELD = """
import os, sys
from eventsnn.record import Recorder

recorder = Recorder(sys.argv[1], {"exc": 5}, 1e-4)
recorder.append("exc", [1], [2])
recorder.flush()
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(writer)
    os.read(reader, 1)
    os._exit(0)
recorder._folder.release()
from eventsnn.record import repair
print(repair(sys.argv[1]).counts)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_recorder__lets_go_though_a_forked_process_lives(tmp_path):
    done = subprocess.run([sys.executable, "-c", HELD, tmp_path / "run.h5"],
                          capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("{'exc': 1}\n", "")


def test_repair__of_views_makes_the_same_bytes_later(tmp_path, no_fsync, monkeypatch):
    path = tmp_path / "run.h5"
    clock = time.time
    with Recorder(path, SIZES, DT, part_spikes=2, merge_spikes=0) as recorder:
        recorder.append("exc", [1, 2, 3, 4, 5], [3, 4, 5, 6, 7])
    first = path.read_bytes()
    path.unlink()
    while int(clock()) == int(path.parent.stat().st_mtime):  # HDF5 has a clock of whole seconds
        time.sleep(0.01)

    repair(path, merge_spikes=0)

    assert path.read_bytes() == first
