"""Networks connected by matrices: of any form and dtype, as they were when given."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from eventsnn.neurons import LIFParameters
from eventsnn.simulate import Network
from tests import naive_network as naive
from tests.networks_under_test import DT, random_matrix


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_connect__takes_matrices_of_any_form(form, index):
    rng = np.random.default_rng(3)
    dense = random_matrix(rng, (20, 30), 0.3).toarray()
    matrix = sparse.coo_array(dense).asformat(form)
    for name in ("row", "col", "indices", "indptr", "offsets"):
        if form != "coo" and hasattr(matrix, name):
            setattr(matrix, name, getattr(matrix, name).astype(index))

    assert_array_equal(_built(matrix, dense.shape), dense)


@pytest.mark.parametrize("form", ["lil", "dok"])
def test_connect__takes_matrices_under_construction(form):
    dense = random_matrix(np.random.default_rng(3), (20, 30), 0.3).toarray()

    assert_array_equal(_built(sparse.coo_array(dense).asformat(form), dense.shape), dense)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float32, np.float64])
def test_connect__takes_matrices_of_any_dtype(dtype):
    dense = (np.random.default_rng(3).random((20, 30)) < 0.3).astype(dtype)

    assert_array_equal(_built(sparse.csr_array(dense), dense.shape), dense)


def _built(matrix, shape):
    net = Network(DT)
    pre = net.population("pre", shape[0], LIFParameters())
    post = net.population("post", shape[1], LIFParameters())
    net.connect(pre, post, matrix=matrix, delay=DT)
    net.build()
    dense = np.zeros(shape)
    for e in naive.unpack(net):
        dense[e.sources, e.targets] += e.weights
    return dense


def unsorted_matrix():
    """CSR with unsorted indices, duplicates and an explicit zero."""
    return sparse.csr_array(
        (np.array([1.0, 0.5, 2.0, 0.25, 0.0, 4.0]),
         np.array([2, 0, 2, 1, 3, 1]),
         np.array([0, 3, 3, 6])),
        shape=(3, 4))


def test_connect__adds_up_duplicates():
    assert_array_equal(_built(unsorted_matrix(), (3, 4)),
                       [[0.5, 0, 3, 0], [0, 0, 0, 0], [0, 4.25, 0, 0]])


def test_connect__leaves_the_matrix_as_it_was():
    matrix, same = unsorted_matrix(), unsorted_matrix()

    _built(matrix, (3, 4))

    for name in ("data", "indices", "indptr"):
        assert_array_equal(getattr(matrix, name), getattr(same, name))


def test_connect__matrix_may_change_afterwards():
    matrix = sparse.csr_array(np.eye(3))
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters())

    net.connect(cells, cells, matrix=matrix, delay=DT)
    matrix.data[:] = 7.0
    net.build()

    assert_array_equal(naive.unpack(net)[0].weights, 1.0)


def test_network__autapse_of_a_matrix_is_kept():
    net = Network(DT)
    cells = net.population("cells", 2, LIFParameters(), initial={"v": [2.0, 0.0]})
    net.connect(cells, cells, matrix=sparse.eye_array(2), delay=DT)

    net.run(3 * DT)

    assert_array_equal(net.state(cells).i > 0, [True, False])
