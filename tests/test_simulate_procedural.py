"""Procedural projections: the same network as the stored one, without the memory."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.simulate import (
    AllToAll, ClippedNormal, DistanceProbability, FixedInDegree, FixedOutDegree, FixedProbability,
    FixedTotalNumber, LogNormal, Network, Normal, OneToOne, group,
)
from tests import naive_network as naive
from tests.naive_network import BLOCK
from tests.networks_under_test import DT, fingerprint, steps_of

MS = 1e-3
N = BLOCK + 900  # of one group; two blocks
POSITIONS = np.random.default_rng(0).random((N, 2))
LAWS = {  # weight, delay
    "shared": (0.0123, 1.5 * MS), "weights": (Normal(0.01, 0.02), 1.5 * MS),
    "delays": (0.0123, ClippedNormal(1.5 * MS, MS, low=3 * DT)),
    "both": (LogNormal(-5.0, 0.5), Normal(1 * MS, MS)),
}
RULES = {
    "probability": FixedProbability(0.02), "no autapses": FixedProbability(0.02, autapses=False),
    "out-degree": FixedOutDegree(90), "distinct": FixedOutDegree(90, False, False),
    "total": FixedTotalNumber(90 * N), "distance": DistanceProbability(
        POSITIONS, POSITIONS, 0.8, sigma=0.06, box=(1.0, 1.0)),
    "another": DistanceProbability(np.c_[POSITIONS, POSITIONS[:, 0]],
                                   np.c_[POSITIONS, POSITIONS[:, 1]], 0.9, length=0.15),
}


@pytest.fixture(autouse=True)
def parallel(monkeypatch):
    """However little work a step is, threads share it."""
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)


def network(rule, law, procedural, threads=1):
    """A stored projection before and after the one that is perhaps procedural."""
    net = Network(DT, 3, threads)
    cells = net.population("cells", N, LIFParameters(), refractory=2 * MS)
    weight, delay = LAWS[law]
    net.connect(cells[:100], cells, FixedInDegree(5), weight=-0.3, delay=2 * DT)
    net.connect(cells, cells, RULES[rule], weight=weight, delay=delay, procedural=procedural)
    net.connect(cells, cells[:70], FixedInDegree(20), weight=Normal(0.0, 0.1), delay=delay)
    net.poisson(cells, rate=2000.0, weight=0.2)
    return net


def print_of(net, *pieces):
    return fingerprint(net, *pieces), net.cost.spikes, net.cost.synaptic_events


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("law", LAWS)
def test_procedural__is_the_stored_network(rule, law):
    stored = print_of(network(rule, law, False), 15 * MS)

    for threads, pieces in ((1, (4 * MS, 0.3 * MS, 10.7 * MS)), (2, (15 * MS,)), (4, (15 * MS,))):
        assert print_of(network(rule, law, True, threads), *pieces) == stored


def test_procedural__seeds_differ():
    """So that the equality above proves something."""
    found = []
    for seed in (1, 2):
        net = network("probability", "both", True)
        net.seed = np.uint64(seed)
        found.append(print_of(net, 15 * MS))

    assert found[0] != found[1]


def test_procedural__several_of_all_kinds_between_two_groups():
    def made(procedural, threads):
        net = Network(DT, 5, threads)
        a = net.population("a", N, LIFParameters(), refractory=2 * MS)
        b = net.population("b", 700, LIFExcInhParameters(v_leak=1.1), refractory=2 * MS)
        x, y = POSITIONS, POSITIONS[:700]
        for pre, post, rule, channel in [
                (a, b, FixedOutDegree(20, multapses=False), "exc"), (b, a[5:], FixedProbability(
                    0.01), None), (b, b, DistanceProbability(y, y, 0.5, sigma=0.2), "inh"),
                (a[10:], a[:90], FixedTotalNumber(9000), None),
                (b[30:], b, FixedProbability(0.05), "exc"),
                (a, a, DistanceProbability(x[:, :1], x[:, :1], 0.5, length=0.01), None)]:
            net.connect(pre, post, rule, weight=Normal(-0.02, 0.1), channel=channel,
                        delay=ClippedNormal(MS, MS, low=DT), procedural=procedural)
            net.connect(pre, post[:50], FixedInDegree(3), weight=0.1, channel=channel, delay=3 * DT)
        net.poisson(a, rate=2000.0, weight=0.2)
        return net

    stored = print_of(made(False, 1), 12 * MS)
    assert print_of(made(True, 1), 5 * MS, 7 * MS) == stored
    assert print_of(made(True, 2), 12 * MS) == stored


def test_procedural__equals_naive():
    """Stored with the same seed, unpacked and simulated without cleverness."""
    net, stored = network("distinct", "both", True), network("distinct", "both", False)
    stored.build()
    spikes = net.record(net.populations["cells"], "spikes")
    p = LIFParameters()._asdict()

    net.run(14 * MS)

    edges = [e._replace(weights=e.weights.astype(np.float64)) for e in naive.unpack(stored)]
    expected, _ = naive.simulate(
        {"cells": naive.Population("LIF", N, p, 20)}, edges, 140, DT,
        drives=[naive.Input("poisson", "cells", 0, 0, np.full(N, 0.2), np.array([0]),
                            np.full((1, N), 0.2))], seed=3)
    steps, ids = expected["cells"]
    ours = set(zip(steps_of(spikes.times).tolist(), spikes.ids.tolist(), strict=True))
    theirs = set(zip(steps.tolist(), ids.tolist(), strict=True))
    assert len(theirs) > 500
    assert len(ours ^ theirs) < 0.002 * len(theirs)  # sums of any weights are rounded otherwise


@pytest.mark.parametrize("rule", RULES)
def test_procedural__can_be_looked_at(rule):
    found = []
    for procedural in (False, True):
        net = network(rule, "both", procedural)
        made = net.connections[1]
        found.append((len(made), net.n_synapses, *made.in_degree(), *made.synapses(100, 120)))

    for a, b in zip(*found, strict=True):
        assert_array_equal(a, b)


def test_procedural__takes_no_memory_for_synapses(monkeypatch):
    net = Network(DT, 1)
    cells = net.population("cells", N, LIFParameters())
    for rule in RULES.values():
        net.connect(cells, cells, rule, weight=Normal(0.0, 0.1), delay=2 * MS, procedural=True)
    net.run(3 * DT)

    # Where a rule gives rows their lengths, those are kept: 4 bytes a neuron and block.
    assert net.synapse_bytes == 3 * 4 * 2 * (N + 1)
    assert net.n_synapses > 100 * net.synapse_bytes / 4 / 40


def test_procedural__of_a_thousand_million_synapses_is_built_at_once(monkeypatch):
    monkeypatch.undo()
    net = Network(DT, 1)
    cells = net.population("cells", 100_000, LIFParameters(), initial={"v": np.eye(
        1, 100_000, 7)[0] * 2.0})
    made = net.connect(cells, cells, FixedOutDegree(10_000), delay=DT, weight=1e-3, procedural=True)
    net.run(4 * DT)

    assert len(made) == 10**9
    assert net.synapse_bytes < 4e6
    assert net.cost.synaptic_events == 10_000 * net.cost.spikes == 10_000


@pytest.mark.parametrize("rule", [OneToOne(), AllToAll(), FixedInDegree(3)])
def test_procedural__refuses_rules_of_other_kinds(rule):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())

    with pytest.raises(ValueError, match="procedural must be False but for rules whose rows"):
        net.connect(cells, cells, rule, delay=DT, procedural=True)


def test_wired__without_procedural_projections_has_no_recipes():
    net = network("total", "both", False)
    net.build()

    assert net._simulation.groups[0].wired.recipes is None
