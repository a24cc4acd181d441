"""Neurons on a device, by the compiled kernels: the numbers of the CPU, and what they need there.
"""

import numpy as np
import pytest

from eventsnn.core import cuda as device
from eventsnn.core.dispatch import MODELS
from eventsnn.surrogates import SuperSpike
from tests.cuda import census
from tests.cuda.interpreted import Interpreter
from tests.cuda.ptx import ARCHITECTURES
from tests.cuda.test_compiled import all_faults
from tests.neuron_contract import PARAMETERS
from tests.tolerance import AMPLIFIED, assert_close

FUSED = 2e-6  # relative: a product that is not rounded before it is added to
MODEL_IDS = [cls.__name__ for cls in PARAMETERS]


def compared(make, cls, monkeypatch, fma, threshold=SuperSpike(30.0)):
    """Results of a layer here and on an interpreted device whose threads come in another order.

    And the kernels of that device.
    """
    monkeypatch.setattr(device, "backend", Interpreter(fma=fma, seed=3))
    p, state, x = census.neurons(cls)
    given = (x, state) if make is census.sequence else (
        np.random.default_rng(5).normal(size=(census.T, census.B, 3)).astype(np.float32) * 5,)
    theirs = census.passes(make(p, threshold), *given)
    ours = census.passes(make(p, threshold), *given, where="cpu")
    assert len(ours) == len(theirs)
    return zip(ours, theirs), device.backend.launched


def test_models__are_all_looked_at():
    assert set(PARAMETERS) == set(MODELS)


def assert_in_registers(launched, module):
    kernels = {f"eventsnn.engine.cuda.{module}.{kernel}" for kernel in ("_forward", "_backward")}
    assert {name for name, _ in launched if name.startswith("eventsnn.engine")} == kernels
    for cc in ARCHITECTURES:
        assert all_faults(launched, cc, only="eventsnn.engine") == {}, cc


# One test a model: compiling takes longest, and is done once for all that it is asked.
@pytest.mark.parametrize("cls", PARAMETERS, ids=MODEL_IDS)
def test_neurons__compiled__are_the_cpus_and_keep_to_registers(cls, monkeypatch):
    pairs, launched = compared(census.sequence, cls, monkeypatch, fma=False)
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)

    # a steep slope would multiply the rounding of the distance from the threshold
    pairs, _ = compared(census.sequence, cls, monkeypatch, fma=True, threshold=SuperSpike(0.01))
    for a, b in pairs:
        scale = np.abs(a).max(initial=1e-30)
        np.testing.assert_allclose(b, a, rtol=FUSED, atol=FUSED * scale)

    assert_in_registers(launched, "feedforward")


def largest_of_each_form():
    """Of the models whose coupled loops have one form, that with the most parameters and states."""
    found = {}
    for cls in filter(census.couples, PARAMETERS):
        model = MODELS[cls]
        form = model.inputs is None, model.spiking, model.pauses, model.recurrent_stops_reset
        found[form] = max(found.get(form, cls), cls,
                          key=lambda one: len(one._fields) + len(MODELS[one].state._fields))
    return list(found.values())


LARGEST = largest_of_each_form()
COUPLED = LARGEST + [pytest.param(cls, marks=pytest.mark.long)
                     for cls in PARAMETERS if census.couples(cls) and cls not in LARGEST]


@pytest.mark.parametrize("cls", COUPLED, ids=lambda cls: cls.__name__)
def test_coupled_neurons__compiled__are_the_cpus_and_keep_to_registers(cls, monkeypatch):
    pairs, launched = compared(census.recurrent, cls, monkeypatch, fma=False)
    for number, (a, b) in enumerate(pairs):  # products of matrices add in another order than BLAS
        assert_close(b, a, AMPLIFIED, f"array {number}")

    assert_in_registers(launched, "recurrent")


def test_coupled_neurons__of_every_form_are_looked_at():
    assert 5 < len(LARGEST) < len(COUPLED) == sum(map(census.couples, PARAMETERS))
