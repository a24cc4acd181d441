"""Dropout: what is kept, when, and by which draw."""

import numpy as np
import pytest

from eventsnn.layers import LIF, Lift, Linear, SequentialState, Tape
from eventsnn.layers.dropout import Dropout
from tests import tolerance

ONES = np.ones((50, 8, 25))


def dropped(layer, x=ONES, tape=None):
    return layer(x, tape=Tape() if tape is None else tape)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_dropout__keeps_and_scales_the_share_it_should(p):
    out = dropped(Dropout(p, seed=5))

    assert set(np.unique(out)) == {0.0, 1 / (1 - p)}
    share, error = (out > 0).mean(), np.sqrt(p * (1 - p) / out.size)
    assert abs(share - (1 - p)) <= tolerance.STANDARD_ERRORS * error


def test_dropout__of_probability_0_and_1():
    np.testing.assert_array_equal(dropped(Dropout(0.0)), ONES)
    layer, tape = Dropout(1.0), Tape()
    np.testing.assert_array_equal(layer(ONES, tape=tape), 0 * ONES)
    np.testing.assert_array_equal(layer.backward(ONES, tape).x, 0 * ONES)


def test_dropout__without_tape_is_the_identity_and_draws_nothing():
    layer, x = Dropout(seed=1), np.arange(6).reshape(2, 3)

    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(dropped(layer), dropped(Dropout(seed=1)))


def test_dropout__draws_anew_in_each_call_and_the_same_again_from_the_start():
    layer, again = Dropout(seed=1), Dropout(seed=1)

    draws = [dropped(layer) for _ in range(3)]

    for i, draw in enumerate(draws):
        np.testing.assert_array_equal(draw, dropped(again))
        for other in draws[:i]:
            assert 0.4 < (draw == other).mean() < 0.6  # half by chance
    assert 0.4 < (draws[0] == dropped(Dropout(seed=2))).mean() < 0.6


def test_dropout__differs_between_the_layers_of_a_network():
    net, tape = SequentialState(Dropout(), Dropout(), return_hidden=True), Tape()

    (first, both), _ = net(ONES, tape=tape)

    assert 0.2 < (both > 0).mean() < 0.3 < 0.4 < (first > 0).mean()
    a, b = dropped(Dropout()).ravel(), dropped(SequentialState(Dropout(0), Dropout()))[0].ravel()
    for shift in range(64):  # nor is one draw the other, begun later
        for late, early in ((a, b), (b, a)):
            assert 0.4 < (late[shift:] == early[:late.size - shift]).mean() < 0.6


def test_dropout__shares_nothing_with_weights_of_the_same_seed():
    w = Linear(40, 25, bias=False, seed=0, dtype=np.float64).weight.ravel()
    out = dropped(Dropout(0.5, seed=0), np.ones(2 * w.size))

    for half in (out[::2], out[1::2]):  # a float32 takes half of the bits that a float64 takes
        assert abs(np.corrcoef(w, half)[0, 1]) < tolerance.STANDARD_ERRORS / np.sqrt(w.size)


def test_dropout__may_drop_for_all_steps():
    layer, tape, bar = Dropout(seed=3, shared_steps=True), Tape(), np.arange(ONES.size, dtype=float)

    out = layer(ONES, tape=tape)
    g = layer.backward(bar.reshape(ONES.shape), tape)

    np.testing.assert_array_equal(out, np.broadcast_to(out[0], out.shape))
    assert 0.3 < (out[0] > 0).mean() < 0.7
    assert np.ptp(dropped(Dropout(seed=3)), axis=0).all()  # else each unit comes and goes
    np.testing.assert_array_equal(g.x, bar.reshape(ONES.shape) * out)


@pytest.mark.parametrize("shared", [False, True])
def test_dropout__backward_is_the_transpose(shared):
    rng, tape = np.random.default_rng(7), Tape()
    x, bar = rng.normal(size=(2, 6, 4, 3))
    layer, kept = Dropout(0.4, seed=3, shared_steps=shared), x.copy()

    out = layer(x, tape=tape)
    g = layer.backward(bar, tape)

    assert g.weights == {} and g.state is None and len(tape) == 0
    np.testing.assert_array_equal(g.x, bar * np.where(out == 0, 0, 1 / 0.6))
    np.testing.assert_array_equal(out, x * np.where(out == 0, 0, 1 / 0.6))
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64])
def test_dropout__takes_any_dtype_and_draws_alike(dtype):
    out = dropped(Dropout(seed=3), ONES.astype(dtype))

    assert out.dtype == (np.float64 if dtype == np.float64 else np.float32)
    np.testing.assert_array_equal(out, dropped(Dropout(seed=3)))
    assert dropped(Dropout(), np.ones((3, 0))).shape == (3, 0)


def test_dropout__drops_infinity():
    out = dropped(Dropout(seed=3), np.full(100, np.inf))

    assert set(np.unique(out)) == {0.0, np.inf}


def test_dropout__lifts_and_chains():
    x, tape = np.full((20, 5), 30.0), Tape()
    chain = SequentialState(Lift(Dropout(seed=3)), LIF())

    out, _ = chain(x, tape=tape)
    g = chain.backward(np.ones_like(out), tape)

    np.testing.assert_array_equal(chain(x)[0], LIF()(x)[0])
    assert g.x.shape == x.shape and len(tape) == 0
    steps = (g.x == 0)
    assert steps.any() and not (steps == steps[0]).all()  # lifted, each step draws


def test_dropout__spares_the_gradient_nobody_wants():
    layer, tape = Dropout(), Tape(input_gradient=False)
    layer(ONES, tape=tape)

    assert layer.backward(ONES, tape).x is None


def backward(out_bar):
    layer, tape = Dropout(), Tape()
    layer(ONES, tape=tape)
    layer.backward(out_bar, tape)


@pytest.mark.parametrize("make, error, words", [
    (lambda: Dropout(-0.1), ValueError, "p must be at least 0, got -0.1"),
    (lambda: Dropout(1.5), ValueError, "p must be at most 1, got 1.5"),
    (lambda: Dropout("0.5"), TypeError, "p must be a number, got '0.5'"),
    (lambda: Dropout(seed=-1), ValueError, "seed must be at least 0, got -1"),
    (lambda: Dropout(seed=None), TypeError, "seed must be a whole number, got None"),
    (lambda: Dropout()("a"), TypeError, "x must hold real numbers, got dtype <U1"),
    (lambda: Dropout(shared_steps=True)(1.0), ValueError,
     "x must have shape (T, ...) for shared steps, got ()"),
    (lambda: backward(np.ones(3)), ValueError, "out_bar must have shape (50, 8, 25)"),
])
def test_dropout__refuses_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)
