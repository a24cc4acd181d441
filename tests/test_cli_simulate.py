"""The command line simulates: what it prints, records and plots."""

import json
import warnings

import h5py
import libsonata
import matplotlib.image
import pytest
from numpy.testing import assert_array_equal

from eventsnn.networks import cuba
from eventsnn.record import Recording
from eventsnn.simulate import group
from tests.command_line import SIMULATE, python, run

pytestmark = pytest.mark.usefixtures("handlers")
KEYS = {"build_s", "compile_s", "sim_s", "real_time_factor", "spikes", "rate_hz", "cv_isi",
        "synapses", "synaptic_events_per_s", "bytes_per_synapse", "peak_rss_mb"}


def datasets(path):
    """Timestamps and node ids of each population, as they lie in the file."""
    with h5py.File(path) as file:
        return {name: (g["timestamps"][:], g["node_ids"][:]) for name, g in file["spikes"].items()}


def assert_same_spikes(path, other):
    first, second = datasets(path), datasets(other)
    assert first.keys() == second.keys() == {"exc", "inh"}
    for name in first:
        assert len(first[name][0]) > 20
        for a, b in zip(first[name], second[name], strict=True):
            assert_array_equal(a, b)


def test_simulate__json_is_one_line(capsys):
    assert run(*SIMULATE, "--json") == 0

    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and err.count("\n") <= 1
    summary = json.loads(out)
    assert summary.keys() >= KEYS
    assert summary["neurons"] == 500 and summary["seconds"] == pytest.approx(0.2)
    assert summary["rate_hz"] == pytest.approx(summary["spikes"] / 500 / 0.2)
    assert summary["bytes_per_synapse"] < 3
    assert all(summary[key] > 0 for key in KEYS if not key.endswith("_s"))


def test_simulate__numbers_are_those_of_the_network(capsys):
    run(*SIMULATE, "--json", "--seed", "4")

    summary = json.loads(capsys.readouterr().out)
    net = cuba(500, seed=4)
    net.run(0.2)
    assert summary["spikes"] == net.cost.spikes
    assert summary["synapses"] == net.n_synapses


def test_simulate__table_has_a_row_for_each_number(capsys):
    assert run(*SIMULATE) == 0

    out, _ = capsys.readouterr()
    rows = [line.split("  ", 1) for line in out.splitlines()]
    assert all(len(row) == 2 for row in rows)
    assert {"neurons", "synapses", "mean rate", "run", "peak memory"} <= {row[0] for row in rows}
    assert len({len(line) - len(line.split("  ", 1)[1].lstrip()) for line in out.splitlines()}) == 1


def test_simulate__record_opens_with_libsonata(capsys, tmp_path):
    path = tmp_path / "run.h5"
    assert run(*SIMULATE, "--record", path, "--json") == 0

    summary = json.loads(capsys.readouterr().out)
    reader, total = libsonata.SpikeReader(str(path)), 0
    assert set(reader.get_population_names()) == {"exc", "inh"}
    for name, (times, ids) in datasets(path).items():
        pairs = reader[name].get()
        assert_array_equal([pair[0] for pair in pairs], ids)
        assert_array_equal([pair[1] for pair in pairs], times)
        total += len(ids)
    assert total == summary["spikes"]
    with Recording(path) as recording:
        assert recording.duration == pytest.approx(0.2)
        assert (recording.size("exc"), recording.size("inh")) == (400, 100)
        assert recording.provenance["seed"] == 0 and recording.provenance["network"] == "cuba"
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


def test_simulate__same_seed_same_spikes(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)
    cases = {"a": [], "b": [], "threads": ["--threads", 2], "seed": ["--seed", 1]}
    for name, options in cases.items():
        assert run(*SIMULATE, "--neurons", 5000, "--record", tmp_path / f"{name}.h5", *options) == 0

    assert_same_spikes(tmp_path / "a.h5", tmp_path / "b.h5")
    assert_same_spikes(tmp_path / "a.h5", tmp_path / "threads.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with pytest.raises(AssertionError):
        assert_same_spikes(tmp_path / "a.h5", tmp_path / "seed.h5")


def test_simulate__in_another_process_same_spikes(tmp_path):
    arguments = [*SIMULATE, "--record"]
    done = python("-m", "eventsnn", *arguments, tmp_path / "a.h5", "--threads", 2, "--json")

    run(*arguments, tmp_path / "b.h5")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).keys() >= KEYS
    assert_same_spikes(tmp_path / "a.h5", tmp_path / "b.h5")


@pytest.mark.parametrize("with_record", [False, True])
def test_simulate__plot(tmp_path, with_record):
    options = ["--record", tmp_path / "run.h5"] if with_record else []

    assert run(*SIMULATE, "--plot", tmp_path / "run.png", *options) == 0

    assert matplotlib.image.imread(tmp_path / "run.png").shape[0] > 500
    expected = {"run.png", "run.h5"} if with_record else {"run.png"}
    assert {p.name for p in tmp_path.iterdir()} == expected


def test_simulate__progress_only_on_terminals(capsys):
    run(*SIMULATE, "--json")
    before = capsys.readouterr().err  # at most that the loop is being compiled

    run(*SIMULATE, "--json", "--quiet")

    assert "model time" not in before
    assert capsys.readouterr().err == ""


def test_simulate__few_spikes_have_no_cv(capsys):
    assert run("simulate", "cuba", "--neurons", 100, "--seconds", 0.001, "--json") == 0
    assert json.loads(capsys.readouterr().out)["cv_isi"] is None

    assert run("simulate", "cuba", "--neurons", 100, "--seconds", 0.001) == 0
    assert "undefined" in capsys.readouterr().out


def test_simulate__overwrites_when_told(tmp_path):
    for name in ("run.h5", "run.png"):
        (tmp_path / name).write_bytes(b"old")

    assert run(*SIMULATE, "--record", tmp_path / "run.h5", "--plot", tmp_path / "run.png",
               "--overwrite") == 0

    assert len(datasets(tmp_path / "run.h5")) == 2
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 2


def test_simulate__warnings_are_one_line(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as outside the tests, where they are no errors
        assert run(*SIMULATE, "--dt", "0.006", "--json") == 0

    lines = [x for x in capsys.readouterr().err.splitlines() if not x.startswith("compiling")]
    assert lines and all(line.startswith("warning: dt * tau_syn_exc_inv = 1.2") for line in lines)
