"""``eventsnn check-cuda`` and ``device="cuda"`` on a machine without a device."""

import subprocess
import sys

import numpy as np
import pytest
from numba import cuda

import eventsnn
from eventsnn import layers
from eventsnn.cli import main
from eventsnn.simulate import Network

pytestmark = pytest.mark.skipif(cuda.is_available(), reason="there is a CUDA device")


def test_check_cuda__says_that_there_is_no_device_and_exits_with_3(capsys):
    assert main(["check-cuda"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("eventsnn: no CUDA device to check: device must be 'cpu'")


@pytest.mark.parametrize("move", [
    lambda: eventsnn.to(np.zeros(3), "cuda"),
    lambda: layers.LIF(device="cuda"),
    lambda: layers.Linear(2, 3).to("cuda"),
    lambda: Network(device="cuda"),
], ids=["array", "layer", "weights", "network"])
def test_device__without_one_is_refused_in_a_line(move):
    with pytest.raises(RuntimeError, match="^device must be 'cpu' where there is no CUDA device"):
        move()


@pytest.mark.parametrize("move", [
    lambda: eventsnn.to(np.zeros(3), "gpu"), lambda: layers.LIF(device="gpu"),
    lambda: layers.Linear(2, 3).to("gpu"), lambda: Network(device="gpu"),
], ids=["array", "layer", "weights", "network"])
def test_device__of_an_unknown_name_is_refused(move):
    with pytest.raises(ValueError, match="^device must be one of cpu, cuda, got 'gpu'"):
        move()


def test_device__without_numba_cuda_says_what_to_install(monkeypatch):
    from eventsnn.core import cuda as device
    monkeypatch.setattr(cuda, "implementation", "Built-in")

    with pytest.raises(RuntimeError, match="numba-cuda is not installed") as caught:
        eventsnn.to(np.zeros(3), "cuda")

    assert device.INSTALL in str(caught.value)


def test_import__does_not_import_numba_cuda():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, eventsnn, eventsnn.cli, eventsnn.train; "
         "print([m for m in sys.modules if m.startswith('numba.cuda')])"],
        capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
