"""With the parameters of `propagators`, steps of linear neurons lie on the exact solution."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from eventsnn.networks.propagators import exact_rate, exact_weight, mean_weight
from tests.naive import neurons as naive

TAU_MEM = 10e-3


def potentials(tau_syn, dt, seconds, rates, factor):
    """Potential of a leaky neuron at the ends of steps, after one current of weight 1 at 0."""
    p = {"tau_mem_inv": rates(TAU_MEM), "tau_syn_inv": rates(tau_syn), "v_leak": 0.0,
         "v_th": 9.0, "v_reset": 0.0}
    s, found = {"v": 0.0, "i": 0.0}, []
    for step in range(round(seconds / dt)):
        _, s = naive.lif(s, factor if step == 0 else 0.0, p, dt, naive.step_function)
        found.append(s["v"])
    return np.array(found)


def solution(tau_syn, times):
    """The same by a solver that takes steps of its own."""
    found = solve_ivp(lambda t, v: (np.exp(-t / tau_syn) - v) / TAU_MEM, (0, times[-1]), [0.0],
                      t_eval=times, rtol=1e-11, atol=1e-14, max_step=tau_syn / 10)
    return found.y[0]


@pytest.mark.parametrize("tau_syn", [0.5e-3, 5e-3, 10e-3, 40e-3])
@pytest.mark.parametrize("dt", [1e-4, 5e-4])
def test_exact__lies_on_the_solution(tau_syn, dt):
    v = potentials(tau_syn, dt, 30e-3, lambda tau: exact_rate(tau, dt),
                   exact_weight(TAU_MEM, tau_syn, dt))

    assert_allclose(v, solution(tau_syn, dt * np.arange(1, len(v) + 1)), rtol=1e-8)


def test_euler__halving_the_step_halves_the_error():
    errors = []
    for dt in (2e-4, 1e-4, 5e-5):
        v = potentials(0.5e-3, dt, 20e-3, lambda tau: 1 / tau, 1.0)
        errors.append(abs(v - solution(0.5e-3, dt * np.arange(1, len(v) + 1))).max())

    assert errors[0] > 5e-3 * solution(0.5e-3, np.linspace(1e-4, 20e-3, 200)).max()
    assert_allclose(np.divide(errors[:-1], errors[1:]), 2.0, rtol=0.15)


def test_exact_rate__steps_multiply_to_the_decay():
    assert (1 - 3e-4 * exact_rate(7e-3, 3e-4)) ** 50 == pytest.approx(math.exp(-15e-3 / 7e-3))


def test_exact_weight__is_continuous_where_time_constants_meet():
    near = exact_weight(TAU_MEM, TAU_MEM * (1 + 1e-6), 1e-4)

    assert exact_weight(TAU_MEM, TAU_MEM, 1e-4) == pytest.approx(near, rel=1e-5)


def test_exact_rate__refuses_steps_that_see_nothing():
    with pytest.raises(ValueError, match="dt must be at most 0.02 s, .*milliseconds"):
        exact_rate(20e-3, 0.1)


@pytest.mark.parametrize("tau", [0.5e-3, 5e-3])
def test_mean_weight__a_conductance_acts_with_its_charge(tau):
    dt = 1e-4
    left = mean_weight(tau, dt) * (1 - dt * exact_rate(tau, dt)) ** np.arange(1, 2000)

    assert left.sum() * dt == pytest.approx(tau)  # the integral of exp(-t / tau)
