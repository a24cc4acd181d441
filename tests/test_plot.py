"""Pictures: complete, of the right kind, and true to the spikes."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib.image
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn.plot import figure, raster
from eventsnn.plot import spikes as plot_spikes
from eventsnn.plot.figure import colours
from eventsnn.plot.spikes import Sample, sample_sizes


def spikes(n_neurons, rate=10.0, duration=1.0, seed=0):
    rng = np.random.default_rng(seed)
    n = rng.poisson(n_neurons * rate * duration)
    return np.sort(rng.random(n)) * duration, rng.integers(0, n_neurons, n)


@pytest.fixture
def drawing(monkeypatch):
    """What was handed to the drawing: samples, rates, edges of bins, width of bins."""
    handed = []
    draw = plot_spikes._draw
    monkeypatch.setattr(plot_spikes, "_draw", lambda *a: (handed.extend(a[1:]), draw(*a)))
    return handed


@pytest.mark.parametrize("n", [1, 10, 4000, 1_000_000])
def test_raster__is_a_picture_for_a_page(tmp_path, n):
    path = raster({"exc": (spikes(n, 10 if n < 10**6 else 1), n)}, tmp_path / "a.png")

    picture = matplotlib.image.imread(path)
    assert picture.shape[:2] == (1260, 2100)
    drawn = (picture[..., :3].min(axis=2) < 0.9)
    assert 0.005 < drawn.mean() < 0.3


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"),
                                               ("pdf", b"%PDF"), ("PNG", b"\x89PNG")])
def test_raster__ending_says_the_format(tmp_path, ending, start):
    path = raster({"exc": (spikes(10), 10)}, tmp_path / f"a.{ending}")

    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [f"a.{ending}"]


@pytest.mark.parametrize("ending", figure.ENDINGS)
def test_raster__same_spikes_same_file(tmp_path, ending):
    for name in "ab":
        raster({"exc": (spikes(2000), 2000), "inh": (spikes(10), 10)}, tmp_path / (name + ending))

    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_raster__says_what_it_shows(tmp_path):
    path = raster({"exc": (spikes(3200), 3200), "inh": (spikes(800), 800)}, tmp_path / "a.svg",
                  t_stop=1.0, max_neurons=500)

    text = " ".join(ElementTree.parse(path).getroot().itertext())
    for words in ("time (s)", "rate (Hz)", "neuron", "exc (3,200)", "inh (800)",
                  "500 of 4,000 neurons drawn, evenly spaced", "in bins of 5 ms"):
        assert words in text


def test_raster__says_nothing_of_samples_when_all_are_drawn(tmp_path):
    path = raster({"exc": (spikes(10), 10)}, tmp_path / "a.svg", t_stop=1.0)

    text = path.read_text()
    assert "neurons drawn" not in text and "Rate in bins of" in text


def test_raster__streams_each_population_once(tmp_path, drawing):
    times, ids = spikes(50)
    chunks = iter(list(zip(np.array_split(times, 7), np.array_split(ids, 7), strict=True)))

    raster({"exc": (chunks, 50)}, tmp_path / "a.png", t_stop=1.0, bin_size=0.05)
    raster({"exc": ((times, ids), 50)}, tmp_path / "b.png", t_stop=1.0, bin_size=0.05)

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_raster__rate_is_that_of_all_neurons(tmp_path, drawing):
    times, ids = spikes(1000)

    raster({"exc": ((times, ids), 1000)}, tmp_path / "a.png", t_start=0.25, t_stop=0.75,
           bin_size=0.1, max_neurons=10)

    _, rates, edges, _ = drawing
    counts, _ = np.histogram(times, bins=5, range=(0.25, 0.75))
    assert_allclose(rates["exc"], counts / (1000 * 0.1))
    assert_allclose(edges, [0.25, 0.35, 0.45, 0.55, 0.65, 0.75])


@pytest.mark.parametrize("n_neurons", [1, 10, 1000])
@pytest.mark.parametrize("t_stop", [0.013, 0.5, 0.97, 3.0, 40.0])
def test_raster__default_bins_keep_every_spike(tmp_path, drawing, n_neurons, t_stop):
    times, ids = spikes(n_neurons, duration=t_stop)

    raster({"exc": ((times, ids), n_neurons)}, tmp_path / "a.png", t_stop=t_stop)

    _, rates, edges, bin_size = drawing
    assert_allclose((rates["exc"] * np.diff(edges)).sum() * n_neurons, times.size)
    assert edges[0] == 0 and edges[-1] == t_stop
    assert 10 <= edges.size - 1 <= 200
    assert_allclose(np.diff(edges)[:-1], bin_size)
    assert f"{bin_size:.0e}"[0] in "125"


def test_sample__marks_the_spikes_of_its_neurons():
    times, ids = spikes(100)
    sample = Sample(100, 10, 0.0, 1.0)

    passed = list(sample.watch((times, ids)))

    assert_array_equal(sample.neurons, np.arange(5, 100, 10))
    assert_array_equal(passed[0][0], times)
    marks, neurons = sample.spikes()
    chosen = np.isin(ids, sample.neurons)
    expected = sorted(zip(ids[chosen], times[chosen], strict=True))
    assert_array_equal(neurons, [k for k, _ in expected])
    assert_allclose(marks, [t for _, t in expected], atol=0.5 / plot_spikes.COLUMNS * 1.001)


def test_sample__keeps_to_its_window():
    sample = Sample(1, 1, 1.0, 2.0)

    list(sample.watch((np.array([0.0, 0.999, 1.0, 2.0, 2.001]), np.zeros(5, int))))

    assert_allclose(sample.spikes()[0], [1.0, 2.0], atol=1 / plot_spikes.COLUMNS)


@pytest.mark.parametrize(("sizes", "most", "expected"), [
    ([10], 1000, [10]), ([800, 200], 1000, [800, 200]), ([800, 200], 100, [80, 20]),
    ([10**6, 3], 1000, [999, 1]),
])
def test_sample_sizes__are_in_proportion(sizes, most, expected):
    assert sample_sizes(sizes, most) == expected


def test_colours__tell_excitatory_from_inhibitory():
    assert colours(["inh", "exc"]) == {"exc": figure.BLUE, "inh": figure.VERMILION}
    assert colours(["I", "E"]) == {"E": figure.BLUE, "I": figure.VERMILION}
    assert len(set(colours([f"p{k}" for k in range(8)]).values())) == 8
    assert figure.BLUE not in colours(["other", "inh"]).values()


@pytest.mark.parametrize("populations", [{"exc": ((np.empty(0), np.empty(0, int)), 5)},
                                         {"a": (iter([]), 3), "b": (iter([]), 1)}])
def test_raster__without_spikes(tmp_path, populations):
    assert raster(populations, tmp_path / "a.png", t_stop=1.0).exists()


@pytest.mark.parametrize(("name", "populations", "options", "error", "message"), [
    ("a.jpg", None, {}, ValueError, r"must end in .png, .svg, .pdf, got .jpg"),
    ("a", None, {}, ValueError, "got no ending"),
    ("a.png", {}, {}, ValueError, "populations must name at least one"),
    ("a.png", {"exc": (iter([]), 5)}, {}, ValueError, r"t_stop must be given where .*'exc'"),
    ("a.png", {"exc": ((np.zeros(1), np.full(1, 5)), 5)}, {}, ValueError, "ids must lie in"),
    ("a.png", {"exc": ((np.zeros(1), np.zeros(1, int)), 0)}, {}, ValueError, "number of neurons"),
    ("a.png", None, {"t_start": 1.0, "t_stop": 1.0}, ValueError, "t_stop must be above"),
    ("a.png", None, {"bin_size": 0.0}, ValueError, "bin_size must be above 0"),
    ("a.png", None, {"max_neurons": 0}, ValueError, "max_neurons must be at least 1"),
    ("missing/a.png", None, {}, FileNotFoundError, "folder that exists"),
])
def test_raster__refuses_and_leaves_no_file(tmp_path, name, populations, options, error, message):
    with pytest.raises(error, match=message):
        raster({"exc": (spikes(10), 10)} if populations is None else populations, tmp_path / name,
               **options)

    assert list(tmp_path.iterdir()) == []


def test_raster__leaves_an_existing_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")

    with pytest.raises(FileExistsError, match="overwrite=True"):
        raster({"exc": (spikes(10), 10)}, tmp_path / "a.png")

    assert (tmp_path / "a.png").read_bytes() == b"old"
    raster({"exc": (spikes(10), 10)}, tmp_path / "a.png", overwrite=True)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_raster__without_matplotlib_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(ImportError, match=r"pip install 'eventsnn\[plot\]'"):
        raster({"exc": (spikes(10), 10)}, tmp_path / "a.png")


def test_plot__imports_matplotlib_only_when_drawing_and_never_pyplot(tmp_path):
    script = """
import sys
import numpy as np
from eventsnn.plot import raster
assert "matplotlib" not in sys.modules
raster({"exc": ((np.array([0.5]), np.array([0])), 1)}, sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.png")], check=True)


@pytest.mark.parametrize("letters", [3, 45, 300])
def test_raster__legend_stays_on_the_page(tmp_path, monkeypatch, letters):
    figures = []
    monkeypatch.setattr(plot_spikes, "save", lambda drawn, *_: figures.append(drawn))
    names = [f"{k}{'m' * letters}" for k in range(9)]

    raster({name: (iter([(np.array([0.1]), np.array([0]))]), 5) for name in names},
           tmp_path / "a.png", t_stop=1.0)

    drawn, = figures
    drawn.canvas.draw()
    legend, = drawn.legends
    box = legend.get_window_extent()
    assert drawn.bbox.x0 <= box.x0 and box.x1 <= drawn.bbox.x1
    assert len({text.get_text() for text in legend.get_texts()}) == 9
