"""Pictures of statistics, traces, weights and training: drawn, labelled, true to the numbers."""

import numpy as np
import pytest
from scipy import sparse

from eventsnn import plot
from eventsnn.plot.matrix import _block_means
from eventsnn.train.loop import Epoch

RNG = np.random.default_rng(3)
EDGES = np.linspace(0, 0.2, 41)
KINDS = {
    "interval_histogram": lambda path, **o: plot.interval_histogram(
        {"exc": RNG.poisson(50, 40), "inh": RNG.poisson(20, 40)}, EDGES, path, **o),
    "psth": lambda path, **o: plot.psth({"exc": RNG.random(40)}, EDGES - 0.1, path, n_events=12,
                                        **o),
    "correlogram": lambda path, **o: plot.correlogram({"1-2": RNG.poisson(9, 40)}, EDGES - 0.1,
                                                      path, **o),
    "spectrum": lambda path, **o: plot.spectrum({"exc": 1 + RNG.random(40)}, np.arange(40.0), path,
                                                **o),
    "training": lambda path, **o: plot.training(
        [Epoch(1 / k, 1 - 1 / k, 0.1, 0.9 - 1 / k) for k in range(1, 9)], path, **o),
    "traces": lambda path, **o: plot.traces(
        {"v (mV)": RNG.normal(size=(200, 8)), "i (nA)": RNG.normal(size=(200, 8))},
        np.arange(200) * 1e-3, path, **o),
    "weights": lambda path, **o: plot.weights(RNG.normal(size=(30, 50)), path, **o),
}
LABELS = {
    "interval_histogram": ["interval (ms)", "density (1/s)", "exc", "inh", "Bins of 5 ms."],
    "psth": ["time from the event (ms)", "rate (Hz)", "Means over 12 events, in bins of 5 ms."],
    "correlogram": ["lag (ms)", "pairs of spikes"],
    "spectrum": ["frequency (Hz)", "power (Hz"],
    "training": ["epoch", "training loss", "accuracy", "validation"],
    "traces": ["v (mV)", "i (nA)", "time (s)", "5 of 8 neurons drawn, evenly spaced."],
    "weights": ["sender", "receiver", "synapses", "1,500 weights."],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending, magic", [(".png", b"\x89PNG"), (".svg", b"<?xml"),
                                           (".pdf", b"%PDF")])
def test_picture__is_drawn_in_each_format(kind, ending, magic, tmp_path):
    path = KINDS[kind](tmp_path / f"a{ending}")

    assert path.read_bytes().startswith(magic)


@pytest.mark.parametrize("kind", KINDS)
def test_picture__says_what_it_shows(kind, tmp_path):
    text = KINDS[kind](tmp_path / "a.svg").read_text()

    for label in LABELS[kind]:
        assert label in text, label


@pytest.mark.parametrize("kind", KINDS)
def test_picture__replaces_nothing_unasked(kind, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        KINDS[kind](path)

    assert path.read_bytes() == b"mine"
    assert KINDS[kind](path, overwrite=True).read_bytes() != b"mine"


def test_weights__sparse_is_drawn_as_dense_but_for_what_is_not_stored(tmp_path):
    matrix = sparse.random_array((2000, 1500), density=0.01, rng=RNG, format="csr")

    text = plot.weights(matrix, tmp_path / "a.svg").read_text()

    assert f"{matrix.nnz:,} weights. Each point is the mean of a block of 4 x 3." in text


def test_block_means__are_means_of_what_is_there():
    rows, columns, entries = np.array([0, 0, 1, 3]), np.array([0, 1, 0, 3]), np.array(
        [1.0, 2.0, 6.0, 5.0])

    means = _block_means(rows // 2, columns // 2, entries, (2, 2))

    np.testing.assert_array_equal(means, [[3.0, np.nan], [np.nan, 5.0]])


@pytest.mark.parametrize("make, words", [
    (lambda p: plot.interval_histogram({}, EDGES, p), "lines must name at least one, got none"),
    (lambda p: plot.interval_histogram({"a": np.ones(3)}, EDGES, p), "a must have shape (40,)"),
    (lambda p: plot.psth({"a": np.ones(1)}, [1.0, 0.0], p, n_events=1),
     "edges must be at least two rising numbers"),
    (lambda p: plot.psth({"a": np.ones(1)}, [0.0, 1.0], p, n_events=-1), "n_events must be at"),
    (lambda p: plot.training([], p), "history must hold at least one epoch, got none"),
    (lambda p: plot.traces({}, [0.0], p), "variables must name at least one"),
    (lambda p: plot.traces({"v": np.ones((3, 2))}, [0.0], p), "v must have shape (1, 2)"),
    (lambda p: plot.traces({"v": np.ones((1, 2))}, [0.0], p, ids=[1]), "ids must have shape (2,)"),
    (lambda p: plot.weights(np.ones(3), p), "matrix must have shape (n_post, n_pre), got (3,)"),
    (lambda p: plot.weights(np.ones((0, 3)), p), "matrix must have rows and columns"),
    (lambda p: plot.weights([[np.nan]], p), "matrix must be finite"),
])
def test_picture__refuses_and_writes_nothing(make, words, tmp_path):
    with pytest.raises((TypeError, ValueError)) as caught:
        make(tmp_path / "a.png")

    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("draw", [
    lambda p: plot.interval_histogram({"silent": np.zeros(40)}, EDGES, p),
    lambda p: plot.training([Epoch(1.0, float("nan"), 0.1)], p),
    lambda p: plot.traces({"v": np.ones((1, 1))}, [0.0], p),
    lambda p: plot.weights(np.zeros((1, 1)), p),
    lambda p: plot.weights(sparse.csr_array((3, 3)), p)])
def test_picture__of_next_to_nothing_is_drawn(draw, tmp_path):
    assert draw(tmp_path / "a.png").stat().st_size > 1000
