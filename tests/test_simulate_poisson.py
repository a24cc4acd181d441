"""Poisson input of networks: its distribution, and what is independent of what."""

import numpy as np
import pytest
import scipy.stats

from eventsnn.neurons import IAFParameters, LIFParameters
from eventsnn.simulate import Network
from tests.tolerance import STANDARD_ERRORS


def counting(size, seed=0, model=LIFParameters):
    """A population whose potential is the number of events of the step."""
    net = Network(2.0**-13, seed)
    return net, net.population("cells", size, model(
        tau_syn_inv=2.0**13, tau_mem_inv=2.0**13, v_th=1e6))


def counts_of(net, cells, n_steps):
    v = net.record(cells, "v")
    net.run(n_steps * net.dt)
    return v.values.astype(int)


def assert_poisson(counts, mean):
    n = counts.size
    assert abs(counts.mean() - mean) < STANDARD_ERRORS * np.sqrt(mean / n)
    assert abs(counts.var() - mean) < STANDARD_ERRORS * np.sqrt((mean + 2 * mean**2) / n)
    observed = np.bincount(counts.ravel())
    expected = n * scipy.stats.poisson.pmf(np.arange(len(observed)), mean)
    many = expected >= 10
    observed, expected = np.append(observed[many], n - observed[many].sum()), expected[many]
    expected = np.append(expected, n - expected.sum())
    keep = expected > 5
    chi2 = ((observed - expected)[keep] ** 2 / expected[keep]).sum()
    assert scipy.stats.chi2.sf(chi2, keep.sum() - 1) > 1e-6


@pytest.mark.parametrize("mean", [0.01, 0.7, 8.0, 16.0, 16.1, 29.9, 100.0])
def test_poisson__counts_have_the_distribution(mean):
    net, cells = counting(5000)
    net.poisson(cells, rate=mean * 2**13, weight=1.0)

    assert_poisson(counts_of(net, cells, 100), mean)


def test_poisson__rates_by_neuron_have_the_distribution():
    means = np.array([0.0, 0.02, 1.5, 9.0, 40.0])
    net, cells = counting(5 * 700)
    net.poisson(cells, rate=np.repeat(means, 700) * 2**13, weight=1.0)

    counts = counts_of(net, cells, 100).reshape(100, 5, 700)

    assert not counts[:, 0].any()
    for k in range(1, 5):
        assert_poisson(counts[:, k], means[k])


def test_poisson__one_rate_for_all_in_either_form_same_events():
    runs = []
    for rate in (3000.0, np.full(1000, 3000.0), np.append(np.full(999, 3000.0), 3000.01)):
        net, cells = counting(1000)
        net.poisson(cells, rate=rate, weight=1.0)
        runs.append(counts_of(net, cells, 50)[:, :999])

    assert (runs[0] == runs[1]).all() and (runs[0] == runs[2]).all()


def test_poisson__very_high_rates_have_mean_and_variance():
    net, cells = counting(200)
    net.poisson(cells, rate=1e4 * 2**13, weight=1.0)

    counts = counts_of(net, cells, 20)

    assert abs(counts.mean() - 1e4) < STANDARD_ERRORS * np.sqrt(1e4 / counts.size)
    assert abs(counts.var() / 1e4 - 1) < STANDARD_ERRORS * np.sqrt(2 / counts.size)


def test_poisson__rates_hold_from_their_times_on():
    net, cells = counting(4000)
    dt = net.dt
    net.poisson(cells, rate=np.array([2.0, 0.0, 5.0]) * 2**13, weight=1.0,
                times=[10 * dt, 30.4 * dt, 40 * dt])
    by_neuron = np.repeat([[1.0, 3.0]], 2000, axis=1) * 2**13
    net.poisson(cells, rate=by_neuron, weight=1000.0, times=[20 * dt])

    counts = counts_of(net, cells, 60)

    once, often = counts % 1000, counts // 1000
    assert not once[:10].any() and not once[30:40].any() and not often[:20].any()
    for part, mean in [(once[10:30], 2.0), (once[40:], 5.0), (often[20:, :2000], 1.0),
                       (often[20:, 2000:], 3.0)]:
        assert_poisson(part, mean)


def test_poisson__a_view_of_one_neuron_and_weights_by_neuron():
    net, cells = counting(600)
    weights = np.arange(600.0)
    net.poisson(cells, rate=2**13, weight=weights)
    net.poisson(cells[599:], rate=3 * 2**13, weight=2.0**14)
    reference, same = counting(600)
    reference.poisson(same, rate=2**13, weight=1.0)

    counts = counts_of(net, cells, 30)

    expected = counts_of(reference, same, 30) * weights
    assert (counts[:, :599] == expected[:, :599]).all()
    assert (counts[:, 599] % 2**14 == expected[:, 599]).all()
    assert 1 < (counts[:, 599] >> 14).mean() < 5


def test_poisson__draws_do_not_depend_on_the_rest_of_the_network():
    alone, cells = counting(300)
    alone.poisson(cells, rate=2**13, weight=1.0)
    net = Network(2.0**-13)
    net.population("before", 777, LIFParameters())
    more = net.population("cells", 300, LIFParameters(2.0**13, 2.0**13, v_th=1e6))
    net.poisson(more, rate=2**13, weight=1.0)

    assert (counts_of(net, more, 40) == counts_of(alone, cells, 40)).all()


def correlations(a, b):
    """In standard errors: of the arrays as they are, and shifted by a step and by a neuron."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt(a.size) / (a.std() * b.std())
    products = a * b, a[1:] * b[:-1], a[:, 1:] * b[:, :-1]
    return [product.mean() * scale for product in products]


def test_poisson__steps_and_neurons_are_independent():
    net, cells = counting(5000)
    net.poisson(cells, rate=0.5 * 2**13, weight=1.0)

    counts = counts_of(net, cells, 100)

    assert max(map(abs, correlations(counts, counts)[1:])) < STANDARD_ERRORS
    for axis in (0, 1):  # totals scatter as those of independent counts
        totals = counts.sum(axis)
        assert abs(totals.var() / totals.mean() - 1) < STANDARD_ERRORS * np.sqrt(2 / len(totals))


def test_poisson__drives_of_one_population_are_independent():
    net, cells = counting(5000)
    net.poisson(cells, rate=0.5 * 2**13, weight=1.0)
    net.poisson(cells, rate=0.5 * 2**13, weight=1000.0)

    both = counts_of(net, cells, 100)

    assert max(map(abs, correlations(both % 1000, both // 1000))) < STANDARD_ERRORS


@pytest.mark.parametrize("other", [LIFParameters, IAFParameters])
def test_poisson__populations_are_independent(other):
    net, cells = counting(1000)
    more = net.population("more", 1000, other(v_th=1e6))
    for q in (cells, more):
        net.poisson(q, rate=0.5 * 2**13, weight=1.0)
    v = net.record(more, "v")

    counts = counts_of(net, cells, 200)

    step_up = np.diff(v.values.astype(float), axis=0, prepend=0)
    assert max(map(abs, correlations(counts, step_up))) < 2 * STANDARD_ERRORS


def test_poisson__seeds_are_independent():
    (net_a, a), (net_b, b) = counting(1000, seed=1), counting(1000, seed=2)
    for net, cells in ((net_a, a), (net_b, b)):
        net.poisson(cells, rate=0.5 * 2**13, weight=1.0)

    found = correlations(counts_of(net_a, a, 200), counts_of(net_b, b, 200))
    assert max(map(abs, found)) < STANDARD_ERRORS
