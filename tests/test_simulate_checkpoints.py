"""Runs that keep snapshots: there is a whole one at any moment, and what was recorded goes on."""

import errno
import os
import signal

import numpy as np
import pytest

from eventsnn.core import files
from eventsnn.errors import NumericalError
from eventsnn.neurons import LIFParameters
from eventsnn.record import Recorder, Recording
from eventsnn.simulate import Network, simulation
from tests.failing_disk import Disk, Stop

SIZES, DT = {"cells": 20}, 1e-4


def network(seed=1):
    net = Network(DT, seed)
    cells = net.population("cells", 20, LIFParameters(), refractory=2e-3)
    net.connect(cells, cells, probability=0.3, weight=0.2, delay=2e-3)
    net.poisson(cells, rate=2000.0, weight=0.6)
    return net


@pytest.fixture
def whole(tmp_path, no_fsync):
    """The recording of 0.4 s at once."""
    net = network()
    with Recorder(tmp_path / "whole.h5", SIZES, DT) as recorder:
        net.run(0.4, recorder=recorder, progress=False)
        recorder.duration = net.time
    return (tmp_path / "whole.h5").read_bytes()


def go_on(path, snapshot, until=0.4):
    net = Network.load(snapshot)
    with Recorder(path, SIZES, DT, resume=net.recording) as recorder:
        net.run(until - net.time, recorder=recorder, progress=False)
        recorder.duration = net.time
    return path.read_bytes()


def act_at(monkeypatch, call, action):
    """Do something in the middle of the piece of that number."""
    advance, calls = simulation.Simulation.advance, []

    def watched(self, *arguments):
        calls.append(1)
        if len(calls) == call:
            action()
        return advance(self, *arguments)

    monkeypatch.setattr(simulation.Simulation, "advance", watched)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run__that_a_signal_ends_leaves_recorder_and_network_to_go_on(tmp_path, monkeypatch, whole,
                                                                      number):
    path, snapshot = tmp_path / "run.h5", tmp_path / "snap.h5"
    act_at(monkeypatch, 2, lambda: os.kill(os.getpid(), number))

    with pytest.raises((KeyboardInterrupt, SystemExit)) as caught, \
            Recorder(path, SIZES, DT) as recorder:
        network().run(0.4, recorder=recorder, progress=False, checkpoint=snapshot)

    assert caught.value.__notes__ == ["snap.h5 keeps the network at 0.2 s"]
    assert not path.exists()
    with Recording(tmp_path / "run.h5.parts") as recording:
        assert len(recording.spikes("cells")[0]) > 100
        assert recording.duration == pytest.approx(0.2)
    assert go_on(path, snapshot) == whole


def test_run__that_a_full_disk_ends_goes_on_from_the_snapshot_before(tmp_path, monkeypatch, whole):
    path, snapshot = tmp_path / "run.h5", tmp_path / "snap.h5"
    write, taken = files.Replacement.write, []

    def full(self, offset, data):
        if self.path == snapshot and offset == 0:
            taken.append(1)
        if self.path == snapshot and len(taken) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, offset, data)

    monkeypatch.setattr(files.Replacement, "write", full)
    with pytest.raises(OSError, match="No space left") as caught, \
            Recorder(path, SIZES, DT) as recorder:
        network().run(0.4, recorder=recorder, progress=False, checkpoint=snapshot,
                      checkpoint_every=0.07)
    monkeypatch.undo()

    assert caught.value.__notes__ == ["snap.h5 keeps the network at 0.14 s"]
    assert [Network.load(tmp_path / f"snap{which}.h5").step for which in ("", ".previous")] == [
        1400, 700]
    assert go_on(path, snapshot) == whole


def test_run__that_runs_away_completes_its_recording(tmp_path, no_fsync):
    net = network()
    wild = net.population("wild", 3, LIFParameters())
    net.spikes(wild, np.full(4, 0.25), np.full(4, 2), weight=3e38)
    sizes = SIZES | {"wild": 3}

    with pytest.raises(NumericalError, match="of population 'wild' .* in neuron 2 ") as caught, \
            Recorder(tmp_path / "run.h5", sizes, DT) as recorder:
        net.run(1.0, recorder=recorder, progress=False, checkpoint=tmp_path / "snap.h5",
                checkpoint_every=0.1)

    assert not hasattr(caught.value, "__notes__")
    assert Network.load(tmp_path / "snap.h5").time == pytest.approx(0.2)
    with Recording(tmp_path / "run.h5") as recording:
        assert recording.spikes("cells")[0].max() > 0.19


def test_run__that_runs_away_puts_what_was_recorded_on_the_disk(tmp_path, no_fsync):
    net = network()
    wild = net.population("wild", 3, LIFParameters())
    net.spikes(wild, np.full(4, 0.25), np.full(4, 2), weight=3e38)
    recorder = Recorder(tmp_path / "run.h5", SIZES | {"wild": 3}, DT)

    with pytest.raises(NumericalError):
        net.run(1.0, recorder=recorder, progress=False)

    assert recorder.written == recorder.counts and recorder.counts["cells"] > 100
    recorder.close()


def test_snapshots__one_is_whole_whenever_the_machine_stops(tmp_path, monkeypatch):
    """At each change of the disk, between the changes and in the middle of a write."""
    def run(k, torn, folder):
        folder.mkdir()
        net, disk = network(), Disk(k, torn=torn)
        net.run(0.01, checkpoint=folder / "snap.h5", checkpoint_every=5e-3, progress=False)
        monkeypatch.setattr(files, "os", disk)
        try:
            net.run(0.01, checkpoint=folder / "snap.h5", checkpoint_every=5e-3, progress=False)
        except Stop:
            pass
        finally:
            monkeypatch.setattr(files, "os", os)
        found = []
        for name in ("snap.h5", "snap.previous.h5"):
            if (folder / name).exists():
                found.append(Network.load(folder / name).step)
        return disk.stopped, found

    expected, k, stops = {50, 100, 150, 200}, 1, 0
    while True:
        for torn in (False, True):
            stopped, found = run(k, torn, tmp_path / f"{k}{torn}")
            assert found and max(found) >= 100 and set(found) <= expected
            stops += stopped
        if not stopped:
            break
        k += 1

    assert found == [200, 150]
    assert stops > 10


def test_snapshots__of_another_network_are_never_taken_for_this_ones(tmp_path):
    path, earlier = tmp_path / "snap.h5", tmp_path / "snap.previous.h5"
    network(seed=7).save(path)
    network(seed=7).save(earlier)
    net = network()

    for message in ("snap.h5", "snap.h5"):
        with pytest.raises(FileExistsError, match=message):
            net.run(0.01, checkpoint=path, progress=False)
    net.run(0.01, checkpoint=path, checkpoint_every=0.01, progress=False, overwrite=True)
    assert not earlier.exists()
    net.run(0.02, checkpoint=path, checkpoint_every=0.01, progress=False)  # its own by now

    assert [(one.seed, one.step) for one in map(Network.load, (path, earlier))] == [
        (1, 300), (1, 200)]
    (tmp_path / "other").mkdir()
    path.rename(tmp_path / "other" / "snap.h5")
    with pytest.raises(FileExistsError, match="snap.previous.h5 must not exist yet"):
        network().run(0.01, checkpoint=path, progress=False)


def test_run__refuses_an_interval_without_a_file():
    with pytest.raises(TypeError, match="checkpoint must be the name of a file where"):
        network().run(0.1, checkpoint_every=0.1)
