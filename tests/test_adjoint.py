"""Event-based gradients: of spike times by differences, and what rules have in common."""

import numpy as np
import pytest

from eventsnn import layers, neurons, train
from eventsnn.layers import RecurrentState, Tape
from eventsnn.surrogates import EventAdjoint
from tests.neuron_contract import assert_same, mapped

FINE = 1e-5  # s; at this step the gradients err by about dt times the rates, 1e-3


def check_times(cls, p, v_th_name, x, state, steps_of, tol):
    """The gradient of the start state is minus the derivative of the time of the first spike."""
    v_th = getattr(p, v_th_name)
    silent = cls(p._replace(**{v_th_name: 1e9}), dt=FINE, record_states=True)

    def first_spike(state):
        v = silent(x, state)[1].v[:, 0]  # as of neurons that do not spike
        step = int(np.argmax(v > v_th))
        return step, FINE * (step + (v_th - v[step - 1]) / (v[step] - v[step - 1]))

    step, _ = first_spike(state)
    assert step > 100
    layer, tape = cls(p, EventAdjoint(), FINE), Tape()
    out, _ = layer(mapped(lambda a: a[:step + 1], x), state, tape=tape)
    assert out[step, 0] == 1 and out.sum() == 1
    g = layer.backward(out, tape).state

    for f, h in steps_of.items():
        def moved(by):
            return first_spike(state._replace(**{f: getattr(state, f) + by}))[1]

        slope = (moved(h) - moved(-h)) / (2 * h)
        np.testing.assert_allclose(-getattr(g, f)[0], slope, rtol=tol, err_msg=f)


def test_lif__potential_gradient_is_that_of_the_spike_time():
    x = np.full((4000, 1), 1.6 * 200 * FINE)  # a mean current of 1.6 thresholds

    # the slope at the spike leaves out the input of that step, 0.5 % of it here
    check_times(layers.LIF, neurons.LIFParameters(), "v_th", x,
                neurons.LIFState(np.array([0.1]), np.array([0.2])), {"v": 1e-3}, tol=1e-2)


def test_coba__gradients_are_those_of_the_spike_time():
    p = neurons.CobaLIFParameters.bio_default()._replace(
        tau_syn_exc_inv=200.0, tau_syn_inh_inv=100.0, c_m_inv=200.0)
    x = neurons.ExcInh(np.full((6000, 1), 8e-4), np.full((6000, 1), 1e-4))

    check_times(layers.CobaLIF, p, "v_thresh", x, neurons.CobaLIFState(
        np.array([-66.0]), np.array([0.05]), np.array([0.02])),
        {"v": 1e-3, "g_e": 1e-5, "g_i": 1e-5}, tol=5e-3)


def test_lif_mc__gradient_crosses_the_coupling():
    g = np.array([[0.0, 60.0], [0.0, 0.0]])  # the second compartment drives the first
    layer = layers.LIFMC(2, threshold=EventAdjoint(), dt=2e-5, g_coupling=g)
    x = np.full((2000, 2), 1.3 * 200 * 2e-5) * [1.0, 0.0]

    def first_spike(v):
        silent = layers.LIFMC(2, neurons.LIFParameters(v_th=1e9), dt=2e-5, g_coupling=g,
                              record_states=True)
        state = neurons.LIFState(np.array([0.0, v]), np.zeros(2))
        potential = silent(x, state)[1].v[:, 0]
        step = int(np.argmax(potential > 1))
        fraction = (1 - potential[step - 1]) / (potential[step] - potential[step - 1])
        return step, 2e-5 * (step + fraction)

    step, _ = first_spike(0.5)
    tape = Tape()
    out, _ = layer(x[:step + 1], neurons.LIFState(np.array([0.0, 0.5]), np.zeros(2)), tape=tape)
    assert out[step, 0] == 1 and out[:step].sum() == 0
    out_bar = np.zeros_like(out)
    out_bar[step, 0] = 1.0
    bar = layer.backward(out_bar, tape).state.v[1]

    slope = (first_spike(0.501)[1] - first_spike(0.499)[1]) / 2e-3
    assert slope < -1e-4
    np.testing.assert_allclose(-bar, slope, rtol=5e-2)  # a step's input is 2 % of the slope


def recurrent(name, rng, w_scale=1.0, **options):
    cls = getattr(layers, name)
    return cls(4, 5, threshold=EventAdjoint(), input_weights=rng.normal(size=(5, 4)),
               recurrent_weights=w_scale * rng.normal(size=(5, 5)), autapses=True, **options)


@pytest.mark.parametrize("name", ["LIFRecurrent", "LIFRefracRecurrent", "LSNNRecurrent",
                                  "CobaLIFRecurrent"])
def test_recurrent__without_feedback_is_feed_forward(name):
    rng = np.random.default_rng(3)
    layer, tape = recurrent(name, rng, 0.0), Tape()
    plain = getattr(layers, name.removesuffix("Recurrent"))(threshold=EventAdjoint())
    x = 2.0 * rng.normal(size=(30, 2, 4))
    bars = rng.normal(size=(30, 2, 5))

    out, _ = layer(x, tape=tape)
    g = layer.backward(bars, tape)
    drive = x @ layer.input_weights.T
    if name.startswith("Coba"):
        w = layer.input_weights
        drive = neurons.ExcInh(x @ np.maximum(w, 0).T, x @ np.maximum(-w, 0).T)
    alone, _ = plain(drive, tape=tape)
    expected = plain.backward(bars, tape)

    assert 0 < out.mean() < 1
    assert_same(out, alone)
    assert_same(g.state.neuron, expected.state)
    if not name.startswith("Coba"):
        np.testing.assert_allclose(g.x, expected.x @ layer.input_weights, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("refractory", ["", "Refrac"])
def test_compartments__without_coupling_are_the_plain_neurons(refractory):
    x, bars = np.random.default_rng(4).normal(size=(2, 30, 2, 5))
    if refractory:
        pair = (layers.LIFMCRefrac, layers.LIFMCRefracRecurrent)
    else:
        pair = (layers.LIFMC, layers.LIFMCRecurrent)
    gradients = []
    for cls, plain in zip(pair, (layers.LIF, layers.LIFRecurrent)):
        rng = np.random.default_rng(3)
        if "Recurrent" in cls.__name__:
            layer = recurrent(cls.__name__, rng, g_coupling=np.zeros((5, 5)))
            other = recurrent(plain.__name__, np.random.default_rng(3))
            inputs = 2 * x[..., :4]
        else:
            layer = cls(5, threshold=EventAdjoint(), g_coupling=np.zeros((5, 5)))
            other, inputs = plain(threshold=EventAdjoint()), 2 * x
        tape = Tape()
        out, _ = layer(inputs, tape=tape)
        g = layer.backward(bars, tape)
        expected_out, _ = other(inputs, tape=tape)
        expected = other.backward(bars, tape)
        gradients.append(g)
        if not refractory:  # LIFMCRefrac integrates in another order than LIFRefrac
            assert_same(out, expected_out)
            np.testing.assert_allclose(g.x, expected.x, rtol=1e-9, atol=1e-12)
            for name, bar in expected.weights.items():
                np.testing.assert_allclose(g.weights[name], bar, rtol=1e-9, atol=1e-12)
    assert all(np.isfinite(g.x).all() and g.x.any() for g in gradients)


@pytest.mark.parametrize("name", ["LIF", "LIFRefrac", "LSNN"])
def test_backward__only_spikes_send_the_outputs_gradient(name):
    x = 3.0 * np.random.default_rng(5).normal(size=(40, 3))
    layer = getattr(layers, name)(threshold=EventAdjoint())
    tape = Tape()
    out, _ = layer(x, tape=tape)
    silent = layer.backward(1.0 - out, tape)
    layer(x, tape=tape)
    speaking = layer.backward(out, tape)

    assert 0 < out.mean() < 0.5
    assert not silent.x.any()
    assert speaking.x.any()


def test_backward__refractory_period_carries_the_gradient_to_its_spike():
    p = neurons.LIFRefracParameters(rho_reset=3.0)
    layer, tape = layers.LIFRefrac(p, EventAdjoint()), Tape()
    x = np.full((12, 1), 3.0)

    out, _ = layer(x, tape=tape)
    first, second = np.flatnonzero(out[:, 0])[:2]
    out_bar = np.zeros_like(out)
    out_bar[second] = 1.0
    g = layer.backward(out_bar, tape)

    assert second - first > 3
    assert (g.x[:first + 1] != 0).all() and np.isfinite(g.x).all()


def test_layers__learn_by_it():
    rng = np.random.default_rng(8)
    net = layers.SequentialState(layers.Linear(10, 20, seed=1),
                                 layers.LIF(threshold=EventAdjoint()),
                                 layers.Linear(20, 2, seed=2), layers.LI())
    labels = rng.integers(0, 2, 100)
    images = np.clip(rng.normal(0.3 + 0.5 * labels[:, None] * (np.arange(10) > 4), 0.1), 0, 1)
    from eventsnn.encode import PoissonEncoder
    train.fit(net, images, labels, epochs=70, batch_size=20, optimiser=train.Adam(1e-2),
              encode=PoissonEncoder(40, f_max=500), progress=False)

    assert train.accuracy(net, images, labels, encode=PoissonEncoder(40, f_max=500, seed=1)) > 0.9


@pytest.mark.parametrize("make, words", [
    (lambda: layers.LIFEx(threshold=EventAdjoint()),
     "threshold must have a rule for LIFExParameters, got EventAdjoint(); it has rules for LIF, "),
    (lambda: layers.IzhikevichCell(threshold=EventAdjoint()), "threshold must have a rule for"),
    (lambda: layers.LIF(threshold=EventAdjoint(), trainable=("v_th",)),
     "trainable must be empty, got ('v_th',); EventAdjoint gives parameters no gradient"),
])
def test_event_adjoint__refuses_what_it_has_no_rule_for(make, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()

    assert words in str(caught.value)


def test_state_of_recurrent_layer__gets_the_gradient_of_the_start():
    rng = np.random.default_rng(6)
    layer, tape = recurrent("LIFRecurrent", rng), Tape()
    layer(2 * rng.normal(size=(9, 2, 4)), RecurrentState(np.ones((2, 5)), None), tape=tape)

    g = layer.backward(rng.normal(size=(9, 2, 5)), tape)

    assert g.state.z.shape == (2, 5) and g.state.z.any()
