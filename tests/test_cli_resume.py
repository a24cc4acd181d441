"""A run that is interrupted leaves a snapshot, and another process goes on from it."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.record import Recording, Report
from tests.command_line import python, refused, run

CUBA = ["simulate", "cuba", "--neurons", "500", "--quiet"]
TRACED = ["--trace", "v", "--trace-neurons", "3"]

# A run that gets a signal in the middle of a piece, once its snapshots were `sys.argv[2]`.
STOPPED = """
import os, sys
from eventsnn import cli
from eventsnn.simulate import Network, simulation

save, counted, advance = Network.save, [], simulation.Simulation.advance

def counting(self, *arguments, **options):
    counted.append(save(self, *arguments, **options))

def watched(self, *arguments):
    if len(counted) == int(sys.argv[2]):
        os.kill(os.getpid(), int(sys.argv[1]))
    return advance(self, *arguments)

Network.save, simulation.Simulation.advance = counting, watched
sys.exit(cli.main(sys.argv[3:]))
"""


def stopped(number, after, *arguments):
    return subprocess.run([sys.executable, "-c", STOPPED, str(int(number)), str(after),
                           *map(str, arguments)], capture_output=True, text=True, timeout=120)


def content(path):
    """All spikes and samples, as bytes to compare."""
    found = {}
    with Recording(path) as recording:
        found["duration"] = recording.duration
        for name in recording.populations:
            found[name] = [a.tobytes() for a in recording.spikes(name)]
    with Report(path.with_name(f"{path.stem}.v.h5")) as report:
        for name in report.populations:
            found[f"v of {name}"] = [a.tobytes() for a in report.values(name)]
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run.h5"
    assert run(*CUBA, "--seconds", "0.5", "--record", path, *TRACED) == 0
    return content(path)


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130),
                                          (signal.SIGUSR1, 138)])
def test_resume__after_a_signal_makes_the_whole_recording(tmp_path, number, code, whole, capsys):
    path, snapshot = tmp_path / "run.h5", tmp_path / "run.snapshot.h5"

    done = stopped(number, 2, *CUBA, "--seconds", "0.5", "--record", path, *TRACED,
                   "--checkpoint-every", "0.05")

    assert done.returncode == code
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.endswith(f"; eventsnn resume {snapshot} goes on\n")
    assert not path.exists()
    with Recording(path.with_name("run.h5.parts")) as recording:
        assert 100 < len(recording.spikes("exc")[0])
    assert run("resume", snapshot, "--threads", "2", "--quiet", "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert content(path) == whole
    assert summary["seconds"] == 0.5
    with Recording(path) as recording:
        n = sum(len(recording.spikes(name)[0]) for name in recording.populations)
    assert summary["spikes"] == n
    assert summary["rate_hz"] == pytest.approx(n / 500 / 0.5)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "run.h5", "run.snapshot.h5", "run.snapshot.previous.h5", "run.v.h5"]


@pytest.mark.parametrize("which", ["snapshot", "snapshot.previous"])
def test_resume__after_a_kill_goes_on_from_either_snapshot(tmp_path, which, whole):
    path = tmp_path / "run.h5"

    done = stopped(signal.SIGKILL, 4, *CUBA, "--seconds", "0.5", "--record", path, *TRACED,
                   "--checkpoint-every", "0.07")

    assert done.returncode == -signal.SIGKILL
    assert run("resume", tmp_path / f"run.{which}.h5", "--quiet") == 0
    assert content(path) == whole


def test_resume__goes_on_again_and_longer_and_elsewhere(tmp_path, whole):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    done = stopped(signal.SIGTERM, 1, *CUBA, "--seconds", "0.2", "--record", old / "run.h5",
                   *TRACED, "--checkpoint", old / "snap.h5", "--checkpoint-every", "0.05")
    assert done.returncode == 143
    old.rename(new)

    done = stopped(signal.SIGTERM, 2, "resume", new / "snap.h5", "--seconds", "0.5", "--quiet")
    assert done.returncode == 143, done.stderr
    assert run("resume", new / "snap.h5", "--quiet") == 0

    assert content(new / "run.h5") == whole


def test_resume__completes_a_recording_whose_end_was_cut_off(tmp_path, whole):
    path = tmp_path / "run.h5"
    script = STOPPED.replace("if len(counted)", "if 0").replace(
        "sys.exit(cli", "from eventsnn.record import finish\n"
        "finish.make_files = lambda *_: os.kill(os.getpid(), int(sys.argv[1]))\nsys.exit(cli")
    done = python("-c", script, int(signal.SIGKILL), 1, *CUBA, "--seconds", "0.5", "--record", path,
                  *TRACED, "--checkpoint-every", "0.1")
    assert done.returncode == -signal.SIGKILL and not path.exists()

    assert run("resume", tmp_path / "run.snapshot.h5", "--quiet") == 0

    assert content(path) == whole


def test_resume__before_anything_was_recorded(tmp_path, whole):
    path = tmp_path / "run.h5"
    done = stopped(signal.SIGTERM, 0, *CUBA, "--seconds", "0.5", "--record", path, *TRACED,
                   "--checkpoint-every", "1e-4")
    assert done.returncode == 143, done.stderr

    assert run("resume", tmp_path / "run.snapshot.h5", "--quiet", "--checkpoint-every", "1") == 0

    assert content(path) == whole


def test_resume__of_a_run_that_is_not_recorded(tmp_path, capsys):
    done = stopped(signal.SIGTERM, 0, *CUBA, "--seconds", "0.3", "--checkpoint",
                   tmp_path / "snap.h5")
    assert done.returncode == 143
    (saved,) = tmp_path.iterdir()
    assert run("resume", saved, "--quiet", "--json") == 0

    later = json.loads(capsys.readouterr().out)

    assert later["seconds"] == 0.3
    assert 2 < later["rate_hz"] < 10


def test_checkpoints__do_not_change_the_recording(tmp_path, whole):
    path = tmp_path / "run.h5"
    assert run(*CUBA, "--seconds", "0.5", "--record", path, *TRACED, "--checkpoint-every",
               "0.03") == 0

    assert content(path) == whole


@pytest.mark.parametrize("arguments, message", [
    (["--checkpoint-every", "0.1"],
     "--checkpoint-every must come with --checkpoint FILE.h5, or --record, got neither"),
    (["--checkpoint-every", "nan", "--record", "r.h5"], "checkpoint-every must be finite, got nan"),
    (["--checkpoint-every", "1e-9", "--record", "r.h5"],
     "checkpoint-every must be at least 0.0001, got 1e-09"),
    (["--checkpoint", "there.h5"], "there.h5 must not exist yet, got a file of 1 bytes; use "
     "overwrite=True or --overwrite to replace it"),
    (["--checkpoint", "r.h5", "--record", "r.h5"],
     "--record and --checkpoint must name two files, got r.h5"),
    (["--checkpoint", "no/snap.h5"], "no/snap.h5 must lie in a folder that exists, got the folder "
     "{}/no; create it first"),
])
def test_checkpoint__refuses(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.h5").write_text("x")

    err = refused(capsys, *CUBA, "--seconds", "0.2", *arguments)

    assert err == f"eventsnn: error: {message.format(tmp_path)}\n"
    assert [p.name for p in tmp_path.iterdir()] == ["there.h5"]


def test_resume__refuses(tmp_path, capsys):
    from eventsnn.neurons import LIFParameters
    from eventsnn.simulate import Network

    path = tmp_path / "run.h5"
    stopped(signal.SIGTERM, 1, *CUBA, "--seconds", "0.2", "--record", path, "--checkpoint-every",
            "0.05")
    snapshot = tmp_path / "run.snapshot.h5"
    net = Network()
    net.population("cells", 2, LIFParameters())
    net.save(tmp_path / "own.h5")
    whole = snapshot.read_bytes()
    (tmp_path / "torn.h5").write_bytes(whole[:-100])
    (tmp_path / "flipped.h5").write_bytes(whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:])
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    for arguments, message in [
            ([tmp_path / "none.h5"], "No such file"),
            ([tmp_path / "own.h5"], "must be a snapshot of eventsnn simulate, got one of another "
             "program; go on with Network.load"),
            ([tmp_path / "torn.h5"], "torn.h5"), ([tmp_path / "flipped.h5"], "flipped.h5"),
            ([snapshot, "--seconds", "0.01"], "seconds must be at least 0.1 s, where the "
             "snapshot stands, got 0.01 s"),
            ([snapshot, "--threads", "0"], "threads must be at least 1, got 0"),
            ([snapshot, "--checkpoint-every", "-1"], "checkpoint-every must be at least 0.0001")]:
        assert message in refused(capsys, "resume", *arguments)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before

    assert run("resume", snapshot, "--quiet") == 0
    capsys.readouterr()
    assert "it came to its end" in refused(capsys, "resume", snapshot, "--seconds", "0.4")


def test_signal__twice_still_leaves_the_snapshot(tmp_path):
    """As impatient people press Ctrl-C: what is begun is brought to its end."""
    script = STOPPED.replace("os.kill(os.getpid(), int(sys.argv[1]))",
                             "os.kill(os.getpid(), int(sys.argv[1])); "
                             "os.kill(os.getpid(), int(sys.argv[1]))")
    done = python("-c", script, int(signal.SIGINT), 1, *CUBA, "--seconds", "0.5", "--record",
                  tmp_path / "run.h5", "--checkpoint-every", "0.05", env=os.environ.copy())

    assert done.returncode == 130
    assert run("resume", tmp_path / "run.snapshot.h5", "--quiet") == 0
    with Recording(tmp_path / "run.h5") as recording:
        times, ids = recording.spikes("exc")
    assert_array_equal(np.sort(times), times)
    assert len(times) > 500


def interrupted(path, after=4):
    """A run of which two snapshots are there."""
    done = stopped(signal.SIGTERM, after, *CUBA, "--seconds", "0.5", "--record", path, *TRACED,
                   "--checkpoint-every", "0.07")
    assert done.returncode == 143, done.stderr
    return path.with_name("run.snapshot.h5"), path.with_name("run.snapshot.previous.h5")


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_resume__takes_the_snapshot_before_if_the_last_is(tmp_path, capsys, whole, harm):
    path = tmp_path / "run.h5"
    last, before = interrupted(path)
    good = before.read_bytes()
    if harm == "damaged":
        last.write_bytes(last.read_bytes()[:-100])
    else:
        last.unlink()

    # Interrupted before it took another: the one that is whole stays.
    done = stopped(signal.SIGTERM, 0, "resume", last, "--checkpoint-every", "100", "--quiet")
    assert done.returncode == 143
    assert done.stderr.startswith("warning: ") and "run.snapshot.previous.h5" in done.stderr
    assert done.stderr.endswith(f"eventsnn resume {last} goes on\n")
    assert before.read_bytes() == good
    assert run("resume", last, "--quiet", "--checkpoint-every", "0.03") == 0

    assert content(path) == whole
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "run.h5", "run.snapshot.h5", "run.snapshot.previous.h5", "run.v.h5"]


def test_resume__of_the_snapshot_before_goes_on_in_the_same_files(tmp_path, whole):
    path = tmp_path / "run.h5"
    last, before = interrupted(path)

    assert run("resume", before, "--quiet") == 0

    assert content(path) == whole
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "run.h5", "run.snapshot.h5", "run.snapshot.previous.h5", "run.v.h5"]


def test_signal__before_any_snapshot_promises_none(tmp_path):
    script = ("import os, sys\nfrom eventsnn import cli\nfrom eventsnn.simulate import running\n"
              "advance = running.check_recorder\n"
              "def act(*arguments):\n"
              "    os.kill(os.getpid(), 2)\n"
              "    return advance(*arguments)\n"
              "running.check_recorder = act\n"
              "sys.exit(cli.main(sys.argv[1:]))\n")

    done = python("-c", script, *CUBA, "--record", tmp_path / "run.h5", "--checkpoint-every", "0.1")

    assert done.returncode == 130
    assert done.stderr == "eventsnn: interrupted; a recording holds what came before\n"
    assert list(tmp_path.iterdir()) == []


def test_simulate__that_runs_away_says_it_in_one_line(tmp_path, capsys):
    message = refused(capsys, "simulate", "brunel", "--neurons", "500", "--weight", "0.1",
                      "--g", "1e37", "--record", tmp_path / "run.h5", "--checkpoint-every",
                      "5e-4", "--quiet")

    assert "of population " in message and " in neuron " in message and " s and " in message
    assert "resume" not in message
    with Recording(tmp_path / "run.h5") as recording:
        assert recording.duration >= 5e-4


def test_simulate__that_a_full_disk_ends_says_how_to_go_on(tmp_path, monkeypatch, capsys, whole):
    import errno

    from eventsnn.simulate import Network

    path, save, saved = tmp_path / "run.h5", Network.save, []

    def full(self, *arguments, **options):
        saved.append(1)
        if len(saved) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Network, "save", full)
        message = refused(capsys, *CUBA, "--seconds", "0.5", "--record", path, *TRACED,
                          "--checkpoint-every", "0.07")
    assert message.endswith("No space left on device; run.snapshot.h5 keeps the network at 0.14 s; "
                            f"eventsnn resume {tmp_path / 'run.snapshot.h5'} goes on\n")

    assert run("resume", tmp_path / "run.snapshot.h5", "--quiet") == 0
    assert content(path) == whole
