"""eventsnn plot and info of reports, and plot of edges: drawn from what the files hold."""

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from eventsnn import interop, plot
from eventsnn.plot.cells import STRETCHES, extremes
from eventsnn.record import Recorder, Sampling
from tests.command_line import refused, run
from tests.recordings import SIZES

pytestmark = pytest.mark.usefixtures("handlers")
IDS = list(range(0, 80, 4))


@pytest.fixture
def values(tmp_path):
    """What the report run.v.h5 holds of `exc`: 50 samples of 20 neurons, 2 ms apart."""
    values = np.random.default_rng(0).normal(size=(50, 20)).astype(np.float32)
    samplings = [Sampling("v", "exc", 2e-3, IDS, "mV"), Sampling("i", "exc", 2e-3, IDS, "pA"),
                 Sampling("v", "inh", 1e-3, units="mV")]
    with Recorder(tmp_path / "run.h5", SIZES, 1e-3, samplings=samplings) as recorder:
        for step in range(1, 101):
            recorder.sample("inh", "v", step, np.zeros(20))
            if step % 2 == 0:
                recorder.sample("exc", "v", step, values[step // 2 - 1])
                recorder.sample("exc", "i", step, -values[step // 2 - 1])
        recorder.duration = 0.1
    return values


@pytest.fixture
def drawn(monkeypatch):
    handed = {}
    for name in ("traces", "weights"):
        def watched(*arguments, draw=getattr(plot, name), name=name, **options):
            handed[name] = arguments, options
            return draw(*arguments, **options)
        monkeypatch.setattr(plot, name, watched)
    return handed


def test_info__of_a_report(tmp_path, values, capsys):
    assert run("info", tmp_path / "run.v.h5", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["variable"]) == ("report", "v")
    assert found["populations"]["exc"] == {
        "neurons": 20, "values": 20, "samples": 50, "interval_s": 2e-3, "unit": "mV",
        "t_start_s": 2e-3, "t_stop_s": 0.1}
    assert run("info", tmp_path / "run.v.h5") == 0
    assert "0.002 to 0.1 s" in capsys.readouterr().out


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_traces__are_a_panel_a_report(tmp_path, values, capsys, ending):
    out = tmp_path / f"a{ending}"

    assert run("plot", "traces", tmp_path / "run.v.h5", tmp_path / "run.i.h5", out,
               "--population", "exc") == 0

    assert capsys.readouterr() == ("", "")
    if ending == ".svg":
        for words in ("v (mV)", "i (pA)", "time (s)", "5 of 20 neurons drawn", "neuron 40"):
            assert words in out.read_text()


def test_traces__of_some_neurons_and_a_stretch(tmp_path, values, drawn):
    assert run("plot", "traces", tmp_path / "run.v.h5", tmp_path / "a.svg", "--population", "exc",
               "--neurons", "8", "76", "--from", "0.02", "--to", "0.05") == 0

    (panels, times, _), options = drawn["traces"]
    assert options["ids"] == [8, 76]
    np.testing.assert_allclose(times, np.arange(0.02, 0.0499, 0.002))
    assert_array_equal(panels["v (mV)"], values[9:24][:, [2, 19]])
    assert "neurons drawn" not in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("options, words", [
    ([], "--population must name one of exc, inh, got none"),
    (["--population", "x"], "--population must be one of exc, inh, got 'x'"),
    (["--population", "exc", "--neurons", "3"], "--neurons must be in the report, got 3"),
    (["--population", "exc", "--from", "0.05", "--to", "0.01"], "--to must be above --from"),
    (["--population", "exc", "--from", "5"], "--from and --to must leave a sample, got none"),
])
def test_traces__refuses(tmp_path, values, capsys, options, words):
    assert words in refused(capsys, "plot", "traces", tmp_path / "run.v.h5", tmp_path / "a.png",
                            *options)
    assert not (tmp_path / "a.png").exists()


def test_traces__refuses_a_recording_of_spikes(tmp_path, values, capsys):
    assert "must be a SONATA report, got a recording" in refused(
        capsys, "plot", "traces", tmp_path / "run.h5", tmp_path / "a.png")
    assert "must hold recorded spikes, got a report" in refused(
        capsys, "analyse", tmp_path / "run.v.h5")


@pytest.mark.parametrize("n", [1, 100, 10 * STRETCHES + 3, 123_456])
def test_extremes__keep_each_peak(n):
    values = np.random.default_rng(1).normal(size=n)

    times, kept = extremes(np.arange(n), values)

    assert times.size <= 4 * STRETCHES and (np.diff(times) >= 0).all()
    assert_array_equal(kept, values[times])
    for piece in np.array_split(np.arange(n), 50):  # wherever one looks, what is drawn is as high
        inside = (times >= piece[0] - n / STRETCHES) & (times <= piece[-1] + n / STRETCHES) \
            if piece.size else []
        if piece.size:
            assert kept[inside].max() >= values[piece].max()
            assert kept[inside].min() <= values[piece].min()


def test_weights__of_sonata_edges(tmp_path, drawn, capsys):
    matrix = sparse.random_array((30, 20), density=0.2, rng=np.random.default_rng(0))
    edges = interop.Edges.from_scipy("a", "b", matrix, 1e-3)
    interop.write_sonata_edges(tmp_path / "one.h5", {"a_to_b": edges})
    interop.write_sonata_edges(tmp_path / "two.h5", {"a_to_b": edges, "again": edges})

    assert run("plot", "weights", tmp_path / "one.h5", tmp_path / "a.png") == 0

    (given, _), _ = drawn["weights"]
    assert_array_equal(given.toarray(), matrix.toarray().T)  # receivers are rows
    assert "--edges must name one of a_to_b, again" in refused(
        capsys, "plot", "weights", tmp_path / "two.h5", tmp_path / "b.png")
    assert run("plot", "weights", tmp_path / "two.h5", tmp_path / "b.png", "--edges", "again") == 0
    assert "--edges must go with a FILE that ends in .h5" in refused(
        capsys, "plot", "weights", tmp_path / "w.npz", tmp_path / "c.png", "--edges", "again")
    (tmp_path / "no.h5").write_bytes(b"none")
    assert "no.h5" in refused(capsys, "plot", "weights", tmp_path / "no.h5", tmp_path / "c.png")
