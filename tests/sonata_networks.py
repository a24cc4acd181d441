"""Networks that tests write as SONATA, and their synapses as plain lists."""

import numpy as np
from scipy import sparse

from eventsnn.neurons import IzhikevichParameters, LIFExcInhParameters, LIFParameters
from eventsnn.simulate import Network
from tests.networks_under_test import DT

SIZES = {"exc": 60, "inh é": 20, "last": 5}
POSITIONS = np.random.default_rng(1).random((60, 3))


def exact(rng, shape, density=0.3):
    """Weights whose sums are exact in float32, in any order."""
    return np.where(rng.random(shape) < density, rng.integers(-16, 17, shape) / 16, 0)


def network(seed=5):
    """Three models, parts of populations, several connections of a pair, delays and channels."""
    net, rng = Network(DT, seed), np.random.default_rng(seed)
    exc = net.population("exc", 60, LIFParameters(v_th=np.linspace(0.8, 1.2, 60)), refractory=2e-3)
    inh = net.population("inh é", 20, LIFExcInhParameters(),
                         initial={"v": rng.random(20), "i_exc": 0.5})
    last = net.population("last", 5, IzhikevichParameters(), initial={"v": -60.0})
    for k, (pre, post, channel) in enumerate([
            (exc, exc[:30], None), (exc, inh, "exc"), (inh, exc, None), (exc[10:], exc, None),
            (inh[5:], inh[:10], "inh"), (exc, last, None), (exc, inh, "inh"), (exc, exc, None)]):
        net.connect(pre, post, matrix=sparse.csr_array(exact(rng, (len(pre), len(post)))),
                    delay=(1 + k % 4) * 5e-4, channel=channel)
    net.connect(exc, inh, probability=0.2, weight=0.125, delay=1e-3, channel="exc")
    return net


def with_runs():
    """A network in whose files many edges of one source follow each other."""
    net = Network(DT)
    one = net.population("one", 1, LIFParameters())
    many = net.population("many", 30, LIFParameters())
    for pre, post in ((one, many), (many, one), (many, many)):
        net.connect(pre, post, probability=0.2 if pre is post else 1.0, delay=DT)
        net.connect(pre[:1], post[:20], probability=1.0, delay=2 * DT)
    return net


def edges_of(net):
    """All synapses by the names of the populations: sorted rows target, source, delay, ..."""
    found = {}
    for c in net.connections:
        sources, targets, weights, delays = c.synapses()
        rows = found.setdefault((c.pre.population.name, c.post.population.name), [])
        rows += zip(targets + c.post.start, sources + c.pre.start, np.rint(delays / DT),
                    [c.channel or ""] * len(sources), weights, strict=True)
    return {ends: sorted(rows) for ends, rows in found.items()}
