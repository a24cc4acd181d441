"""Neurons on a device, by the compiled kernels: the numbers of the CPU."""

import numpy as np
import pytest

from eventsnn.core import cuda as device
from eventsnn.core.dispatch import MODELS
from eventsnn.surrogates import SuperSpike
from tests.cuda import census
from tests.cuda.interpreted import Interpreter
from tests.neuron_contract import PARAMETERS
from tests.tolerance import AMPLIFIED, assert_close

FUSED = 2e-6  # relative: a product that is not rounded before it is added to
MODEL_IDS = [cls.__name__ for cls in PARAMETERS]


def compared(make, cls, monkeypatch, fma, threshold=SuperSpike(30.0)):
    """Results of a layer here and on an interpreted device whose threads come in another order."""
    monkeypatch.setattr(device, "backend", Interpreter(fma=fma, seed=3))
    p, state, x = census.neurons(cls)
    given = (x, state) if make is census.sequence else (
        np.random.default_rng(5).normal(size=(census.T, census.B, 3)).astype(np.float32) * 5,)
    theirs = census.passes(make(p, threshold), *given)
    ours = census.passes(make(p, threshold), *given, where="cpu")
    assert len(ours) == len(theirs)
    return zip(ours, theirs)


def test_models__are_all_looked_at():
    assert set(PARAMETERS) == set(MODELS)


# One test a model: compiling takes longest, and is done once for all that it is asked.
@pytest.mark.parametrize("cls", PARAMETERS, ids=MODEL_IDS)
def test_neurons__compiled__are_the_cpus(cls, monkeypatch):
    for a, b in compared(census.sequence, cls, monkeypatch, fma=False):
        np.testing.assert_array_equal(a, b)

    # a steep slope would multiply the rounding of the distance from the threshold
    for a, b in compared(census.sequence, cls, monkeypatch, fma=True, threshold=SuperSpike(0.01)):
        scale = np.abs(a).max(initial=1e-30)
        np.testing.assert_allclose(b, a, rtol=FUSED, atol=FUSED * scale)

    if census.couples(cls):  # products of matrices add in another order than BLAS
        for number, (a, b) in enumerate(compared(census.recurrent, cls, monkeypatch, fma=False)):
            assert_close(b, a, AMPLIFIED, f"array {number}")
