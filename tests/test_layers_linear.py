"""Linear layers, alone and before a leaky integrator."""

import numpy as np
import pytest

from eventsnn.layers import LI, Lift, LILinearCell, Linear, SequentialState, Tape
from eventsnn.neurons import LIParameters
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("shape", [(), (4,), (6, 4), (5, 2, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear__equals_numpy(shape, bias, rng):
    w, b, x = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(*shape, 3))

    y = Linear(3, 2, b if bias else False, weight=w)(x)

    tolerance.assert_close(y, np.einsum("...i,oi->...o", x, w) + bias * b, tolerance.OUTPUT, "y")


def test_linear__backward_equals_differences(rng):
    w, b, x, y_bar = (rng.normal(size=s) for s in ((2, 3), (2,), (4, 2, 3), (4, 2, 2)))
    layer, tape = Linear(3, 2, b, weight=w), Tape()
    layer(x, tape=tape)

    g = layer.backward(y_bar, tape)

    def loss(x=x, w=w, b=b):
        return (y_bar * (np.einsum("...i,oi->...o", x, w) + b)).sum()

    assert g.state is None
    tolerance.assert_close(g.x, gradient(lambda v: loss(x=v), x), DIFFERENCE, "x")
    tolerance.assert_close(g.weights["weight"], gradient(lambda v: loss(w=v), w), DIFFERENCE, "w")
    tolerance.assert_close(g.weights["bias"], gradient(lambda v: loss(b=v), b), DIFFERENCE, "b")


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_linear__takes_spikes_of_any_dtype(dtype, rng):
    x = rng.random((5, 3)) < 0.5
    layer = Linear(3, 2, seed=1)

    y = layer(x.astype(dtype))

    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, layer(x.astype(np.float32)))


def test_linear__computes_in_the_wider_float(rng):
    narrow, wide = Linear(3, 2, seed=1), Linear(3, 2, seed=1, dtype=np.float64)
    x = rng.normal(size=(4, 3))

    assert narrow(x).dtype == wide(x.astype(np.float32)).dtype == np.float64
    assert narrow(x.astype(np.float32)).dtype == np.float32


def test_li_linear_cell__is_a_linear_map_and_a_leaky_integrator(rng):
    w, x, out_bar = rng.normal(size=(2, 3)), rng.normal(size=(6, 4, 3)), rng.normal(size=(6, 4, 2))
    p = LIParameters(tau_mem_inv=150.0, v_leak=0.1)
    together = Lift(LILinearCell(3, 2, p, input_weights=w, trainable=("v_leak",)))
    apart = SequentialState(Linear(3, 2, False, weight=w), LI(p, trainable=("v_leak",)))
    tapes = Tape(), Tape()

    out, state = together(x, tape=tapes[0])
    expected, (_, expected_state) = apart(x, tape=tapes[1])
    g, g_expected = together.backward(out_bar, tapes[0]), apart.backward(out_bar, tapes[1])

    tolerance.assert_close(out, expected, tolerance.OUTPUT, "out")
    for a, b in zip((*state, g.x, g.weights["input_weights"], g.weights["v_leak"]),
                    (*expected_state, g_expected.x, g_expected.weights["0.weight"],
                     g_expected.weights["1.v_leak"]), strict=True):
        tolerance.assert_close(a, b, tolerance.OUTPUT, "state or gradient")
    assert sorted(together.weights) == ["input_weights", "v_leak"]


@pytest.mark.parametrize("shape", [(3, 7), (256, 700), (1, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights__are_a_copy_that_begins_with_a_line_of_the_cache(shape, dtype):
    given = np.random.default_rng(1).normal(size=shape).astype(dtype)
    for weight in (None, given):  # several, since one may lie so by chance
        layers = [Linear(*shape[::-1], weight=weight, dtype=dtype, seed=1) for _ in range(8)]

        assert all(layer.weight.ctypes.data % 64 == 0 for layer in layers)
        assert all(layer.weight.flags.f_contiguous and layer.weight.dtype == dtype
                   for layer in layers)
    layers[0].weight[0, 0] += 1
    np.testing.assert_array_equal(layers[1].weight, given)
