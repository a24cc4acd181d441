"""LIF neurons with correlation sensors: their parts alone, every batch, and the transpose."""

import numpy as np
import pytest

from eventsnn.layers import LIFRecurrentCell, RecurrentState, Tape
from eventsnn.layers.correlation import (
    LIFCorrelation, LIFCorrelationParameters, LIFCorrelationState,
)
from eventsnn.neurons import LIFParameters, LIFState
from eventsnn.plasticity import (
    CorrelationSensorParameters, CorrelationSensorState, correlation_sensor_step,
)
from eventsnn.surrogates import Logistic
from tests import tolerance

P = LIFCorrelationParameters(
    LIFParameters(v_th=0.3), CorrelationSensorParameters(1.2, 0.8, 120.0, 300.0),
    CorrelationSensorParameters(0.5, 0.6, 70.0, 90.0))


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def weights(rng):
    return rng.normal(size=(3, 4)), rng.normal(size=(3, 3))


def run(layer, xs, ws, state=None, tape=None):
    zs = []
    for x in xs:
        z, state = layer(x, *ws, state, tape=tape)
        zs.append(z)
    return np.stack(zs), state


@pytest.mark.parametrize("batch", [(), (1,), (3,), (2, 3)])
def test_call__is_neurons_and_two_sensors(batch, rng):
    ws, xs = weights(rng), (rng.random((15, *batch, 4)) < 0.4).astype(np.float64)

    zs, state = run(LIFCorrelation(4, 3, P), xs, ws)

    cell = LIFRecurrentCell(4, 3, P.lif_parameters, autapses=True, input_weights=ws[0],
                            recurrent_weights=ws[1])
    lif, into, back, z = None, None, None, np.zeros((*batch, 3))
    for x, z_layer in zip(xs, zs):
        z_before = z
        z, lif = cell(x, lif)
        into = correlation_sensor_step(x, z, into, P.input_correlation_parameters)
        back = correlation_sensor_step(z_before, z, back, P.recurrent_correlation_parameters)
        np.testing.assert_array_equal(z_layer, z)
    assert zs.any()
    for actual, expected in zip(state[1:], (into, back)):
        for a, b in zip(actual, expected):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(state.lif_state.neuron.v, lif.neuron.v)


def test_call__treats_samples_alone(rng):
    ws, xs = weights(rng), (rng.random((15, 5, 4)) < 0.4).astype(np.float32)
    layer = LIFCorrelation(4, 3, P)

    _, together = run(layer, xs, ws)

    for k in range(5):
        _, alone = run(layer, xs[:, k], ws)
        for a, b in zip(together.input_correlation_state, alone.input_correlation_state):
            np.testing.assert_array_equal(a[k], b)


@pytest.mark.parametrize("dtype, expected", [(bool, np.float32), (np.uint8, np.float32),
                                             (np.float32, np.float32), (np.float64, np.float64)])
def test_call__dtypes(dtype, expected, rng):
    ws = [w.astype(np.float32) for w in weights(rng)]
    zs, state = run(LIFCorrelation(4, 3, P), (rng.random((5, 2, 4)) < 0.5).astype(dtype), ws)

    fields = [zs, *state.lif_state.neuron, *state[1], *state[2]]
    assert {f.dtype for f in fields} == {np.dtype(expected)}


def test_call__changes_no_argument(rng):
    ws, x = weights(rng), np.ones((2, 4))
    layer = LIFCorrelation(4, 3, P)
    _, state = layer(x, *ws)
    flat = [x, *ws, state.lif_state.z, *state.lif_state.neuron, *state[1], *state[2]]
    copies = [a.copy() for a in flat]

    layer(x, *ws, state)

    for a, b in zip(flat, copies):
        np.testing.assert_array_equal(a, b)


def test_call__random_thresholds_go_on(rng):
    layer = LIFCorrelation(4, 3, P, threshold=Logistic(alpha=1.0, seed=1))
    ws, x = [np.zeros((3, 4)), np.zeros((3, 3))], np.zeros((50, 4))

    drawn = [layer(x, *ws)[0] for _ in range(2)]

    assert (drawn[0] != drawn[1]).any()


def test_backward__equals_the_relaxed_difference(rng):
    """The map is linear between spikes: a step that nobody fires in has an exact derivative."""
    quiet = P._replace(lif_parameters=LIFParameters(v_th=1e3))
    layer, ws = LIFCorrelation(4, 3, quiet), [rng.normal(size=(3, 4)), rng.normal(size=(3, 3))]
    x = rng.random((2, 4))
    s = LIFCorrelationState(
        RecurrentState(rng.random((2, 3)), LIFState(*rng.normal(size=(2, 2, 3)))),
        CorrelationSensorState(rng.uniform(2, 3, (2, 4, 3)), *rng.normal(size=(2, 2, 4, 3))),
        CorrelationSensorState(rng.uniform(2, 3, (2, 3, 3)), *rng.normal(size=(2, 2, 3, 3))))
    bars = LIFCorrelationState(
        RecurrentState(None, LIFState(*rng.normal(size=(2, 2, 3)))),
        CorrelationSensorState(*rng.normal(size=(3, 2, 4, 3))),
        CorrelationSensorState(*rng.normal(size=(3, 2, 3, 3))))
    tape = Tape()
    layer(x, *ws, s, tape=tape)

    g = layer.backward(None, tape, bars)

    def flat(state):
        return np.concatenate([np.ravel(a) for a in (
            state.lif_state.z, *state.lif_state.neuron, *state[1], *state[2])])

    def loss(v):
        x_, w_in, w_rec, z, v_, i_, *rest = np.split(v, cuts)
        state = LIFCorrelationState(
            RecurrentState(z.reshape(2, 3), LIFState(v_.reshape(2, 3), i_.reshape(2, 3))),
            CorrelationSensorState(*(f.reshape(2, 4, 3) for f in rest[:3])),
            CorrelationSensorState(*(f.reshape(2, 3, 3) for f in rest[3:])))
        _, out = layer(x_.reshape(2, 4), w_in.reshape(3, 4), w_rec.reshape(3, 3), state)
        return sum((b * o).sum() for b, o in zip(
            (*bars.lif_state.neuron, *bars[1], *bars[2]),
            (*out.lif_state.neuron, *out[1], *out[2])))

    sizes = [8, 12, 9, 6, 6, 6, 24, 24, 24, 18, 18, 18]
    cuts = np.cumsum(sizes)[:-1]
    at = np.concatenate([x.ravel(), ws[0].ravel(), ws[1].ravel(), flat(s)])
    actual = np.concatenate([g.x.ravel(), g.weights["input_weights"].ravel(),
                             g.weights["recurrent_weights"].ravel(), flat(g.state)])
    direction = rng.normal(size=(40, at.size))
    expected = [(loss(at + 1e-6 * d) - loss(at - 1e-6 * d)) / 2e-6 for d in direction]
    # the surrogate's slope at v_th = 1000 is 1e-10 and is not in the differences
    tolerance.assert_close(direction @ actual, expected, 1e-6, "derivatives")


def test_backward__spikes_carry_the_sensors_gradient(rng):
    """The postsynaptic spike of a step feeds both sensors: its gradient adds up."""
    layer, ws, x, tape = LIFCorrelation(4, 3, P), weights(rng), np.ones((2, 4)), Tape()
    _, state = layer(x, *ws, tape=tape)
    bars = LIFCorrelationState(None, *(CorrelationSensorState(*(
        rng.normal(size=f.shape) for f in s)) for s in state[1:]))
    g = layer.backward(None, tape, bars)

    direct = (P.input_correlation_parameters.eta_m * bars[1].anti_correlation_trace.sum(axis=-2)
              + P.recurrent_correlation_parameters.eta_m
              * bars[2].anti_correlation_trace.sum(axis=-2))
    layer(x, *ws, tape=tape)
    expected = layer.backward(direct, tape)
    for name in g.weights:
        tolerance.assert_close(g.weights[name], expected.weights[name], tolerance.GRADIENT, name)


X, WS = np.ones((2, 4)), (np.ones((3, 4)), np.ones((3, 3)))


@pytest.mark.parametrize("call, error, message", [
    (lambda: LIFCorrelation(4, 3, LIFParameters()), TypeError,
     "p must be LIFCorrelationParameters"),
    (lambda: LIFCorrelation(0, 3), ValueError, "input_size must be at least 1"),
    (lambda: LIFCorrelation(4, 3)(X[:, :3], *WS), ValueError, r"x must have shape \(..., 4\)"),
    (lambda: LIFCorrelation(4, 3)(X, WS[1], WS[1]), ValueError,
     r"input_weights must have shape \(3, 4\)"),
    (lambda: LIFCorrelation(4, 3)(X, WS[0], np.nan * WS[1]), ValueError,
     "recurrent_weights must be finite"),
    (lambda: LIFCorrelation(4, 3)(X, *WS, (1, 2, 3)), TypeError,
     "state must be LIFCorrelationState"),
    (lambda: LIFCorrelation(4, 3).backward(None, Tape()), ValueError, "tape must end with a call"),
])
def test_layer__refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
