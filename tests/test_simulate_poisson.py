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


@pytest.mark.parametrize("mean", [0.01, 0.7, 8.0, 29.9])
def test_poisson__counts_have_the_distribution(mean):
    net, cells = counting(5000)
    net.poisson(cells, rate=mean * 2**13, weight=1.0)

    counts = counts_of(net, cells, 100)

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
