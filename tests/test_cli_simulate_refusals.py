"""The command line refuses to simulate, in one line and before any work."""

import os
import sys

import pytest

from eventsnn.core import cuda
from tests.command_line import SIMULATE, refused

pytestmark = pytest.mark.usefixtures("handlers")


@pytest.mark.parametrize("option", ["--record", "--plot"])
def test_simulate__leaves_existing_files(tmp_path, capsys, no_work, option):
    path = tmp_path / "old.png"
    path.write_bytes(b"old")

    message = refused(capsys, *SIMULATE, option, path)

    assert path.read_bytes() == b"old"
    assert "--overwrite" in message and str(path) in message
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("options", "message"), [
    (["--seconds", "-1"], "seconds must be at least 0.0001, got -1"),
    (["--seconds", "0"], "seconds must be at least 0.0001, got 0"),
    (["--seconds", "nan"], "seconds must be finite"),
    (["--seconds", "inf"], "seconds must be finite"),
    (["--seconds=-inf"], "seconds must be finite"),
    (["--seconds", "ten"], "argument --seconds: invalid float value: 'ten'"),
    (["--seconds"], "argument --seconds: expected one argument"),
    (["--threads", "0"], "threads must be at least 1"),
    (["--threads", "-2"], "threads must be at least 1"),
    (["--threads", "two"], "argument --threads: invalid int value"),
    (["--threads", "1.5"], "argument --threads: invalid int value"),
    (["--device", "tpu"], "argument --device: invalid choice: 'tpu'"),
    (["--seed", "-1"], "seed must be at least 0"),
    (["--seed", str(2**64)], "seed must be at most"),
    (["--neurons", "0"], "neurons must be at least 100"),
    (["--neurons", "1e4"], "argument --neurons: invalid int value"),
    (["--dt", "0"], "dt must be above 0"),
    (["--dt", "nan"], "dt must be finite"),
    (["--dt", "0.1"], "dt must be at most 0.01 s"),
    (["--plot", "a.jpg"], "must end in .png, .svg, .pdf"),
    (["--plot", "a"], "must end in .png, .svg, .pdf"),
    (["--plot", "missing/a.png"], "lie in a folder that exists"),
    (["--record", "missing/a.h5"], "lie in a folder that exists"),
    (["--record", "."], "name of a file"),
    (["--record", "/dev/null"], "ordinary file"),
    (["--record", "a.png", "--plot", "a.png"], "must name two files"),
    (["--sec", "1"], "unrecognized arguments: --sec 1"),
    (["extra"], "unrecognized arguments: extra"),
])
def test_simulate__refuses_before_any_work(tmp_path, monkeypatch, capsys, no_work, options,
                                           message):
    monkeypatch.chdir(tmp_path)

    assert message in refused(capsys, *SIMULATE, *options)

    assert list(tmp_path.iterdir()) == []


def test_simulate__refuses_less_than_a_step(tmp_path, capsys):
    message = refused(capsys, *SIMULATE, "--seconds", "1e-5", "--record", tmp_path / "run.h5")

    assert "seconds" in message
    assert list(tmp_path.iterdir()) == []


def test_simulate__refuses_a_place_without_permission(tmp_path, monkeypatch, capsys, no_work):
    monkeypatch.setattr(os, "access", lambda *_: False)

    for option in ("--record", "--plot"):
        assert "may be written to" in refused(capsys, *SIMULATE, option, tmp_path / "a.png")


def test_simulate__a_file_for_a_folder_is_refused(tmp_path, capsys, no_work):
    (tmp_path / "file").write_bytes(b"")

    assert "lie in a folder" in refused(capsys, *SIMULATE, "--record", tmp_path / "file" / "a.h5")


def test_simulate__without_matplotlib_says_what_to_install(tmp_path, monkeypatch, capsys, no_work):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    assert "pip install" in refused(capsys, *SIMULATE, "--plot", tmp_path / "a.png")


@pytest.mark.parametrize("command", [SIMULATE, ["resume", "net.h5"]], ids=["simulate", "resume"])
def test_simulate__without_a_device_says_so(command, monkeypatch, capsys, no_work):
    def check():
        raise RuntimeError("device must be 'cpu' here, got 'cuda'")

    monkeypatch.setattr(cuda.backend, "check", check)

    assert "device must be 'cpu' here" in refused(capsys, *command, "--device", "cuda")
