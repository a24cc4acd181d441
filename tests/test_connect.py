"""Synapses: drawn with the right statistics, packed so that nothing is lost."""

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_array_equal
from scipy import sparse

from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.simulate import Network
from tests import naive_network as naive
from tests.naive_network import BLOCK
from tests.tolerance import STANDARD_ERRORS

DT = 1e-4
FALSE_ALARM = 1e-6  # a correct rule is refused this often; the seeds are fixed


def drawn(n_pre, n_post, probability, seed=0, other_model=False, before=0, autapses=False):
    """A matrix of 0 and 1 that the rule drew; `before` neurons stand before both."""
    net = Network(DT, seed)
    if before:
        net.population("before", before, LIFParameters())
    pre = net.population("pre", n_pre, LIFParameters())
    post = net.population("post", n_post, LIFExcInhParameters() if other_model else LIFParameters())
    net.connect(pre, post, probability=probability, delay=DT, autapses=autapses,
                channel="exc" if other_model else None)
    net.build()
    return dense(net, n_pre, n_post)


def recurrent(n, probability, seed=0, part=slice(None), to=slice(None), **options):
    net = Network(DT, seed)
    cells = net.population("cells", n, LIFParameters())
    net.connect(cells[part], cells[to], probability=probability, delay=DT, **options)
    net.build()
    return dense(net, n, n)


def dense(net, n_pre, n_post):
    matrix = np.zeros((n_pre, n_post), np.int64)
    for e in naive.unpack(net):
        np.add.at(matrix, (e.sources, e.targets), 1)
    assert matrix.max(initial=0) <= 1  # no pair twice
    return matrix


def assert_binomial(degrees, n, p):
    """Chi-square of the observed degrees against those of independent choices."""
    edges = scipy.stats.binom.ppf(np.linspace(0, 1, 11)[1:-1], n, p)
    edges = np.unique(edges)
    cdf = scipy.stats.binom.cdf(edges, n, p)
    expected = np.diff(np.concatenate([[0], cdf, [1]])) * len(degrees)
    observed = np.bincount(np.searchsorted(edges, degrees), minlength=len(expected))
    chi2 = ((observed - expected) ** 2 / expected).sum()
    assert scipy.stats.chi2.sf(chi2, len(expected) - 1) > FALSE_ALARM


@pytest.mark.parametrize("other_model", [False, True])
@pytest.mark.parametrize(("n_pre", "n_post", "p"), [
    (2000, 2000, 0.1), (3000, 6000, 0.02), (500, 9000, 0.003), (1000, 300, 0.5), (1000, 300, 0.97),
    (4000, 4000, 2e-4)])
def test_fixed_probability__degrees_are_binomial(n_pre, n_post, p, other_model):
    matrix = drawn(n_pre, n_post, p, seed=n_pre, other_model=other_model)

    assert_binomial(matrix.sum(1), n_post, p)
    assert_binomial(matrix.sum(0), n_pre, p)
    n = n_pre * n_post
    assert abs(matrix.sum() - n * p) < STANDARD_ERRORS * np.sqrt(n * p * (1 - p))


def test_fixed_probability__no_place_is_special():
    """Pairs at the borders of blocks, and in first and last place, are as likely as others."""
    total = sum(recurrent(BLOCK + 100, 0.01, seed, part=slice(0, 200), autapses=True)[:200]
                for seed in range(40))

    n = 40 * 200
    for column in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 99):
        assert abs(total[:, column].sum() - 0.01 * n) < STANDARD_ERRORS * np.sqrt(0.01 * 0.99 * n)
    assert_binomial(total.sum(0), n, 0.01)


def test_fixed_probability__neighbours_are_independent():
    matrix = drawn(2000, 2000, 0.1) - 0.1

    there_and_back = (matrix * matrix.T)[np.triu_indices(2000, 1)]
    for product in (matrix[:, 1:] * matrix[:, :-1], matrix[1:] * matrix[:-1], there_and_back):
        assert abs(product.sum()) < STANDARD_ERRORS * 0.09 * np.sqrt(product.size)


def test_fixed_probability__projections_and_seeds_are_independent():
    net = Network(DT, 1)
    a = net.population("a", 1000, LIFParameters())
    b = net.population("b", 1000, LIFExcInhParameters())
    for post, channel in ((a, None), (a, None), (b, "exc"), (b, "inh")):
        net.connect(a, post, probability=0.1, delay=DT, channel=channel, autapses=True)
    net.build()
    matrices = [recurrent(1000, 0.1, seed=2, autapses=True)]
    for e in naive.unpack(net):
        matrices.append(np.zeros((1000, 1000), np.int64))
        matrices[-1][e.sources, e.targets] = 1

    assert len(matrices) == 5
    for i, first in enumerate(matrices):
        for second in matrices[:i]:
            both = ((first - 0.1) * (second - 0.1)).sum()
            assert abs(both) < STANDARD_ERRORS * 0.09 * 1000


@pytest.mark.parametrize("n", [1, 100, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("autapses", [False, True])
def test_fixed_probability__1_connects_every_pair(n, autapses):
    net = Network(DT)
    cells = net.population("cells", n, LIFParameters())
    part = cells[-10:]
    net.connect(part, cells, probability=1.0, delay=DT, autapses=autapses)
    net.build()

    rows = dense(net, n, n)[part.start:]
    expected = np.ones((len(part), n))
    if not autapses:
        expected[np.arange(len(part)), np.arange(part.start, n)] = 0
    assert_array_equal(rows, expected)
    assert net.n_synapses == expected.sum()


@pytest.mark.parametrize("p", [0.0, 1e-300, 1e-12])
def test_fixed_probability__0_connects_none(p):
    assert recurrent(1000, p).sum() == 0


@pytest.mark.parametrize("p", [0.1, 0.999999])
def test_fixed_probability__leaves_out_autapses_and_nothing_else(p):
    without, with_ = recurrent(3000, p), recurrent(3000, p, autapses=True)

    assert np.trace(without) == 0
    assert abs(np.trace(with_) - 3000 * p) < STANDARD_ERRORS * np.sqrt(3000 * p * (1 - p)) + 1
    np.fill_diagonal(with_, 0)
    assert_array_equal(with_, without)


def test_fixed_probability__autapses_of_parts_are_known():
    matrix = recurrent(500, 1.0, part=slice(100, 300), to=slice(250, 400))

    expected = np.zeros((500, 500))
    expected[100:300, 250:400] = 1
    expected[np.arange(250, 300), np.arange(250, 300)] = 0
    assert_array_equal(matrix, expected)


@pytest.mark.parametrize("other_model", [False, True])
def test_fixed_probability__equal_numbers_in_two_populations_are_no_autapse(other_model):
    assert_array_equal(drawn(50, 50, 1.0, other_model=other_model), 1)
    assert_array_equal(drawn(50, 50, 1.0, other_model=other_model, before=7), 1)


def test_fixed_probability__does_not_depend_on_threads():
    def matrices(threads):
        net = Network(DT, 5, threads)
        a, b = (net.population(name, 5000, LIFParameters()) for name in "ab")
        net.connect(a, b, probability=0.01, delay=DT)
        net.run(2 * DT)
        return naive.unpack(net)

    for one, other in zip(matrices(1), matrices(2), strict=True):
        assert_array_equal(one.sources, other.sources)
        assert_array_equal(one.targets, other.targets)


def test_fixed_probability__does_not_depend_on_other_projections():
    def first(more):
        net = Network(DT, 5)
        a = net.population("a", 500, LIFParameters())
        net.connect(a, a, probability=0.1, delay=DT)
        if more:
            net.connect(a, a, probability=0.5, delay=DT)
            net.connect(a, a, matrix=sparse.eye_array(500), delay=2 * DT)
        net.build()
        return naive.unpack(net)[0]

    alone, among = first(False), first(True)
    assert_array_equal(alone.sources, among.sources)
    assert_array_equal(alone.targets, among.targets)


@pytest.mark.parametrize("other_model", [False, True])
def test_packed__rows_are_sorted_and_in_range(other_model):
    net = Network(DT, 5)
    a = net.population("a", 6000, LIFParameters())
    b = net.population("b", 5000, LIFExcInhParameters() if other_model else LIFParameters())
    net.connect(a[100:5000], b[3000:4500], probability=0.02, delay=DT,
                channel="exc" if other_model else None)
    net.build()

    for e in naive.unpack(net):
        assert (e.sources.min(), e.sources.max()) == (100, 4999)
        assert 3000 <= e.targets.min() and e.targets.max() < 4500
        key = e.sources * 5000 + e.targets
        block = (e.targets + (0 if other_model else 6000)) // BLOCK
        for number in np.unique(block):
            assert (np.diff(key[block == number]) > 0).all()


@pytest.mark.parametrize("other_model", [False, True])
@pytest.mark.parametrize(("n_pre", "n_post"), [(1, 1), (7, BLOCK), (300, BLOCK + 1), (5000, 200)])
def test_packed__holds_the_matrix(n_pre, n_post, other_model):
    rng = np.random.default_rng(n_pre)
    matrix = sparse.random_array((n_pre, n_post), density=0.02, rng=rng, format="csr")
    net = Network(DT)
    pre = net.population("pre", n_pre, LIFParameters())
    post = net.population("post", n_post, LIFExcInhParameters() if other_model else LIFParameters())
    net.connect(pre, post, matrix=matrix, delay=3 * DT, channel="inh" if other_model else None,
                weight=-2.5)
    net.build()

    found = naive.unpack(net)
    recovered = np.zeros((n_pre, n_post), np.float32)
    for e in found:
        assert (e.delay, e.channel, e.pre, e.post) == (3, int(other_model), "pre", "post")
        recovered[e.sources, e.targets] = e.weights
    assert_array_equal(recovered, (matrix.toarray() * -2.5).astype(np.float32))
    assert net.n_synapses == matrix.nnz


def test_packed__keeps_projections_apart():
    """Shared and single weights, in one group, from parts that overlap."""
    net = Network(DT)
    cells = net.population("cells", 50, LIFParameters())
    rng = np.random.default_rng(0)
    matrices = []
    for pre, post in [(cells, cells), (cells[10:20], cells), (cells[5:], cells[:30])]:
        for weights in (rng.random((len(pre), len(post))), np.full((len(pre), len(post)), 0.5)):
            chosen = np.where(rng.random(weights.shape) < 0.2, weights, 0)
            matrices.append(np.zeros((50, 50)))
            matrices[-1][pre.start:pre.stop, post.start:post.stop] = chosen
            net.connect(pre, post, matrix=sparse.csr_array(chosen), delay=len(matrices) * DT)
    net.build()

    found = sorted(naive.unpack(net), key=lambda e: e.delay)
    assert len(found) == len(matrices)
    for e, expected in zip(found, matrices, strict=True):
        recovered = np.zeros((50, 50), np.float32)
        recovered[e.sources, e.targets] = e.weights
        assert_array_equal(recovered, expected.astype(np.float32))


@pytest.mark.parametrize(("weights", "bytes_each"), [
    (None, 2), (np.full(20_000, 0.3), 2), (np.linspace(0.1, 1, 20_000), 6)])
def test_synapse_bytes__are_2_where_weights_are_shared(weights, bytes_each):
    net = Network(DT)
    cells = net.population("cells", 1000, LIFParameters())
    rng = np.random.default_rng(0)
    if weights is None:
        net.connect(cells, cells, probability=0.02, delay=DT)
    else:
        pairs = rng.permutation(1000 * 1000)[:20_000]
        net.connect(cells, cells, delay=DT,
                    matrix=sparse.coo_array((weights, np.divmod(pairs, 1000)), (1000, 1000)))
    net.build()

    assert net.synapse_bytes == bytes_each * net.n_synapses + 4 * 1001
    assert net.synapse_bytes == sum(a.nbytes for s in net._built().synapses
                                    for a in (s.rows, s.targets, s.weights))


def test_synapses__count_between_groups_too():
    net = Network(DT)
    a, b = net.population("a", 10, LIFParameters()), net.population("b", 20, LIFExcInhParameters())
    net.connect(a, b, probability=1.0, delay=DT, channel="exc")
    net.connect(b, a, probability=1.0, delay=DT)
    net.connect(b, b, probability=1.0, delay=DT, channel="inh")

    assert net.n_synapses == 200 + 200 + 380
    assert net.synapse_bytes == 2 * 780 + 4 * (11 + 21 + 21)
