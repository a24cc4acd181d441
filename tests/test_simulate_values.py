"""Weights and delays of synapses: shared, listed and drawn; kept in as few bytes as do."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats

from eventsnn.connect import cpu, values
from eventsnn.core import random
from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.simulate import (
    AllToAll, ClippedNormal, FixedInDegree, FixedOutDegree, FixedProbability, LogNormal, Network,
    Normal, Uniform, synapse_values, wiring,
)
from eventsnn.simulate.rules import Rule
from tests import naive_network as naive
from tests.networks_under_test import DT
from tests.rules_under_test import VIEWS, network, rules, views

MS = 1e-3
DELAY = ClippedNormal(1.5 * MS, 0.8 * MS, low=DT)


def naive_uniforms(seed, projection, source, target, ordinal):
    """The numbers for weight and delay of a synapse, by the naive generator."""
    words = naive.philox(([source], [target], [ordinal << 16 | random.WEIGHT], [projection]),
                         (seed & 0xFFFFFFFF, seed >> 32))
    w = [int(word[0]) for word in words]
    return [((high << 20 | low >> 12) + 0.5) / 2**52 for high, low in (w[:2], w[2:])]


@pytest.mark.parametrize("multapses", [False, True])
def test_drawn__is_a_function_of_seed_projection_source_target_and_ordinal(multapses):
    net = network(seed=2**40 + 3)
    pre, post = views(net, "parts")
    net.connect(pre, post, AllToAll(), delay=DT)
    net.connect(pre, post, FixedOutDegree(12, multapses=multapses), delay=DELAY,
                weight=Uniform(-2.0, 5.0))
    net.build()
    start = len(naive.unpack(net)[0].targets)
    (edges,) = naive.unpack(net)[1:]
    assert start == 900

    begins = np.flatnonzero(np.diff(edges.sources, prepend=-1) != 0)
    first = net._simulation.groups[0].starts["cells"]
    for k in range(0, len(edges.targets), 7):
        target = first + int(edges.targets[k])
        row = [j for j in range(begins[begins <= k][-1], k + 1)
               if (first + edges.targets[j]) // naive.BLOCK == target // naive.BLOCK]
        for_weight, for_delay = naive_uniforms(
            2**40 + 3, 1, first + int(edges.sources[k]), target,
            len(row) - 1 if multapses else 0)
        assert edges.weights[k] == np.float32(-2.0 + 7.0 * for_weight)
        expected = stats.truncnorm((DT - 1.5 * MS) / (0.8 * MS), np.inf, 1.5 * MS, 0.8 * MS)
        assert edges.delay[k] == max(round(float(expected.ppf(for_delay)) / DT), 1)


@pytest.mark.parametrize("rule", [
    FixedInDegree(100), FixedProbability(0.2), FixedOutDegree(100, multapses=False)])
def test_drawn__has_its_distribution(rule):
    net = Network(DT, 11)
    cells = net.population("cells", 500, LIFParameters())
    laws = [(Normal(0.3, 0.1), stats.norm(0.3, 0.1)),
            (ClippedNormal(-1.0, 0.7, high=0.0), stats.truncnorm(-np.inf, 1 / 0.7, -1.0, 0.7)),
            (LogNormal(-2.0, 0.5), stats.lognorm(0.5, scale=np.exp(-2.0))),
            (Uniform(1.0, 2.0), stats.uniform(1.0, 1.0))]
    for law, expected in laws:
        made = net.connect(cells, cells, rule, weight=law, delay=Uniform(1 * MS, 3 * MS))
        weights, delays = made.weights, np.rint(made.delays / DT)
        assert stats.kstest(weights, expected.cdf).pvalue > 1e-4 / 24
        # From 10 to 30 steps; the ends get half a step's share.
        share = np.array([0.5, *[1.0] * 19, 0.5]) / 20
        assert stats.chisquare(np.bincount(delays.astype(int) - 10, minlength=21),
                               len(delays) * share).pvalue > 1e-4 / 24
        assert abs(np.corrcoef(weights, delays)[0, 1]) < 5 / np.sqrt(len(weights))
        assert abs(np.corrcoef(weights[1:], weights[:-1])[0, 1]) < 5 / np.sqrt(len(weights))
        net = Network(DT, 11)
        cells = net.population("cells", 500, LIFParameters())


def test_drawn__synapses_of_one_pair_differ():
    net = network()
    pre, post = views(net, "all")
    made = net.connect(pre[:2], post[:2], FixedInDegree(50), weight=Uniform(0.0, 1.0), delay=DELAY)

    assert len(set(made.weights)) == 100


def test_drawn__does_not_depend_on_the_rest_of_the_network():
    def made(more):
        net = Network(DT, 4)
        cells = net.population("cells", 300, LIFParameters())
        first = net.connect(cells, cells, FixedProbability(0.1), weight=Normal(0.0, 1.0),
                            delay=DELAY)
        if more:
            net.connect(cells, cells, FixedProbability(0.1), weight=Normal(5.0, 1.0),
                        delay=Uniform(0.03, 0.09))  # makes delays 2 bytes wide
        return first.synapses()

    for alone, beside in zip(made(False), made(True), strict=True):
        assert_array_equal(alone, beside)


@pytest.mark.parametrize("delay", [Normal(0.0, 3 * MS), Normal(DT, DT), Uniform(0.0, 2 * DT)])
def test_delay__is_never_below_one_step(delay):
    net = Network(DT, 1)
    cells = net.population("cells", 200, LIFParameters())
    made = net.connect(cells, cells, FixedInDegree(50), delay=delay)

    steps = np.rint(made.delays / DT)
    assert steps.min() == 1
    assert (steps == 1).mean() > 0.2


WIDTHS = [  # delays, and bytes of each
    (1.5 * MS, 0), (Uniform(DT, 255 * DT), 1), (Uniform(DT, 0.3), 2),
    (Normal(24 * MS, 0.3 * MS), 1),  # could be drawn above 255 steps, but is not
]


@pytest.mark.parametrize(("delay", "width"), WIDTHS)
@pytest.mark.parametrize(("weight", "more"), [(0.5, 0), (Normal(0.5, 0.1), 4)])
def test_storage__adapts(weight, more, delay, width):
    net = Network(DT, 1)
    cells = net.population("cells", 200, LIFParameters())
    net.connect(cells, cells, FixedInDegree(50), weight=weight, delay=delay)

    assert net.synapse_bytes == net.n_synapses * (2 + more + width) + 4 * 201


def of_matrix(net, pre, post, rng):
    dense = np.where(rng.random((len(pre), len(post))) < 0.3, rng.integers(-8, 9, (
        len(pre), len(post))) / 8, 0)
    return sparse.coo_array(dense)


@pytest.mark.parametrize("which", VIEWS)
@pytest.mark.parametrize("form", ["coo", "csr", "csc"])
@pytest.mark.parametrize("how", ["matrix", "array", "shuffled"])
def test_matrix__takes_a_delay_an_entry(which, form, how):
    net, rng = network(), np.random.default_rng(3)
    pre, post = views(net, which)
    matrix = of_matrix(net, pre, post, rng)
    steps = rng.integers(1, 40, len(matrix.data))
    delays = sparse.coo_array((steps * DT, (matrix.row, matrix.col)), matrix.shape)
    dense = delays.toarray()
    matrix = matrix.asformat(form)
    coo = matrix.tocoo()
    if how == "array":
        delay = dense[coo.row, coo.col]
    elif how == "matrix":
        delay = delays.asformat(form)
    else:
        order = rng.permutation(len(steps))
        delay = sparse.coo_array((delays.data[order], (delays.row[order], delays.col[order])),
                                 delays.shape)

    made = net.connect(pre, post, matrix=matrix, delay=delay, weight=0.5)

    assert made.delay is None and "own delays" in repr(made)
    assert_allclose(made.to_scipy("delays").toarray(), dense, rtol=1e-12)
    assert_array_equal(made.to_scipy().toarray(), matrix.toarray() * 0.5)


def test_matrix__takes_a_factor_an_entry():
    net, rng = network(), np.random.default_rng(3)
    pre, post = views(net, "two")
    matrix = of_matrix(net, pre, post, rng)
    factor = rng.integers(1, 9, len(matrix.data)) / 4

    made = net.connect(pre, post, matrix=matrix, delay=DT, weight=factor)

    expected = np.zeros(matrix.shape)
    expected[matrix.row, matrix.col] = matrix.data * factor
    assert_array_equal(made.to_scipy().toarray(), expected)
    assert made.delay == DT


def test_matrix__keeps_entries_of_one_pair_apart_where_delays_differ():
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters())
    at = ([0, 0, 0, 2, 0], [1, 1, 1, 2, 1])
    matrix = sparse.coo_array(([1.0, 2.0, 4.0, 8.0, 0.0], at), (3, 3))
    delay = sparse.coo_array((np.array([2, 5, 2, 1, 7]) * DT, at), (3, 3))

    made = net.connect(cells, cells, matrix=matrix, delay=delay)

    sources, targets, weights, delays = made.synapses()
    assert sources.tolist() == [0, 0, 0, 2] and targets.tolist() == [1, 1, 1, 2]
    assert weights.tolist() == [5.0, 2.0, 0.0, 8.0]
    assert np.rint(delays / DT).tolist() == [2, 5, 7, 1]
    with pytest.raises(ValueError, match="values must be 'weights' where a pair has several"):
        made.to_scipy("delays")
    assert made.to_scipy().toarray().tolist() == [[0, 7, 0], [0, 0, 0], [0, 0, 8]]
    with pytest.raises(ValueError, match="values must be one of delays, weights, got 'delay'"):
        made.to_scipy("delay")


def test_matrix__of_equal_weights_and_delays_shares_them():
    net = Network(DT)
    cells = net.population("cells", 30, LIFParameters())
    matrix = sparse.csr_array(np.ones((30, 30)))

    made = net.connect(cells, cells, matrix=matrix, delay=np.full(900, 2 * DT), weight=np.ones(900))

    assert made.delay == 2 * DT
    assert net.synapse_bytes == 2 * 900 + 4 * 31


def test_matrix__takes_drawn_delays_and_keeps_zeros():
    net = Network(DT)
    cells = net.population("cells", 30, LIFParameters())
    made = net.connect(cells, cells, matrix=sparse.coo_array(
        ([0.0, 1.0, 0.0], ([0, 1, 2], [3, 4, 5])), (30, 30)), delay=Uniform(MS, 5 * MS))

    assert made.weights.tolist() == [0.0, 1.0, 0.0]
    assert len(set(made.delays)) > 1


def test_packed__keeps_values_of_projections_apart():
    net, rng = Network(DT, 2), np.random.default_rng(0)
    a = net.population("a", naive.BLOCK + 30, LIFParameters())
    b = net.population("b", 50, LIFExcInhParameters())
    expected = []
    for k in range(6):
        pre, post = [(a[-60:], a[-80:]), (b, a[-40:]), (a[:10], b)][k % 3]
        matrix = of_matrix(net, pre, post, rng)
        steps = rng.integers(1, [30, 300][k % 2], len(matrix.data)) * DT if k != 4 else 2 * DT
        made = net.connect(pre, post, matrix=matrix, delay=steps,
                           channel="inh" if post is b else None)
        expected.append((made, matrix, steps))

    for made, matrix, steps in expected:
        _, _, weights, delays = made.synapses()
        order = np.lexsort((matrix.row, matrix.col))
        assert_array_equal(weights, matrix.data[order])
        assert_allclose(delays, np.broadcast_to(steps, len(order))[order])


def test_rows__widen_where_4_bytes_are_too_few(monkeypatch):
    def made():
        net = network()
        pre, post = views(net, "all")
        several = [net.connect(pre, post, rule, weight=Normal(0.0, 1.0), delay=DELAY)
                   for rule in rules(pre, post)]
        net.run(5 * DT)
        rows = net._simulation.groups[0].wired.synapses.rows
        return [one.synapses() for one in several], rows.dtype

    narrow, dtype = made()
    monkeypatch.setattr(wiring, "NARROW", 100)
    wide, wider = made()

    assert (dtype, wider) == (np.uint32, np.uint64)
    for one, other in zip(narrow, wide, strict=True):
        for a, b in zip(one, other, strict=True):
            assert_array_equal(a, b)


class Huge(Rule):
    """As many synapses as a test says; it writes none."""

    def __init__(self, length):
        self.length = length

    def wire(self, site, block_at, rows, targets):
        if targets is None:
            rows[0, :2] = self.length // 2, self.length - self.length // 2


@pytest.mark.parametrize(("length", "dtype"), [
    (2**31 - 1, np.uint32), (2**31 + 5, np.uint32), (2**32 - 1, np.uint32), (2**32, np.uint64)])
def test_synapses__of_more_than_2_to_31_are_counted(monkeypatch, length, dtype):
    asked = []
    monkeypatch.setattr(synapse_values, "allocate",
                        lambda n, dtype: asked.append(n) or np.empty(0, dtype))
    net = Network(DT)
    cells = net.population("cells", 2, LIFParameters())
    for _ in range(3):
        net.connect(cells, cells, Huge(length), delay=DT)

    net.build()

    synapses = net._simulation.groups[0].wired.synapses
    assert asked[0] == 3 * length
    assert synapses.rows.dtype == dtype
    assert synapses.block_at[:, 0].tolist() == [0, length, 2 * length]
    assert net.n_synapses == 3 * length


def test_deliver__reaches_beyond_2_to_32():
    targets = np.lib.stride_tricks.as_strided(np.full(1, 3, np.uint16), (2**33,), (0,))
    weights = np.lib.stride_tricks.as_strided(np.full(1, 0.5, np.float32), (2**33,), (0,))
    delays = np.lib.stride_tricks.as_strided(np.full(1, 2, np.uint8), (2**33,), (0,))
    ring, one = np.zeros((4, 1, 8), np.float32), np.uint64(1)
    row = one, np.uint64(0), one, targets, np.uint64(2**32 + 1), np.uint64(2**32 + 4), weights

    for weight_at in (cpu.SHARED, np.int64(-7)):
        shared = weight_at, np.float32(0.5), np.float32(1.0)
        numba.njit(cpu.deliver_row)(ring, *row, *shared)
        numba.njit(cpu.deliver_delayed)(ring, *row, *shared, delays, np.int64(-9))

    assert ring[1, 0, 4] == ring[3, 0, 4] == 3.0 and ring.sum() == 6.0


def test_value__of_a_constant_law():
    law = np.zeros(7)
    law[[values.SHIFT, values.LEAST, values.MOST]] = 3.0, -np.inf, np.inf

    assert values.quantile(law, 0.2) == 3.0
