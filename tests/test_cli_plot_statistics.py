"""eventsnn plot: statistics of recordings, drawn from what the library computes, or refused."""

import csv

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from eventsnn import plot
from eventsnn.analyse import binned_counts, correlograms, power_spectrum
from tests.command_line import refused, run
from tests.recordings import read, record, spikes

pytestmark = pytest.mark.usefixtures("handlers")
KINDS = {
    "raster": ([], ["time (s)", "neuron", "exc (80)", "inh (20)"]),
    "psth": (["--events", "0.06", "--before", "0.02", "--after", "0.05"],
             ["rate (Hz)", "Means over 1 event, in bins of 5 ms.", "exc", "inh"]),
    "intervals": ([], ["interval (ms)", "density (1/s)"]),
    "correlogram": ([], ["lag (ms)", "pairs of spikes / chance", "All pairs of the neurons"]),
    "spectrum": ([], ["frequency (Hz)", "25 bins a decade"]),
}


@pytest.fixture
def drawn(monkeypatch):
    """What the command handed to the drawing, by its name in `eventsnn.plot`."""
    handed = {}

    def watch(name):
        draw = getattr(plot, name)

        def watched(*arguments, **options):
            handed[name] = arguments, options
            return draw(*arguments, **options)
        monkeypatch.setattr(plot, name, watched)

    for name in ("psth", "interval_histogram", "correlogram", "spectrum", "training", "weights"):
        watch(name)
    return handed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_plot__draws_each_kind(tmp_path, good, capsys, kind, ending):
    options, words = KINDS[kind]
    out = tmp_path / f"a{ending}"

    assert run("plot", kind, good, out, *options) == 0

    assert capsys.readouterr() == ("", "")
    if ending == ".svg":
        for word in words:
            assert word in out.read_text(), word


@pytest.mark.parametrize("kind", KINDS)
def test_plot__takes_a_part(tmp_path, good, kind):
    options, _ = KINDS[kind]
    if kind == "psth":
        options = ["--events", "0.06", "--before", "0.01", "--after", "0.02"]

    assert run("plot", kind, good, tmp_path / "a.svg", *options, "--population", "exc",
               "--from", "0.03", "--to", "0.09") == 0
    assert "inh" not in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, 1])
def test_plot__of_next_to_no_spikes_is_drawn(tmp_path, capsys, kind, n):
    record(tmp_path / "a.h5", np.arange(n), np.zeros(n, int))

    assert run("plot", kind, tmp_path / "a.h5", tmp_path / "a.png", *KINDS[kind][0]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", KINDS)
def test_plot__refuses_in_one_line(tmp_path, good, capsys, kind):
    out, kept = tmp_path / "a.png", tmp_path / "kept.png"
    kept.write_bytes(b"mine")
    options = KINDS[kind][0]

    for words, arguments in (
            ("must exist", [tmp_path / "none.h5", out]), ("must not exist yet", [good, kept]),
            ("must end in", [good, tmp_path / "a.jpg"]),
            ("--to must be above --from", [good, out, "--from", "0.1", "--to", "0.05"]),
            ("--population must be one of exc, inh", [good, out, "--population", "x"])):
        assert words in refused(capsys, "plot", kind, *arguments, *options)
    assert kept.read_bytes() == b"mine"
    assert {p.name for p in tmp_path.iterdir()} == {"good.h5", "kept.png"}


@pytest.mark.parametrize("kind, options, words", [
    ("psth", [], "required: --events"),
    ("psth", ["--events", "5"], "--before and --after must be at most 0.2 s together, got 0.25 s"),
    ("psth", ["--events", "5", "--after", "0.1"], "--events must have one in 0.05 ... 0.1 s"),
    ("psth", ["--events", "now"],
     "--events must be times in s, or one text file of them, got 'now'"),
    ("psth", ["--events", "0.1", "--before", "-1"], "--before must be at least 0"),
    ("psth", ["--events", "0.06", "--after", "0.05", "--bin", "0.03"], "bin_size must divide"),
    ("intervals", ["--bin", "0"], "--bin must be above 0"),
    ("intervals", ["--longest", "0.01", "--bin", "0.01"], None),
    ("intervals", ["--longest", "0.01", "--bin", "0.02"], "--bin must be at most"),
    ("correlogram", ["--neurons", "1", "2"], "--population must name one population"),
    ("correlogram", ["--population", "exc", "--neurons", "1"], "must name two neurons or more"),
    ("correlogram", ["--population", "exc", "--neurons", *"12345"], "at most 8 lines"),
    ("correlogram", ["--population", "exc", "--pairs", "1-2"], "be pairs of neurons, such as"),
    ("correlogram", ["--population", "exc", "--pairs", "1:80"], "neurons must be at most 79"),
    ("correlogram", ["--max-lag", "1e-4"], "--max-lag must be at least 0.001"),
    ("spectrum", ["--segment", "1"], "--segment must be at most 0.2"),
])
def test_plot__refuses_options(tmp_path, good, capsys, kind, options, words):
    if words is None:
        assert run("plot", kind, good, tmp_path / "a.png", *options) == 0
        return
    assert words in refused(capsys, "plot", kind, good, tmp_path / "a.png", *options)


def test_psth__is_the_mean_rate_of_a_neuron(tmp_path, good, drawn, capsys):
    (tmp_path / "events.txt").write_text("0.03, 0.06\n0.09 0.199\n")

    assert run("plot", "psth", good, tmp_path / "a.png", "--events", tmp_path / "events.txt",
               "--before", "0.01", "--after", "0.02", "--bin", "0.01") == 0

    assert "left out 1 of 4 events" in capsys.readouterr().err
    (rates, edges, _), options = drawn["psth"]
    times, _ = read(good)
    expected = [np.mean([((times > e + a + 1e-9) & (times <= e + a + 0.01 + 1e-9)).sum()
                         for e in (0.03, 0.06, 0.09)]) / 80 / 0.01 for a in (-0.01, 0.0, 0.01)]
    assert_allclose(edges, [-0.01, 0.0, 0.01, 0.02], atol=1e-12)
    assert options["n_events"] == 3
    # the first bin of an event holds both its edges
    first = np.mean([np.isclose(times, e - 0.01).sum() for e in (0.03, 0.06, 0.09)]) / 0.8
    assert_allclose(rates["exc"], np.add(expected, [first, 0, 0]))


def test_intervals__are_counted_in_whole_steps(tmp_path, good, drawn):
    assert run("plot", "intervals", good, tmp_path / "a.png", "--bin", "0.0005",
               "--longest", "0.01") == 0

    (counts, edges, _), _ = drawn["interval_histogram"]
    times, ids = read(good)
    steps = np.concatenate([np.diff(np.rint(times[ids == k] * 1e4)) for k in range(80)])
    expected = [np.isin(steps, range(5 * b, 5 * b + 5)).sum() for b in range(20)]
    assert_allclose(edges, (np.arange(0, 101, 5) - 0.5) * 1e-4, atol=1e-12)
    assert counts["exc"].tolist() == expected


def test_correlogram__is_against_chance(tmp_path, good, drawn):
    assert run("plot", "correlogram", good, tmp_path / "a.png", "--population", "exc", "--pairs",
               "3:7", "5:5", "--bin", "0.002", "--max-lag", "0.01") == 0

    (lines, edges, _), _ = drawn["correlogram"]
    counts, lags = correlograms(read(good), 80, 0.002, 0.01, ids=[3, 5, 7])
    n = np.bincount(read(good)[1], minlength=80)
    triangle = 0.002 / 0.2 * (1 - np.abs(lags) / 0.2)
    assert_allclose(edges[:-1] + 0.001, lags, atol=1e-12)
    assert_allclose(lines["3 to 7"], counts[0, 2] / (n[3] * n[7] * triangle))
    assert_allclose(lines["5 to 5"], counts[1, 1] / (n[5] * (n[5] - 1) * triangle))


def test_correlogram__of_independent_neurons_is_one(tmp_path, drawn):
    rng = np.random.default_rng(0)
    record(tmp_path / "a.h5", *spikes(rng, 40_000, 80, n_steps=2000))

    assert run("plot", "correlogram", tmp_path / "a.h5", tmp_path / "a.png", "--bin", "0.005") == 0

    (lines, _, _), _ = drawn["correlogram"]
    assert_allclose(lines["exc"], 1.0, atol=0.02)
    assert np.isnan(lines["inh"]).all()


def test_spectrum__is_that_of_the_populations_rate(tmp_path, good, drawn):
    assert run("plot", "spectrum", good, tmp_path / "a.png", "--segment", "0.1") == 0

    (power, frequencies, _), _ = drawn["spectrum"]
    times, ids = read(good)
    expected, at = power_spectrum((times, np.zeros_like(ids)), 1, 1e-3, 0.1, t_stop=0.2)
    assert_allclose(frequencies, at)
    assert_allclose(power["exc"], expected[0] / 80 ** 2, rtol=1e-9, atol=1e-12)
    assert binned_counts((times, ids), 80, 0.1, t_stop=0.2).sum() == 3000


def test_training__is_drawn_from_a_log(tmp_path, drawn):
    with open(tmp_path / "log.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["epoch", "loss", "accuracy", "validation"], [5, 2.5, 0.5, 0.25],
                          [6, 1.5, 0.75, ""]])

    assert run("plot", "training", tmp_path / "log.csv", tmp_path / "a.svg") == 0

    (rows, _), options = drawn["training"]
    assert [tuple(row) for row in rows] == [(2.5, 0.5, 0.25), (1.5, 0.75, None)]
    assert options["epochs"] == [5, 6]
    assert "validation" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("text, words", [
    ("", "must have a header with loss and accuracy"),
    ("epoch,loss\n1,2\n", "none with accuracy"),
    ("loss,accuracy\n1,x\n", "must have numbers in every line, got others in line 2"),
    ("loss,accuracy\n1\n", "got others in line 2"),
    ("loss,accuracy\n", "history must hold at least one epoch"),
])
def test_training__refuses_other_logs(tmp_path, capsys, text, words):
    (tmp_path / "log.csv").write_text(text)

    assert words in refused(capsys, "plot", "training", tmp_path / "log.csv", tmp_path / "a.png")


@pytest.mark.parametrize("rows", ["senders", "receivers"])
@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dense"])
def test_weights__are_drawn_with_receivers_as_rows(tmp_path, drawn, rows, kind):
    matrix = np.zeros((3, 2))
    matrix[0, 1], matrix[2, 0] = 0.5, -2.0
    path = tmp_path / ("w.npy" if kind == "dense" else "w.npz")
    if kind == "dense":
        np.save(path, matrix)
    else:
        sparse.save_npz(path, sparse.coo_array(matrix).asformat(kind))

    assert run("plot", "weights", path, tmp_path / "a.png", "--rows", rows) == 0

    (given, _), _ = drawn["weights"]
    given = given if kind == "dense" else given.toarray()
    np.testing.assert_array_equal(given, matrix.T if rows == "senders" else matrix)


def test_weights__refuses_other_files(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    (tmp_path / "b.npz").write_bytes(b"no archive")
    np.save(tmp_path / "c.npy", np.array([{}], dtype=object))
    np.savez(tmp_path / "d.npz", format="csr", shape=[2, 2], data=[1.0], indices=[7],
             indptr=[0, 1, 1])

    for name in ("a.npz", "b.npz", "c.npy", "d.npz"):
        assert "must be a matrix of scipy.sparse" in refused(
            capsys, "plot", "weights", tmp_path / name, tmp_path / "x.png")
    assert "must end in .npz or .npy" in refused(capsys, "plot", "weights", tmp_path / "w.txt",
                                                 tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


def test_traces__refuses_what_is_no_report(tmp_path, good, capsys):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 0

    for path in (good, tmp_path / "other.h5", tmp_path / "none.h5"):
        assert path.name in refused(capsys, "plot", "traces", path, tmp_path / "x.png")
