"""The coba network behaves as published."""

import importlib

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from eventsnn.networks import coba
from eventsnn.networks.propagators import mean_weight
from tests import naive_network
from tests.naive import neurons as naive
from tests.published_networks import run
from tests.tolerance import STANDARD_ERRORS

module = importlib.import_module("eventsnn.networks.coba")  # the package's name is the function


def test_coba__has_the_parameters_published():
    # Brette et al. (2007), appendix B, benchmark 1: nS, pF, mV, ms.
    g_l, capacitance, exc, inh = 10.0, 200.0, 6.0, 67.0
    p = module.parameters(1e-9)  # so short a step that exact rates are inverse time constants

    assert 1 / p.c_m_inv == pytest.approx(1e-3 * capacitance / g_l)
    assert (1 / p.tau_syn_exc_inv, 1 / p.tau_syn_inh_inv) == pytest.approx((5e-3, 10e-3))
    assert (p.v_rest, p.v_thresh, p.v_reset) == (-60, -50, -60)
    assert (p.e_rev_E, p.e_rev_I, p.g_l) == (0, -80, 1)
    assert (module.WEIGHT_EXC, module.WEIGHT_INH) == (exc / g_l, inh / g_l)
    assert next(iter(coba().populations.values())).p.rho_reset == 50  # steps of 0.1 ms


@pytest.mark.parametrize(("neurons", "seed"), [(4000, 0), (2500, 1)])
def test_coba__has_the_synapses_published(neurons, seed):
    net = coba(neurons, seed=seed)

    pairs, p = neurons * (neurons - 1), 80 / neurons
    assert abs(net.n_synapses - p * pairs) < STANDARD_ERRORS * np.sqrt(pairs * p * (1 - p))
    for e in naive_network.unpack(net):
        weight, tau = (0.6, 5e-3) if e.pre == "exc" else (6.7, 10e-3)
        mean = np.exp(-np.linspace(0, 1e-4, 1001) / tau).mean() / np.exp(-1e-4 / tau)
        np.testing.assert_allclose(e.weights, weight * mean, rtol=1e-5)
        assert (e.channel, e.delay) == (0 if e.pre == "exc" else 1, 1)


@pytest.mark.parametrize("seed", [0, 1])
def test_coba__fires_as_published(seed):
    statistics = run(coba(seed=seed), 5.0)

    assert 17 < statistics.rate(5.0) < 22
    assert 1.5 < statistics.cv() < 2.0


def test_coba__keeps_going():
    rates = [run(coba(seed=seed), 0.3).rate(0.3) for seed in range(20)]

    assert min(rates) > 10


def test_coba__half_the_step_same_rate():
    assert 17 < run(coba(dt=5e-5, seed=1), 2.0).rate(2.0) < 22


def membrane(dt, events, seconds):
    """Potential at the ends of steps of 0.2 ms; `events` lists (time, channel)."""
    p, x = module.parameters(dt)._asdict(), {}
    factor = {"exc": mean_weight(5e-3, dt), "inh": mean_weight(10e-3, dt)}
    for time, channel in events:
        x.setdefault(round(time / dt), {"exc": 0.0, "inh": 0.0})[channel] += 1.5 * factor[channel]
    s, found = {"v": -60.0, "g_e": 0.0, "g_i": 0.0}, []
    for step in range(round(seconds / dt)):
        _, s = naive.coba_lif(s, x.get(step, {"exc": 0.0, "inh": 0.0}), p | {"v_thresh": 0.0},
                              dt, naive.step_function)
        found.append(s["v"])
    return np.array(found)[round(2e-4 / dt) - 1::round(2e-4 / dt)]


def solution(events, seconds):
    """The same by a solver that takes steps of its own, from event to event."""
    p = module.parameters(1e-9)
    times, y, found = sorted({0.0, seconds, *(t for t, _ in events)}), [-60.0, 0.0, 0.0], []

    def motion(t, y):
        v, g_e, g_i = y
        return [(p.v_rest - v + g_e * (p.e_rev_E - v) + g_i * (p.e_rev_I - v)) / 20e-3,
                -g_e / 5e-3, -g_i / 10e-3]

    for start, stop in zip(times, times[1:]):
        for time, channel in events:
            if time == start:
                y[1 if channel == "exc" else 2] += 1.5
        at = 2e-4 * np.arange(round(start / 2e-4) + 1, round(stop / 2e-4) + 1)
        piece = solve_ivp(motion, (start, stop + 1e-12), y, t_eval=at, rtol=1e-10, atol=1e-10)
        found, y = [*found, *piece.y[0]], list(piece.y[:, -1])
    return np.array(found)


def test_membrane__halving_the_step_halves_the_error():
    rng = np.random.default_rng(3)
    events = [(float(2e-4 * n), channel) for channel, most in (("exc", 20), ("inh", 8))
              for n in rng.integers(0, 250, most)]
    exact = solution(events, 50e-3)

    errors = [abs(membrane(dt, events, 50e-3) - exact).mean() for dt in (2e-4, 1e-4, 5e-5, 2.5e-5)]

    assert errors[1] < 0.1  # mV, at 0.1 ms
    assert_allclose(np.divide(errors[:-1], errors[1:]), 2.0, rtol=0.1)


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"neurons": 99}, ValueError, "neurons must be at least 100, got 99"),
    ({"neurons": 4000.0}, TypeError, "neurons must be a whole number"),
    ({"dt": 0.1}, ValueError, "dt must be at most"),
    ({"threads": 0}, ValueError, "threads must be at least 1"),
])
def test_coba__refuses(options, error, message):
    with pytest.raises(error, match=message):
        coba(**options)
