"""Rules choose as their definitions say: chi-square tests at fixed seeds.

The significance is 1e-4 for all tests of this file together (Holm's method, of which Bonferroni's
first step is what a single failure meets).
"""

import itertools

import numpy as np
import pytest
from scipy import stats

from eventsnn.connect import counts as counts_
from eventsnn.connect import distance
from eventsnn.neurons import LIFParameters
from eventsnn.simulate import (
    DistanceProbability, FixedInDegree, FixedOutDegree, FixedProbability, FixedTotalNumber, Network,
)
from tests.naive_network import BLOCK
from tests.networks_under_test import DT
from tests.rules_under_test import counts

ALPHA = 1e-4 / 60  # about as many tests as there are here


def chi_square(observed, expected):
    """Significance of observed numbers against expected ones, of all that could be."""
    observed, expected = np.asarray(observed, float), np.asarray(expected, float)
    assert expected.min() > 5
    return stats.chisquare(observed, expected).pvalue


def connected(rule, n_pre, n_post, same=False, first=0, seed=7):
    """Numbers of synapses of all pairs; the targets' numbers in their group start at `first`."""
    net = Network(DT, seed)
    if first:
        net.population("before", first, LIFParameters())
    post = net.population("post", n_post, LIFParameters())
    pre = post if same else net.population("pre", n_pre, LIFParameters())
    net.connect(pre, post, rule, delay=DT)
    return counts(net, pre, post)


def outcomes(columns):
    """How often each column of small numbers occurs."""
    found, times = np.unique(columns, axis=1, return_counts=True)
    return {tuple(map(int, key)): n for key, n in zip(found.T, times, strict=True)}


def subsets(n, size):
    return [tuple(int(k in chosen) for k in range(n))
            for chosen in itertools.combinations(range(n), size)]


# First targets' number: all in one block, and spread over two, so that blocks share the draws.
@pytest.mark.parametrize("first", [0, BLOCK - 2])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_out_degree__each_set_of_targets_is_as_likely(n, first):
    found = outcomes(connected(FixedOutDegree(n, multapses=False), 4000, 5, first=first).T)

    expected = subsets(5, n)
    assert set(found) == set(expected)
    assert chi_square([found[key] for key in expected],
                      [4000 / len(expected)] * len(expected)) > ALPHA


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_in_degree__each_set_of_sources_is_as_likely(n):
    found = outcomes(connected(FixedInDegree(n, multapses=False), 5, 4000, first=BLOCK - 1500))

    expected = subsets(5, n)
    assert set(found) == set(expected)
    assert chi_square([found[key] for key in expected],
                      [4000 / len(expected)] * len(expected)) > ALPHA


@pytest.mark.parametrize("rule", ["in", "out"])
def test_degree__with_multapses_is_multinomial(rule):
    if rule == "in":
        found = connected(FixedInDegree(3), 3, 4000)
    else:
        found = connected(FixedOutDegree(3), 4000, 3, first=BLOCK - 1).T
    found = outcomes(found)

    expected = {}
    for draws in itertools.product(range(3), repeat=3):
        key = tuple(np.bincount(draws, minlength=3).tolist())
        expected[key] = expected.get(key, 0) + 4000 / 27
    assert set(found) <= set(expected)
    assert chi_square([found.get(key, 0) for key in expected], list(expected.values())) > ALPHA


@pytest.mark.parametrize("multapses", [False, True])
@pytest.mark.parametrize("autapses", [False, True])
def test_degree__no_place_is_special(autapses, multapses):
    """Without autapses each of the other neurons is as likely."""
    n = BLOCK + 100
    for rule, axis in ((FixedInDegree(30, autapses, multapses), 0),
                       (FixedOutDegree(30, autapses, multapses), 1)):
        net = Network(DT, 7)
        cells = net.population("cells", n, LIFParameters())
        made = net.connect(cells[-40:], cells, rule, delay=DT) if axis else \
            net.connect(cells, cells[-40:], rule, delay=DT)
        listed = made.synapses()
        drawn = listed.sources if axis == 0 else listed.targets
        own = (listed.targets if axis == 0 else listed.sources) + n - 40
        offset = (drawn - own) % n  # by how much they differ: uniform, but for 0

        if not autapses:
            assert offset.min() > 0
            offset -= 1
        bins = np.bincount(offset * 100 // (n - (not autapses)), minlength=100)
        width = np.bincount(np.arange(n - (not autapses)) * 100 // (n - (not autapses)))
        assert chi_square(bins, 1200 * width / width.sum()) > ALPHA


@pytest.mark.parametrize("multapses", [False, True])
def test_total__each_set_of_pairs_is_as_likely(multapses):
    net = Network(DT, 7)
    net.population("before", BLOCK - 1, LIFParameters())
    post, pre = net.population("post", 3, LIFParameters()), net.population("pre", 2,
                                                                           LIFParameters())
    made = [net.connect(pre, post, FixedTotalNumber(2, multapses=multapses), delay=DT)
            for _ in range(700)]
    found = outcomes(np.array([c.to_scipy().toarray().reshape(-1) for c in made]).T.astype(int))

    expected = dict.fromkeys(subsets(6, 2), 2 / 36)
    if multapses:
        expected |= {tuple(2 * (k == j) for k in range(6)): 1 / 36 for j in range(6)}
    total = sum(expected.values())
    assert set(found) <= set(expected)
    assert chi_square([found.get(key, 0) for key in expected],
                      [700 * p / total for p in expected.values()]) > ALPHA


def test_total__degrees_are_binomial():
    for multapses, law in ((True, stats.binom(20_000, 1 / 200)),
                           (False, stats.hypergeom(200 * 400, 400, 20_000))):
        found = connected(FixedTotalNumber(20_000, multapses=multapses), 200, 400)
        assert found.sum() == 20_000
        if multapses:
            bins = law.ppf([0.2, 0.4, 0.6, 0.8])
            drawn = np.bincount(np.searchsorted(bins, found.sum(axis=1)), minlength=5)
            edges = np.diff([0, *law.cdf(bins), 1])
            assert chi_square(drawn, 200 * edges) > ALPHA
        assert stats.chi2.sf(((found.sum(axis=1) - law.mean())**2).sum() / law.var() * 199 / 200,
                             199) > ALPHA


@pytest.mark.parametrize(("n", "good", "bad"), [
    (10, 4, 9), (1, 1, 1), (0, 3, 3), (50, 3, 200), (7, 5, 2), (400, 1000, 300), (3000, 40, 10**9),
    (1000, 6272, 6228)])
@pytest.mark.parametrize("again", [False, True])
def test_share__has_the_distribution(n, good, bad, again):
    """Evenly spaced uniform numbers give each outcome as often as it is probable, to one."""
    law = stats.binom(n, good / (good + bad)) if again else stats.hypergeom(good + bad, good, n)
    even = 4000

    drawn = [counts_.share((k + 0.5) / even, float(n), float(good), float(bad), again)
             for k in range(even)]

    times = np.bincount(np.array(drawn, int), minlength=n + 1)
    assert abs(times - even * law.pmf(np.arange(n + 1))).max() < 1.01


def test_share__of_nothing_else_is_all():
    for again in (False, True):
        assert counts_.share(0.3, 5.0, 7.0, 0.0, again) == 5.0
        assert counts_.share(0.3, 5.0, 0.0, 7.0, again) == 0.0


def test_probability__pairs_are_independent():
    found = connected(FixedProbability(0.3), 3000, 4, first=BLOCK - 2)
    code = (found * [1, 2, 4, 8]).sum(axis=1)

    expected = [3000 * 0.3**bin(k).count("1") * 0.7**(4 - bin(k).count("1")) for k in range(16)]
    assert chi_square(np.bincount(code, minlength=16), expected) > ALPHA


def naive_probability(rule, x, y):
    """The formula, pair by pair."""
    d = abs(x[:, None] - y)
    if rule.box is not None:
        box = np.where(rule.box > 0, rule.box, np.inf)
        d = np.minimum(d, box - d)
    d = np.sqrt((d**2).sum(axis=-1))
    p = rule.p_0 * (np.exp(-d**2 / (2 * rule.sigma**2)) if rule.sigma else
                    np.exp(-d / rule.length))
    return np.where(d > (rule.cutoff or np.inf), 0, p)


PROFILES = [
    (1, {"sigma": 0.1}), (2, {"sigma": 0.2, "p_0": 0.7}), (3, {"sigma": 0.5, "p_0": 0.5}),
    (1, {"length": 0.05}), (2, {"length": 0.3, "p_0": 0.9}), (2, {"sigma": 0.1, "cutoff": 0.15}),
    (2, {"length": 10.0, "cutoff": 0.2}), (2, {"sigma": 0.2, "box": (1.0, 1.0)}),
    (2, {"length": 0.2, "cutoff": 0.4, "box": (1.0, 0.0)}),
    (3, {"sigma": 0.3, "box": (1.5, np.inf, 1.0)}), (2, {"sigma": 1e-3}), (2, {"p_0": 0.0,
                                                                               "sigma": 1.0})]


@pytest.mark.parametrize(("axes", "profile"), PROFILES)
@pytest.mark.parametrize("grid", [False, True])
def test_distance__follows_its_formula(axes, profile, grid):
    rng = np.random.default_rng(2)
    x, y = rng.random((300, axes)), rng.random((700, axes))
    if grid:
        x, y = np.round(x, 1), np.round(y, 1)  # many at one place
    rule = DistanceProbability(x, y, **profile)

    found = connected(rule, 300, 700, first=BLOCK - 300)

    p = naive_probability(rule, x, y)
    assert found.max() <= 1
    assert (found[p == 0] == 0).all() and (found[p == 1] == 1).all()
    sure = (p > 0) & (p < 1)
    order = np.argsort(p[sure], kind="stable")
    statistic, n_bins = 0.0, 0
    for part in np.array_split(order, 40):
        mean, var = p[sure][part].sum(), (p[sure][part] * (1 - p[sure][part])).sum()
        if var > 10:
            statistic += (found[sure][part].sum() - mean)**2 / var
            n_bins += 1
    assert n_bins > 5 or profile.get("p_0") == 0.0 or profile.get("sigma") == 1e-3
    assert stats.chi2.sf(statistic, max(n_bins, 1)) > ALPHA
    for of_each, axis in ((found.sum(axis=1), 1), (found.sum(axis=0), 0)):
        mean, var = p.sum(axis=axis), (p * (1 - p)).sum(axis=axis)
        some = var > 5
        assert stats.chi2.sf(((of_each - mean)**2 / np.maximum(var, 1e-9))[some].sum(),
                             max(some.sum(), 1)) > ALPHA


def test_distance__leaves_out_autapses_alone():
    x = np.random.default_rng(0).random((200, 2))
    found = [connected(DistanceProbability(x, x, 1.0, sigma=0.2, autapses=a), 200, 200, same=True)
             for a in (True, False)]

    assert found[0].trace() == 200 and found[1].trace() == 0
    assert ((found[0] - found[1]) == np.eye(200)).all()


def test_places__keep_all_targets_and_bound_them():
    x = np.random.default_rng(0).random((5000, 2))

    places = distance.places(x, BLOCK - 900, BLOCK, 3)

    assert places.chunk_at.tolist() == [0, 29, 157, 157]
    number = np.concatenate([places.order[:900], places.order[900:4996].astype(int) + BLOCK,
                             places.order[4996:].astype(int) + 2 * BLOCK])[:4996]
    assert sorted(number - BLOCK + 900) == list(range(4996))
    for chunk, (start, stop) in enumerate(itertools.pairwise(places.chunks[:100])):
        inside = places.positions[start:stop]
        assert (places.boxes[chunk, 0] <= inside).all() and (inside <= places.boxes[chunk, 1]).all()
        assert 0 < stop - start <= distance.CHUNK


def test_chi_square__notices_a_wrong_rule():
    """Choosing with replacement is noticed where it should be without, and an uneven choice."""
    found = outcomes(connected(FixedOutDegree(2), 4000, 5).T)
    expected = subsets(5, 2)
    assert set(found) != set(expected)
    found = outcomes(connected(FixedOutDegree(2, multapses=False), 4000, 5).T)
    moved = [found[key] for key in expected]
    moved[0] -= 90
    moved[1] += 90
    assert chi_square(moved, [400] * 10) < ALPHA
