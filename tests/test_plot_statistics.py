"""Pictures of statistics, traces, weights, training: drawn, labelled, true to the numbers."""

import matplotlib.image
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
    "trainings": lambda path, **o: plot.training(
        {name: [Epoch(1 / k, 1 - 1 / k, 0.1, 0.5) for k in range(1, n)]
         for name, n in (("LSNN", 9), ("LIF", 4))}, path, **o),
    "weights": lambda path, **o: plot.weights(RNG.normal(size=(30, 50)), path, **o),
    "images": lambda path, **o: plot.images(
        RNG.random((7, 5, 4)), path, titles=[f"no {k}" for k in range(7)], label="weight",
        note="Seven images.", **o),
    "classes": lambda path, **o: plot.classes(
        RNG.random((30, 2)), np.arange(30) % 3, np.arange(30) // 10, path,
        names=("yin", "yang", "dot"), axes=("x (m)", "y (m)"), **o),
}
LABELS = {
    "interval_histogram": ["interval (ms)", "density (1/s)", "exc", "inh", "Bins of 5 ms."],
    "psth": ["time from the event (ms)", "rate (Hz)", "Means over 12 events, in bins of 5 ms."],
    "correlogram": ["lag (ms)", "pairs of spikes"],
    "spectrum": ["frequency (Hz)", "power (Hz"],
    "training": ["epoch", "training loss", "accuracy", "validation"],
    "traces": ["v (mV)", "i (nA)", "time (s)", "5 of 8 neurons drawn, evenly spaced."],
    "trainings": ["epoch", "training loss", "accuracy", "LSNN", "LIF"],
    "weights": ["sender", "receiver", "synapses", "1,500 weights."],
    "images": ["no 0", "no 6", "weight", "Seven images."],
    "classes": ["class", "answer", "x (m)", "y (m)", "yin", "yang", "dot", "wrong",
                "18 of 30 points wrong."],
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
    (lambda p: plot.training({}, p), "history must hold at least one epoch, got none"),
    (lambda p: plot.training({"a": [Epoch(1, 1, 1)], "b": []}, p), "at least one epoch, got none"),
    (lambda p: plot.images(np.ones((2, 3)), p), "values must have shape (n, rows, columns), none"),
    (lambda p: plot.images(np.ones((2, 0, 3)), p), "none of them 0, got (2, 0, 3)"),
    (lambda p: plot.images(np.full((1, 1, 1), np.inf), p), "values must be finite"),
    (lambda p: plot.images(np.ones((401, 1, 1)), p), "values must be at most 400 images, got 401"),
    (lambda p: plot.images(np.ones((2, 1, 1)), p, titles=["a"]), "titles must be 2, one an image"),
    (lambda p: plot.images(np.ones((2, 1, 1)), p, columns=0), "columns must be at least 1"),
    (lambda p: plot.classes([1.0], [0], [0], p, names="a"), "points must have shape (n, 2)"),
    (lambda p: plot.classes([[1.0, 2.0]], [0, 0], [0], p, names="a"), "labels must have shape"),
    (lambda p: plot.classes([[1.0, 2.0]], [0], [1], p, names="a"), "answers must be from 0 to 0"),
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
    lambda p: plot.images(np.zeros((1, 1, 1)), p),
    lambda p: plot.classes(np.empty((0, 2)), np.empty(0, int), np.empty(0, int), p, names="ab"),
    lambda p: plot.weights(sparse.csr_array((3, 3)), p)])
def test_picture__of_next_to_nothing_is_drawn(draw, tmp_path):
    assert draw(tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize("least", [0.0, -1.0])
def test_images__of_values_below_zero_are_in_colour(least, tmp_path):
    values = np.array([least, 0.0, 1.0]).reshape(3, 1, 1)

    picture = matplotlib.image.imread(plot.images(values, tmp_path / "a.png"))[..., :3]

    inside = picture[picture.shape[0] // 2, picture.shape[1] // 6::picture.shape[1] // 3]
    blue, white, dark = inside[:3] * 255
    assert white.min() > 240
    if least < 0:
        assert blue[2] > blue[0] + 50 and dark[0] > dark[2] + 50  # red above zero
    else:
        assert blue.min() > 240 and dark.max() < 20
