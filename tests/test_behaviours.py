"""Izhikevich's behaviours: what each name promises, seen in the spikes and the potentials."""

import numpy as np
import pytest

from eventsnn import neurons
from eventsnn.examples import behaviours
from eventsnn.layers import Izhikevich, IzhikevichCell, IzhikevichRecurrent, IzhikevichRecurrentCell
from eventsnn.neurons import behaviors
from eventsnn.neurons.behaviors import BEHAVIORS


def answer(name):
    a = behaviours.answer(name)
    return a, a.t[a.spikes > 0]


def bursts(times, gap):
    """Numbers of spikes of the groups that pauses of more than `gap` ms part."""
    return np.diff(np.flatnonzero(np.diff(times, prepend=-np.inf, append=np.inf) > gap))


def test_behaviors__are_twenty_each_with_a_protocol():
    assert len(BEHAVIORS) == 20
    assert list(behaviours.PROTOCOLS) and set(behaviours.PROTOCOLS) == set(BEHAVIORS)
    assert [a.name for a in behaviours.answers()] == list(behaviours.PROTOCOLS)


def test_tonic_spiking__goes_on_as_long_as_the_current():
    _, times = answer("tonic_spiking")
    np.testing.assert_allclose(np.diff(times)[-2:], np.diff(times)[-1], rtol=0.02)


def test_phasic_spiking__is_one_spike():
    a, times = answer("phasic_spiking")
    assert len(times) == 1 and a.current[-1] > 0


def test_tonic_bursting__is_burst_after_burst():
    _, times = answer("tonic_bursting")
    assert (bursts(times, 15) >= 3).sum() >= 4 - 1


def test_phasic_bursting__is_one_burst():
    a, times = answer("phasic_bursting")
    assert list(bursts(times, 15)) == [len(times)] and len(times) >= 4 and times[-1] < 100


def test_mixed_mode__is_a_burst_then_single_spikes():
    _, times = answer("mixed_mode")
    assert bursts(times, 15)[0] >= 3 and set(bursts(times, 15)[1:]) == {1}


def test_spike_frequency_adaptation__intervals_grow():
    _, times = answer("spike_frequency_adaptation")
    assert np.diff(times)[-1] > 3 * np.diff(times)[0]


def test_class_1__rate_begins_low_and_grows_with_the_current():
    _, times = answer("class_1_exc")
    intervals = np.diff(times)
    assert np.all(np.diff(intervals) < 0) and intervals[0] > 2.5 * intervals[-1]


def test_class_2__begins_at_a_high_rate():
    _, times = answer("class_2_exc")
    intervals = np.diff(times)
    assert intervals[0] < 2.2 * intervals[-1] and times[0] > 80


def test_spike_latency__the_spike_comes_long_after_the_pulse():
    _, times = answer("spike_latency")
    assert len(times) == 1 and times[0] > 13 + 5


def test_subthreshold_oscillation__rings_after_its_spike():
    a, times = answer("subthreshold_oscillation")
    later = a.v[a.t > times[0] + 20]
    level = later[-1]
    assert len(times) == 1
    assert np.count_nonzero(np.diff(np.sign(later - level))) >= 3


def test_resonator__answers_the_doublet_of_its_own_period_alone():
    _, times = answer("resonator")
    assert len(times) == 1 and times[0] > 320


def test_integrator__answers_the_close_doublet_alone():
    _, times = answer("integrator")
    assert len(times) == 1 and times[0] < 30


def test_rebound__follows_inhibition():
    a, spike = answer("rebound_spike")
    _, burst = answer("rebound_burst")
    assert len(spike) == 1 and spike[0] > 25 and a.current.max() == 0
    assert len(burst) >= 4 and burst[0] > 25


def test_threshold_variability__the_pulse_fires_only_after_inhibition():
    _, times = answer("threshold_variability")
    assert len(times) == 1 and times[0] > 80


def test_bistability__one_pulse_switches_on_and_the_next_off():
    _, times = answer("bistability")
    assert len(times) >= 4 and 37.5 < times[0] < 60 and times[-1] < 215


def test_inhibition_induced_spiking__spikes_in_the_dip_of_the_current():
    a, times = answer("inhibition_induced_spiking")
    assert ((times > 50) & (times < 250)).sum() >= 3 and (times < 50).sum() == 0
    assert (times > 260).sum() == 0


@pytest.mark.parametrize("name, promised", [
    ("dap", lambda times: len(times) == 1),
    ("accomodation", lambda times: np.all(times > 300)),
    ("inhibition_induced_bursting", lambda times: np.all(times < 270))])
def test_not_shown__are_those_of_the_docstring(name, promised):
    _, times = answer(name)

    assert name in behaviours.NOT_SHOWN and len(times) > 1 and not promised(times)
    assert f"`{name}`" in behaviors.__doc__


def test_not_shown__nothing_else():
    assert set(behaviours.NOT_SHOWN) == {"dap", "accomodation", "inhibition_induced_bursting"}


@pytest.mark.parametrize("shape", [
    lambda b: Izhikevich(b), lambda b: IzhikevichCell(b),
    lambda b: IzhikevichRecurrent(2, 3, b, seed=1),
    lambda b: IzhikevichRecurrentCell(2, 3, b, seed=1)])
def test_layers__start_from_the_state_of_the_behavior(shape):
    named = behaviors.resonator._replace(s=neurons.IzhikevichState(-40.0, 3.0))
    by_p, by_behavior = shape(named.p), shape(named)
    x = np.zeros((1, 3)) if "Recurrent" not in type(by_p).__name__ else np.zeros((1, 2))

    _, start = by_p(x)
    _, other = by_behavior(x)

    start, other = getattr(start, "neuron", start), getattr(other, "neuron", other)
    assert by_p.p == by_behavior.p == named.p
    assert not np.allclose(start.v, other.v)
    assert named.s == (-40.0, 3.0)


def test_layers__rest_of_parameters_is_a_fixed_point():
    p = behaviors.tonic_spiking.p
    _, state = Izhikevich(p)(np.zeros((400, 2)))

    np.testing.assert_allclose(state.v, -70.0, atol=1e-3)


def test_create__is_a_behavior_of_arrays_too():
    own = neurons.create_izhikevich_spiking_behavior(
        np.array([0.02, 0.1]), 0.2, -65.0, 8.0, -70.0, -70.0, tau_inv=500.0)

    spikes, state = Izhikevich(own)(np.full((400, 3, 2), 10.0))

    assert own.p.tau_inv == 500.0 and state.v.shape == (3, 2)
    assert spikes[..., 1].sum() > 1.5 * spikes[..., 0].sum() > 0  # fast against regular spiking
