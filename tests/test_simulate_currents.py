"""Currents into networks: steps and noise, in neurons with and without synaptic current."""

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

import eventsnn.neurons as neurons
from eventsnn.core.dispatch import MODELS
from eventsnn.neurons import LIBoxParameters, LIFExcInhParameters, LIParameters
from eventsnn.simulate import Network
from eventsnn.simulate.currents import decay_of
from tests import naive_network as naive
from tests.tolerance import STANDARD_ERRORS

DT = 2.0**-13


def showing(size, seed=0, p=LIBoxParameters(tau_mem_inv=1 / DT)):
    """A population whose potential is the input of the step (in a model without current)."""
    net = Network(DT, seed)
    return net, net.population("cells", size, p)


def values_of(net, cells, n_steps, variable="v"):
    trace = net.record(cells, variable)
    net.run(n_steps * DT)
    return trace.values


# The variables that take what comes into the channels of a model.
FOLLOWED = {
    "LIFParameters": [(None, "i")], "LIFExParameters": [(None, "i")],
    "LIFAdExParameters": [(None, "i")], "LSNNParameters": [(None, "i")],
    "LIParameters": [(None, "i")], "LIFRefracParameters": [(None, "i")],
    "LIFExcInhParameters": [("exc", "i_exc"), ("inh", "i_inh")],
    "CobaLIFParameters": [("exc", "g_e"), ("inh", "g_i")],
}
ADDED_AFTER = ("LSNNParameters",)  # takes its input after the decay of the step, as norse does
CHANNELS = [(model, *one) for model, channels in FOLLOWED.items() for one in channels]


@pytest.mark.parametrize(("model", "channel", "variable"), CHANNELS)
def test_current__the_synaptic_current_follows_it_at_once(model, channel, variable):
    net, cells = showing(3, p=getattr(neurons, model)())
    field = f"tau_syn_{channel}_inv" if channel else "tau_syn_inv"
    left = 1 if model in ADDED_AFTER else 1 - DT * getattr(cells.p, field)
    net.current(cells, [[1.0, 2.0, 3.0], [-0.5, 0.0, 0.25]], times=[5 * DT, 12 * DT],
                channel=channel)

    shown = values_of(net, cells, 20, variable)

    expected = np.repeat([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [-0.5, 0.0, 0.25]], [5, 7, 8], axis=0)
    assert_allclose(shown, left * expected, atol=2e-6)


def test_current__every_model_with_a_synaptic_time_constant_is_known():
    for parameters in MODELS:
        if not getattr(neurons, parameters.__name__, None) or not parameters._fields:
            continue
        cells = Network(DT).population("cells", 1, parameters())
        names = cells.model.inputs._fields if cells.model.inputs else ("synapse",)
        found = {decay_of(cells, c) for c in range(len(names))} - {None}
        assert found == {f for f in parameters._fields if f.startswith("tau_syn_")}


def test_current__is_the_input_of_neurons_without_synaptic_current():
    net, cells = showing(5)
    net.current(cells, 1.5)
    net.current(cells[2:], [0.25, 0.5, 1.0], times=None)
    net.current(cells[:2], [3.0, 0.0, 4.0], times=[0.0, 2 * DT, 3 * DT])

    shown = values_of(net, cells, 4)

    assert_array_equal(shown[:, 2:], [[1.75, 2.0, 2.5]] * 4)
    assert_array_equal(shown[:, :2], [[4.5, 4.5], [4.5, 4.5], [1.5, 1.5], [5.5, 5.5]])


def test_current__brings_the_potential_where_it_says():
    net, cells = showing(1, p=LIParameters(tau_mem_inv=200.0, tau_syn_inv=[150.0]))
    net.current(cells, 0.75)

    assert_allclose(values_of(net, cells, 1000)[-1], 0.75, rtol=1e-5)


def noise_of(size, n_steps, mean=0.0, std=1.0, every=None, seed=0):
    net, cells = showing(size, seed)
    net.noise(cells, mean, std, every)
    return values_of(net, cells, n_steps).astype(np.float64)


@pytest.mark.parametrize("every", [1, 3])
def test_noise__equals_naive(every):
    shown = noise_of(700, 10, 0.5, 2.0, every * DT, seed=9)

    expected = [0.5 + 2 * naive.normals(700, n // every, 0, 9) for n in range(10)]
    assert_allclose(shown, expected, atol=1e-5)


def test_noise__is_normal_and_independent():
    values = noise_of(2000, 100)

    n = values.size
    assert scipy.stats.kstest(values.ravel(), "norm").pvalue > 1e-6
    assert abs(values.mean()) < STANDARD_ERRORS / np.sqrt(n)
    for lag, axis in [(1, 0), (7, 0), (1, 1), (64, 1), (128, 1), (192, 1), (256, 1)]:
        a, b = np.split(values, [lag], axis)[1], np.split(values, [-lag], axis)[0]
        for power in (1, 2):
            r = scipy.stats.pearsonr(a.ravel() ** power, b.ravel() ** power).statistic
            assert abs(r) < STANDARD_ERRORS / np.sqrt(a.size)
    for sums in (values.sum(axis) / np.sqrt(values.shape[axis]) for axis in (0, 1)):
        assert abs(sums.var() - 1) < STANDARD_ERRORS * np.sqrt(2 / len(sums))


def test_noise__mean_and_deviation_by_neuron():
    means, stds = np.linspace(-3, 3, 50), np.linspace(0, 2, 50)

    values = noise_of(50, 4000, means, stds)

    n = len(values)
    assert (abs(values.mean(0) - means) <= STANDARD_ERRORS * stds / np.sqrt(n) + 1e-6).all()
    assert (abs(values.std(0) - stds) <= STANDARD_ERRORS * stds / np.sqrt(2 * n) + 1e-6).all()


def test_noise__drives_and_seeds_differ():
    net, cells = showing(1000)
    net.noise(cells)
    net.noise(cells, std=1000.0)
    both = values_of(net, cells, 50)
    other = noise_of(1000, 50, seed=1)

    first = noise_of(1000, 50)
    second = (both - first) / 1000
    for a, b in [(first, second), (first, other)]:
        r = scipy.stats.pearsonr(a.ravel(), b.ravel()).statistic
        assert abs(r) < STANDARD_ERRORS / np.sqrt(a.size)


@pytest.mark.parametrize("channel", ["exc", "inh"])
def test_noise__the_synaptic_current_follows_it(channel):
    p = LIFExcInhParameters(tau_syn_inh_inv=50.0, v_th=1e6)
    net, cells = showing(300, 4, p)
    net.noise(cells, 1.0, 0.5, 4 * DT, channel=channel)

    shown = values_of(net, cells, 50, f"i_{channel}")

    left = 1 - DT * getattr(p, f"tau_syn_{channel}_inv")
    expected = [1 + 0.5 * naive.normals(300, n // 4, 0, 4) for n in range(50)]
    assert_allclose(shown / left, expected, atol=1e-5)


def test_noise__filtered_by_a_membrane_has_the_known_variance():
    tau, every = 0.01, 4
    a = DT / tau
    net, cells = showing(500, p=LIBoxParameters(tau_mem_inv=1 / tau))
    net.noise(cells, 0.0, 1.0, every * DT)

    values = values_of(net, cells, 3000)[999::200]

    # v_{n+1} = (1 - a) v_n + a x_n with x held for 4 steps; at the end of such a stretch
    lost = (1 - a) ** every
    expected = (1 - lost) ** 2 / (1 - lost**2)
    n = values.size
    assert abs(values.var() / expected - 1) < STANDARD_ERRORS * np.sqrt(2 / n)
