"""Parameters and initial states that are drawn."""

import numpy as np
import scipy.stats

from eventsnn.neurons import LIFParameters
from eventsnn.simulate import Network, Normal, Uniform
from tests.networks_under_test import DT

N = 20_000


def made(seed=1, name="cells", before=0):
    net = Network(DT, seed)
    for k in range(before):
        net.population(f"before {k}", 5, LIFParameters())
    cells = net.population(
        name, N, LIFParameters(tau_mem_inv=Normal(100.0, 10.0), tau_syn_inv=Normal(100.0, 10.0)),
        initial={"v": Uniform(-60.0, -50.0), "i": Uniform(-60.0, -50.0)},
        refractory=Uniform(0.0, 10 * DT))
    return net, cells


def test_population__parameters_and_start_values_are_drawn():
    net, cells = made()

    state = net.state(cells)

    for values, known in [(cells.p.tau_mem_inv, scipy.stats.norm(100.0, 10.0)),
                          (state.v, scipy.stats.uniform(-60.0, 10.0))]:
        assert values.shape == (N,)
        assert scipy.stats.kstest(values, known.cdf).pvalue > 1e-6
    for a, b in [(cells.p.tau_mem_inv, cells.p.tau_syn_inv), (state.v, state.i),
                 (state.v, cells.p.tau_mem_inv)]:
        assert abs(scipy.stats.pearsonr(a, b).statistic) < 5 / np.sqrt(N)
    assert set(cells.p.rho_reset) == set(range(11))
    assert cells.p.v_th == 1.0


def test_population__what_is_drawn_depends_on_seed_and_population():
    first, again, other, second = made(), made(name="x"), made(seed=2), made(before=1)

    for get in (lambda net, q: q.p.tau_mem_inv, lambda net, q: net.state(q).v,
                lambda net, q: q.p.rho_reset):
        assert (get(*first) == get(*again)).all()
        assert (get(*first) != get(*other)).mean() > 0.5
        assert (get(*first) != get(*second)).mean() > 0.5


def test_population__refractory_periods_by_neuron():
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters(), refractory=[5 * DT, 0.0, 12 * DT])
    net.current(cells, 1000.0)
    spikes = net.record(cells, "spikes")

    net.run(60 * DT)

    for k, period in enumerate([6, 1, 13]):
        assert (np.diff(spikes.times[spikes.ids == k]) / DT).round().tolist() \
            == [period] * (np.count_nonzero(spikes.ids == k) - 1)


def test_describe__names_the_distribution():
    net, _ = made()

    told = net.describe()["populations"]["cells"]["parameters"]

    assert told["tau_mem_inv"] == {"distribution": "Normal", "mean": 100.0, "std": 10.0}
    assert told["v_th"] == 1.0
