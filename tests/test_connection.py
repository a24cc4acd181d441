"""What `Network.connect` returns holds the synapses that the network has."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.simulate import Connection, Network, connection
from tests import naive_network as naive
from tests.naive_network import BLOCK
from tests.networks_under_test import DT


@pytest.fixture(params=[1 << 22, 7])
def piece(request, monkeypatch):
    """As many synapses looked at in one go as always, and so few that it takes several."""
    monkeypatch.setattr(connection, "PIECE", request.param)


@pytest.fixture
def several():
    """A network of matrices, shared and own weights, parts of populations, two models."""
    net, rng = Network(DT), np.random.default_rng(5)
    net.population("before", BLOCK - 13, LIFParameters())  # so `cells` lies in two blocks
    cells = net.population("cells", 40, LIFParameters())
    others = net.population("others", 25, LIFExcInhParameters())
    expected = []
    for pre, post, channel in [(cells, cells, None), (cells[10:20], cells[3:30], None),
                               (cells, others[5:], "inh"), (others, cells[:0], None),
                               (others, cells, None)]:
        for weights in (rng.random((len(pre), len(post))), np.full((len(pre), len(post)), 0.5)):
            dense = np.where(rng.random(weights.shape) < 0.3, weights, 0).astype(np.float32)
            made = net.connect(pre, post, matrix=sparse.csr_array(dense), channel=channel,
                               delay=(len(expected) + 1) * DT)
            expected.append((made, dense, channel))
    return net, expected


@pytest.mark.usefixtures("piece")
def test_to_scipy__is_the_matrix_given(several):
    for k, (made, dense, channel) in enumerate(several[1], 1):
        assert_array_equal(made.to_scipy().toarray(), dense)
        assert (made.channel, made.delay) == (channel, k * DT)
        assert len(made) == np.count_nonzero(dense)
        assert_array_equal(made.in_degree(), np.count_nonzero(dense, axis=0))


@pytest.mark.usefixtures("piece")
def test_synapses__of_some_targets_are_sorted(several):
    for made, dense, _ in several[1]:
        for start, stop in [(0, None), (0, 0), (4, 9), (9, 25)]:
            if max(start, stop or 0) > len(made.post):
                continue
            sources, targets, weights, _ = made.synapses(start, stop)

            expected_targets, expected_sources = np.nonzero(dense.T[start:stop])
            assert_array_equal(targets, expected_targets + start)
            assert_array_equal(sources, expected_sources)
            assert_array_equal(weights, dense[expected_sources, expected_targets + start])


def test_to_scipy__is_what_a_rule_drew():
    net = Network(DT, seed=3)
    cells = net.population("cells", BLOCK + 50, LIFParameters())
    made = net.connect(cells[:30], cells[20:], probability=0.1, delay=DT, weight=-0.25)
    net.build()

    weights = np.zeros((len(cells), len(cells)), np.float32)
    for e in naive.unpack(net):
        weights[e.sources, e.targets] = e.weights
    assert len(made) == net.n_synapses > 0
    assert_array_equal(made.to_scipy().toarray(), weights[:30, 20:])


def test_connections__are_in_the_order_they_were_made():
    net = Network(DT)
    a, b = (net.population(name, 3, LIFParameters()) for name in "ab")
    made = [net.connect(a, b, probability=1.0, delay=DT),
            net.connect(b[1:], a, probability=0.0, delay=2 * DT)]

    assert [(c.pre, c.post, c.delay) for c in net.connections] == [
        (c.pre, c.post, c.delay) for c in made]
    assert all(isinstance(c, Connection) for c in net.connections)
    assert repr(made[1]) == ("<connection <b[1:3] of LIFParameters> -> <a[0:3] of LIFParameters>, "
                             "0.0002 s>")


@pytest.mark.parametrize("start, stop, words", [
    (0, 4, "stop must be at most 3, got 4"), (-1, 2, "start must be at least 0, got -1"),
    (3, 2, "start must be at most 2, got 3"), (0.0, 2, "start must be a whole number, got 0.0"),
])
def test_synapses__refuses_other_ranges(start, stop, words):
    net = Network(DT)
    a = net.population("a", 3, LIFParameters())
    made = net.connect(a, a, probability=1.0, delay=DT)

    with pytest.raises((TypeError, ValueError), match=words):
        made.synapses(start, stop)
