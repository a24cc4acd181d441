"""Layers take inputs of any shape and dtype: one neuron, no axes, no neurons."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.layers import LIF, LIFCell, LIFRecurrent, LIFRecurrentCell, Tape, Threshold
from eventsnn.neurons import LIFParameters, LIFState


@pytest.mark.parametrize("layer, x, shape", [
    (LIFCell(), 0.5, ()), (LIF(), np.ones(5), (5,)), (LIF(), np.ones((5, 0)), (5, 0)),
    (LIF(), [[1, 2], [3, 4]], (2, 2)), (LIF(), np.ones((5, 2, 0)), (5, 2, 0)), (Threshold(), 1, ()),
    (LIFRecurrent(2, 3, seed=1), np.ones((4, 2)), (4, 3)),
    (LIFRecurrentCell(2, 3, seed=1), np.ones(2), (3,)),
    (LIF(), np.ones((6, 4))[::2, ::-1], (3, 4)), (LIF(), np.ones((6, 4)).T, (4, 6)),
])
def test_layer__takes_any_shape(layer, x, shape):
    tape = Tape()

    result = layer(x, tape=tape)
    out = result[0] if isinstance(result, tuple) else result
    g = layer.backward(np.ones(shape), tape)

    assert out.shape == shape and g.x.shape == np.shape(x)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float32])
def test_layer__returns_float32_unless_given_float64(dtype):
    out, state = LIF()(np.ones((5, 3), dtype))

    assert out.dtype == state.v.dtype == state.i.dtype == np.float32
    assert LIF()(np.ones((5, 3)))[0].dtype == np.float64
    assert LIF()(np.ones((5, 3), dtype), LIFState(np.zeros(3), np.zeros(3)))[0].dtype == np.float64


def test_parameters__may_be_whole_numbers():
    x = np.full((20, 3), 9.0)

    whole, _ = LIF(LIFParameters(tau_syn_inv=200, tau_mem_inv=np.array([90, 100, 110]), v_th=1))(x)

    parts, _ = LIF(LIFParameters(200.0, np.array([90.0, 100.0, 110.0]), v_th=1.0))(x)
    assert_array_equal(whole, parts)
    assert whole.any()


def test_parameters__whole_numbers_are_checked_too():
    with pytest.raises(ValueError, match="^tau_mem_inv must be positive .*, got -1$"):
        LIF(LIFParameters(tau_mem_inv=-1))
