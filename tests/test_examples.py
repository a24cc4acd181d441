"""The example scripts run, short and small, and say what they should."""

import importlib
import pathlib
import re
import sys

import matplotlib.image
import pytest

CASES = {  # name -> options, least and greatest rate of its first population, Hz
    "cuba": ({"seconds": 0.3}, 2, 15), "coba": ({"seconds": 0.3}, 10, 40),
    # 48.4 Hz, with a standard deviation of 2.2 Hz over eight seeds: five of them to both sides
    "brunel": ({"seconds": 0.2, "neurons": 2500}, 37, 60),
    "microcircuit": ({"seconds": 0.2, "scale": 0.05}, 0.01, 10)}
LEARNING = {  # name -> least and greatest share that the quick run must come to
    "digits": (0.5, 1.0), "digits_conv": (0.35, 1.0), "yin_yang": (0.7, 1.0),
    "randman": (0.75, 1.0),
    "receptive_fields": (0.0, 1.0), "store_recall": (0.0, 0.7),  # too short to learn
    "sequential_digits": (0.0, 1.0)}  # as these
MNIST = pathlib.Path(__file__).parents[1] / "data" / "mnist9k.h5"


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


@pytest.mark.parametrize("name", LEARNING)
def test_learning_example__learns_prints_and_draws(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(MNIST.parents[1])  # where the examples find the digits
    example = importlib.import_module(f"eventsnn.examples.{name}")
    picture = tmp_path / "learnt.png"

    figures = example.main(picture=str(picture), **example.QUICK)

    said = re.findall(r": ([\d.]+) %", capsys.readouterr().out)
    least, most = LEARNING[name]
    assert [f"{100 * share:.2f}" for share in figures.values()] == said
    assert all(least <= share <= most for share in figures.values()), figures
    assert matplotlib.image.imread(picture).shape[1] > 1000


@pytest.mark.parametrize("name", [name for name in LEARNING if name != "receptive_fields"])
def test_learning_example__first_weights_follow_from_the_seed(name):
    example = importlib.import_module(f"eventsnn.examples.{name}")

    first, again, other = (
        {key: w.copy() for key, w in example.build(seed=seed).weights.items()}
        for seed in (1, 1, 2))

    for key, w in first.items():
        assert (w == again[key]).all() and (w != other[key]).any()


def test_command__options_are_the_keywords_and_go_before_quick(monkeypatch):
    from eventsnn.examples.learning import command

    taken = {}

    def main(epochs: int = 9, picture: str = "a.png", seed: int = 0, items: int = 99,
             progress: bool | None = None) -> None:
        taken.update(epochs=epochs, picture=picture, seed=seed, items=items)

    monkeypatch.setattr(sys, "argv", ["example", "--quick", "--seed", "3", "--epochs", "2"])
    command(main, {"epochs": 1, "items": 5})

    assert taken == {"epochs": 2, "picture": "a.png", "seed": 3, "items": 5}


def test_command__tells_what_people_can_cause_in_one_line(monkeypatch, capsys, tmp_path):
    from eventsnn.examples import digits
    from eventsnn.examples.learning import command

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["digits.py", "--quick"])

    with pytest.raises(SystemExit) as left:
        command(digits.main, digits.QUICK)

    assert str(left.value) == (
        "digits.py: error: path must name a file of digits, got data/mnist9k.h5, which is not "
        "there; the project's repository has one, data/mnist9k.h5")
