"""The example scripts run, short and small, and say what they should."""

import importlib
import re

import matplotlib.image
import pytest

CASES = {  # name -> options, least and greatest rate of its first population, Hz
    "cuba": ({"seconds": 0.3}, 2, 15), "coba": ({"seconds": 0.3}, 10, 40),
    # 48.4 Hz, with a standard deviation of 2.2 Hz over eight seeds: five of them to both sides
    "brunel": ({"seconds": 0.2, "neurons": 2500}, 37, 60),
    "microcircuit": ({"seconds": 0.2, "scale": 0.05}, 0.01, 10)}


@pytest.mark.parametrize("name", CASES)
def test_example__prints_rates_and_draws(name, tmp_path, capsys):
    example = importlib.import_module(f"eventsnn.examples.{name}")
    options, least, most = CASES[name]

    example.main(picture=str(tmp_path / "spikes.png"), **options)

    lines = capsys.readouterr().out.splitlines()
    found = [re.fullmatch(r" *(\w+): +([\d.]+) Hz, CV ([\d.]+|nan)", line) for line in lines]
    assert len(found) == (8 if name == "microcircuit" else 2)
    assert least < float(found[0][2]) < most
    assert matplotlib.image.imread(tmp_path / "spikes.png").shape[0] > 500


def test_round_trip__tells_of_no_difference_and_draws(tmp_path, capsys):
    example = importlib.import_module("eventsnn.examples.nir_round_trip")

    example.main(seconds=0.4, picture=str(tmp_path / "spikes.png"))

    found = re.fullmatch(r"7 nodes, (\d+) spikes, largest difference 0\n", capsys.readouterr().out)
    assert 200 < int(found[1]) < 5000
    assert matplotlib.image.imread(tmp_path / "spikes.png").shape[0] > 500


def test_example__without_a_picture(capsys):
    example = importlib.import_module("eventsnn.examples.cuba")

    example.main(seconds=0.01, picture=None)

    assert capsys.readouterr().out.count("Hz") == 2
