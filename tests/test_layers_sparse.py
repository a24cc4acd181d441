"""Layers of sparse weights: the numbers of dense ones, on the stored entries alone."""

import numpy as np
import pytest
from scipy import sparse

from eventsnn.layers import (
    LI, AdaLIFRecurrent, LIFExcInhRecurrent, LIFRecurrent, LIFRecurrentCell, Linear, LSNNRecurrent,
    SequentialState, SparseLinear, Tape,
)
from eventsnn.spikes import to_events
from eventsnn.train import SGD, Adam, AdamW, RMSprop, Weight, fit

T, B, N, M = 12, 3, 30, 9


def matrix(rows=M, columns=N, share=0.2, seed=0, diagonal=True):
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < share)
    if not diagonal:
        np.fill_diagonal(dense, 0)
    return sparse.csr_array(dense)


def raster(share=0.2, n=N, values=False):
    rng = np.random.default_rng(1)
    return (rng.random((T, B, n)) < share) * (rng.normal(size=(T, B, n)) if values else 1.0)


def entries(layer, dense):
    """The elements of an array that lie where a layer's matrix has entries, in their order."""
    made = layer.to_scipy()
    columns = np.repeat(np.arange(made.shape[1]), np.diff(made.indptr))
    return dense[made.indices, columns]


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil"])
@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_sparse_linear__equals_the_dense_layer(form, values, bias):
    given, x = matrix().asformat(form), raster(values=values)
    dense = Linear(N, M, np.arange(9.0) if bias else False, weight=given.toarray())
    layer = SparseLinear(given, np.arange(9.0) if bias else False)
    bar = np.random.default_rng(2).normal(size=(T, B, M))

    for x_ in (x, to_events(x)):
        tapes = Tape(), Tape()
        out, expected = layer(x_, tape=tapes[0]), dense(x, tape=tapes[1])
        g, g_d = layer.backward(bar, tapes[0]), dense.backward(bar, tapes[1])

        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(g.x, g_d.x, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(g.weights["weight"], entries(layer, g_d.weights["weight"]),
                                   rtol=1e-12, atol=1e-13)
        if bias:
            np.testing.assert_allclose(g.weights["bias"], g_d.weights["bias"], rtol=1e-12)


RECURRENT = {"LIF": LIFRecurrent, "AdaLIF": AdaLIFRecurrent, "LSNN": LSNNRecurrent}


@pytest.mark.parametrize("autapses", [False, True])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent__of_sparse_weights_equals_the_dense_layer(name, autapses):
    given = matrix(M, M, 0.3, diagonal=autapses)
    options = {"input_weights": np.random.default_rng(3).normal(size=(M, N)), "autapses": autapses}
    dense = RECURRENT[name](N, M, recurrent_weights=given.toarray(), **options)
    layer = RECURRENT[name](N, M, recurrent_weights=given, **options)
    x, bar = raster(), np.random.default_rng(2).normal(size=(T, B, M))

    tapes = Tape(), Tape()
    out, state = layer(x, tape=tapes[0])
    expected, _ = dense(x, tape=tapes[1])
    g, g_d = layer.backward(bar, tapes[0]), dense.backward(bar, tapes[1])

    assert expected.any()
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_allclose(g.x, g_d.x, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(g.weights["input_weights"], g_d.weights["input_weights"],
                               rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(g.weights["recurrent_weights"],
                               entries(layer, g_d.weights["recurrent_weights"]), rtol=1e-11,
                               atol=1e-13)
    np.testing.assert_allclose(g.state.z, g_d.state.z, rtol=1e-11, atol=1e-13)


def test_recurrent_cell__of_sparse_weights_steps_as_the_sequence():
    given = matrix(M, M, 0.3, diagonal=False)
    options = {"input_weights": np.random.default_rng(3).normal(size=(M, N)),
               "recurrent_weights": given}
    cell, layer, x = LIFRecurrentCell(N, M, **options), LIFRecurrent(N, M, **options), raster()

    out, state = [], None
    for x_t in x:
        z, state = cell(x_t, state)
        out.append(z)

    np.testing.assert_array_equal(np.stack(out), layer(x)[0])


@pytest.mark.parametrize("optimiser", [SGD(0.1, 0.9), Adam(0.01), AdamW(0.01), RMSprop(0.01)],
                         ids=str)
def test_fit__touches_only_the_stored_entries(optimiser):
    x, y = np.swapaxes(raster(), 0, 1), np.array([0, 1, 2])
    first, second = SparseLinear(matrix()), LIFRecurrent(
        M, M, recurrent_weights=matrix(M, M, 0.3, diagonal=False), seed=1)
    net = SequentialState(first, second, Linear(M, 3, seed=2), LI())
    before = first.to_scipy(), second.to_scipy()

    fit(net, x, y, epochs=5, batch_size=3, optimiser=optimiser, penalties=[Weight(1e-3)],
        progress=False)

    for layer, old in zip((first, second), before, strict=True):
        new = layer.to_scipy()
        np.testing.assert_array_equal(new.indices, old.indices)
        np.testing.assert_array_equal(new.indptr, old.indptr)
        assert (new.data != old.data).mean() > 0.5
    assert net.weights["0.weight"] is first.weight
    assert net.weights["1.recurrent_weights"].shape == second.to_scipy().data.shape


def test_sparse_linear__sums_doubles_and_keeps_zeros_and_leaves_the_users_matrix():
    given = sparse.coo_array(([1.0, 2.0, 0.0], ([0, 0, 1], [1, 1, 2])), shape=(2, 3))
    layer = SparseLinear(given)

    layer.weight += 1

    assert layer.to_scipy().toarray().tolist() == [[0, 4, 0], [0, 0, 1]]
    assert given.data.tolist() == [1.0, 2.0, 0.0]
    assert SparseLinear(given.astype(np.float32)).weight.dtype == np.float32


def test_sparse_linear__of_an_empty_matrix():
    layer = SparseLinear(sparse.csr_array((4, 6)))
    tape = Tape()

    assert not layer(np.ones((2, 6)), tape=tape).any()
    g = layer.backward(np.ones((2, 4)), tape)
    assert g.weights["weight"].shape == (0,) and not g.x.any()


def bad(values):
    made = matrix().astype(np.float64)
    made.data[:1] = values
    return made


def out_of_bounds():
    made = matrix()
    made.indices[0] = 99
    return made


@pytest.mark.parametrize("make, error, words", [
    (lambda: SparseLinear(np.eye(3)), TypeError, "matrix must be a scipy sparse matrix, got ndarr"),
    (lambda: SparseLinear(bad(np.nan)), ValueError, "matrix must be finite, got nan"),
    (lambda: SparseLinear(matrix().astype(complex)), TypeError, "matrix must hold real numbers"),
    (lambda: SparseLinear(out_of_bounds()), ValueError, r"matrix must have indices in 0 ... 29"),
    (lambda: SparseLinear(matrix(), np.ones(3)), ValueError, r"bias must have shape \(9,\)"),
    (lambda: SparseLinear(matrix())(np.ones((2, 3))), ValueError, r"x must have shape \(..., 30\)"),
    (lambda: LIFRecurrent(N, M, recurrent_weights=matrix()), ValueError,
     r"recurrent_weights must have shape \(9, 9\)"),
    (lambda: LIFRecurrent(N, M, recurrent_weights=sparse.eye_array(M, format="csr")), ValueError,
     "recurrent_weights must have no diagonal where autapses is False, got 9 entries on it"),
    (lambda: LIFExcInhRecurrent(N, M, recurrent_weights=matrix(M, M)), ValueError,
     "recurrent_weights must be an array for neurons with several inputs, got a sparse matrix"),
    (lambda: LIFRecurrent(N, M).to_scipy(), TypeError, "recurrent_weights must be sparse for"),
])
def test_sparse__refuses(make, error, words):
    with pytest.raises(error, match=words):
        make()
