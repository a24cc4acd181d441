"""``eventsnn check-cuda``, on the simulated device."""

import json

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.cli import check_cuda, cuda_parity, cuda_times, main


def test_compared__finds_models_and_layers_equal():
    found = [one for name in ("LIF, ", "Linear", "Adam", "PoissonEncoder")
             for one in cuda_parity.compared(name, (4, 2, 3)) if one.name.startswith(name)]

    assert {one.name for one in found} >= {"LIF, forward and backward", "LIF, recurrent", "Linear",
                                           "Adam", "PoissonEncoder"}
    assert all(one.agrees for one in found), found
    assert all(one.flipped == 0 for one in found)


def test_compared__finds_a_device_that_is_wrong(monkeypatch):
    def wrong(self, x, state=None, *, tape=None):
        out = right(self, x, state, tape=tape)
        return out * 1.001 if self.device == "cuda" else out

    right = layers.Linear.__call__
    monkeypatch.setattr(layers.Linear, "__call__", wrong)

    [found] = cuda_parity.compared("Linear", (4, 2, 3))

    assert not found.agrees and found.worst == "out"
    assert found.difference == pytest.approx(1e-3, rel=0.1)


def test_check_cuda__tells_of_it_and_exits_with_0(capsys):
    assert main(["check-cuda", "--only", "SGD", "--no-times"]) == 0
    assert "The device computes what the CPU does." in capsys.readouterr().out


def test_check_cuda__json_is_one_line(capsys):
    assert main(["check-cuda", "--only", "SGD", "--no-times", "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["parity"][0]["name"] == "SGD"


def test_table__says_what_differs(capsys):
    bad = cuda_parity.Parity("thing", 0.5, 1e-4, 0.0, False, "out")

    assert check_cuda._table([bad], [cuda_times.Time("work", 1.0, np.nan)]) == 1

    shown = capsys.readouterr().out
    assert "DIFFERS: out" in shown and "does NOT compute" in shown
