"""eventsnn info: what files are, and one line for what they are not."""

import json

import h5py
import numpy as np
import pytest

from eventsnn import interop, layers, train
from eventsnn.record import Recorder, Recording
from tests.command_line import refused, run
from tests.recordings import SIZES, record, spikes

pytestmark = pytest.mark.usefixtures("handlers")


def facts(capsys, path):
    assert run("info", path, "--json") == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and err == ""
    return json.loads(out)


def table(capsys, path):
    assert run("info", path) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture
def broken_off(tmp_path):
    """The parts of a recorder that was killed: 192 of 200 spikes."""
    steps, ids = spikes(np.random.default_rng(3), 200, 80)
    recorder = Recorder(tmp_path / "dead.h5", SIZES, 1e-4, attributes={"seed": 7}, part_spikes=64)
    recorder.append("exc", steps[:192], ids[:192])
    recorder.flush()
    recorder.append("exc", steps[192:], ids[192:])
    recorder._folder.release()  # as the end of the process does
    return tmp_path / "dead.h5", steps


def test_info__of_a_recording(good, capsys):
    found = facts(capsys, good)

    assert found["kind"] == "recording" and found["bytes"] == good.stat().st_size
    assert found["populations"] == {
        "exc": {"neurons": 80, "spikes": 3000, "sorting": "by_time"},
        "inh": {"neurons": 20, "spikes": 0, "sorting": "by_time"}}
    assert (found["neurons"], found["spikes"]) == (100, 3000)
    assert (found["duration_s"], found["dt_s"]) == (0.2, 1e-4)
    assert found["provenance"]["numpy_version"] == np.__version__


def test_info__of_a_recording_says_who_wrote_it(tmp_path, capsys):
    record(tmp_path / "a.h5", *spikes(np.random.default_rng(0), 10, 80),
           attributes={"seed": 4, "network": "cuba"})

    out = table(capsys, tmp_path / "a.h5")

    rows = dict(line.split(maxsplit=1) for line in out.splitlines()[:8] if line)
    assert rows["network"] == "cuba" and rows["seed"] == "4" and rows["duration"] == "0.2 s"
    assert f"numpy {np.__version__}" in out


def test_info__of_another_programs_recording(tmp_path, capsys):
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        group = file.create_group("spikes/cells")
        group["timestamps"], group["node_ids"] = [9.0, 1.0], np.array([0, 6], np.uint64)
        group.attrs["sorting"] = "by_id"

    found = facts(capsys, tmp_path / "theirs.h5")

    assert found["populations"] == {"cells": {"neurons": 7, "spikes": 2, "sorting": "by_id"}}
    assert (found["duration_s"], found["dt_s"], found["provenance"]) == (0.009, None, {})
    assert "another program; of neurons only" in table(capsys, tmp_path / "theirs.h5")


@pytest.mark.parametrize("suffix", ["", ".parts"])
def test_info__of_parts_that_broke_off(broken_off, capsys, suffix):
    path, steps = broken_off

    found = facts(capsys, f"{path}{suffix}")

    assert (found["kind"], found["state"], found["samples"]) == ("parts", "broken off", {})
    assert found["spikes"] == 192 and found["until_s"] == pytest.approx(steps[191] * 1e-4)
    assert found["remedy"] == f"eventsnn repair {path}"
    assert found["provenance"]["seed"] == 7
    assert "the run broke off" in (out := table(capsys, path)) and found["remedy"] in out


def test_info__until_is_what_repair_says(broken_off, capsys):
    path, _ = broken_off
    found = facts(capsys, path)

    assert run("repair", path, "--json") == 1

    repaired = json.loads(capsys.readouterr().out)
    assert repaired["until_s"] == found["until_s"] and repaired["spikes"] == found["spikes"]


def test_info__of_parts_of_a_run_that_goes_on(tmp_path, capsys):
    with Recorder(tmp_path / "run.h5", SIZES, 1e-4) as recorder:
        recorder.append("exc", [1], [2])
        recorder.flush()
        found = facts(capsys, tmp_path / "run.h5")

    assert (found["state"], found["spikes"], found["remedy"]) == ("being written", 1, None)
    with Recording(tmp_path / "run.h5") as recording:  # which the question did not disturb
        assert recording.count("exc") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


def test_info__of_a_view_of_parts(tmp_path, capsys):
    record(tmp_path / "big.h5", *spikes(np.random.default_rng(0), 200, 80), merge_spikes=100)

    assert facts(capsys, tmp_path / "big.h5")["spikes"] == 200
    found = facts(capsys, tmp_path / "big.h5.parts")
    assert (found["state"], found["until_s"], found["remedy"]) == ("complete", 0.2, None)


def test_info__of_nwb(tmp_path, capsys):
    interop.write_nwb(tmp_path / "a.nwb", {"a": ([0.5], [1], 3), "b": ([], [], 2)}, t_stop=2.0)

    found = facts(capsys, tmp_path / "a.nwb")

    assert found["kind"] == "nwb" and found["duration_s"] == 2.0
    assert found["populations"] == {"a": {"neurons": 3, "spikes": 1},
                                    "b": {"neurons": 2, "spikes": 0}}


def test_info__of_a_model(tmp_path, capsys):
    train.save(tmp_path / "m.h5", {"0.weight": np.zeros((3, 4), np.float32)},
               attributes={"kind": "digits", "seed": 5})

    found = facts(capsys, tmp_path / "m.h5")

    assert found["kind"] == "model" and found["parameters"] == 12
    assert found["weights"] == {"0.weight": [3, 4]} and found["attributes"]["seed"] == 5
    assert "3 x 4" in table(capsys, tmp_path / "m.h5")


def test_info__of_a_model_with_its_layers(tmp_path, capsys):
    net = layers.SequentialState(layers.Linear(4, 3, seed=1), layers.LIF())
    train.save_model(tmp_path / "m.h5", net, attributes={"epoch": 7})

    found = facts(capsys, tmp_path / "m.h5")

    assert found["kind"] == "model" and found["parameters"] == 15
    assert found["layers"] == "SequentialState(Linear, LIF)"
    assert found["attributes"] == {"epoch": 7} and found["eventsnn_version"]
    shown = table(capsys, tmp_path / "m.h5")
    assert "SequentialState(Linear, LIF)" in shown and "3 x 4" in shown and "epoch" in shown


def test_info__of_anything_else_is_one_line(tmp_path, capsys):
    (tmp_path / "text").write_text("no HDF5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = [1]

    whole = (tmp_path / "other.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[:len(whole) // 2])

    for name, words in (("text", "a file that is no HDF5"),
                        ("cut.h5", "an HDF5 file that is damaged or not whole"),
                        ("other.h5", "images in it"),
                        ("none.h5", "must exist, got nothing"), (".", "a folder")):
        assert words in refused(capsys, "info", tmp_path / name)
