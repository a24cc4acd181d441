"""Neurons on a device, by the compiled kernels: the numbers of the CPU."""

import numpy as np
import pytest

import eventsnn
from eventsnn import layers
from eventsnn.core import cuda as device
from eventsnn.surrogates import SuperSpike
from tests.cuda.interpreted import Interpreter
from tests.neuron_contract import DT, PARAMETERS, case

B, N, T = 2, 5, 6


def sequence(cls):
    """A layer of the neurons of `cls`."""
    made = type("Under", (layers.Sequence,), {"parameters": cls})
    return made


def leaves(value):
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, dict):
        yield from leaves(list(value.values()))
    elif value is not None:
        yield value


def through(layer, x, state, bar, where):
    layer.to(where)
    tape = layers.Tape()
    out, end = layer(eventsnn.to(x, where), eventsnn.to(state, where), tape=tape)
    g = layer.backward(eventsnn.to(bar, where), tape)
    return [eventsnn.to(a, "cpu") for a in leaves([out, end, g.x, g.state, g.weights])]


@pytest.mark.parametrize("cls", PARAMETERS, ids=[c.__name__ for c in PARAMETERS])
def test_neurons__compiled_without_fma__are_the_cpus_bit_for_bit(cls, monkeypatch):
    monkeypatch.setattr(device, "backend", Interpreter(seed=3))
    p, state, x = case(cls, np.random.default_rng(1), (B, N), T, np.float32)
    bar = np.random.default_rng(2).normal(size=(T, B, N)).astype(np.float32)
    layer = sequence(cls)(p, SuperSpike(30.0), DT, trainable=tuple(p._fields))

    theirs = through(layer, x, state, bar, "cuda")
    ours = through(layer, x, state, bar, "cpu")

    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        np.testing.assert_array_equal(a, b)
