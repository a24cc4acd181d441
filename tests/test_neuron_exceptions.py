"""Models that declare that they do not rest, or that their error does not fall with dt."""

import numpy as np
import pytest
from scipy import optimize

from eventsnn import layers, neurons
from eventsnn.core.dispatch import MODELS
from eventsnn.core.jit import kernel
from eventsnn.neurons.terms import fire
from eventsnn.surrogates import SuperSpike
from tests.neuron_contract import PARAMETERS, sequence

NOT_AT_REST = {"LIFEx", "LIFExBox", "LIFExRefrac", "LIFAdEx", "LIFAdExBox", "LIFAdExRefrac",
               "LIFAdExNorse", "CobaLIF", "CobaLIFRefrac", "Izhikevich"}
# Without input the integrators stay where they are, without an error; see test_nir_neurons.py.
NOT_CONVERGING = {"IAF", "IAFRefrac", "IF", "Integrator", "LIFAdExNorse"}


def test_declarations__are_those_tested_here():
    def names(keep):
        return {cls.__name__.removesuffix("Parameters") for cls in PARAMETERS if keep(MODELS[cls])}

    assert names(lambda model: not model.rests) == NOT_AT_REST
    assert names(lambda model: not model.converges) == NOT_CONVERGING


@pytest.mark.parametrize("v, after", [(0.5, 0.5), (2.0, -1.0), (np.inf, np.inf), (np.nan, np.nan)])
def test_reset__does_not_hide_that_a_potential_ran_away(v, after):
    compiled = kernel(lambda v: fire(v, np.float32(1), np.float32(-1), SuperSpike(30.0)))

    _, found = compiled(np.float32(v))

    np.testing.assert_equal(found, np.float32(after))


@pytest.mark.parametrize("name", ["LIFEx", "LIFExBox", "LIFExRefrac"])
def test_lif_ex__drifts_to_where_the_upswing_balances_the_leak(name):
    cls = getattr(neurons, f"{name}Parameters")
    p = cls(delta_T=0.4, v_leak=-0.1)
    balance = optimize.brentq(
        lambda v: p.v_leak - v + p.delta_T * np.exp((v - p.v_th) / p.delta_T), -0.2, 0.5)

    _, states = sequence(cls, p, record_states=True)(np.zeros((400, 1)))

    assert states.v[0, 0] > p.v_leak
    np.testing.assert_allclose(states.v[-1, 0], balance, rtol=1e-9)


@pytest.mark.parametrize("name", ["LIFAdEx", "LIFAdExBox", "LIFAdExRefrac"])
def test_lif_adex__drifts_to_where_adaptation_balances_too(name):
    cls = getattr(neurons, f"{name}Parameters")
    p = cls(tau_ada_inv=50.0)
    balance = optimize.brentq(
        lambda v: p.v_leak - v + p.delta_T * np.exp((v - p.v_th) / p.delta_T)
        - p.adaptation_current * (v - p.v_leak), -0.2, 0.5)

    _, states = sequence(cls, p, record_states=True)(np.zeros((1000, 1)))

    np.testing.assert_allclose(states.v[-1, 0], balance, rtol=1e-9)
    np.testing.assert_allclose(states.a[-1, 0], p.adaptation_current * balance, rtol=1e-9)


@pytest.mark.parametrize("name", ["CobaLIF", "CobaLIFRefrac"])
def test_coba__starts_above_threshold_as_norses_does(name):
    out, states = getattr(layers, name)(record_states=True)(
        neurons.ExcInh(np.zeros((3, 4)), np.zeros((3, 4))))

    assert out[0].all() and not out[1:].any()
    assert (states.v[0] == -70).all()


@pytest.mark.parametrize("dt", [1e-5, 1e-3, 0.5])
@pytest.mark.parametrize("name", ["IAF", "IAFRefrac"])
def test_iaf__knows_no_time(name, dt):
    x = np.random.default_rng(1).uniform(0, 0.6, (50, 3))
    cls = getattr(layers, name)

    np.testing.assert_array_equal(cls(dt=dt)(x)[0], cls()(x)[0])


def test_lif_adex_norse__computes_the_adaptation_of_the_new_potential_alone():
    p = neurons.LIFAdExNorseParameters(tau_ada_inv=0.5)
    start = neurons.LIFAdExNorseState(np.array([0.3]), np.array([0.2]))
    layer = sequence(neurons.LIFAdExNorseParameters, p)

    _, end = layer(np.zeros((1, 1)), start)

    assert end.a == 0.5 * (4.0 * (end.v - 0.0) - 0.2)
    finer = sequence(neurons.LIFAdExNorseParameters, p, dt=1e-9)(np.zeros((1, 1)), start)[1]
    np.testing.assert_allclose(finer.a, 0.5 * (4.0 * 0.3 - 0.2), rtol=1e-6)  # not near 0.2


@pytest.mark.parametrize("cls", [cls for cls in PARAMETERS if hasattr(cls, "bio_default")],
                         ids=lambda cls: cls.__name__[:-10])
def test_bio_default__runs_in_seconds_and_fires_at_sane_rates(cls):
    p, dt = cls.bio_default(), 1e-4
    rest = MODELS[cls].rest(p)
    level = np.array([2.0]) * (np.asarray(getattr(p, "v_th", 0.0)) - rest.v)
    synapse = getattr(p, "tau_syn_inv", 1.0 / dt) * dt  # so that the mean current is `level`
    if cls is neurons.CobaLIFParameters:
        x = neurons.ExcInh(np.full((20000, 1), 0.08), np.full((20000, 1), 0.01))
    elif cls is neurons.IAFParameters:
        x = np.full((20000, 1), 15.0 / 500)
    else:
        x = np.full((20000, 1), level * synapse)

    out, states = sequence(cls, p, dt=dt, record_states=True)(x)

    assert np.isfinite(states.v).all()
    if MODELS[cls].spiking:
        fast = cls is neurons.CobaLIFParameters  # its membrane takes 0.8 ms
        assert 5 < out.sum() / 2 < (3000 if fast else 300)  # in 2 s
        assert states.v.max() < -40 or cls is neurons.CobaLIFParameters
    else:
        np.testing.assert_allclose(states.v[-1], rest.v + level, rtol=1e-6)


def test_bio_default__is_norses_set_times_a_thousand():
    per_ms = {"LIF": {"tau_syn_inv": 1 / 2, "tau_mem_inv": 1 / 10},
              "LSNN": {"tau_syn_inv": 1 / 2, "tau_mem_inv": 1 / 10, "tau_adapt_inv": 1 / 100},
              "LI": {"tau_syn_inv": 1 / 2, "tau_mem_inv": 1 / 10},
              "LIFEx": {"tau_syn_inv": 1 / 2, "tau_mem_inv": 1 / 10},
              "LIFAdEx": {"tau_syn_inv": 1 / 2, "tau_mem_inv": 1 / 10, "tau_ada_inv": 1 / 100},
              "CobaLIF": {"tau_syn_exc_inv": 1 / 0.3, "tau_syn_inh_inv": 1 / 0.5}}
    for name, rates in per_ms.items():
        p = getattr(neurons, f"{name}Parameters").bio_default()
        for field, rate in rates.items():
            assert getattr(p, field) == pytest.approx(1000 * rate)
