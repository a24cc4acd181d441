"""The command line meets signals: the recording stays, and ends where it says."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.networks import cuba
from eventsnn.record import Recording, Report
from tests.command_line import python

LONG_RUN = """
import os, sys
from eventsnn import cli
from eventsnn.record import Recorder

append = Recorder.append

def watched(self, population, steps, ids):
    append(self, population, steps, ids)
    if population == "exc" and self.counts["exc"] > 3000:
        watched.act()

def say():
    print("recording", flush=True)
    watched.act = lambda: None

watched.act = say if sys.argv[2] == "say" else lambda: os.kill(os.getpid(), int(sys.argv[2]))
Recorder.append = watched
sys.exit(cli.main(["simulate", "cuba", "--neurons", "500", "--seconds", "100000",
                   "--record", sys.argv[1], "--json", *sys.argv[3:]]))
"""


def spikes_of(path):
    with Recording(path) as recording:
        chunks = {name: next(recording.chunks(name)) for name in recording.populations}
        return chunks, recording.duration


def whole_run(seconds):
    net = cuba(500)
    spikes = {name: net.record(q, "spikes") for name, q in net.populations.items()}
    net.run(seconds)
    return spikes


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal__at_any_moment_leaves_the_recording(tmp_path, number, code):
    path = tmp_path / "run.h5"
    with subprocess.Popen([sys.executable, "-c", LONG_RUN, str(path), "say"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == "recording\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert process.returncode == code
    assert out == "" and "Traceback" not in err
    chunks, duration = spikes_of(path)
    whole = whole_run(duration)
    for name, (times, ids) in chunks.items():
        mine = np.rint(times / 1e-4) <= np.rint(duration / 1e-4)
        assert_array_equal(np.rint(times[mine] / 1e-4), np.rint(whole[name].times / 1e-4))
        assert_array_equal(ids[mine], whole[name].ids)
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal__recording_ends_where_it_says(tmp_path, number):
    python("-c", LONG_RUN, tmp_path / "run.h5", int(number))

    chunks, duration = spikes_of(tmp_path / "run.h5")
    for times, _ in chunks.values():
        assert len(times) > 100
        assert np.rint(times.max() / 1e-4) <= np.rint(duration / 1e-4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal__leaves_the_traces_too(tmp_path, number):
    python("-c", LONG_RUN, tmp_path / "run.h5", int(number), "--trace", "v", "--trace", "i_inh",
           "--trace-neurons", 3)

    _, duration = spikes_of(tmp_path / "run.h5")
    net = cuba(500)
    traces = {v: net.record(net.populations["inh"], v, every=1e-3) for v in ("v", "i_inh")}
    net.run(duration)
    for variable, trace in traces.items():
        with Report(tmp_path / f"run.{variable}.h5") as report:
            times, ids, values = report.values("inh")
        assert len(times) > 100
        assert_array_equal(np.rint(times / 1e-3), np.rint(trace.times / 1e-3))
        assert_array_equal(values, trace.values[:, ids])
