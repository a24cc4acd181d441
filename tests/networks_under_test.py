"""Networks that tests simulate, some of them twice: by the package and by the naive simulator."""

import numpy as np
from numpy.testing import assert_allclose
from scipy import sparse

from eventsnn.neurons import (
    IAFParameters, LIFBoxParameters, LIFExcInhParameters, LIFParameters,
)
from eventsnn.simulate import (
    ClippedNormal, FixedInDegree, FixedOutDegree, FixedProbability, Network, Normal,
)
from tests import naive_network as naive

DT = 1e-4
PARAMETERS = {"LIF": LIFParameters, "LIFExcInh": LIFExcInhParameters, "LIFBox": LIFBoxParameters}
CHANNELS = {None: 0, "exc": 0, "inh": 1}


class Twin:
    """The same network twice: the package's, and the naive one's description."""

    def __init__(self, seed=0, threads=1):
        self.net, self.seed = Network(DT, seed, threads), seed
        self.populations, self.edges, self.constants, self.drives = {}, [], [], []
        self.sources = {}

    def population(self, name, model, size, refractory=0, initial=None, **p):
        made = PARAMETERS[model](**p)
        self.populations[name] = lambda: naive.Population(
            model, size, made._asdict(), refractory, initial)
        return self.net.population(name, size, made, initial=initial,
                                   refractory=refractory * DT if refractory else None)

    def matrix(self, pre, post, matrix, delay, channel=None, weight=1.0):
        entries = sparse.coo_array(matrix)
        self.net.connect(pre, post, matrix=matrix, delay=delay * DT, channel=channel, weight=weight)
        self.edges.append(naive.Edges(
            pre.population.name, post.population.name, CHANNELS[channel], delay,
            entries.row + pre.start, entries.col + post.start, entries.data * weight))

    def constant(self, view, value, channel=None):
        self.net.constant(view, value, channel=channel)
        self.constants.append((view.population.name, CHANNELS[channel], self._spread(view, value)))

    def poisson(self, view, rate, weight, channel=None, times=None):
        self.net.poisson(view, rate=rate, times=times, weight=weight, channel=channel)
        item = sum(d.kind == "poisson" for d in self.drives)
        self._drive("poisson", view, channel, weight, times, np.asarray(rate) * DT, item)

    def current(self, view, value, times=None, channel=None):
        self.net.current(view, value, times, channel=channel)
        self._drive("current", view, channel, 1.0, times, np.asarray(value))

    def spikes(self, view, steps, ids, weight, channel=None):
        self.net.spikes(view, np.asarray(steps) * DT, ids, weight=weight, channel=channel)
        self.drives.append(naive.Input(
            "spikes", view.population.name, CHANNELS[channel], view.start,
            np.broadcast_to(weight, len(view)), steps, ids))

    def source(self, name, size, steps, ids):
        self.sources[name] = np.asarray(steps, np.int64), np.asarray(ids, np.int64)
        return self.net.source(name, size, np.asarray(steps) * DT, ids)

    def _drive(self, kind, view, channel, weight, times, values, item=0):
        since = [0] if times is None else np.rint(np.asarray(times) / DT)
        values = values[None] if times is None else values
        values = [np.broadcast_to(v, len(view)) for v in values]
        self.drives.append(naive.Input(
            kind, view.population.name, CHANNELS[channel], view.start,
            np.broadcast_to(weight, len(view)), since, values, item))

    @staticmethod
    def _spread(view, value):
        values = np.zeros(len(view.population))
        values[view.start:view.stop] = value
        return values

    def naive(self, n_steps, edges=None):
        return naive.simulate({k: make() for k, make in self.populations.items()},
                              self.edges if edges is None else edges, n_steps, DT, self.constants,
                              self.drives, self.sources, self.seed)


def integers(rng, shape, least, most, unit=1 / 64):
    """Whole multiples of `unit`: sums of them are exact."""
    return rng.integers(least, most, shape) * unit


def random_matrix(rng, shape, density, least=-20, most=40):
    chosen = rng.random(shape) < density
    return sparse.csr_array(np.where(chosen, integers(rng, shape, least, most), 0))


def one_population(twin, rng):
    cells = twin.population("cells", "LIF", 50, initial={"v": integers(rng, 50, 0, 64)})
    twin.matrix(cells, cells, random_matrix(rng, (50, 50), 0.2), 1)
    twin.constant(cells, integers(rng, 50, 1, 4))


def of_one_model(twin, rng):
    a = twin.population("a", "LIF", 40, refractory=5)
    b = twin.population("b", "LIF", 30, refractory=20, v_th=0.75,
                        tau_mem_inv=np.linspace(50, 150, 30))
    c = twin.population("c", "LIF", 1, refractory=1, tau_syn_inv=1000.0, v_reset=-0.5, v_leak=0.25)
    for pre, post, delay in [(a, b, 1), (b, a, 2), (a, a, 7), (b, c, 7), (c, a, 1), (c, c, 2)]:
        twin.matrix(pre, post, random_matrix(rng, (len(pre), len(post)), 0.3), delay)
    for q in (a, b, c):
        twin.constant(q, 1 / 32)


def of_two_models(twin, rng):
    a = twin.population("a", "LIF", 30)
    b = twin.population("b", "LIFExcInh", 40, refractory=3)
    c = twin.population("c", "LIFExcInh", 20, refractory=10, v_leak=np.linspace(0, 1.5, 20))
    d = twin.population("d", "LIF", 10, refractory=4)
    for pre, post, delay, channel in [
            (a, b, 1, "exc"), (a, c, 2, "inh"), (b, a, 7, None), (b, c, 7, "exc"), (c, b, 2, "inh"),
            (c, a, 2, None), (d, a, 1, None), (b, d, 1, None), (a, d, 40, None)]:
        matrix = random_matrix(rng, (len(pre), len(post)), 0.3, 1, 40)
        twin.matrix(pre, post, matrix, delay, channel, weight=-0.5 if channel == "inh" else 0.5)
    twin.constant(a, 1 / 32)
    twin.constant(b, integers(rng, 40, 1, 5), channel="exc")
    twin.constant(b, -1 / 64, channel="inh")
    twin.constant(c, 1 / 16, channel="exc")


def of_slices(twin, rng):
    a = twin.population("a", "LIF", 40, refractory=2)
    b = twin.population("b", "LIF", 30, refractory=2)
    twin.matrix(a[10:25], b[5:8], random_matrix(rng, (15, 3), 0.7), 1)
    twin.matrix(b[:10], a[-5:], random_matrix(rng, (10, 5), 0.7), 2)
    twin.matrix(a[20:][:10], a[20:][5:], random_matrix(rng, (10, 15), 0.5), 3)
    twin.matrix(a[39:], a, random_matrix(rng, (1, 40), 0.9), 7)
    twin.constant(a[5:35], 1 / 32)
    twin.constant(a[30:], integers(rng, 10, 1, 4))
    twin.constant(b[:1], 1 / 16)
    twin.constant(b, 1 / 64)


def driven(twin, rng):
    a = twin.population("a", "LIF", 40, refractory=2)
    b = twin.population("b", "LIF", 30, refractory=2)
    twin.matrix(a, b, random_matrix(rng, (40, 30), 0.3), 3)
    twin.matrix(b, a, random_matrix(rng, (30, 40), 0.3), 12)
    twin.poisson(a, 2000.0, 0.375)
    twin.poisson(b[10:20], 60_000.0, 1 / 64)
    twin.poisson(b, 500.0, 0.75)
    twin.poisson(a[:7], 0.0, 100.0)


def driven_by_neuron_and_in_time(twin, rng):
    a = twin.population("a", "LIF", 600, refractory=2)
    b = twin.population("b", "LIFExcInh", 30, refractory=2)
    twin.matrix(a, b, random_matrix(rng, (600, 30), 0.02), 3, "exc")
    twin.poisson(a[5:590], np.linspace(0, 2000, 585), 0.375)
    twin.poisson(a, [3000.0, 0.0, 500.0], integers(rng, 600, 1, 30), times=[0.0, 0.01, 0.0203])
    twin.poisson(b, rng.uniform(0, 4e5, (2, 30)), 1 / 256, "exc", times=[0.005, 0.02])
    twin.poisson(b, 400_000.0, -1 / 256, "inh")


def with_currents(twin, rng):
    a = twin.population("a", "LIF", 50, refractory=2, tau_syn_inv=np.linspace(100, 300, 50))
    b = twin.population("b", "LIFBox", 60, refractory=3)
    c = twin.population("c", "LIFExcInh", 20)
    twin.matrix(a, b, random_matrix(rng, (50, 60), 0.1, 0, 200), 3)
    twin.current(a[3:], integers(rng, (3, 47), 50, 200), times=[0.002, 0.01, 0.0304])
    twin.current(b, 1.25)
    twin.current(b[:20], [0.5, -0.25], times=[0.0, 0.02])
    twin.current(c, integers(rng, 20, 70, 200), channel="exc")


def with_given_spikes(twin, rng):
    a = twin.population("a", "LIF", 40, refractory=2)
    b = twin.population("b", "LIFExcInh", 30, refractory=2)
    given = twin.source("given", 25, rng.integers(0, 900, 400), rng.integers(0, 25, 400))
    twin.source("silent", 3, [], [])
    twin.matrix(given, a, random_matrix(rng, (25, 40), 0.3), 1)
    twin.matrix(given[5:20], b, random_matrix(rng, (15, 30), 0.3, 1, 40), 9, "exc")
    twin.matrix(a, b, random_matrix(rng, (40, 30), 0.3, 1, 40), 4, "inh", weight=-0.5)
    twin.matrix(b, a, random_matrix(rng, (30, 40), 0.3), 30)
    steps = np.concatenate([[0, 0, 5], rng.integers(0, 900, 300)])
    twin.spikes(a, steps, rng.integers(0, 40, 303), integers(rng, 40, 1, 90))
    twin.spikes(b[4:14], steps, rng.integers(0, 10, 303), 1.5, "exc")


def of_long_delays(twin, rng):
    a = twin.population("a", "LIF", 20, refractory=3)
    b = twin.population("b", "LIFExcInh", 20, refractory=3)
    twin.matrix(a, a, random_matrix(rng, (20, 20), 0.3), 100)
    twin.matrix(a, a, random_matrix(rng, (20, 20), 0.3), 65)
    twin.matrix(a, b, random_matrix(rng, (20, 20), 0.5), 1100, "exc")
    twin.matrix(b, a, random_matrix(rng, (20, 20), 0.5), 400)
    twin.constant(a, 1 / 32)
    twin.constant(b, 1 / 32, "exc")


def of_own_delays(twin, rng):
    """Each synapse has a delay of its own; some projections share one, or have long ones."""
    a = twin.population("a", "LIF", 40, refractory=3)
    b = twin.population("b", "LIFExcInh", 30, refractory=3)
    c = twin.population("c", "LIF", 10, refractory=5)
    for pre, post, most, channel in [(a, a, 30, None), (a[5:], b, 60, "exc"), (b, a[:20], 15, None),
                                     (b, b[9:], 300, "inh"), (a, c, 3, None), (c, a, 1, None)]:
        matrix = sparse.coo_array(random_matrix(rng, (len(pre), len(post)), 0.4, 1, 40))
        twin.matrix(pre, post, matrix, rng.integers(1, most + 1, len(matrix.data)), channel,
                    weight=-0.5 if channel == "inh" else 0.5)
    twin.constant(a, 1 / 32)
    twin.constant(b, integers(rng, 30, 1, 5), channel="exc")


def of_several_blocks(twin, rng):
    a = twin.population("a", "LIF", 5000, refractory=5, initial={"v": integers(rng, 5000, 0, 64)})
    b = twin.population("b", "LIF", 4500, refractory=5)

    def sparse_matrix(n_pre, n_post, n):
        return sparse.coo_array(
            (integers(rng, n, -10, 30),
             (rng.integers(0, n_pre, n),
              rng.integers(0, n_post, n))),
            (n_pre, n_post))

    twin.matrix(a, b, sparse_matrix(5000, 4500, 60_000), 2)
    twin.matrix(b[4000:], a[4000:4400], sparse_matrix(500, 400, 3000), 5)
    twin.matrix(a[4090:4100], a, sparse_matrix(10, 5000, 3000), 3)
    twin.matrix(b, b, sparse_matrix(4500, 4500, 20_000), 9)
    matrix = sparse_matrix(5000, 4500, 20_000)
    matrix.sum_duplicates()
    twin.matrix(a, b, matrix, rng.integers(2, 30, len(matrix.data)))
    twin.constant(a, integers(rng, 5000, 0, 3))
    twin.poisson(b[100:4400], 500.0, 0.25)
    twin.spikes(b, rng.integers(0, 150, 500), rng.integers(0, 4500, 500), 0.5)


CASES = {case.__name__: (case, n_steps) for case, n_steps in [
    (one_population, 1200), (of_one_model, 1200), (of_two_models, 1200), (of_slices, 800),
    (driven, 1200), (driven_by_neuron_and_in_time, 400), (with_currents, 600),
    (with_given_spikes, 1000), (of_long_delays, 2500), (of_own_delays, 1200),
    (of_several_blocks, 150)]}


def twin_of(case, **options):
    twin = Twin(seed=77, **options)
    CASES[case][0](twin, np.random.default_rng(5))
    return twin


def steps_of(times):
    steps = np.rint(times / DT)
    assert_allclose(times, steps * DT, rtol=1e-12)
    return steps.astype(np.int64)


def mixed(threads=1, seed=3, n=9000):
    """A network of three models, several blocks, weights and delays of all kinds, all drives."""
    net = Network(DT, seed, threads)
    a = net.population("a", n, LIFParameters(), refractory=2e-3)
    b = net.population("b", n // 9, LIFExcInhParameters(v_leak=1.1), refractory=2e-3)
    net.connect(a, a, probability=20 / n, weight=-0.0717, delay=4 * DT)
    net.connect(a, a, probability=min(1, 90 / n), weight=0.0123, delay=5 * DT)
    net.connect(a, b, probability=min(1, 100 / n), weight=0.0311, delay=3 * DT, channel="exc")
    net.connect(b, a, probability=min(1, 100 / n), weight=-0.0913, delay=4 * DT)
    c = net.population("c", n // 9, IAFParameters(v_th=5.0))
    net.connect(a, c, probability=min(1, 100 / n), weight=0.0211, delay=4 * DT)
    net.connect(c, a, probability=min(1, 100 / n), weight=0.0377, delay=3 * DT)
    net.connect(c, a, probability=min(1, 100 / n), weight=-0.0471, delay=7 * DT)
    own = {"weight": Normal(0.003, 0.05), "delay": ClippedNormal(15 * DT, 8 * DT, low=3 * DT)}
    net.connect(a, a, FixedInDegree(9), **own)
    net.connect(b, a, FixedOutDegree(min(40, n), multapses=False), **own, procedural=True)
    net.connect(a, c, FixedProbability(min(1, 30 / n)), **own, procedural=True)
    for q, weight in ((a, 0.1377), (c, 0.1719)):
        net.poisson(q, rate=2000.0, weight=weight)
    net.poisson(b, rate=np.linspace(0, 300, len(b)), weight=0.0717, channel="exc")
    net.noise(a, 0.0317, 0.0971, every=3 * DT)
    net.noise(c[3:], -0.0113, np.linspace(0, 0.01, len(c) - 3))
    net.current(a[n // 3:], [0.0173, 0.0391], times=[0.013, 0.0271])
    given = net.source("given", 50, np.arange(400) * 2.5e-4, np.arange(400) % 50)
    net.connect(given, a, probability=0.1, weight=0.1171, delay=3 * DT)
    net.spikes(b, np.arange(300) * 3.1e-4, np.arange(300) % len(b), weight=0.431, channel="inh")
    return net


def fingerprint(net, *pieces):
    """Everything that a run gives, as bytes."""
    recorded = [net.record(q, "spikes") for q in net.populations.values()]
    for seconds in pieces:
        net.run(seconds)
    assert sum(len(r.ids) for r in recorded) > 50
    return b"".join([a.tobytes() for r in recorded for a in (r.times, r.ids)]
                    + [a.tobytes() for q in net.populations.values() for a in net.state(q)])
