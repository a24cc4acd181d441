"""Networks: step by step as the naive simulator has them, and the smallest ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from eventsnn.neurons import (
    IAFParameters, LIBoxParameters, LIFBoxParameters, LIFExcInhParameters, LIFParameters,
    LIParameters,
)
from eventsnn.simulate import Network
from eventsnn.surrogates import SuperSpike
from tests import naive_network as naive
from tests.networks_under_test import CASES, DT, Twin, steps_of, twin_of


@pytest.mark.parametrize("case", CASES)
def test_network__spikes_equal_naive(case):
    twin, n_steps = twin_of(case), CASES[case][1]
    recorded = {name: twin.net.record(q, "spikes") for name, q in twin.net.populations.items()}

    twin.net.run(n_steps * DT)

    spikes, traces = twin.naive(n_steps)
    assert sum(len(ids) for _, ids in spikes.values()) > 50
    for name, r in recorded.items():
        assert_array_equal(steps_of(r.times), spikes[name][0])
        assert_array_equal(r.ids, spikes[name][1])
        for variable, values in twin.net.state(twin.net.populations[name])._asdict().items():
            if variable != "rho":
                assert_array_equal(values, traces[name][variable][-1])
    assert twin.net.cost.spikes == sum(len(ids) for _, ids in spikes.values())
    sent = {name: ids for name, (_, ids) in spikes.items()}
    sent |= {name: ids[steps <= n_steps] for name, (steps, ids) in twin.sources.items()}
    size = {name: len(q) for name, q in (twin.net.populations | twin.net.sources).items()}
    assert twin.net.cost.synaptic_events == sum(
        out_degrees(e, size[e.pre])[sent[e.pre]].sum() for e in twin.edges)


def out_degrees(edges, n_pre):
    """Synapses of each source; one where a matrix lists several entries of a pair."""
    sources, _ = np.unique(np.stack([edges.sources, edges.targets]), axis=1)
    return np.bincount(sources, minlength=n_pre)


@pytest.mark.parametrize("case", [c for c in CASES if c != "of_several_blocks"])
def test_network__traces_equal_naive(case):
    twin, n_steps = twin_of(case), 400
    recorded = {(name, v): twin.net.record(q, v) for name, q in twin.net.populations.items()
                for v in q.model.state._fields if v != "rho"}

    twin.net.run(n_steps * DT)

    _, traces = twin.naive(n_steps)
    for (name, variable), r in recorded.items():
        assert_array_equal(steps_of(r.times), np.arange(1, n_steps + 1))
        assert_array_equal(r.values, traces[name][variable])
        assert r.values.dtype == np.float32


@pytest.mark.parametrize("autapses", [False, True])
def test_network__with_fixed_probability_equals_naive(autapses):
    twin = Twin(seed=5)
    a = twin.population("a", "LIF", 4000, refractory=5)
    b = twin.population("b", "LIF", 1000, refractory=5)
    c = twin.population("c", "LIFExcInh", 50, refractory=5)
    for pre, post, weight, delay, channel in [
            (a, a, 1 / 32, 2, None), (a, b[::], 1 / 16, 1, None), (b, a[500:], -1 / 4, 3, None),
            (a, c, 1 / 4, 4, "exc"), (c, b, 0.125, 2, None)]:
        twin.net.connect(pre, post, probability=0.02, weight=weight, delay=delay * DT,
                         channel=channel, autapses=autapses)
    for q in (a, b):
        twin.poisson(q, 2000.0, 0.25)
    recorded = {name: twin.net.record(q, "spikes") for name, q in twin.net.populations.items()}

    twin.net.run(300 * DT)

    spikes, _ = twin.naive(300, naive.unpack(twin.net))
    for name, r in recorded.items():
        assert len(r.ids) > 50
        assert_array_equal(steps_of(r.times), spikes[name][0])
        assert_array_equal(r.ids, spikes[name][1])


@pytest.mark.parametrize("post_model", [LIFParameters, LIBoxParameters, IAFParameters])
@pytest.mark.parametrize("delay", [1, 2, 7, 63, 64, 65, 200])
def test_delay__counts_from_the_end_of_the_step_of_the_spike(post_model, delay):
    net = Network(DT)
    pre = net.population("pre", 1, LIFParameters(), initial={"v": 2.0})  # spikes in step 0, at 1 dt
    post = net.population("post", 1, post_model())
    net.connect(pre, post, probability=1.0, weight=0.5, delay=delay * DT)
    spikes = net.record(pre, "spikes")
    v = net.record(post, "v")

    net.run((delay + 5) * DT)

    assert_allclose(spikes.times, [DT])
    # acts in step 1 + delay, whose end is at (2 + delay) dt
    assert_allclose(v.times[np.flatnonzero(v.values[:, 0])[0]], (2 + delay) * DT)


@pytest.mark.parametrize("part", [slice(2, 2), slice(9, 99)])
@pytest.mark.parametrize("role", ["post", "pre"])
def test_network__takes_empty_parts(part, role):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())
    pre, post = (cells, cells[part]) if role == "post" else (cells[part], cells)
    net.connect(pre, post, probability=0.5, delay=DT)
    net.connect(pre, post, matrix=sparse.csr_array((len(pre), len(post))), delay=DT)
    net.poisson(cells[part], rate=100.0, weight=1.0)
    net.constant(cells[part], 1.0)

    net.run(0.01)

    assert net.n_synapses == 0


@pytest.mark.parametrize("p", [LIParameters(), LIBoxParameters()])
def test_network__integrators_do_not_spike(p):
    net = Network(DT)
    cells = net.population("cells", 4, p)
    net.constant(cells, 0.1)

    net.run(0.01)

    assert net.state(cells).v.min() > 0
    assert net.cost.spikes == 0


def test_network__with_no_synapses_runs():
    net = Network(DT)
    cells = net.population("cells", 1, IAFParameters(), threshold=SuperSpike())
    spikes = net.record(cells, "spikes")

    net.run(0.5)

    assert (net.n_synapses, len(spikes.times), spikes.times.dtype, spikes.ids.dtype) == (
        0, 0, np.float64, np.int64)


@pytest.mark.parametrize("driven", [False, True])
@pytest.mark.parametrize("p", [LIFBoxParameters(v_leak=0.5), LIFExcInhParameters(v_leak=-49.0)])
def test_network__that_nothing_reaches_does_as_one_whose_inputs_are_zero(p, driven):
    """It has no ring of inputs: what is constant is read where it lies."""
    channel = {"channel": "exc"} if isinstance(p, LIFExcInhParameters) else {}
    spikes = []
    for others in (False, True):
        net = Network(DT)
        cells = net.population("cells", 700, p)  # more than a part
        if driven:
            net.constant(cells, np.linspace(0.4, 3.0, 700), **channel)
        if others:
            net.noise(cells, 0.0, 0.0, **channel)
        recorded = net.record(cells, "spikes")
        net.run(67 * DT)  # more than a window
        net.run(300 * DT)
        spikes.append((recorded.times, recorded.ids, net.state(cells).v))

    assert len(spikes[0][0]) > 50 or not driven
    for alone, fed in zip(*spikes, strict=True):
        assert_array_equal(alone, fed)
