"""The command line as a whole: help, version, unknown commands, defects."""

import signal
import subprocess
import sys

import pytest

import eventsnn
from eventsnn import cli
from tests.command_line import SIMULATE, python, refused, run

pytestmark = pytest.mark.usefixtures("handlers")


@pytest.mark.parametrize("arguments", [
    [], ["simulate"], ["train"], ["evaluate"], ["simulate", "cubba"], ["train", "digit"],
    ["simulation"], ["--seconds", "1"], ["evaluate", "one.h5"], ["info"], ["analyse"], ["convert"],
    ["plot"], ["plot", "histogram"], ["plot", "raster", "one.h5"]])
def test_command__unknown_is_one_line_with_a_way_on(capsys, arguments):
    message = refused(capsys, *arguments)

    assert "--help" in message
    assert run(*arguments) == 2


@pytest.mark.parametrize("arguments", [
    [], ["simulate"], ["simulate", "cuba"], ["train"], ["train", "digits"], ["evaluate"], ["info"],
    ["analyse"], ["convert"], ["repair"], ["plot"],
    *(["plot", kind] for kind in ("raster", "psth", "intervals", "correlogram", "spectrum",
                                  "traces", "weights", "training", "behaviours"))])
def test_command__has_help(capsys, arguments):
    assert run(*arguments, "--help") == 0

    out, err = capsys.readouterr()
    assert out.startswith(" ".join(["usage: eventsnn", *arguments])) and err == ""


def test_command__version(capsys):
    assert run("--version") == 0

    assert capsys.readouterr().out == f"eventsnn {eventsnn.__version__}\n"


@pytest.mark.parametrize("arguments", [
    ["--help"], ["--version"], ["simulate", "cuba", "--help"], ["plot", "psth", "--help"]])
def test_command__help_reads_and_draws_nothing(arguments):
    script = """
import sys
from eventsnn import cli
try:
    cli.main(sys.argv[1:])
finally:
    assert not {"h5py", "matplotlib"} & sys.modules.keys()
"""
    assert python("-c", script, *arguments).returncode == 0


def test_command__defects_show_their_traceback(monkeypatch):
    def broken(*_):
        raise KeyError("a defect")

    monkeypatch.setattr(cli.simulate, "check_run", broken)

    with pytest.raises(KeyError, match="a defect"):
        cli.main(SIMULATE)


def test_module__is_silent_when_its_reader_goes(good):
    with subprocess.Popen([sys.executable, "-m", "eventsnn", "info", good], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.close()
        message = process.stderr.read()

    assert message == b"" and process.returncode == 128 + signal.SIGPIPE


def test_module__tells_errors_in_one_line(tmp_path):
    (tmp_path / "old.h5").write_bytes(b"old")

    done = python("-m", "eventsnn", "simulate", "cuba", "--record", tmp_path / "old.h5")

    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("eventsnn: error: ") and done.stderr.count("\n") == 1
    assert (tmp_path / "old.h5").read_bytes() == b"old"
