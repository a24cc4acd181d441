"""`Scale`, `Delay` and `Threshold`: equal to plain loops, exact transposes, refusals."""

import numpy as np
import pytest

from eventsnn.layers import (
    LIF, Delay, DelayState, LIFCell, Lift, Linear, Scale, SequentialState, Tape, Threshold,
)
from eventsnn.surrogates import SuperSpike
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient

SHAPES = [((), (5,)), ((3,), (3,)), ((3,), (2, 3)), ((2, 3), (4, 2, 3)), ((2, 1), (2, 3))]
each_shape = pytest.mark.parametrize("own, sample", SHAPES)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def delayed(x, steps):
    """The formula, entry by entry."""
    steps, out = np.broadcast_to(steps, x.shape[1:]), np.zeros_like(x)
    for t, *at in np.ndindex(x.shape):
        before = t - steps[tuple(at)]
        if before >= 0:
            out[(t, *at)] = x[(before, *at)]
    return out


@each_shape
def test_scale__multiplies_and_its_backward_equals_differences(own, sample, rng):
    x, scale = rng.normal(size=(4, *sample)), np.array(rng.normal(size=own))
    layer, tape = Scale(scale), Tape()
    layer.scale = scale  # a number given would be float32

    out = layer(x, tape=tape)
    out_bar = rng.normal(size=out.shape)
    g = layer.backward(out_bar, tape)

    tolerance.assert_close(out, scale * x, tolerance.OUTPUT, "out")
    tolerance.assert_close(g.x, gradient(lambda v: (out_bar * scale * v).sum(), x), DIFFERENCE, "x")
    tolerance.assert_close(g.weights["scale"],
                           gradient(lambda v: (out_bar * v * x).sum(), scale), DIFFERENCE, "scale")


def test_scale__keeps_the_float_type_and_owns_its_numbers():
    given = np.ones(3)
    layer = Scale(given)
    given[:] = 2

    assert layer(np.ones((2, 3), bool)).dtype == np.float64 and layer.weights["scale"].sum() == 3
    assert Scale([1, 2])(np.ones((4, 2), np.uint8)).dtype == np.float32
    assert Scale(2.0)(np.ones(2, np.float32)).dtype == np.float32


@each_shape
def test_delay__equals_loops(own, sample, rng):
    steps, x = rng.integers(0, 6, own), rng.normal(size=(9, *sample))

    out, state = Delay(steps * 2e-3, 2e-3)(x)

    np.testing.assert_array_equal(out, delayed(x, steps))
    assert state.past.shape == (np.max(steps), *sample)


@each_shape
def test_delay__goes_on_where_it_stopped(own, sample, rng):
    layer, x = Delay(rng.integers(0, 6, own) * 1e-3), rng.normal(size=(9, *sample))
    whole, end = layer(x)

    first, state = layer(x[:2])
    second, state = layer(x[2:], state)

    np.testing.assert_array_equal(np.concatenate([first, second]), whole)
    np.testing.assert_array_equal(state.past, end.past)


@each_shape
def test_delay__backward_is_its_transpose(own, sample, rng):
    layer, x, tape = Delay(rng.integers(0, 6, own) * 1e-3), rng.normal(size=(4, *sample)), Tape()
    past = DelayState(rng.normal(size=layer(x)[1].past.shape))

    out, end = layer(x, past, tape=tape)
    out_bar, end_bar = rng.normal(size=out.shape), DelayState(rng.normal(size=end.past.shape))
    g = layer.backward(out_bar, tape, end_bar)

    there = (out_bar * out).sum() + (end_bar.past * end.past).sum()
    back = (g.x * x).sum() + (g.state.past * past.past).sum()
    tolerance.assert_close(back, there, tolerance.GRADIENT, "inner product")
    assert g.weights == {} and len(tape) == 0


def test_delay__in_a_chain_learns_through_time(rng):
    net, tape = SequentialState(Linear(3, 4, seed=1), Delay([0, 1e-3, 2e-3, 5e-3]), LIF()), Tape()
    out, states = net(9 * rng.random((30, 2, 3)), tape=tape)

    g = net.backward(np.ones_like(out), tape)

    assert out.any() and g.weights["0.weight"].any() and states[1].past.shape == (5, 2, 4)


@pytest.mark.parametrize("delay, dt, steps", [
    (0.003, 1e-3, 3), (np.float32(0.003), 1e-3, 3), (0.3, 1e-4, 3000),
    (np.float32(2.7), 1e-4, 27000)])
def test_delay__takes_multiples_of_the_step_in_either_float_type(delay, dt, steps):
    assert Delay(delay, dt).steps == steps


def test_delay__rounds_when_told():
    assert Delay([1.4e-3, 1.6e-3], nearest=True).steps.tolist() == [1, 2]


@each_shape
def test_threshold__is_where_the_input_is_above(own, sample, rng):
    x, threshold, th = rng.normal(size=(4, *sample)), rng.normal(size=own), SuperSpike(3.0)
    layer, tape = Threshold(th, threshold), Tape()

    out = layer(x, tape=tape)
    g = layer.backward(np.full_like(out, 2), tape)

    np.testing.assert_array_equal(out, x > threshold)
    tolerance.assert_close(g.x, 2 / (3 * np.abs(x - threshold) + 1) ** 2, tolerance.GRADIENT, "x")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threshold__is_not_above_itself(dtype):
    threshold = np.array([0.1, 1e30, -1e-40, 0.0], dtype)
    layer = Threshold(threshold=threshold)

    assert not layer(threshold[None]).any()
    assert layer(np.nextafter(threshold, dtype(np.inf))[None]).all()


@pytest.mark.parametrize("make, error, words", [
    (lambda: Scale([1.0, np.nan]), ValueError, "scale must be finite, got nan in 1 of 2 places"),
    (lambda: Scale("a"), TypeError, "scale must hold real numbers, got dtype <U1"),
    (lambda: Scale([1, 2])(np.ones((4, 3))), ValueError,
     "x must have shape (..., 2) to match scale, got (4, 3)"),
    (lambda: Scale(np.ones((2, 3)))(np.ones(3)), ValueError, "x must have shape (..., 2, 3)"),
    (lambda: Delay(-1e-3), ValueError, "delay must be at least 0 s, got -0.001 s"),
    (lambda: Delay([np.inf]), ValueError, "delay must be finite, got inf in 1 of 1 places"),
    (lambda: Delay([1e-3, 1.5e-3]), ValueError,
     "delay must be a multiple of dt = 0.001 s, got 0.0015 s; nearest=True rounds it"),
    (lambda: Delay(1e9), ValueError, "delay must be less than 2 ** 31 steps, got 1e+12 of dt"),
    (lambda: Delay(0, dt=0), ValueError, "dt must be above 0, got 0"),
    (lambda: Delay([0, 1e-3])(np.ones((4, 3))), ValueError,
     "x must have shape (..., 2) to match delay, got (3,)"),
    (lambda: Delay(1e-3)(np.ones((0, 3))), ValueError, "x must have at least one step, got shape"),
    (lambda: Delay(1e-3)(np.ones((4, 3)), np.ones((1, 3))), TypeError,
     "state must be DelayState, got ndarray"),
    (lambda: Delay(1e-3)(np.ones((4, 3)), DelayState(np.ones((2, 3)))), ValueError,
     "state.past must have shape (1, 3) to match x, got (2, 3)"),
    (lambda: Threshold(threshold=np.nan), ValueError, "threshold must be finite, got nan"),
    (lambda: Threshold(threshold=[1, 2])(np.ones(3)), ValueError,
     "x must have shape (..., 2) to match threshold, got (3,)"),
])
def test_elements__refuse_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)


def test_scale__needs_no_lift(rng):
    x = 9 * rng.random((20, 2, 3))

    whole, _ = SequentialState(Scale([1, 2, 3]), LIF())(x)
    steps, _ = Lift(SequentialState(Scale([1, 2, 3]), LIFCell()))(x)

    np.testing.assert_array_equal(whole, steps)
    assert whole.any()
