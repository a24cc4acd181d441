"""The exponential filter: its definition, its transpose, its weights."""

import numpy as np
import pytest

from eventsnn.layers import LIF, SequentialState, Tape
from eventsnn.layers.exp_filter import ExpFilter
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def naive(x, w, b, tau_inv, dt):
    out, y = [], np.einsum("t...i,oi->t...o", x, w) + b
    for t in range(len(y)):  # the sum in closed form
        out.append(sum(np.exp(-dt * tau_inv * (t - s)) * y[s] for s in range(t + 1)))
    return np.stack(out)


@pytest.mark.parametrize("shape", [(1, 3), (9, 3), (7, 4, 3), (5, 2, 3, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_call__is_the_weighted_sum_of_the_past(shape, bias, rng):
    w, b, x = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=shape)

    out = ExpFilter(3, 2, 223.0, 2e-3, w, b if bias else False)(x)

    tolerance.assert_close(out, naive(x, w, b * bias, 223.0, 2e-3), tolerance.OUTPUT, "out")


def test_backward__equals_differences(rng):
    w, b, x, bar = (rng.normal(size=s) for s in ((2, 3), (2,), (6, 2, 3), (6, 2, 2)))
    layer, tape = ExpFilter(3, 2, 223.0, 1e-3, w, b), Tape()
    layer(x, tape=tape)

    g = layer.backward(bar, tape)

    def loss(x=x, w=w, b=b):
        return (bar * naive(x, w, b, 223.0, 1e-3)).sum()

    tolerance.assert_close(g.x, gradient(lambda v: loss(x=v), x), DIFFERENCE, "x")
    tolerance.assert_close(g.weights["weight"], gradient(lambda v: loss(w=v), w), DIFFERENCE, "w")
    tolerance.assert_close(g.weights["bias"], gradient(lambda v: loss(b=v), b), DIFFERENCE, "b")


def test_call__takes_a_repeated_input(rng):
    x = np.broadcast_to(rng.normal(size=(4, 3)), (6, 4, 3))
    layer, tape = ExpFilter(3, 2, 100.0, seed=1, dtype=np.float64), Tape()

    out = layer(x, tape=tape)
    g = layer.backward(np.ones_like(out), tape)

    layer(np.array(x), tape=tape)
    expected = layer.backward(np.ones_like(out), tape)
    tolerance.assert_close(out, layer(np.array(x)), tolerance.OUTPUT, "out")
    for name in g.weights:
        tolerance.assert_close(g.weights[name], expected.weights[name], tolerance.GRADIENT, name)


def test_weights__are_copied_and_trained(rng):
    w = rng.normal(size=(2, 3))
    layer = ExpFilter(3, 2, input_weights=w)
    layer.weights["weight"][...] = 0

    assert w.all()
    np.testing.assert_array_equal(layer(np.ones((4, 3))), layer(np.zeros((4, 3))))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_call__dtypes_and_arguments(dtype, rng):
    x = (rng.random((5, 3)) < 0.5).astype(dtype)
    copy, layer = x.copy(), ExpFilter(3, 2, seed=1)

    out = layer(x)

    assert out.dtype == np.float32 and layer(x.astype(np.float64)).dtype == np.float64
    np.testing.assert_array_equal(x, copy)


def test_chain__trains_through_it(rng):
    net, tape = SequentialState(LIF(), ExpFilter(3, 2, seed=1)), Tape()
    out, _ = net(rng.random((20, 4, 3)).astype(np.float32), tape=tape)

    g = net.backward(np.ones_like(out), tape)

    assert sorted(g.weights) == ["1.bias", "1.weight"] and g.x.shape == (20, 4, 3)
    assert np.abs(g.x).max() > 0 and len(tape) == 0


@pytest.mark.parametrize("call, error, message", [
    (lambda: ExpFilter(0, 2), ValueError, "in_features must be at least 1"),
    (lambda: ExpFilter(3, 2, -1.0), ValueError, "tau_filter_inv must be at least 0"),
    (lambda: ExpFilter(3, 2, dt=0), ValueError, "dt must be above 0"),
    (lambda: ExpFilter(3, 2, input_weights=np.ones((3, 2))), ValueError, "weight must have shape"),
    (lambda: ExpFilter(3, 2)(np.ones(3)), ValueError, r"x must have shape \(T, ..., 3\)"),
    (lambda: ExpFilter(3, 2)(np.ones((0, 3))), ValueError, "x must have at least one step"),
    (lambda: ExpFilter(3, 2)(np.ones((4, 2))), ValueError, r"x must have shape \(..., 3\)"),
    (lambda: ExpFilter(3, 2).backward(None, Tape()), ValueError, "tape must end with a call"),
])
def test_layer__refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
