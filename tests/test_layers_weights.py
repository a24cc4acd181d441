"""Weights and trainable parameters of layers: drawn, given, copied, put to use."""

import numpy as np
import pytest

from eventsnn.layers import LIF, LIFRecurrent, LILinearCell, Linear, Tape
from eventsnn.neurons import LIFParameters
from tests import tolerance
from tests.naive import neurons as naive


@pytest.fixture
def rng():
    return np.random.default_rng(7)


SEEDED = {
    "Linear": lambda seed, dtype=np.float32: Linear(5, 4, seed=seed, dtype=dtype),
    "LILinearCell": lambda seed, dtype=np.float32: LILinearCell(5, 4, seed=seed, dtype=dtype),
    "LIFRecurrent": lambda seed, dtype=np.float32: LIFRecurrent(5, 4, seed=seed, dtype=dtype),
}


@pytest.mark.parametrize("make", SEEDED.values(), ids=SEEDED)
def test_seed__gives_the_same_weights(make):
    first, same, other, wide = make(3), make(3), make(4), make(3, np.float64)

    for name, w in first.weights.items():
        assert w.dtype == np.float32 and wide.weights[name].dtype == np.float64
        np.testing.assert_array_equal(w, same.weights[name])
        np.testing.assert_array_equal(w, wide.weights[name].astype(np.float32))
        assert (w != other.weights[name]).any()


@pytest.mark.parametrize("make", SEEDED.values(), ids=SEEDED)
def test_seed__without_one_layers_differ(make):
    a, b = make(None).weights, make(None).weights

    assert all((a[name] != b[name]).any() for name in a)


def test_weights__drawn_have_the_documented_spread():
    n = 200
    linear, cell = Linear(n, n, seed=1), LILinearCell(n, n, seed=1)
    recurrent = LIFRecurrent(n, n, seed=1)

    assert np.abs(linear.weight).max() <= 1 / np.sqrt(n)
    for w, deviation in ((linear.weight, 1 / np.sqrt(3 * n)),
                         (cell.weights["input_weights"], 1 / np.sqrt(n)),
                         (recurrent.input_weights, np.sqrt(2 / n)),
                         (recurrent.recurrent_weights[~np.eye(n, dtype=bool)], np.sqrt(2 / n))):
        assert w.std() == pytest.approx(deviation, rel=0.05)
        assert abs(w.mean()) < 5 * deviation / n
    assert (recurrent.input_weights != recurrent.recurrent_weights).mean() > 0.99


@pytest.mark.parametrize("autapses", [False, True])
def test_weights__given_are_copied_and_never_changed(autapses, rng):
    given = {"input_weights": rng.normal(size=(4, 3)), "recurrent_weights": rng.normal(size=(4, 4))}
    before = {name: w.copy() for name, w in given.items()}
    layer, tape = LIFRecurrent(3, 4, autapses=autapses, **given), Tape()

    out, _ = layer(3 * rng.normal(size=(9, 3)), tape=tape)
    g = layer.backward(out, tape)

    kept = np.diag(given["recurrent_weights"]) if autapses else np.zeros(4)
    np.testing.assert_array_equal(np.diag(layer.recurrent_weights), kept)
    for w in layer.weights.values():
        w += 1  # as training does
    for name, w in given.items():
        np.testing.assert_array_equal(w, before[name])
    diagonal = np.diag(g.weights["recurrent_weights"])
    assert diagonal.any() == autapses


def test_weights__of_other_layers_given_are_copied(rng):
    w, b = rng.normal(size=(2, 3)), rng.normal(size=2)
    linear, cell = Linear(3, 2, b, weight=w), LILinearCell(3, 2, input_weights=w)

    for layer in (linear, cell):
        for own in layer.weights.values():
            assert not np.shares_memory(own, w) and not np.shares_memory(own, b)


def test_trainable__parameters_given_are_copied():
    v_th = np.ones(3)
    layer = LIF(LIFParameters(v_th=v_th), trainable=("v_th", "v_leak"))

    layer.weights["v_th"] += 1
    layer.weights["v_leak"] += 0.25

    assert (v_th == 1).all()
    assert layer.p.v_leak == 0.25 and layer.weights["v_leak"].shape == ()
    _, state = layer(np.zeros((3, 3)))
    tolerance.assert_close(state.v, np.full(3, 0.25), tolerance.FLOAT32, "rest")


def test_recurrent__equals_naive_loop(rng):
    w_in, w = 2 * rng.normal(size=(4, 3)), 2 * rng.normal(size=(4, 4))
    x, z = rng.normal(size=(30, 2, 3)), np.zeros((2, 4))
    layer = LIFRecurrent(3, 4, input_weights=w_in, recurrent_weights=w, autapses=True)
    states = [[{"v": 0.0, "i": 0.0} for _ in range(4)] for _ in range(2)]

    out, _ = layer(x)

    p = LIFParameters()._asdict()
    for t in range(30):
        drive = x[t] @ w_in.T + z @ w.T
        for b, k in np.ndindex(2, 4):
            z[b, k], states[b][k] = naive.lif(states[b][k], drive[b, k], p, 1e-3,
                                              naive.step_function)
        np.testing.assert_array_equal(out[t], z)
    assert 0.02 < out.mean() < 0.98
