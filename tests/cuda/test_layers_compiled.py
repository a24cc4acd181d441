"""Neurons on a device, by the compiled kernels: the numbers of the CPU."""

import numpy as np
import pytest

from eventsnn.core import cuda as device
from eventsnn.core.dispatch import MODELS
from tests.cuda import census
from tests.cuda.interpreted import Interpreter
from tests.neuron_contract import PARAMETERS

FUSED = 2e-6  # relative: a product that is not rounded before it is added to
MODEL_IDS = [cls.__name__ for cls in PARAMETERS]


def compared(make, cls, monkeypatch, fma):
    """Results of a layer here and on an interpreted device whose threads come in another order."""
    monkeypatch.setattr(device, "backend", Interpreter(fma=fma, seed=3))
    p, state, x = census.neurons(cls)
    given = (x, state) if make is census.sequence else (
        np.random.default_rng(5).normal(size=(census.T, census.B, 3)).astype(np.float32) * 5,)
    theirs = census.passes(make(p), *given)
    ours = census.passes(make(p), *given, where="cpu")
    assert len(ours) == len(theirs)
    return zip(ours, theirs)


def test_models__are_all_looked_at():
    assert set(PARAMETERS) == set(MODELS)


@pytest.mark.parametrize("cls", PARAMETERS, ids=MODEL_IDS)
def test_neurons__compiled_without_fma__are_the_cpus_bit_for_bit(cls, monkeypatch):
    for a, b in compared(census.sequence, cls, monkeypatch, fma=False):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cls", PARAMETERS, ids=MODEL_IDS)
def test_neurons__compiled_with_fma__are_the_cpus_but_for_rounding(cls, monkeypatch):
    for a, b in compared(census.sequence, cls, monkeypatch, fma=True):
        scale = np.abs(a).max(initial=1e-30)
        np.testing.assert_allclose(b, a, rtol=FUSED, atol=FUSED * scale)
