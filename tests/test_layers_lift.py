"""Lifted layers: one step after the other what sequences compute at once."""

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.layers import (
    LICell, LIFCell, LIFExcInh, LIFRecurrent, LIFRecurrentCell, Lift, Linear, RecurrentState,
    SequentialState, Tape,
)
from eventsnn.neurons import ExcInh, LIFState
from tests import tolerance


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_lift__of_a_recurrent_cell_equals_the_sequence(rng):
    options = {"input_weights": rng.normal(size=(4, 3)), "trainable": ("v_th",),
               "recurrent_weights": rng.normal(size=(4, 4))}
    cell, sequence = Lift(LIFRecurrentCell(3, 4, **options)), LIFRecurrent(3, 4, **options)
    x, out_bar = 3 * rng.normal(size=(12, 2, 3)), rng.normal(size=(12, 2, 4))
    start = RecurrentState(np.ones((2, 4)), LIFState(np.full((2, 4), 0.5), np.zeros((2, 4))))
    bar = RecurrentState(rng.normal(size=(2, 4)), LIFState(*rng.normal(size=(2, 2, 4))))
    results = []

    for layer in (cell, sequence):
        tape = Tape()
        out, state = layer(x, start, tape=tape)
        g = layer.backward(out_bar, tape, bar)
        assert len(tape) == 0
        results.append((out, state.z, *state.neuron, g.x, g.state.z, *g.state.neuron,
                        *(g.weights[name] for name in sorted(g.weights))))

    assert results[0][0].any()
    for a, b in zip(*results, strict=True):
        tolerance.assert_close(a, b, tolerance.OUTPUT, "lifted and whole")


def test_lift__of_a_layer_without_state_equals_one_call(rng):
    layer, x = Linear(3, 2, seed=2), rng.normal(size=(5, 4, 3))

    out = Lift(layer)(x)

    tolerance.assert_close(out, layer(x), tolerance.OUTPUT, "out")


def test_lift__adds_the_gradients_of_all_steps(rng):
    layer, x, out_bar = Linear(3, 2, seed=2), rng.normal(size=(5, 4, 3)), rng.normal(size=(5, 4, 2))
    tape, tape_lifted, lifted = Tape(), Tape(), Lift(layer)
    layer(x, tape=tape)
    lifted(x, tape=tape_lifted)

    g, g_lifted = layer.backward(out_bar, tape), lifted.backward(out_bar, tape_lifted)

    tolerance.assert_close(g_lifted.x, g.x, tolerance.OUTPUT, "x")
    for name in ("weight", "bias"):
        tolerance.assert_close(g_lifted.weights[name], g.weights[name], tolerance.OUTPUT, name)


def test_lift__takes_several_channels(rng):
    x = ExcInh(rng.uniform(0, 3, (8, 5)), -rng.uniform(0, 1, (8, 5)))
    lifted, whole = Lift(layers.LIFExcInhCell()), LIFExcInh()
    tapes = Tape(), Tape()

    (out, state), (expected, end) = lifted(x, tape=tapes[0]), whole(x, tape=tapes[1])
    g, g_expected = (layer.backward(np.ones((8, 5)), t) for layer, t in zip((lifted, whole), tapes))

    np.testing.assert_array_equal(out, expected)
    for a, b in zip((*state, *g.x), (*end, *g_expected.x), strict=True):
        np.testing.assert_array_equal(a, b)


def test_lift__of_a_chain_with_hidden_outputs_gives_a_list_of_sequences(rng):
    def cells(lift):
        return (Linear(3, 4, seed=1, dtype=np.float64), lift(LIFCell()),
                Linear(4, 2, seed=2, dtype=np.float64), lift(LICell()))

    lifted = Lift(SequentialState(*cells(lambda cell: cell), return_hidden=True))
    whole, tapes = SequentialState(*cells(Lift), return_hidden=True), (Tape(), Tape())
    x = 20 * rng.random((8, 2, 3))
    bars = [rng.normal(size=(8, 2, 4)), None, None, rng.normal(size=(8, 2, 2))]

    (outs, _), (expected, _) = lifted(x, tape=tapes[0]), whole(x, tape=tapes[1])
    g, g_expected = lifted.backward(bars, tapes[0]), whole.backward(bars, tapes[1])

    assert isinstance(outs, list) and all(isinstance(out, np.ndarray) for out in outs)
    for a, b in zip((*outs, g.x), (*expected, g_expected.x), strict=True):
        tolerance.assert_close(a, b, tolerance.OUTPUT, "lifted and whole")
    for name, array in g_expected.weights.items():
        tolerance.assert_close(g.weights[name], array, tolerance.OUTPUT, name)
    lifted(x, tape=tapes[0])
    with pytest.raises(ValueError, match="^out_bar must have 8 steps, got 5"):
        lifted.backward([bars[0][:5], None, None, None], tapes[0])
