"""Each rule makes what its definition says, between any two views."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.connect import blocks
from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.simulate import (
    AllToAll, FixedInDegree, FixedOutDegree, FixedProbability, FixedTotalNumber, Network, OneToOne,
)
from eventsnn.simulate import rules as rules_module
from tests import naive_network as naive
from tests.networks_under_test import DT
from tests.rules_under_test import VIEWS, counts, itself, network, rules, views

EACH = [pytest.param(which, k, id=f"{which}, {rule!r:.40}") for which in VIEWS
        for k, rule in enumerate(rules(*views(network(), which)))]


def defined(rule, found, same):
    """Whether the numbers of synapses of all pairs are what the rule allows, read naively."""
    allowed = ~same if not getattr(rule, "autapses", True) else np.ones_like(same)
    assert (found[~allowed] == 0).all()
    if not getattr(rule, "multapses", False):
        assert found.max() <= 1
    if isinstance(rule, OneToOne):
        assert_array_equal(found, np.eye(len(found)))
    elif isinstance(rule, AllToAll):
        assert_array_equal(found, allowed)
    elif isinstance(rule, FixedInDegree):
        assert_array_equal(found.sum(axis=0), rule.n)
    elif isinstance(rule, FixedTotalNumber):
        assert found.sum() == rule.n
    elif isinstance(rule, FixedOutDegree):
        assert_array_equal(found.sum(axis=1), rule.n)
    else:
        assert 0 < found.sum() < allowed.sum()


@pytest.mark.parametrize(("which", "k"), EACH)
def test_rule__makes_what_it_says(which, k):
    net = network()
    pre, post = views(net, which)
    rule = rules(pre, post)[k]

    made = net.connect(pre, post, rule, delay=DT)

    found = counts(net, pre, post)
    defined(rule, found, itself(pre, post))
    assert len(made) == net.n_synapses == found.sum()
    assert_array_equal(made.in_degree(), found.sum(axis=0))
    listed = made.synapses()
    again = np.zeros_like(found)
    np.add.at(again, (listed.sources, listed.targets), 1)
    assert_array_equal(again, found)
    assert (np.diff(listed.targets * len(pre) + listed.sources) >= 0).all()


@pytest.mark.parametrize("fault", ["degree", "autapse", "twice"])
def test_defined__notices_planted_faults(fault):
    net = network()
    pre, post = views(net, "parts")
    rule = FixedInDegree(7, autapses=False, multapses=False)
    net.connect(pre, post, rule, delay=DT)
    found, same = counts(net, pre, post), itself(pre, post)
    defined(rule, found, same)
    target = 3
    there, absent = (np.flatnonzero((found[:, target] == n) & ~same[:, target]) for n in (1, 0))
    if fault == "degree":
        found[there[0], target] = 0
    elif fault == "autapse":
        found[there[0], target], found[same[:, target], target] = 0, 1
    else:
        found[there[0], target], found[there[1], target] = 0, 2

    with pytest.raises(AssertionError):
        defined(rule, found, same)


def test_rule__of_equal_numbers_in_two_populations_knows_no_autapse():
    for model in (LIFParameters(), LIFExcInhParameters()):
        net = Network(DT)
        a, b = net.population("a", 5, LIFParameters()), net.population("b", 5, model)
        channel = "exc" if isinstance(model, LIFExcInhParameters) else None
        net.connect(a, b, AllToAll(autapses=False), delay=DT, channel=channel)

        assert counts(net, a, b).sum() == 25


def test_rule__between_groups_makes_what_it_says():
    for k in range(15):
        net = Network(DT)
        a, b = net.population("a", 40, LIFParameters()), net.population("b", 30,
                                                                        LIFExcInhParameters())
        rule = rules(a, b)[k]
        net.connect(a, b[3:], rules(a, b[3:])[k], delay=DT, channel="inh")

        defined(rule, counts(net, a, b[3:]), itself(a, b[3:]))


@pytest.mark.parametrize("rule", [
    FixedInDegree(0), FixedOutDegree(0), FixedTotalNumber(0), FixedProbability(0.0)])
def test_rule__of_none_makes_none(rule):
    net = network()
    pre, post = views(net, "all")

    assert len(net.connect(pre, post, rule, delay=DT)) == 0
    net.run(3 * DT)


@pytest.mark.parametrize("rule", [
    FixedInDegree(59, False, False), FixedOutDegree(59, False, False),
    FixedTotalNumber(60 * 59, False, False), FixedProbability(1.0, False)])
def test_rule__may_take_every_pair(rule):
    net = network()
    pre, post = views(net, "all")
    net.connect(pre, post, rule, delay=DT)

    assert_array_equal(counts(net, pre, post), ~itself(pre, post))


@pytest.mark.parametrize("part", [slice(3, 3), slice(99, None)])
def test_rule__takes_empty_views(part):
    net = network()
    cells, empty = net.populations["cells"], net.populations["cells"][part]
    for pre, post in ((cells, empty), (empty, cells), (empty, empty)):
        for rule in (AllToAll(), FixedProbability(0.5), FixedTotalNumber(0)):
            net.connect(pre, post, rule, delay=DT)
    net.connect(empty, empty, OneToOne(), delay=DT)
    net.connect(cells, empty, FixedInDegree(5, multapses=False), delay=DT)
    net.connect(empty, cells, FixedOutDegree(5, multapses=False), delay=DT)

    net.run(3 * DT)

    assert net.n_synapses == 0


def test_probability__is_short_for_a_rule():
    found = []
    for given in ({"probability": 0.2}, {"rule": FixedProbability(0.2, autapses=False)},
                  {"probability": 0.2, "autapses": True}, {"rule": FixedProbability(0.2)}):
        net = network()
        pre, post = views(net, "all")
        net.connect(pre, post, **given, delay=DT)
        found.append(counts(net, pre, post))

    assert_array_equal(found[0], found[1])
    assert_array_equal(found[2], found[3])
    assert found[2].trace() > found[0].trace() == 0


def test_rule__does_not_depend_on_other_projections_after_it():
    def made(*more):
        net = network()
        pre, post = views(net, "all")
        first = net.connect(pre, post, FixedInDegree(9), delay=DT)
        for rule in more:
            net.connect(pre, post, rule, delay=DT)
        return first.synapses()

    for alone, beside in zip(made(), made(FixedOutDegree(3), OneToOne()), strict=True):
        assert_array_equal(alone, beside)


def test_projections__of_one_rule_differ():
    net = network()
    pre, post = views(net, "all")
    made = [[net.connect(pre, post, rule, delay=DT) for _ in range(2)]
            for rule in rules(pre, post)[2:] if not isinstance(rule, AllToAll)]

    for a, b in made:
        assert (a.to_scipy() != b.to_scipy()).nnz > 20


def test_in_degree__does_not_depend_on_blocks(monkeypatch):
    found = []
    for size in (16, 64, naive.BLOCK):
        monkeypatch.setattr(blocks, "size", lambda n, size=size: size)
        net = network()
        pre, post = views(net, "all")
        found.append(net.connect(pre, post, FixedInDegree(9), delay=DT).synapses())

    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert_array_equal(a, b)


@pytest.mark.parametrize("n", [1, 100, 8192, 8193, 12_500, 20_000, 262_144, 10**6, 10**7])
def test_block_size__is_even_work_within_uint16(n):
    size = SIZE(n)

    count = -(-n // size)
    assert count * size >= n and size <= 65_536
    assert count == 1 if n <= 8192 else count % 2 == 0 and size % 64 == 0
    assert n - (count - 1) * size > 0.8 * size or n > 10**5


SIZE = blocks.size  # before fixtures replace it


def test_rule__needs_its_methods():
    rule = rules_module.Rule()

    for action in (lambda: rule.wire(None, None, None, None),
                   lambda: rule.place(None, None, None, None, None)):
        with pytest.raises(NotImplementedError):
            action()
