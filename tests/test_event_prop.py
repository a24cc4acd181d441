"""Continuous-time LIF: spike times by fine integration, gradients by differences."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eventsnn.layers import EventPropLIF, SequentialState, Tape
from eventsnn.train import Adam, FirstTime, cross_entropy, fit

TAUS = [(100.0, 200.0), (200.0, 100.0), (100.0, 100.0), (100.0, 100.0 * (1 + 1e-9))]
each_tau = pytest.mark.parametrize("taus", TAUS, ids=str)


def layer(taus=TAUS[0], n_in=6, n_out=4, seed=0, **options):
    options = {"max_spikes": 60} | options
    return EventPropLIF(n_in, n_out, tau_mem_inv=taus[0], tau_syn_inv=taus[1], duration=0.06,
                        mean=2.5, spread=2.0, seed=seed, **options)


def inputs(k=3, b=2, n=6, seed=1):
    rng = np.random.default_rng(seed)
    times = rng.uniform(0, 0.04, (k, b, n))
    times[rng.random(times.shape) < 0.2] = np.inf
    return times


def integrated(weights, times, mem_inv, syn_inv, end):
    """Spike times of one neuron, by an adaptive solver from event to event."""
    events = sorted((t, w) for row in times for t, w in zip(row, weights, strict=True) if t < end)
    state, now, spikes = np.zeros(2), 0.0, []

    def crosses(t, y):
        return y[0] - 1

    crosses.terminal, crosses.direction = True, 1
    for until, weight in [*events, (end, 0.0)]:
        while now < until:
            run = solve_ivp(lambda t, y: (mem_inv * (y[1] - y[0]), -syn_inv * y[1]), (now, until),
                            state, events=crosses, rtol=1e-10, atol=1e-12)
            now, state = run.t[-1], run.y[:, -1]
            if run.status == 1:
                spikes.append(now)
                state = np.array([0.0, state[1]])
        state = state + [0.0, weight]
    return spikes


@each_tau
def test_forward__equals_a_solver_of_differential_equations(taus):
    made, x = layer(taus), inputs()
    made.weight[0] *= 0.05  # too weak to spike

    out = made(x)

    assert 10 < np.isfinite(out).sum() and (np.isfinite(out).sum(0) == 0).any()
    for b in range(2):
        for j in range(4):
            expected = integrated(made.weight[j], x[:, b], *taus, 0.06)
            found = out[:, b, j]
            assert np.isfinite(found).sum() == len(expected)
            np.testing.assert_allclose(found[:len(expected)], expected, atol=1e-9)


@each_tau
@pytest.mark.parametrize("seed", [0, 1])
def test_backward__equals_differences_of_the_spike_times(taus, seed):
    made, x, tape = layer(taus, seed=seed), inputs(seed=seed + 1), Tape()
    out = made(x, tape=tape)
    finite = np.isfinite(out)
    bar = np.where(finite, np.random.default_rng(2).normal(size=out.shape), 0.0)

    g = made.backward(bar, tape)

    def loss():
        again = made(x)
        np.testing.assert_array_equal(np.isfinite(again), finite)
        return float((bar[finite] * again[finite]).sum())

    def slope(array, index, step):
        old = array[index]
        array[index] = old + step
        high = loss()
        array[index] = old - step
        low = loss()
        array[index] = old
        return (high - low) / (2 * step)

    scale = abs(g.weights["weight"]).max()
    for index in np.ndindex(made.weight.shape):
        assert g.weights["weight"][index] == pytest.approx(slope(made.weight, index, 1e-7),
                                                           rel=1e-5, abs=1e-6 * scale)
    for index in np.ndindex(x.shape):
        expected = slope(x, index, 1e-9) if np.isfinite(x[index]) else 0.0
        assert g.x[index] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_backward__goes_through_two_layers():
    first, second, x = layer(), layer(n_in=4, n_out=2, seed=5), inputs()
    tape = Tape()
    hidden = first(x, tape=tape)
    out = second(hidden, tape=tape)
    finite = np.isfinite(out)
    g = first.backward(second.backward(finite.astype(float), tape).x, tape).weights["weight"]

    for index in [(0, 0), (1, 3), (2, 5), (3, 2)]:
        values = []
        for step in (1e-7, -1e-7):
            first.weight[index] += step
            values.append(second(first(x))[finite].sum())
            first.weight[index] -= step
        assert g[index] == pytest.approx((values[0] - values[1]) / 2e-7, rel=1e-4, abs=1e-8)


def test_forward__order_of_spikes_in_the_input_does_not_matter():
    made, x = layer(), inputs()

    np.testing.assert_array_equal(made(x[::-1]), made(x))


def test_fit__learns_who_is_first():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 120)
    x = rng.uniform(0.008, 0.02, (120, 2))
    x[np.arange(120), labels] = rng.uniform(0.0, 0.005, 120)
    net = SequentialState(EventPropLIF(2, 20, mean=8.0, seed=1, duration=0.05, max_spikes=60),
                          EventPropLIF(20, 2, mean=3.0, seed=2, duration=0.05, max_spikes=60))
    readout = FirstTime(tau=2e-3, late=0.05)
    settings = {"epochs": 60, "batch_size": 30, "progress": False, "readout": readout,
                "encode": lambda batch: batch[None]}

    history = fit(net, x, labels, optimiser=Adam(0.02), **settings)

    assert history[-1].accuracy > max(0.9, history[0].accuracy)
    assert history[-1].loss < 0.5 * history[0].loss


def test_first_time__gradient_equals_differences_and_leaves_who_is_silent():
    out = np.random.default_rng(0).uniform(0, 0.05, (3, 2, 4))
    out[:, 0, 1] = np.inf
    labels, readout = np.array([1, 2]), FirstTime(tau=0.01, late=0.06)
    _, bar = cross_entropy(out, labels, readout)

    assert bar[0, 0, 1] == 0 and not bar[1:].any()
    for index in ((0, 0, 0), (0, 1, 2), (0, 1, 3)):
        step = np.zeros_like(out)
        step[index] = 1e-7
        slope = (cross_entropy(out + step, labels, readout)[0]
                 - cross_entropy(out - step, labels, readout)[0]) / 2e-7
        assert bar[index] == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("call, error, words", [
    (lambda: layer()(np.zeros((2, 6))), ValueError, r"x must have shape \(K, B, 6\)"),
    (lambda: layer()(-np.ones((1, 1, 6))), ValueError, "x must hold times from 0 s on, got -1.0; "),
    (lambda: layer()(np.full((1, 1, 6), np.nan)), ValueError, "x must hold times from 0 s on, got"),
    (lambda: layer(max_spikes=1)(inputs()), ValueError, "max_spikes must be at least [2-9], the"),
    (lambda: EventPropLIF(0, 1), ValueError, "in_features must be at least 1"),
    (lambda: EventPropLIF(1, 1, tau_mem_inv=0.0), ValueError, "tau_mem_inv must be above 0"),
    (lambda: EventPropLIF(1, 1, duration=-1.0), ValueError, "duration must be above 0"),
    (lambda: EventPropLIF(2, 1, weight=np.ones((2, 2))), ValueError, "weight must have shape"),
    (lambda: FirstTime(0.0, 1.0), ValueError, "tau must be above 0"),
])
def test_event_prop__refuses(call, error, words):
    with pytest.raises(error, match=words):
        call()
