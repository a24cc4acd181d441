"""Recorders that are interrupted, or meet a full disk, keep what came before."""

import subprocess
import sys

import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.record import recorder as recorder_module
from eventsnn.record import Recorder, Recording, buffer, job, manifest, parts, repair
from tests.recordings import DT, SIZES, read, spikes


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("exception", [ZeroDivisionError, KeyboardInterrupt, MemoryError])
def test_recorder__keeps_what_was_recorded_before_an_exception(tmp_path, rng, small_parts,
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


def test_recorder__interrupted_anywhere_keeps_a_prefix(tmp_path, rng, small_parts):
    # An interrupt between any two lines of the recorder: the file is valid and holds the first
    # spikes, each once.
    steps, ids = spikes(rng, 150, 80)
    sources = {m.__file__ for m in (recorder_module, buffer, job, parts, manifest)}

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
    empty = 0
    for at in range(1, n_lines + 1):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run.h5", at)
        if not (tmp_path / "run.h5").exists():  # before the first spike
            empty += 1
            assert list(tmp_path.iterdir()) == [tmp_path / "whole.h5"]
            continue
        times, ids_read = read(tmp_path / "run.h5")
        assert_array_equal(ids_read, ids[:ids_read.size])
        assert_array_equal(np.rint(times / DT), steps[:ids_read.size])
        (tmp_path / "run.h5").unlink()
    assert empty < 50 < n_lines


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes as Linux does")
def test_recorder__real_limit_ends_cleanly(tmp_path):
    # HDF5 that meets a full disk itself brings the process down when it exits.
    script = """
import resource, sys
import numpy as np
from eventsnn.record import Recorder
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))
try:
    with Recorder(sys.argv[1], {"exc": 9}, 1e-4, part_spikes=200_000) as recorder:
        for step in range(1000):
            recorder.append("exc", step, np.arange(1000) % 9)
except OSError as error:
    print(recorder.written["exc"], error)
"""
    path = tmp_path / "run.h5"

    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert "File too large; what was recorded until then is in run.h5.parts" in done.stdout
    n = int(done.stdout.split()[0])
    assert n == 1_000_000 and not path.exists()  # the parts fit, the file of all of them does not
    assert repair(path).complete
    times, ids = read(path)
    assert_array_equal(ids, np.arange(n) % 1000 % 9)
    assert_array_equal(np.rint(times / DT), np.arange(n) // 1000)
