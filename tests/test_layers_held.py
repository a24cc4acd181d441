"""An input that repeats one step: the results of its copy, from one step in memory."""

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.core.fields import map_fields
from eventsnn.engine import cpu, run
from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from tests import layers_under_test, tolerance

B, N = 3, 4
NEURONS = {
    "lif": layers.LIF(LIFParameters(v_th=0.3)),
    "trainable": layers.LIF(LIFParameters(v_th=np.linspace(0.2, 0.5, N)), trainable=("v_th",)),
    "no spikes": layers.LI(),
    "channels": layers.LIFExcInh(LIFExcInhParameters(v_th=0.3)),
    "states": layers.LIF(LIFParameters(v_th=0.3), record_states=True),
}


def normal(*shape, seed=0):
    return layers_under_test.normal(*shape, seed=seed).astype(float)


def one_step(name):
    x = 2 * np.abs(normal(B, N))
    inputs = NEURONS[name].model.inputs
    return x if inputs is None else inputs(*(x * (c + 1) for c in range(len(inputs._fields))))


def held_and_copied(one, n_steps):
    held = map_fields(lambda a: np.broadcast_to(a, (n_steps, *a.shape)), one)
    return held, map_fields(np.copy, held)


def bars_of(z, state):
    return normal(*z.shape, seed=3), map_fields(lambda a: normal(*a.shape, seed=4), state)


def assert_same(found, expected):
    for a, b in zip(*(f if isinstance(f, tuple) else (f,) for f in (found, expected)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("taped", [True, False])
@pytest.mark.parametrize("n_steps", [1, 2, 7])
@pytest.mark.parametrize("name", NEURONS)
def test_call__gives_what_the_copy_gives(name, n_steps, taped):
    layer = NEURONS[name]

    (z, state), (expected, at_end) = (
        layer(x, tape=layers.Tape() if taped else None)
        for x in held_and_copied(one_step(name), n_steps))

    assert_same((z, *state), (expected, *at_end))
    assert n_steps < 7 or z.any()


@pytest.mark.parametrize("summed", [True, False])
@pytest.mark.parametrize("name", NEURONS)
def test_backward__gives_what_the_copy_gives_or_its_sum(name, summed):
    layer, found = NEURONS[name], []
    for x in held_and_copied(one_step(name), 7):
        tape = layers.Tape()
        z, state = layer(x, tape=tape)
        z_bar, state_bar = bars_of(z, state)
        found.append(layer.backward(z_bar, tape, state_bar, summed=summed))
    g, of_copy = found

    assert_same((*g.state, *g.weights.values()), (*of_copy.state, *of_copy.weights.values()))
    if not summed:
        assert_same(g.x, of_copy.x)
        return
    total = map_fields(lambda a: a.sum(0, keepdims=True), of_copy.x)
    for a, b in zip(*(f if isinstance(f, tuple) else (f,) for f in (g.x, total)), strict=True):
        assert a.shape == b.shape
        tolerance.assert_close(a, b, tolerance.OUTPUT, "x_bar")


def chain(kind, **options):
    first = layers.Linear(5, N, seed=1) if kind == "linear" else layers.Conv2d(1, 2, 2, seed=1)
    x = normal(B, 5, seed=5) if kind == "linear" else normal(B, 1, 3, 4, seed=5)
    return layers.SequentialState(first, layers.LIF(LIFParameters(v_th=0.1)), **options), 3 * x


@pytest.mark.parametrize("input_gradient", [True, False])
@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("kind", ["linear", "convolution"])
def test_chain__gives_the_gradients_of_the_copy(kind, hidden, input_gradient):
    net, one = chain(kind, return_hidden=hidden)
    found = []
    for x in held_and_copied(one, 6):
        tape = layers.Tape(input_gradient=input_gradient)
        out, _ = net(x, tape=tape)
        outs = out if hidden else [out]
        bars = [normal(*o.shape, seed=i) for i, o in enumerate(outs)]
        found.append(net.backward(bars if hidden else bars[0], tape))
    g, of_copy = found

    assert any(array.any() for array in g.weights.values())
    for name, array in of_copy.weights.items():
        tolerance.assert_close(g.weights[name], array, tolerance.OUTPUT, name)
    assert (g.x is None) == (not input_gradient)
    if input_gradient:
        tolerance.assert_close(g.x, of_copy.x, tolerance.OUTPUT, "x")


def test_chain__has_one_step_of_the_input_and_of_its_gradient(monkeypatch):
    net, one = chain("linear")
    sizes, backward = [], run.backward

    def spied(*arguments, **options):
        result = backward(*arguments, **options)
        sizes.append(len(result[0]))
        return result

    monkeypatch.setattr(run, "backward", spied)
    for name in ("forward_taped", "backward"):
        loop = getattr(cpu, name)
        monkeypatch.setattr(cpu, name, lambda order, x, *a, loop=loop: (
            sizes.append(len(x)), loop(order, x, *a)))
    tape = layers.Tape(input_gradient=False)

    z, _ = net(held_and_copied(one, 6)[0], tape=tape)
    net.backward(z, tape)

    assert sizes == [1, 1, 1]
