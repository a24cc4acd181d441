"""eventsnn plot: pictures of recordings and of Izhikevich's behaviours."""

import numpy as np
import pytest

from eventsnn.examples import behaviours
from eventsnn.plot import responses
from tests.command_line import refused, run
from tests.recordings import record, spikes

pytestmark = pytest.mark.usefixtures("handlers")
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "run.h5"
    record(path, *spikes(np.random.default_rng(1), 3000, 80))
    return path


@pytest.mark.parametrize("ending", MAGIC)
def test_raster__is_drawn_from_a_recording(tmp_path, recording, ending, capsys):
    out = tmp_path / f"raster{ending}"

    assert run("plot", "raster", recording, out) == 0

    assert out.read_bytes().startswith(MAGIC[ending])
    assert capsys.readouterr() == ("", "")


def test_behaviours__are_drawn_with_all_twenty_names(tmp_path):
    out = tmp_path / "behaviours.svg"

    assert run("plot", "behaviours", out) == 0

    text = out.read_text()
    for name in behaviours.PROTOCOLS:
        assert name.replace("_", " ") in text
    assert text.count("*<") == len(behaviours.NOT_SHOWN)


def test_plot__leaves_existing_files_alone(tmp_path, recording, capsys):
    out = tmp_path / "kept.png"
    out.write_bytes(b"mine")

    for arguments in (["raster", recording, out], ["behaviours", out]):
        assert "kept.png" in refused(capsys, "plot", *arguments)
        assert out.read_bytes() == b"mine"
    assert run("plot", "behaviours", out, "--overwrite") == 0
    assert out.read_bytes().startswith(MAGIC[".png"])


@pytest.mark.parametrize("arguments, words", [
    (["behaviors", "a.png"], "behaviours"),
    (["behaviours"], "OUT"),
    (["behaviours", "a.jpg"], "must end in .png, .svg, .pdf, got .jpg"),
    (["behaviours", "none/a.png"], "none"),
    (["raster", "missing.h5", "a.png"], "missing.h5"),
    (["raster", "a.png"], "OUT"),
])
def test_plot__refuses_in_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert words in refused(capsys, "plot", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_responses__refuses_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="answers must hold at least one, got none"):
        responses([], tmp_path / "a.png")


def test_responses__draws_one_with_a_constant_stimulus(tmp_path):
    t = np.arange(100.0)
    answer = behaviours.Answer("rest", t, np.zeros(100), np.full(100, -70.0), np.zeros(100))

    assert responses([answer], tmp_path / "a.png", columns=1).exists()
