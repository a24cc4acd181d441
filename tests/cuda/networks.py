"""Networks that run on a device and on the CPU, to be compared bit for bit."""

import contextlib

import numpy as np
from numpy.testing import assert_array_equal

from eventsnn.core.device import to
from eventsnn.engine import delivery, network
from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.simulate import (
    DistanceProbability, FixedInDegree, FixedOutDegree, FixedTotalNumber, LogNormal, Network,
    Normal, Uniform, state,
)
from eventsnn.surrogates import Logistic
from tests.naive.plain import plain

DT = 1e-3


@contextlib.contextmanager
def in_plain_python(monkeypatch):
    """The CPU's loops in plain Python: it takes longer to compile them for each kind of network."""
    for module, name in ((network, "advance"), (delivery, "deliver")):
        monkeypatch.setattr(module, name, plain(getattr(module, name)))
    with np.errstate(over="ignore"):  # its unsigned numbers wrap
        yield


def outcome(make, n_steps, device, runs=1, **options):
    """What a network comes to: spikes, events, and all that changes."""
    net = Network(DT, seed=7, device=device, **options)
    make(net)
    spikes = [net.record(q, "spikes") for q in [*net.populations.values(), *net.sources.values()]]
    for part in np.diff(np.linspace(0, n_steps, runs + 1).astype(int)):
        net.run(part * DT, progress=False)
    arrays = [to(state.arrays(group), "cpu") for group in net._simulation.groups]
    return ([(r.times, r.ids) for r in spikes], arrays,
            (net.cost.spikes, net.cost.synaptic_events))


def assert_same(make, n_steps=40, least=5, runs=1, **options):
    """Also that there was something to compare."""
    cpu, cuda = (outcome(make, n_steps, device, runs, **chosen)
                 for device, chosen in (("cpu", {}), ("cuda", options)))

    assert cpu[2][0] >= least, cpu[2]
    for one, other in zip(cpu[0], cuda[0], strict=True):
        assert_array_equal(one[0], other[0])
        assert_array_equal(one[1], other[1])
    for one, other in zip(cpu[1], cuda[1], strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert_array_equal(one[name].view(np.uint8), other[name].view(np.uint8), name)
    assert cpu[2] == cuda[2]


def pulses(net, cells, weight, n=25, **channel):
    rng = np.random.default_rng(2)
    net.spikes(cells, rng.integers(0, 30, n) * DT, rng.integers(0, len(cells), n), weight=weight,
               **channel)


def lif(net, n=12, **options):
    return net.population("cells", n, LIFParameters(), **options)


POISSON_OF_MANY = dict(rate=[0.0, 30_000.0], times=[0.0, 0.01], weight=0.02)
DRIVES = {
    "poisson": lambda net, q: net.poisson(q, rate=400.0, weight=0.8),
    "poisson_by_pieces": lambda net, q: net.poisson(
        q[2:9], rate=[300.0, 0.0, 900.0], times=[0.003, 0.011, 0.02],
        weight=np.linspace(0.3, 1.0, 7)),
    "poisson_of_many": lambda net, q: net.poisson(q, **POISSON_OF_MANY),
    "poisson_by_neuron": lambda net, q: net.poisson(q, rate=np.linspace(0, 900, len(q)),
                                                    weight=0.7),
    "poisson_of_many_by_neuron": lambda net, q: net.poisson(
        q[1:], rate=np.linspace(0, 3e4, len(q) - 1), weight=0.02),
    "poisson_of_both_kinds": lambda net, q: (
        net.poisson(q, rate=np.linspace(0, 900, len(q)), weight=0.3),
        net.poisson(q, rate=500.0, weight=0.4)),
    "current": lambda net, q: net.current(q[:7], 1.7),
    "currents_by_pieces": lambda net, q: net.current(
        q[3:], np.outer([1.2, -0.4, 2.0], np.linspace(1, 2, len(q) - 3)), [0.002, 0.01, 0.02]),
    "noise": lambda net, q: net.noise(q, 1.0, 2.0),
    "noise_of_several_steps": lambda net, q: net.noise(
        q[1:], np.linspace(0.5, 1.5, len(q) - 1), 1.0, every=3 * DT),
    "spikes": lambda net, q: pulses(net, q, 6.0, 60),
    "constant": lambda net, q: net.constant(q[2:8], np.linspace(0.2, 1.0, 6)),
}


def driven(net):
    """All drives at once."""
    cells = net.population("cells", 12, LIFParameters(v_th=Uniform(0.8, 1.2)), refractory=2 * DT)
    net.connect(cells, cells, probability=0.2, weight=0.3, delay=3 * DT)
    for drive in DRIVES.values():
        drive(net, cells)


def random_thresholds(net):
    """Neurons that draw whether to fire."""
    cells = lif(net, threshold=Logistic(3.0))
    pulses(net, cells, 6.0)
    net.connect(cells, cells, probability=0.2, weight=0.2, delay=4 * DT)


def mixed(net):
    """Several projections, all kinds of weights and delays; two populations of one group."""
    a = net.population("a", 30, LIFParameters(v_th=Uniform(0.8, 1.2)))
    b = net.population("b", 15, LIFParameters(), refractory=None)
    net.poisson(a, rate=150.0, weight=2.0)
    net.connect(a, a, FixedInDegree(4), weight=Normal(0.1, 0.3), delay=Uniform(2 * DT, 9 * DT))
    net.connect(a[3:20], b, probability=0.3, weight=1.1, delay=Uniform(3 * DT, 5 * DT))
    net.connect(b, a[10:], FixedTotalNumber(100, multapses=True), weight=Uniform(-0.7, 0.7),
                delay=2 * DT)
    net.connect(b[5:], a[:20], FixedTotalNumber(60, multapses=True), weight=-0.3, delay=17 * DT)


def several_groups(net):
    """Groups that send each other spikes, and a source."""
    a = net.population("a", 12, LIFParameters())
    b = net.population("b", 9, LIFExcInhParameters(), refractory=DT)
    source = net.source("source", 4, [0.0, 0.0, 0.004, 0.004, 0.004, 0.011], [1, 3, 0, 0, 2, 3])
    net.poisson(a, rate=150.0, weight=3.0)
    net.connect(a, a, probability=0.2, weight=0.3, delay=2 * DT)
    net.connect(source, a, probability=0.6, weight=Uniform(1.0, 6.0), delay=3 * DT)
    net.connect(a, b, probability=0.4, weight=Uniform(1.0, 5.0), delay=Uniform(3 * DT, 6 * DT),
                channel="exc")
    net.connect(a, b, probability=0.2, weight=0.5, delay=4 * DT, channel="inh")
    net.connect(b, a, probability=0.3, weight=0.6, delay=5 * DT)


TIRING = TsodyksMakramParameters(tau_f_inv=50.0, tau_d_inv=40.0, U=0.6)


def tiring(net):
    """Synapses that tire, of two kinds, beside those that do not; within a group and between two.

    Neurons fire several times in a window, and a source twice in a step.
    """
    a = net.population("a", 30, LIFParameters(v_th=0.3))
    b = net.population("b", 9, LIFExcInhParameters(v_th=0.4))
    source = net.source("source", 4, [0.0, 0.002, 0.002, 0.002, 0.003, 0.003, 0.005, 0.011],
                        [1, 3, 3, 2, 3, 3, 3, 1])
    net.poisson(a, rate=400.0, weight=3.0)
    net.connect(a, a, FixedInDegree(4), weight=Normal(0.1, 0.3), delay=Uniform(5 * DT, 9 * DT),
                short_term=TIRING)
    net.connect(a[3:], a[:20], probability=0.2, weight=0.2, delay=6 * DT)
    net.connect(a[5:20], a[2:], probability=0.2, weight=-0.3, delay=11 * DT,
                short_term=TIRING._replace(U=0.2))
    net.connect(source, a[1:], probability=0.6, weight=Uniform(1.0, 3.0), delay=4 * DT,
                short_term=TIRING)
    net.connect(a, b, probability=0.4, weight=Uniform(1.0, 5.0), delay=Uniform(4 * DT, 7 * DT),
                channel="exc", short_term=TIRING)
    net.connect(a, b, probability=0.2, weight=0.5, delay=4 * DT, channel="inh")
    net.connect(b, a, probability=0.3, weight=0.6, delay=5 * DT, short_term=TIRING)


def drawn(net, procedural=True):
    """Procedural synapses of all rules beside stored ones; all kinds of weights and delays."""
    a = net.population("a", 30, LIFParameters(v_th=0.5))
    b = net.population("b", 20, LIFExcInhParameters(v_th=0.4))
    x = np.random.default_rng(0).random((30, 2))
    net.poisson(a, rate=300.0, weight=3.0)
    net.connect(a, a, FixedInDegree(4), weight=Normal(0.1, 0.3), delay=Uniform(3 * DT, 9 * DT))
    net.connect(a, a[3:], probability=0.1, autapses=False, weight=0.3, delay=4 * DT,
                procedural=procedural)
    net.connect(a[5:], a, FixedOutDegree(5), weight=Uniform(-0.4, 0.4), delay=3 * DT,
                procedural=procedural)
    net.connect(a, a[2:], FixedOutDegree(7, False, False), weight=0.1,
                delay=Uniform(3 * DT, 6 * DT), procedural=procedural, short_term=TIRING)
    net.connect(a, a, DistanceProbability(x, x, 0.9, sigma=0.1, box=(1.0, 1.0)),
                weight=LogNormal(-3.0, 0.5), delay=Normal(5 * DT, DT), procedural=procedural)
    net.connect(a, b, FixedTotalNumber(200), weight=Normal(0.5, 0.5), delay=4 * DT,
                channel="exc", procedural=procedural)
    net.connect(b, a, probability=1.0, weight=0.02, delay=5 * DT, procedural=procedural)
    net.connect(b[:10], a, DistanceProbability(x[:10, :1], x[:, :1], 0.8, length=0.3),
                weight=-0.1, delay=4 * DT, procedural=procedural)
    net.connect(b, b, probability=0.1, weight=0.2, delay=6 * DT, channel="inh")


def drawn_of_whole_numbers(net):
    """Procedural synapses that all share weight and delay."""
    a = net.population("a", 40, LIFParameters(v_th=0.3))
    net.poisson(a, rate=300.0, weight=3.0)
    net.connect(a, a[3:], probability=0.1, weight=0.2, delay=4 * DT, procedural=True)
    net.connect(a, a, FixedOutDegree(6, False, False), weight=-0.1, delay=6 * DT, procedural=True)


ADDITIVE = PairSTDP(eta_plus=0.1, eta_minus=0.12, w_max=0.5)
MULTIPLICATIVE = PairSTDP(eta_plus=0.2, eta_minus=0.1, w_min=-0.5, w_max=1.5, mu_plus=1.0,
                          mu_minus=1.0, nearest=True, tau_minus_inv=30.0)


def learning(net, additive=ADDITIVE, multiplicative=MULTIPLICATIVE):
    """Synapses that learn, by two rules, beside those that do not; within a group and between two.

    Some tire besides, some others are drawn. A source fires several times in a window, and twice
    in a step; one neuron so often that the history must grow.
    """
    a = net.population("a", 30, LIFParameters(v_th=0.3))
    b = net.population("b", 9, LIFExcInhParameters(v_th=0.4))
    source = net.source("source", 4, [0.0, 0.002, 0.002, 0.003, 0.005, 0.009, 0.009, 0.009, 0.011],
                        [1, 3, 2, 3, 3, 1, 1, 2, 1])
    net.poisson(a, rate=400.0, weight=3.0)
    net.current(a[:2], 9.0)
    net.connect(a, a, FixedInDegree(4), weight=Uniform(0.0, 0.5), delay=Uniform(3 * DT, 9 * DT),
                plasticity=additive)
    net.connect(a[3:], a[:20], probability=0.2, weight=0.2, delay=6 * DT)
    net.connect(a[5:20], a[2:], FixedTotalNumber(60, multapses=True), weight=0.3, delay=11 * DT,
                plasticity=multiplicative, short_term=TIRING)
    net.connect(a, a, probability=0.1, weight=-0.1, delay=4 * DT, procedural=True,
                short_term=TIRING)
    net.connect(source, a[1:], probability=0.6, weight=Uniform(0.5, 1.5), delay=4 * DT,
                plasticity=multiplicative)
    net.connect(a, b, probability=0.4, weight=Uniform(0.0, 0.5), delay=Uniform(4 * DT, 7 * DT),
                channel="exc", plasticity=additive, short_term=TIRING)
    net.connect(b, a, probability=0.3, weight=0.6, delay=5 * DT, short_term=TIRING)
    net.connect(b, b, probability=0.3, weight=0.2, delay=3 * DT, channel="exc")


def learning_between(net):
    """By powers of the room that is left, which a device may round otherwise."""
    learning(net, ADDITIVE._replace(mu_plus=0.4, mu_minus=0.7),
             MULTIPLICATIVE._replace(mu_plus=1.3))
