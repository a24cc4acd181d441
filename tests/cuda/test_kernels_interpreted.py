"""Layers, encoders and optimisers by the compiled kernels: the numbers of the CPU."""

import numpy as np
import pytest

import eventsnn
from eventsnn import encode, layers, train
from eventsnn.core import cuda as device
from tests.cuda import census
from tests.cuda.interpreted import Interpreter
from tests.cuda.ptx import ARCHITECTURES
from tests.cuda.test_compiled import all_faults
from tests.layers_under_test import example, normal, public
from tests.tolerance import AMPLIFIED, assert_close

NEURONS = (layers.Sequence, layers.RecurrentSequence, layers.Cell, layers.RecurrentCell)
OTHERS = [cls for cls in public() if not issubclass(cls, NEURONS)]
OPTIMISERS = {"Adam": train.Adam(0.1), "AdamW": train.AdamW(0.1), "RMSprop": train.RMSprop(0.1),
              "RMSprop with momentum": train.RMSprop(0.1, momentum=0.5),
              "SGD": train.SGD(0.1, momentum=0.5)}


@pytest.mark.parametrize("cls", OTHERS, ids=[cls.__name__ for cls in OTHERS])
def test_layer__compiled__is_that_of_the_cpu(cls, monkeypatch):
    monkeypatch.setattr(device, "backend", Interpreter(seed=1))

    theirs = census.passes(*example(cls))
    ours = census.passes(*example(cls), where="cpu")

    assert len(theirs) == len(ours) > 0
    for number, (a, b) in enumerate(zip(theirs, ours)):
        never = np.isinf(b)  # times of spikes that do not come
        np.testing.assert_array_equal(a[never], b[never])
        a, b = (np.where(never, 0, c) for c in (a, b))
        assert_close(a, b, AMPLIFIED, f"{cls.__name__}, array {number}")


@pytest.mark.parametrize("name", OPTIMISERS)
def test_step__compiled_without_fma__is_the_cpus_bit_for_bit(name, monkeypatch):
    monkeypatch.setattr(device, "backend", Interpreter(seed=1))
    optimiser, weights = OPTIMISERS[name], {"w": normal(5, 13)}
    there = eventsnn.to(weights, "cuda")
    state, state_there = optimiser.init(weights), optimiser.init(there)
    for step in range(2):
        gradients = {"w": normal(5, 13, seed=step + 1)}
        optimiser.update(weights, gradients, state)
        optimiser.update(there, eventsnn.to(gradients, "cuda"), state_there)

    np.testing.assert_array_equal(there["w"].to("cpu"), weights["w"])
    assert not np.array_equal(weights["w"], normal(5, 13))


@pytest.mark.parametrize("neurons", [layers.LIFRecurrent, layers.LSNNRecurrent])
def test_e_prop__compiled__is_the_cpus_and_keeps_to_registers(neurons, monkeypatch):
    monkeypatch.setattr(device, "backend", Interpreter(seed=1))
    x, found = 5 * abs(normal(6, 2, 4)), []
    for where in "cpu", "cuda":
        model = layers.SequentialState(
            neurons(4, 5, input_weights=9 * abs(normal(5, 4)), stop_reset=False, seed=1),
            layers.Linear(5, 2, seed=2), layers.LI()).to(where)
        outcome = train.EProp().run(model, eventsnn.to(x, where), np.array([0, 1]),
                                    [train.Rate(0, most=5.0)])
        found.append(eventsnn.to(outcome.gradients, "cpu"))

    for name, bar in found[0].items():
        assert np.any(bar), name
        assert_close(found[1][name], bar, AMPLIFIED, name)
    launched = {key: function for key, function in device.backend.launched.items()
                if key[0].startswith("eventsnn.engine.cuda.eligibility")}
    assert {name.rpartition(".")[2] for name, _ in launched} == {"_advance", "_derivatives"}
    for cc in ARCHITECTURES:
        assert all_faults(launched, cc) == {}, cc


@pytest.mark.parametrize("make", [lambda: encode.PoissonEncoder(30, 150.0, seed=2**40 + 3),
                                  lambda: encode.SignedPoissonEncoder(30, 150.0)],
                         ids=["Poisson", "signed"])
def test_encoder__compiled__draws_the_same_spikes(make, monkeypatch):
    monkeypatch.setattr(device, "backend", Interpreter(seed=1))
    x = 4 * normal(3, 40)

    found = make()(eventsnn.to(x, "cuda")).to("cpu")

    np.testing.assert_array_equal(found, make()(x))
    assert found.any()
