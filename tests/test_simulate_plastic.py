"""Synapses that learn and tire, in networks."""

import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn.neurons import IAFParameters, LIFExcInhParameters, LIFParameters
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.record import Recorder, Report
from eventsnn.simulate import (
    AllToAll, ClippedNormal, FixedInDegree, FixedOutDegree, FixedProbability, Network, OneToOne,
    Uniform,
)
from tests import naive_plastic

DT = 1e-4
NEST = json.loads(pathlib.Path(__file__).with_name("data").joinpath("plastic", "nest.json")
                  .read_text())
RULES = {
    "additive": PairSTDP(w_max=0.3),
    "nearest": PairSTDP(w_max=0.3, nearest=True),
    "multiplicative": PairSTDP(w_max=0.3, mu_plus=1, mu_minus=1, eta_plus=0.1, eta_minus=0.1),
    "between": PairSTDP(w_max=0.3, w_min=-0.1, mu_plus=0.4, mu_minus=0.7, eta_plus=0.01,
                        eta_minus=0.02, tau_plus_inv=30.0, tau_minus_inv=80.0),
    "clipped": PairSTDP(w_max=0.22, w_min=0.08, eta_plus=0.1, eta_minus=0.12),
}
STP = TsodyksMakramParameters(tau_f_inv=5.0, tau_d_inv=4.0, U=0.3)


class Learning:
    """A recurrent network and a source, both of whose projections learn."""

    def __init__(self, p, delay=1.5e-3, threads=1, n=40, **both):
        self.net = net = Network(DT, seed=3, threads=threads)
        self.cells = net.population("cells", n, LIFParameters(), refractory=2e-3)
        rng = np.random.default_rng(0)
        steps, ids = rng.integers(0, 3000, 150), rng.integers(0, 5, 150)
        source = net.source("source", 5, steps * DT, ids)
        self.given = [np.sort(steps[ids == k]) for k in range(5)]
        self.connections = [
            net.connect(self.cells, self.cells[5:], FixedInDegree(5), weight=0.1, delay=delay,
                        plasticity=p, **both),
            net.connect(source, self.cells, FixedProbability(0.4),
                        weight=ClippedNormal(0.15, 0.05, 0.08, 0.22), delay=2 * DT, plasticity=p)]
        net.poisson(self.cells, rate=2000.0, weight=0.3)
        self.spikes = net.record(self.cells, "spikes")

    def trains(self):
        steps = np.rint(self.spikes.times / DT).astype(int)
        return [steps[self.spikes.ids == k] for k in range(len(self.cells))]

    def weights(self):
        return [c.weights for c in self.connections]


@pytest.mark.parametrize("delay", [1e-4, 1.5e-3, Uniform(1e-4, 9e-3)], ids=["1", "15", "1-90"])
@pytest.mark.parametrize("name", RULES)
def test_weights__are_those_of_each_synapse_by_itself(name, delay):
    made, p = Learning(RULES[name], delay), RULES[name]
    before = made.weights()

    made.net.run(0.25)

    trains = made.trains()
    assert min(map(len, trains)) > 5
    for connection, sources, start in zip(made.connections, (trains, made.given), before,
                                          strict=True):
        s = connection.synapses()
        expected = [naive_plastic.weight(float(w), sources[i], trains[j + connection.post.start],
                                         round(d / DT), p, DT, made.net.step)
                    for i, j, w, d in zip(s.sources, s.targets, start, s.delays, strict=True)]
        assert_allclose(s.weights, expected, rtol=0, atol=1e-6)
        assert np.ptp(s.weights) > 0.02


@pytest.mark.parametrize("name", NEST["stdp"])
def test_weights__agree_with_nest(name):
    case = NEST["stdp"][name]
    q = case["parameters"]
    p = PairSTDP(eta_plus=q["lambda"], eta_minus=q["lambda"] * q["alpha"],
                 tau_plus_inv=1e3 / q["tau_plus"], tau_minus_inv=1e3 / q["tau_minus"],
                 w_max=q["Wmax"], mu_plus=q["mu_plus"], mu_minus=q["mu_minus"],
                 nearest=name == "nearest")
    net = Network(NEST["dt"] * 1e-3)
    source = net.source("pre", 1, np.array(case["pre"]) * net.dt, np.zeros(len(case["pre"]), int))
    cell = net.population("post", 1, IAFParameters(v_th=1e6))  # it fires when it is told to
    net.spikes(cell, (np.array(case["post"]) - 1) * net.dt, np.zeros(len(case["post"]), int),
               weight=2e6)
    learning = net.connect(source, cell, OneToOne(), weight=q["weight"],
                           delay=NEST["delay"] * 1e-3, plasticity=p)
    fired, trace = net.record(cell, "spikes"), net.record(learning, "weight")

    net.run(1.01)

    assert_array_equal(np.rint(fired.times / net.dt), case["post"])
    assert_allclose(trace.values[np.array(case["pre"]) - 1, 0], case["weights"], rtol=2e-6)


def brought(case, procedural=False):
    """What spikes of one source bring to a neuron that adds up."""
    q = case["parameters"]
    net = Network(NEST["dt"] * 1e-3)
    source = net.source("pre", 1, np.array(case["pre"]) * net.dt, np.zeros(len(case["pre"]), int))
    cell = net.population("post", 1, IAFParameters(v_th=1e6))
    net.connect(source, cell, FixedProbability(1.0), weight=q["weight"], delay=1.5e-3,
                procedural=procedural,
                short_term=TsodyksMakramParameters(tau_f_inv=1e3 / q["tau_fac"],
                                                   tau_d_inv=1e3 / q["tau_rec"], U=q["U"]))
    v = net.record(cell, "v")
    net.run(1.02)
    return np.diff(v.values[:, 0].astype(float), prepend=0.0)[np.array(case["pre"]) + 15]


@pytest.mark.parametrize("procedural", [False, True])
@pytest.mark.parametrize("name", NEST["tsodyks"])
def test_release__agrees_with_nest(name, procedural):
    case = NEST["tsodyks"][name]

    assert_allclose(brought(case, procedural), case["weights"], rtol=1e-5, atol=2e-6)


def test_release__scales_each_weight():
    """With a weight, and a delay, of each synapse's own; stored and procedural."""
    totals = []
    for short_term, procedural in [(None, False), (STP, False), (STP, True)]:
        net = Network(DT, seed=2)
        times = np.arange(1, 11) * 10e-3
        source = net.source("pre", 3, np.repeat(times, 3), np.tile([0, 1, 2], 10))
        cells = net.population("post", 40, IAFParameters(v_th=1e6))
        net.connect(source, cells, FixedOutDegree(30), weight=Uniform(0.5, 1.0),
                    delay=Uniform(1e-3, 2e-3), short_term=short_term, procedural=procedural)
        v = net.record(cells, "v", every=5e-3)
        net.run(0.12)
        totals.append(np.diff(v.values[1::2], axis=0))
    plain, stored, drawn = totals
    shares = naive_plastic.releases(np.arange(1, 11) * 100, STP, DT)

    assert np.ptp(plain[0]) > 0.5
    assert_allclose(stored[:10], plain[:10] * shares[:, None], rtol=1e-5, atol=1e-5)
    assert_array_equal(drawn, stored)


@pytest.mark.parametrize("name", ["additive", "nearest"])
def test_results__do_not_depend_on_pieces_or_looks(name):
    whole, pieces, looked = (Learning(RULES[name], short_term=STP) for _ in range(3))
    trace = looked.net.record(looked.connections[1], "weight", every=3e-4)

    whole.net.run(0.3)
    for seconds in [0.0001, 0.0103, 0.05, 0.0896, 0.15]:
        pieces.net.run(seconds)
    looked.net.run(0.3)

    for other in (pieces, looked):
        assert_array_equal(other.spikes.times, whole.spikes.times)
        assert_array_equal(other.spikes.ids, whole.spikes.ids)
        for a, b in zip(other.weights(), whole.weights(), strict=True):
            assert_array_equal(a, b)
    assert_array_equal(trace.values[-1], looked.connections[1].weights)


def test_history__is_bounded_and_grows_where_neurons_fire_often():
    made = Learning(RULES["additive"], Uniform(1e-4, 20e-3), n=20)
    made.net.poisson(made.cells[:1], rate=50_000.0, weight=5.0)  # fires whenever it may
    calm = Learning(RULES["additive"])

    made.net.run(0.5)
    calm.net.run(3.0)

    learning = made.net._simulation.groups[0].learning
    calm_depth = calm.net._simulation.groups[0].learning.history.steps.shape[1]
    held = np.diff(learning.history.span, axis=1)
    assert held.max() <= learning.history.steps.shape[1]
    assert calm_depth < max(map(len, calm.trains()))  # older spikes were forgotten
    trains = made.trains()
    s = made.connections[0].synapses()
    for i in np.flatnonzero(s.targets + 5 < 20)[:100]:
        assert s.weights[i] == pytest.approx(naive_plastic.weight(
            0.1, trains[s.sources[i]], trains[s.targets[i] + 5], round(s.delays[i] / DT),
            RULES["additive"], DT, made.net.step), abs=1e-6)


@pytest.mark.parametrize("threads", [2, 4])
def test_threads__give_the_same(threads, monkeypatch):
    from eventsnn.connect import blocks
    from eventsnn.simulate import group

    monkeypatch.setattr(blocks, "size", lambda n: 24)
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)
    serial, parallel = (Learning(RULES["between"], Uniform(1e-4, 5e-3), k, n=100, short_term=STP)
                        for k in (1, threads))
    assert len(serial.net._built().groups[0].events) > 4

    serial.net.run(0.3)
    parallel.net.run(0.3)

    assert_array_equal(parallel.spikes.times, serial.spikes.times)
    assert_array_equal(parallel.spikes.ids, serial.spikes.ids)
    for a, b in zip(parallel.weights(), serial.weights(), strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_snapshot__goes_on_bit_for_bit(kind, tmp_path):
    made = Learning(RULES["between"], Uniform(1e-4, 5e-3), short_term=STP)
    made.net.run(0.12)
    before = made.net.store()
    made.net.save(tmp_path / "net.h5")
    made.net.run(0.13)
    weights, v = made.weights(), made.net.state(made.cells).v

    if kind == "memory":
        made.net.restore(before)
        again = made.net
    else:
        again = Network.load(tmp_path / "net.h5", threads=2)
    assert any((a != b.weights).any() for a, b in zip(weights, again.connections, strict=True))
    again.run(0.07)
    again.run(0.06)

    for a, b in zip(weights, again.connections, strict=True):
        assert_array_equal(b.weights, a)
    assert_array_equal(again.state(again.populations["cells"]).v, v)


def test_weights__are_recorded(tmp_path):
    made = Learning(RULES["additive"])
    recurrent, coming_in = made.connections
    samplings = [recurrent.sampling(0.05, targets=[3, 7]), coming_in.sampling(0.1)]
    with Recorder(tmp_path / "run.h5", {"cells": 40}, DT, samplings=samplings) as recorder:
        made.net.run(0.1, recorder=recorder)
        halfway = recurrent.synapses(), coming_in.weights
        made.net.run(0.1, recorder=recorder)

    with Report(tmp_path / "run.weight.h5") as report:
        times, targets, values = report.values(recurrent.name)
        assert_allclose(times, [0.05, 0.1, 0.15, 0.2])
        mine = np.isin(halfway[0].targets, [3, 7])
        assert_array_equal(targets, halfway[0].targets[mine])
        assert_array_equal(values[1], halfway[0].weights[mine])
        assert_array_equal(values[3], recurrent.weights[mine])
        times, targets, values = report.values("source_to_cells")
        assert_allclose(times, [0.1, 0.2])
        assert_array_equal(values, [halfway[1], coming_in.weights])


def test_to_scipy__has_the_weights_of_now():
    made = Learning(RULES["additive"])
    made.net.run(0.2)
    made.net.run(0.05)

    s, matrix = made.connections[1].synapses(), made.connections[1].to_scipy()

    assert_array_equal(matrix.toarray()[s.sources, s.targets], s.weights)
    assert np.ptp(s.weights) > 0.02


def test_kinds__may_be_mixed_in_one_network():
    """Static and plastic projections onto one group, two rules, two models."""
    def run(p, short_term):
        net = Network(DT, seed=5)
        a = net.population("a", 30, LIFParameters(), refractory=2e-3)
        b = net.population("b", 20, LIFExcInhParameters(), refractory=2e-3)
        net.poisson(a, rate=2000.0, weight=0.4)
        net.poisson(b, rate=2000.0, weight=0.4, channel="exc")
        kept = [net.connect(a, a, FixedInDegree(5), weight=0.1, delay=1e-3),
                net.connect(a, a, FixedInDegree(5), weight=0.1, delay=1e-3, plasticity=p),
                net.connect(b, a, FixedInDegree(5), weight=0.1, delay=2e-3, plasticity=p,
                            short_term=short_term),
                net.connect(a, b, FixedInDegree(5), weight=0.1, delay=1e-3, channel="exc",
                            plasticity=p and p._replace(nearest=True)),
                net.connect(b, b, FixedInDegree(5), weight=0.1, delay=1e-3, channel="inh",
                            short_term=short_term)]
        net.run(0.2)
        spikes = net.cost.spikes
        return spikes, [c.weights for c in kept]

    static, _ = run(None, None)
    frozen, _ = run(PairSTDP(eta_plus=0.0, eta_minus=0.0), None)
    changing, weights = run(PairSTDP(), STP)

    assert frozen == static
    assert changing != static
    assert [np.ptp(w) > 0 for w in weights] == [False, True, True, True, False]


@pytest.mark.parametrize("change, message", [
    (dict(plasticity=0.1), "plasticity must be a PairSTDP, got float"),
    (dict(plasticity=PairSTDP(w_min=1.0)), "w_min must be below w_max = 1, got 1"),
    (dict(plasticity=PairSTDP(tau_plus_inv=0.0)), "tau_plus_inv must be above 0, got 0"),
    (dict(plasticity=PairSTDP(eta_minus=np.nan)), "eta_minus must be finite, got nan"),
    (dict(plasticity=PairSTDP(mu_plus=-1.0)), "mu_plus must be at least 0, got -1"),
    (dict(plasticity=PairSTDP(nearest=2)), "nearest must be True or False, got 2"),
    (dict(plasticity=PairSTDP(w_max=0.05)),
     "weight must lie in 0 ... 0.05, the bounds of plasticity, got 0.1 ... 0.1"),
    (dict(plasticity=PairSTDP(), weight=ClippedNormal(0.5, 0.1)),
     "weight must lie in 0 ... 1, the bounds of plasticity, got -0.320954 ... 1.32095; bound it "
     "with ClippedNormal or Uniform"),
    (dict(plasticity=PairSTDP(), procedural=True),
     "procedural must be False where weights change, got True"),
    (dict(short_term=PairSTDP()), "short_term must be TsodyksMakramParameters, got PairSTDP"),
    (dict(short_term=STP._replace(U=1.5)), "U must be a share, from 0 to 1, got 1.5"),
    (dict(short_term=STP._replace(tau_d_inv=-1.0)), "tau_d_inv must be above 0, got -1"),
    (dict(name="a/b"), "name must not be empty, nor hold a slash or be a dot, got 'a/b'"),
    (dict(name="cells"), "name must be new in the network, got 'cells'"),
    (dict(name="cells_to_cells"), "name must be new in the network, got 'cells_to_cells'"),
])
def test_connect__refuses(change, message):
    net = Network()
    cells = net.population("cells", 10, LIFParameters())
    net.connect(cells, cells, AllToAll(), delay=1e-3)

    with pytest.raises((ValueError, TypeError)) as error:
        net.connect(cells, cells, **{"rule": FixedProbability(0.5), "weight": 0.1, "delay": 1e-3,
                                     **change})

    assert str(error.value) == message
    assert len(net.connections) == 1


def test_sampling__refuses_other_synapses(tmp_path):
    made = Learning(RULES["additive"])
    right = made.connections[0].sampling(0.1)
    for wrong, message in [
            (right._replace(elements=right.elements[::-1]), "elements must be those of the "
             "synapses of 'cells_to_cells', got others; take connection.sampling(every)"),
            (right._replace(variable="v"), "variable must be one of weight, got 'v'"),
            (right._replace(population="nobody"), "population must be one of cells, "
             "cells_to_cells, source_to_cells, got 'nobody'")]:
        recorder = Recorder(tmp_path / "run.h5", {"cells": 40}, DT, samplings=[wrong])
        with recorder, pytest.raises(ValueError) as error:
            made.net.run(0.1, recorder=recorder)
        assert str(error.value) == message
        for file in tmp_path.iterdir():
            file.unlink()
