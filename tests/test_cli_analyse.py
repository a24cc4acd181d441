"""eventsnn analyse: the table, the line of JSON, the page of pictures, and refusals."""

import json

import h5py
import numpy as np
import pytest

from eventsnn import analyse, interop
from eventsnn.record import Recorder
from tests.command_line import refused, run
from tests.recordings import SIZES, read, record, spikes

pytestmark = pytest.mark.usefixtures("handlers")
KEYS = ["neurons", "spikes", "active", "rate_hz", "median_rate_hz", "cv", "cv_neurons", "cv2",
        "cv2_neurons", "lv", "lv_neurons", "fano", "fano_neurons", "synchrony", "correlation",
        "correlation_pairs", "correlation_neurons", "peak_hz", "peak_ratio"]


def facts(capsys, path, *options):
    assert run("analyse", path, "--json", *options) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and err == ""
    return json.loads(out)


def test_analyse__json_has_its_keys_and_the_numbers_of_the_library(good, capsys):
    found = facts(capsys, good)

    assert list(found) == ["file", "t_start_s", "t_stop_s", "bin_s", "window_s", "populations"]
    assert (found["t_start_s"], found["t_stop_s"]) == (0.0, 0.2)
    exc = found["populations"]["exc"]
    assert list(exc) == KEYS
    expected = analyse.summary(read(good), 80, t_stop=0.2)
    assert (exc["neurons"], exc["spikes"], exc["active"]) == (80, 3000, 1.0)
    assert exc["cv"] == expected.cv.value and exc["cv_neurons"] == expected.cv.n
    assert exc["correlation"] == expected.correlation.value
    assert exc["peak_hz"] == expected.peak_frequency


def test_analyse__undefined_is_null_and_said(good, capsys):
    silent = facts(capsys, good)["populations"]["inh"]

    assert silent["rate_hz"] == 0.0 and silent["cv_neurons"] == 0
    for key in ("cv", "cv2", "lv", "fano", "synchrony", "correlation", "peak_hz", "peak_ratio"):
        assert silent[key] is None
    assert run("analyse", good) == 0
    row = [line for line in capsys.readouterr().out.splitlines() if line.startswith("mean CV2")][0]
    assert row.split()[-1] == "undefined" and row.split()[-2] != "undefined"


def test_analyse__table_has_a_column_a_population(good, capsys):
    assert run("analyse", good) == 0

    out, err = capsys.readouterr()
    head, *rows = out.splitlines()
    assert head.split() == ["good.h5,", "0", "to", "0.2", "s", "exc", "inh"] and err == ""
    assert len({len(line) for line in [head, *rows]}) == 1  # columns are to the right
    assert [row for row in rows if row.startswith("spikes")][0].split() == ["spikes", "3,000", "0"]


def test_analyse__of_a_stretch_and_a_population(good, capsys):
    found = facts(capsys, good, "--from", "0.02", "--to", "0.07", "--population", "exc")

    times, ids = read(good)
    mine = (times >= 0.02) & (times < 0.07)
    exc = found["populations"].pop("exc")
    assert found["populations"] == {} and exc["spikes"] == mine.sum()
    assert exc["rate_hz"] == pytest.approx(mine.sum() / 80 / 0.05)
    assert exc["cv"] == pytest.approx(analyse.summary((times[mine], ids[mine]), 80, t_start=0.02,
                                                      t_stop=0.07).cv.value)


def test_analyse__of_other_formats_is_the_same(tmp_path, good, capsys):
    times, ids = read(good)
    interop.write_nwb(tmp_path / "a.nwb", {"exc": (times, ids, 80), "inh": ([], [], 20)},
                      t_stop=0.2)
    order = np.lexsort([times, ids])
    with h5py.File(tmp_path / "by_id.h5", "w") as file:
        group = file.create_group("spikes/exc")
        group["timestamps"], group["node_ids"] = times[order] * 1e3, ids[order].astype(np.uint64)
    expected = facts(capsys, good)["populations"]

    for name, found in facts(capsys, tmp_path / "a.nwb")["populations"].items():
        assert found == pytest.approx(expected[name])
    theirs = facts(capsys, tmp_path / "by_id.h5", "--to", "0.2")["populations"]
    assert theirs["exc"] == pytest.approx(expected["exc"])


def test_analyse__of_parts(tmp_path, capsys):
    recorder = Recorder(tmp_path / "dead.h5", SIZES, 1e-4, part_spikes=64)
    recorder.append("exc", *spikes(np.random.default_rng(3), 192, 80))
    recorder.flush()
    recorder._folder.release()  # as the end of the process does

    assert facts(capsys, tmp_path / "dead.h5.parts")["populations"]["exc"]["spikes"] == 192
    assert "eventsnn repair" in refused(capsys, "analyse", tmp_path / "dead.h5")


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_analyse__draws_a_page(tmp_path, good, capsys, ending):
    out = tmp_path / f"page{ending}"

    assert run("analyse", good, "--plot", out) == 0

    assert capsys.readouterr().err == ""
    if ending == ".svg":
        for words in ("time (s)", "rate (Hz)", "interval (ms)", "CV of intervals",
                      "frequency (Hz)", "exc (80)", "inh (20)"):
            assert words in out.read_text()
    out.write_bytes(b"mine")
    assert "must not exist yet" in refused(capsys, "analyse", good, "--plot", out)
    assert out.read_bytes() == b"mine"
    assert run("analyse", good, "--plot", out, "--overwrite") == 0


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_analyse__draws_next_to_nothing(tmp_path, capsys, n):
    record(tmp_path / "a.h5", np.arange(n), np.zeros(n, int))

    assert run("analyse", tmp_path / "a.h5", "--plot", tmp_path / "a.png") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("options, words", [
    (["--from", "0.1", "--to", "0.1"], "--to must be above --from, 0.1 s, got 0.1 s"),
    (["--from", "0.2"], "--from must be below 0.2 s, where the recording ends, got 0.2 s"),
    (["--to", "0.3"], "--to must be at most 0.2 s, where the recording ends, got 0.3 s"),
    (["--from", "nan"], "--from must be finite"),
    (["--population", "exx"], "--population must be one of exc, inh, got 'exx'; did you mean"),
    (["--population", "exc", "exc"], "--population must name each once"),
    (["--bin", "0"], "--bin must be above 0"),
    (["--window", "-1"], "--window must be above 0"),
    (["--plot", "a.jpg"], "must end in .png, .svg, .pdf"),
])
def test_analyse__refuses_in_one_line(tmp_path, good, capsys, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)

    assert words in refused(capsys, "analyse", good, *options)
    assert [p.name for p in tmp_path.iterdir()] == ["good.h5"]


def test_analyse__refuses_what_holds_no_spikes(tmp_path, capsys):
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file.create_group("spikes")
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        group = file.create_group("spikes/cells")
        group["timestamps"], group["node_ids"] = np.empty(0), np.empty(0, np.uint64)
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file["weights"] = file["attributes"] = 0

    for name, words in (("missing.h5", "must exist"), ("none.h5", "hold a population, got none"),
                        ("empty.h5", "must cover some time, got 0 s; say with --to"),
                        ("model.h5", "must hold recorded spikes, got a model")):
        assert words in refused(capsys, "analyse", tmp_path / name)
