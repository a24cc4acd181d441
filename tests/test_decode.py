"""Decoders: sums and times of spikes against plain loops; their gradients."""

import numpy as np
import pytest

from eventsnn.layers import LIF, SequentialState, Tape
from eventsnn.layers.decode import SpikesToTimesDecoder, SumDecoder, sum_decode


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def naive_times(x, n, unit):
    out = np.full((n, *x.shape[1:]), np.inf)
    for k in np.ndindex(x.shape[1:]):
        found = [t for t in range(len(x)) if x[(t, *k)]]
        for i, t in enumerate(found[:n]):
            out[(i, *k)] = t * unit
    return out


@pytest.mark.parametrize("shape", [(9,), (14, 5), (14, 2, 5), (7, 3, 2, 5), (1, 4), (400, 3)])
@pytest.mark.parametrize("n", [1, 3, 20])
@pytest.mark.parametrize("times", [True, False])
def test_times__equal_naive_loops(shape, n, times, rng):
    x = (rng.random(shape) < 0.25).astype(np.float64)

    out = SpikesToTimesDecoder(n, times, 2e-3)(x)

    assert out.dtype == np.float64
    np.testing.assert_allclose(out, naive_times(x, n, 2e-3 if times else 1.0), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("n", [1, 3, 20])
def test_times__backward_is_minus_one_at_the_spikes(dtype, times, n, rng):
    x, tape = (rng.random((14, 2, 5)) < 0.2).astype(dtype), Tape()
    layer = SpikesToTimesDecoder(n, times, 1e-3)
    out = layer(x, tape=tape)
    bar = rng.normal(size=out.shape).astype(dtype)
    bar[~np.isfinite(out)] = np.nan  # what a loss makes of an infinite time must not matter

    x_bar = layer.backward(bar, tape).x

    expected = np.zeros(x.shape)
    for index in np.ndindex(out.shape):
        if np.isfinite(out[index]):
            step = int(round(out[index] / (1e-3 if times else 1)))
            expected[(step, *index[1:])] = -bar[index] * (1e-3 if times else 1)
    assert x_bar.dtype == dtype and not np.isfinite(out).all()
    np.testing.assert_allclose(x_bar, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_times__dtypes_and_arguments(dtype, rng):
    x = (rng.random((14, 5)) < 0.3).astype(dtype)
    copy = x.copy()

    out = SpikesToTimesDecoder(2)(x)

    assert out.dtype == np.float32
    np.testing.assert_allclose(out, naive_times(x, 2, 1e-3), rtol=1e-6)
    np.testing.assert_array_equal(x, copy)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sum__equals_numpy(axis, rng):
    x = rng.normal(size=(6, 4, 3))

    np.testing.assert_allclose(sum_decode(x, axis), x.sum(axis))
    assert sum_decode(x > 0).dtype == np.float32 and sum_decode(x).dtype == np.float64


def test_sum__counts_beyond_a_byte():
    assert sum_decode(np.ones((300, 1), np.uint8)) == 300


@pytest.mark.parametrize("shape", [(6,), (6, 3), (6, 2, 3)])
def test_sum__backward_repeats(shape, rng):
    layer, tape, x = SumDecoder(), Tape(), rng.normal(size=shape)
    bar = rng.normal(size=layer(x, tape=tape).shape)

    g = layer.backward(bar, tape)

    assert g.weights == {} and len(tape) == 0
    np.testing.assert_array_equal(g.x, np.stack([bar] * 6))


@pytest.mark.parametrize("decoder", [SumDecoder(), SpikesToTimesDecoder(2)])
def test_chain__carries_the_gradient(decoder, rng):
    net, tape = SequentialState(LIF(), decoder), Tape()
    out, _ = net(rng.random((40, 3, 4)), tape=tape)

    g = net.backward(np.ones_like(out), tape)

    assert g.x.shape == (40, 3, 4) and np.abs(g.x).max() > 0


@pytest.mark.parametrize("call, error, message", [
    (lambda: SpikesToTimesDecoder(0), ValueError, "spike_count must be at least 1"),
    (lambda: SpikesToTimesDecoder(1.0), TypeError, "spike_count must be a whole number"),
    (lambda: SpikesToTimesDecoder(dt=-1.0), ValueError, "dt must be above 0"),
    (lambda: SpikesToTimesDecoder()(np.float64(1)), ValueError, r"x must have shape \(T, ...\)"),
    (lambda: SpikesToTimesDecoder()(np.ones((0, 3))), ValueError, "at least one step"),
    (lambda: SpikesToTimesDecoder()(np.array([np.nan])), ValueError, "x must be finite"),
    (lambda: SumDecoder()(np.ones((0, 3))), ValueError, "at least one step"),
    (lambda: sum_decode(np.ones(3), 1), ValueError, "dimension must be at most 0"),
    (lambda: sum_decode("x"), TypeError, "x must hold real numbers"),
    (lambda: SumDecoder().backward(None, Tape()), ValueError, "tape must end with a call"),
])
def test_decoders__refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_backward__refuses_another_shape():
    layer, tape = SpikesToTimesDecoder(2), Tape()
    layer(np.ones((5, 3)), tape=tape)
    with pytest.raises(ValueError, match=r"out_bar must have shape \(2, 3\)"):
        layer.backward(np.ones((5, 3)), tape)
