"""The command line trains and evaluates models, and refuses what is no data and no model."""

import json

import h5py
import numpy as np
import pytest

from eventsnn import train
from eventsnn.examples import digits
from tests.command_line import refused, run

pytestmark = pytest.mark.usefixtures("handlers")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A file of 60 pictures of bars: five kinds of row, told apart however they are shifted."""
    path = tmp_path_factory.mktemp("images") / "bars.h5"
    labels = np.arange(60, dtype=np.uint8) % 5
    pictures = np.zeros((60, 28, 28), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[5 * label + 1:5 * label + 4] = 250
    with h5py.File(path, "w") as file:
        file["images"], file["labels"] = pictures, labels
    return path


@pytest.fixture(scope="module")
def model(images, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.h5"
    assert run("train", "digits", "--data", images, "--epochs", 1, "--output", path, "--quiet") == 0
    return path


def test_train__writes_a_model(images, tmp_path, capsys):
    path = tmp_path / "model.h5"

    assert run("train", "digits", "--data", images, "--epochs", 30, "--output", path, "--json") == 0

    out, _ = capsys.readouterr()
    summary = json.loads(out)
    assert out.count("\n") == 1
    assert summary["epochs"] == 30 and summary["model"] == str(path)
    assert summary["training_accuracy"] > 0.9
    assert list(tmp_path.iterdir()) == [path]
    assert run("evaluate", path, images, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == {"images": 60, "accuracy": pytest.approx(1.0, abs=0.1)}


def test_train__same_seed_same_model(images, model, tmp_path):
    for name, seed in (("a", 0), ("b", 1)):
        assert run("train", "digits", "--data", images, "--epochs", 1, "--seed", seed,
                   "--output", tmp_path / name) == 0

    assert (tmp_path / "a").read_bytes() == model.read_bytes()
    assert (tmp_path / "b").read_bytes() != model.read_bytes()


def test_train__table(images, tmp_path, capsys):
    path = tmp_path / "m.h5"
    assert run("train", "digits", "--data", images, "--epochs", 1, "--output", path) == 0

    assert "training accuracy" in capsys.readouterr().out


def test_train__tests_on_what_it_did_not_train_on(images, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(digits, "TRAINING", 40)

    run("train", "digits", "--data", images, "--epochs", 1, "--output", tmp_path / "m.h5", "--json")

    assert json.loads(capsys.readouterr().out)["images"] == 20


def test_train__leaves_existing_files(images, tmp_path, capsys, no_work):
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")

    assert "--overwrite" in refused(capsys, "train", "digits", "--data", images, "--output", path)
    assert path.read_bytes() == b"old"


def test_train__overwrites_when_told(images, model, tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")

    assert run("train", "digits", "--data", images, "--epochs", 1, "--output", path,
               "--overwrite") == 0

    assert path.read_bytes() == model.read_bytes()


@pytest.mark.parametrize(("options", "message"), [
    (["--epochs", "0"], "epochs must be at least 1"),
    (["--epochs", "-3"], "epochs must be at least 1"),
    (["--epochs", "many"], "invalid int value"),
    (["--seed", "-1"], "seed must be at least 0"),
    (["--data", "missing.h5"], "missing.h5"),
    (["--output", "missing/model.h5"], "folder that exists"),
    (["--output", "."], "name of a file"),
    (["--epoch", "1"], "unrecognized arguments"),
])
def test_train__refuses_before_any_work(images, tmp_path, monkeypatch, capsys, no_work, options,
                                        message):
    monkeypatch.chdir(tmp_path)

    assert message in refused(capsys, "train", "digits", "--data", images, *options)

    assert list(tmp_path.iterdir()) == []


PICTURES, LABELS = np.zeros((5, 28, 28), np.uint8), np.arange(5, dtype=np.uint8)
BAD_DATA = {
    "empty": None, "text": b"hello", "truncated": "truncated",
    "no labels": {"images": PICTURES}, "no images": {"labels": LABELS}, "nothing": {},
    "floats": {"images": PICTURES / 2, "labels": LABELS},
    "wide labels": {"images": PICTURES, "labels": LABELS.astype(np.int64)},
    "flat": {"images": PICTURES.reshape(5, -1), "labels": LABELS},
    "small": {"images": PICTURES[:, :14, :14], "labels": LABELS},
    "few labels": {"images": PICTURES, "labels": LABELS[:3]},
    "labels of 10": {"images": PICTURES, "labels": LABELS + np.uint8(6)},
}


def write(path, contents, images):
    if contents == "truncated":
        contents = images.read_bytes()[:20_000]
    if contents is None or isinstance(contents, bytes):
        path.write_bytes(contents or b"")
        return path
    with h5py.File(path, "w") as file:
        for name, value in contents.items():
            file[name] = value
    return path


@pytest.mark.parametrize("kind", BAD_DATA)
def test_data__that_is_none_is_refused(images, model, tmp_path, capsys, no_work, kind):
    path = write(tmp_path / "bad.h5", BAD_DATA[kind], images)

    trained = refused(capsys, "train", "digits", "--data", path, "--output", tmp_path / "model.h5")
    evaluated = refused(capsys, "evaluate", model, path)

    assert "bad.h5" in trained and "bad.h5" in evaluated
    assert list(tmp_path.iterdir()) == [path]


def test_evaluate__table(images, model, capsys):
    assert run("evaluate", model, images) == 0

    assert capsys.readouterr().out.startswith("images    60\naccuracy  ")


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated", "data", "folder",
                                  "other kind", "no kind", "other weights"])
def test_evaluate__refuses_what_is_no_model(images, model, tmp_path, capsys, kind):
    path = tmp_path / "bad.h5"
    weights = train.load(model).weights
    if kind == "folder":
        path.mkdir()
    elif kind in ("empty", "text", "truncated", "data"):
        truncated = model.read_bytes()[:50_000]
        path.write_bytes({"empty": b"", "text": b"hello", "truncated": truncated,
                          "data": images.read_bytes()}[kind])
    elif kind != "missing":
        kinds = {"other kind": {"kind": "letters"}, "no kind": {}}
        attributes = kinds.get(kind, {"kind": "digits"})
        some = dict(list(weights.items())[1:]) if kind == "other weights" else weights
        train.save(path, some, attributes=attributes)

    message = refused(capsys, "evaluate", path, images)

    assert ("weights must" if kind == "other weights" else "bad.h5") in message


def test_data__without_a_picture_is_refused(model, tmp_path, capsys):
    path = write(tmp_path / "bad.h5", {"images": PICTURES[:0], "labels": LABELS[:0]}, None)

    training = ["train", "digits", "--output", tmp_path / "m.h5", "--data"]
    for command in (training, ["evaluate", model]):
        refused(capsys, *command, path)

    assert list(tmp_path.iterdir()) == [path]


def test_evaluate__a_cut_anywhere_is_told_in_one_line(images, model, tmp_path, capsys):
    whole, path = model.read_bytes(), tmp_path / "bad.h5"
    for length in range(0, len(whole), len(whole) // 25):
        path.write_bytes(whole[:length])
        refused(capsys, "evaluate", path, images)
