"""Regularisers: values by hand, gradients of whole networks, refusals."""

import numpy as np
import pytest

from eventsnn.layers import LI, LIF, LIFRecurrent, Linear, SequentialState, Tape
from eventsnn.neurons import LIFState
from eventsnn.train import Adam, Rate, Voltage, Weight, cross_entropy, fit
from eventsnn.train.step import Objective, run

RNG = np.random.default_rng(0)
X, Y = (RNG.random((12, 5, 4)) < 0.5).astype(float), RNG.integers(0, 2, 5)


def network(hidden=None):
    return SequentialState(Linear(4, 6, weight=np.random.default_rng(1).normal(size=(6, 4))),
                           hidden or LIF(record_states=True),
                           Linear(6, 2, weight=np.random.default_rng(2).normal(size=(2, 6))), LI())


def outcome(net, *penalties):
    return run(Objective(net, cross_entropy, "max", penalties), X, Y, None)


def test_rate__costs_the_square_of_what_is_out_of_bounds():
    z = np.zeros((10, 1, 3))
    z[:5, 0, 0] = z[:1, 0, 1] = 1  # rates 0.5, 0.1, 0

    value, bar = Rate(0, strength=3.0, least=0.05, most=0.2).of_output(z)

    assert value == pytest.approx(3 * (0.3**2 + 0.05**2) / 3)
    assert bar[0, 0] == pytest.approx([3 * 2 * 0.3 / 30, 0, -3 * 2 * 0.05 / 30])


@pytest.mark.parametrize("penalty, take", [
    (Rate(1, 0.7, 0.2, 0.3), "of_output"), (Voltage(1, 0.7, -0.2, 0.3), "of_states")])
def test_gradient__equals_central_differences(penalty, take):
    x = np.random.default_rng(3).normal(size=(4, 2, 3))
    call = getattr(penalty, take)
    _, bar = call(x)

    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = 1e-6
        assert bar[index] == pytest.approx((call(x + step)[0] - call(x - step)[0]) / 2e-6,
                                           rel=1e-6, abs=1e-9)


def test_penalties__of_a_network_add_to_the_loss():
    rate, volt, weight = Rate(1, 2.0, most=0.05), Voltage(1, 3.0, most=0.1), Weight(0.1)
    net = network()
    hidden, states = SequentialState(*net, return_hidden=True)(X)

    found = outcome(net, rate, volt, weight)

    expected = (cross_entropy(hidden[-1], Y)[0] + rate.of_output(hidden[1])[0]
                + volt.of_states(states[1].v)[0]
                + 0.1 * sum((w**2).sum() for w in net.weights.values()))
    assert found.loss / 5 == pytest.approx(expected)
    assert not net.return_hidden


@pytest.mark.parametrize("penalty", [Rate(1, 5.0, most=0.01), Voltage(1, 3.0, -0.01, 0.02)])
def test_penalties__add_what_backward_gives_for_their_gradients_alone(penalty):
    net, tape = network(), Tape(input_gradient=False)
    plain, with_it = outcome(net).gradients, outcome(net, penalty).gradients

    chain = SequentialState(*net, return_hidden=True)
    hidden, states = chain(X, tape=tape)
    outs, bars = [None] * 4, [None] * 4
    if isinstance(penalty, Rate):
        outs[1] = penalty.of_output(hidden[1])[1]
    else:
        bars[1] = LIFState(penalty.of_states(states[1].v)[1], None)
    alone = chain.backward(outs, tape, bars).weights

    assert abs(alone["0.weight"]).max() > 1e-4
    for name, added in alone.items():
        np.testing.assert_allclose(with_it[name] - plain[name], added, rtol=1e-9, atol=1e-12)


def test_voltage__looks_into_recurrent_layers():
    net = network(LIFRecurrent(6, 6, record_states=True, seed=1, dtype=np.float64))

    plain, with_it = outcome(net), outcome(net, Voltage(1, 3.0, most=0.01))

    assert with_it.loss > plain.loss
    assert (with_it.gradients["1.recurrent_weights"]
            != plain.gradients["1.recurrent_weights"]).any()


def test_weight__by_hand_of_both_powers_and_of_some():
    weights = {"a": np.array([1.0, -2.0]), "b": np.array([3.0])}

    square, bars = Weight(0.5).of_weights(weights)
    size, signs = Weight(0.5, power=1, names=("a",)).of_weights(weights)

    assert square == 0.5 * 14 and bars["a"].tolist() == [1.0, -2.0] and bars["b"].tolist() == [3.0]
    assert size == 0.5 * 3 and signs["a"].tolist() == [0.5, -0.5] and list(signs) == ["a"]


def test_fit__with_a_rate_penalty_quietens_the_layer():
    x, y = np.swapaxes(X, 0, 1), Y

    def rate(*penalties):
        net = network()
        fit(net, x, y, epochs=60, batch_size=5, optimiser=Adam(1e-2), penalties=penalties,
            progress=False)
        return SequentialState(*net, return_hidden=True)(X)[0][1].mean()

    assert rate(Rate(1, strength=100.0, most=0.01)) < 0.5 * rate()


@pytest.mark.parametrize("penalties, model, error, words", [
    ([0.1], None, TypeError, "penalties must be Rate, Voltage or Weight, got 0.1"),
    ([Rate(4)], None, ValueError, "layer must be below the 4 layers of the model, got 4"),
    ([Rate(0)], LIFRecurrent(4, 2, seed=0), TypeError, "model must be a SequentialState"),
    ([Voltage(1)], network(LIF()), ValueError, "layer 1 must have record_states set"),
    ([Voltage(1, variable="w")], None, ValueError, "variable must be one of"),
    ([Weight(names=("3.w",))], None, ValueError, "names"),
])
def test_fit__refuses_penalties(penalties, model, error, words):
    with pytest.raises(error, match=words):
        fit(model or network(), np.swapaxes(X, 0, 1), Y, epochs=1, batch_size=5,
            penalties=penalties, progress=False)


@pytest.mark.parametrize("make, words", [
    (lambda: Rate(-1), "layer must be at least 0"),
    (lambda: Rate(0, strength=-1.0), "strength must be at least 0"),
    (lambda: Rate(0, least=0.5, most=0.1), "most must be at least 0.5"),
    (lambda: Voltage(0, least=1.0, most=0.0), "most must be at least 1"),
    (lambda: Weight(power=3), "power must be at most 2"),
])
def test_penalties__refuse(make, words):
    with pytest.raises(ValueError, match=words):
        make()
