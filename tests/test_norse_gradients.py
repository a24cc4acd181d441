"""Gradients as norse's autograd has them, of each of its neurons and threshold functions."""

import pathlib

import h5py
import numpy as np
import pytest

from tests.golden import neurons
from tests.golden.case import Case

DATA = pathlib.Path(__file__).parent / "data"
GRADIENTS = DATA / "gradients" / "norse.h5"
RUNNERS = {"feed_forward": neurons.feed_forward, "recurrent": neurons.recurrent}


def cases():
    with h5py.File(GRADIENTS) as file:
        return [f"{family}/{case}/{method}" for family, of in file.items()
                for case, methods in of.items() for method in methods]


class OtherMethod(Case):
    """A golden case with another threshold function: all is the same but the gradients."""

    def __init__(self, name):
        family, case, method = name.split("/")
        with h5py.File(DATA / "golden" / f"{family}.h5") as file:
            super().__init__(family, case, file[case])
        with h5py.File(GRADIENTS) as file:
            self.grads = {n: np.asarray(g[()]) for n, g in file[name].items()}
            self.params["alpha"] = file[name].attrs.get("alpha", self.params["alpha"])
        self.attributes["method"] = method


@pytest.mark.parametrize("name", cases())
def test_backward__equals_norses_autograd(name, plain):
    case = OtherMethod(name)

    RUNNERS[case.attributes["kind"]](case)

    case.assert_all_compared()


def test_cases__are_all_of_norses_neurons_and_functions():
    families = set(neurons.NAMES) - set(neurons.WITHOUT_FEEDBACK)

    for family in families:
        with h5py.File(DATA / "golden" / f"{family}.h5") as file:
            of_golden = {group.attrs["method"] for group in file.values()}
        methods = {name.split("/")[2] for name in cases() if name.startswith(f"{family}/")}
        assert methods | of_golden >= {"super", "heavi_erfc", "tanh", "triangle", "circ"}
