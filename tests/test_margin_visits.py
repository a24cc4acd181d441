"""Recurrent weights visited for neurons within the margin alone: the same gradients for less."""

import numpy as np
import pytest
from scipy import sparse

from eventsnn import layers, neurons, surrogates, train
from eventsnn.core.fields import map_fields
from eventsnn.engine import run
from eventsnn.spikes import Events
from tests import tolerance


@pytest.fixture
def rng():
    return np.random.default_rng(31)


@pytest.fixture
def calls(monkeypatch):
    """The calls of the loop that visits, each with its number of arguments."""
    visiting, found = run.cpu.backward_recurrent, []

    def watched(*arguments):
        found.append(len(arguments))
        return visiting(*arguments)

    monkeypatch.setattr(run.cpu, "backward_recurrent", watched)
    return found


def lif(rng, n, margin, th=surrogates.SuperSpike(), shape=layers.LIFRecurrent, **options):
    """Recurrent neurons that fire, and inputs of theirs."""
    w_in, w = rng.normal(0.1, 0.5, (n, 5)), rng.normal(size=(n, n)) / np.sqrt(n)
    np.fill_diagonal(w, 0.0)
    options = {"input_weights": w_in, "recurrent_weights": w} | options
    return shape(5, n, threshold=th, margin=margin, **options), rng.normal(0.2, 1.0, (60, 3, 5))


def gradients(layer, x, out_bar, state_bar=None):
    tape = layers.Tape()
    out, _ = layer(x, tape=tape)
    return out, layer.backward(out_bar, tape, state_bar)


def assert_gradients(actual, expected, close):
    """Compare two `Gradients` of recurrent layers by a function of two arrays and a name."""
    close(actual.x, expected.x, "x")
    close(actual.state.z, expected.state.z, "z")
    for f, value in expected.state.neuron._asdict().items():
        close(getattr(actual.state.neuron, f), value, f)
    for name, value in expected.weights.items():
        close(actual.weights[name], value, name)


def same(actual, expected, what):
    np.testing.assert_array_equal(actual, expected, what)


def rounded(actual, expected, what):
    tolerance.assert_close(actual, expected, tolerance.OUTPUT, what)


def of_kind(kind, rng, margin):
    """A layer of 40 neurons and its input: each way in which weights or neurons are looked at."""
    if kind == "sparse":
        w = sparse.random_array((40, 40), density=0.3, rng=rng, data_sampler=rng.standard_normal)
        w.setdiag(0.0)
        return lif(rng, 40, margin, recurrent_weights=w.tocsr())
    return lif(rng, 40, margin, **{
        "dense": {"trainable": ("v_th", "tau_mem_inv")},
        "arrays": {"p": neurons.LIFParameters(v_th=rng.uniform(0.8, 1.2, 40))},
        "channels": {"shape": layers.LIFExcInhRecurrent},
        "refractory": {"shape": layers.LIFRefracRecurrent, "th": surrogates.HeaviCirc(alpha=0.5)},
        "random": {"th": surrogates.Logistic(alpha=4.0)},
    }[kind])


@pytest.mark.parametrize("record", [False, True], ids=["final", "recorded"])
@pytest.mark.parametrize("margin", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("kind", ["dense", "arrays", "sparse", "channels", "refractory", "random"])
def test_visits__give_the_gradients_of_the_dense_product(kind, margin, record, rng, monkeypatch,
                                                         calls):
    layer, x = of_kind(kind, rng, margin)
    layer.record_states, shape = record, (60, 3, 40)
    out_bar, state = rng.normal(size=shape), layer.model.state
    bars = rng.normal(size=(1 + len(state._fields), *(shape if record else shape[1:])))
    state_bar, found = layers.RecurrentState(bars[0], state(*bars[1:])), {}

    for share in (2.0, 0.0):
        for name in ("DENSE_FROM", "SPARSE_FROM"):
            monkeypatch.setattr(run, name, share)
        layer.first_step = 0
        out, found[share] = gradients(layer, x, out_bar, state_bar)

    assert 0.01 < out.mean() < 0.7
    assert len(calls) == 1
    assert_gradients(found[2.0], found[0.0], rounded)


def test_margin__beyond_the_support_changes_no_bit_of_a_network(rng):
    layer, x = lif(rng, 40, 1.0, surrogates.Triangle())
    out_bar = rng.normal(size=(60, 3, 40))

    out, cut = gradients(layer, x, out_bar)
    layer.margin = None
    out_whole, whole = gradients(layer, x, out_bar)

    assert 0.01 < out.mean() < 0.5
    same(out, out_whole, "out")
    assert_gradients(cut, whole, same)  # most are within it: the same product


@pytest.mark.parametrize("margin", [0.0, 0.03, 0.3, 10.0])
def test_reached__are_the_neurons_within_the_margin(margin, rng):
    layer, x = lif(rng, 40, margin)
    tape = layers.Tape()
    layer(x, tape=tape)
    _, drive, _, h, lay, th, first = tape.pop(layer)

    share = run.reached(drive, h, lay, layer.dt, th, first, layer.stop_reset, steps=len(x))

    i = h.i + drive
    u = h.v + layer.dt * layer.p.tau_mem_inv * (layer.p.v_leak + i - h.v) - layer.p.v_th
    assert share == (np.abs(u) < margin).mean()
    assert margin in (0.0, 10.0) or 0 < share < 1


def test_reached__decides_between_visits_and_products(rng, calls):
    counts = []
    for kind in ("dense", "sparse"):
        layer, x = of_kind(kind, rng, None)
        for margin in (None, 0.02, 0.4, 100.0):
            layer.margin = margin
            gradients(layer, x, np.ones((60, 3, 40)))
            counts.append(len(calls))

    assert counts == [0, 1, 1, 1, 1, 2, 3, 3]


def test_visits__are_as_close_to_float64_over_1000_steps_as_the_dense_product(rng, monkeypatch,
                                                                              calls):
    layer, _ = lif(rng, 64, 0.05)
    layer.input_weights, layer.recurrent_weights = (
        (scale * w).astype(np.float32) for scale, w in ((1.0, layer.input_weights),
                                                        (0.5, layer.recurrent_weights)))
    x = rng.normal(0.1, 0.8, (1000, 2, 5)).astype(np.float32)
    out_bar, tape = rng.normal(size=(1000, 2, 64)).astype(np.float32), layers.Tape()
    out, _ = layer(x, tape=tape)
    *record, lay, th, first = tape.pop(layer)
    wide = [part if isinstance(part, Events) else map_fields(lambda a: a.astype(np.float64), part)
            for part in record]

    def backward(share, record):
        monkeypatch.setattr(run, "DENSE_FROM", share)
        tape.push(layer, (*record, lay, th, first))
        return layer.backward(out_bar, tape).x

    exact = backward(0.0, wide)
    dense, visits = (backward(share, record) - exact for share in (0.0, 2.0))

    assert exact.dtype == np.float64 and visits.dtype == dense.dtype and len(calls) == 1
    assert 0.01 < out.mean() < 0.3
    most = np.abs(exact).max()
    assert np.abs(visits).max() < min(1e-5 * most, 1.5 * np.abs(dense).max())


def test_fit__with_a_margin_learns_which_half_fired_first(calls):
    rng = np.random.default_rng(5)
    labels, x = rng.integers(0, 2, 120), np.zeros((120, 30, 20))
    half = rng.random((120, 2, 15, 10)) < 0.3
    for k, label in enumerate(labels):
        x[k, :15, 10 * label:10 * label + 10] = half[k, 0]
        x[k, 15:, 10 - 10 * label:20 - 10 * label] = half[k, 1]
    net = layers.SequentialState(layers.LIFRecurrent(20, 64, margin=0.1, seed=1),
                                 layers.Linear(64, 2, seed=2), layers.LI())

    before = train.accuracy(net, x, labels, readout="last")
    train.fit(net, x, labels, epochs=10, batch_size=20, optimiser=train.Adam(3e-3),
              readout="last", progress=False)
    after = train.accuracy(net, x, labels, readout="last")

    assert before < 0.7 and after > 0.95
    assert calls
