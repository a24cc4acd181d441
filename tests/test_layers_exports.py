"""What a neuron's one file and its lines in the exports bring."""

import pathlib
import pickle

import numpy as np
import pytest

import eventsnn
from eventsnn import layers, neurons
from eventsnn.core.dispatch import MODELS, register_neuron
from eventsnn.core.jit import scalar
from eventsnn.layers import four_shapes
from tests.neuron_contract import PARAMETERS

# norse's faulty adaptation is there for its encoder alone.
WITHOUT_LAYERS = {neurons.LIFAdExNorseParameters}
EACH = pytest.mark.parametrize("cls", [c for c in PARAMETERS if c not in WITHOUT_LAYERS],
                               ids=lambda cls: cls.__name__[:-10])


@EACH
def test_neuron__has_four_layers_and_its_tuples_among_the_public_names(cls):
    name = cls.__name__.removesuffix("Parameters")

    for suffix in ("Cell", "", "RecurrentCell", "Recurrent"):
        layer = getattr(layers, name + suffix)
        assert getattr(eventsnn, name + suffix) is layer
        assert name + suffix in layers.__all__ and name + suffix in eventsnn.__all__
        assert layer.__name__ == name + suffix and layer.__doc__.strip()
        assert issubclass(layer, layers.Layer)
    assert getattr(eventsnn, cls.__name__) is getattr(neurons, cls.__name__) is cls
    state = MODELS[cls].state
    assert getattr(eventsnn, state.__name__) is state


def test_public_names__are_no_modules_and_lead_to_themselves():
    for package in (eventsnn, layers, neurons):
        for name in package.__all__:
            assert not name.startswith("_")
            value = getattr(package, name)
            assert not isinstance(value, type(pathlib)), name


@EACH
def test_tuples__survive_a_trip_to_another_process(cls):
    p = cls()

    assert pickle.loads(pickle.dumps(p)) == p


@pytest.mark.parametrize("file", sorted(pathlib.Path(neurons.__file__).parent.glob("*.py")),
                         ids=lambda file: file.stem)
def test_neuron_files__are_short(file):
    combinator = file.stem == "refractory"  # of which a neuron is a line
    assert len(file.read_text().splitlines()) <= (160 if combinator else 150)


def test_register_neuron__tells_who_forgot_the_mark():
    def step(s, x, p, dt, th):
        return x, s

    with pytest.raises(TypeError, match="step must be marked, got step; put @eventsnn.core.jit.sc"):
        register_neuron(tuple, tuple, step, step, rest=lambda p: p)
    assert tuple not in MODELS


def test_four_shapes__of_a_model_of_the_users_own():
    from typing import NamedTuple

    class DoublingParameters(NamedTuple):
        gain: float = 2.0

    class DoublingState(NamedTuple):
        v: object

    @scalar
    def step(s, x, p, dt, th):
        return p.gain * x, DoublingState(s.v + x)

    @scalar
    def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
        return s_bar, p.gain * z_bar + s_bar.v, DoublingParameters(x * z_bar)

    register_neuron(DoublingParameters, DoublingState, step, step_vjp, spiking=False,
                    rest=lambda p: DoublingState(0.0))
    try:
        cell, sequence, recurrent_cell, recurrent = four_shapes(DoublingParameters, "Doublers",
                                                                module=__name__)
        out, state = sequence()(np.ones((3, 2)))

        assert (out == 2).all() and (state.v == 3).all()
        assert [c.__name__ for c in (cell, sequence, recurrent_cell, recurrent)] == [
            "DoublingCell", "Doubling", "DoublingRecurrentCell", "DoublingRecurrent"]
        assert cell.__doc__.startswith("Doublers, one step a call.")
        assert recurrent(3, 2, seed=1)(np.ones((4, 3)))[0].shape == (4, 2)
    finally:
        del MODELS[DoublingParameters]
