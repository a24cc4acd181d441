"""Every neuron model backward over whole sequences and networks: as differences have it."""

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.core.dispatch import MODELS
from tests import tolerance
from tests.naive.differences import DIFFERENCE, smooth_gradient
from tests.naive.population import Relaxed, mixed, split
from tests.naive.relaxed import relax
from tests.neuron_contract import (
    COUPLED, DT, assert_same, case, each_model, mapped, sequence, smooth,
)


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.mark.parametrize("stop_reset", [False, True])
@pytest.mark.parametrize("record", [False, True], ids=["final", "recorded"])
@each_model
def test_backward__equals_differences_of_the_relaxed_sequence(cls, record, stop_reset, rng, plain,
                                                              monkeypatch):
    th = smooth(cls)
    relax(monkeypatch, th)
    n_steps, shape = 6, (2, 2)
    p, s, x = case(cls, rng, shape, n_steps)
    p, fields = mixed(cls, p, 2)
    out_bar = rng.normal(size=(n_steps, *shape))
    bars = MODELS[cls].state(*rng.normal(size=(len(s), *(out_bar.shape if record else shape))))
    layer = sequence(cls, p, th, DT, stop_reset=stop_reset, trainable=fields,
                     record_states=record)
    twin, tape = Relaxed(cls, th, stop_reset), layers.Tape()

    out, _ = layer(x, s, tape=tape)
    g = layer.backward(out_bar, tape, bars)

    def loss(p, s, x):
        out, states = twin(p, s, x)
        if not record:
            states = {f: v[-1] for f, v in states.items()}
        return (out_bar * out).sum() + sum((getattr(bars, f) * v).sum() for f, v in states.items())

    p, s = p._asdict(), s._asdict()
    tolerance.assert_close(out, twin(p, s, x)[0], tolerance.OUTPUT, "out")
    for f in fields:
        expected = smooth_gradient(lambda v: loss(p | {f: v}, s, x), p[f])
        tolerance.assert_close(g.weights[f], expected, DIFFERENCE, f)
    for f in s:
        expected = smooth_gradient(lambda v: loss(p, s | {f: v}, x), s[f])
        tolerance.assert_close(getattr(g.state, f), expected, DIFFERENCE, f)
    for f in x._fields if isinstance(x, tuple) else (None,):
        expected = smooth_gradient(lambda v: loss(p, s, x._replace(**{f: v}) if f else v),
                                   getattr(x, f) if f else x)
        tolerance.assert_close(getattr(g.x, f) if f else g.x, expected, DIFFERENCE, "x")


@pytest.mark.parametrize("stop_reset", [False, True])
@pytest.mark.parametrize("cls", COUPLED, ids=lambda cls: cls.__name__[:-10])
def test_backward__equals_differences_of_the_relaxed_network(cls, stop_reset, rng, plain,
                                                             monkeypatch):
    th = smooth(cls)
    relax(monkeypatch, th)
    n_steps, n_in, n = 9, 2, 3
    p, s, _ = case(cls, rng, (2, n), 1)
    p, fields = mixed(cls, p, n)
    x, z_before = rng.normal(size=(n_steps, 2, n_in)), rng.normal(size=(2, n))
    w_in, w = 0.3 * rng.normal(size=(n, n_in)), 0.3 * rng.normal(size=(n, n))
    np.fill_diagonal(w, 0.0)
    layer = type("Any", (layers.RecurrentSequence,), {"parameters": cls})(
        n_in, n, p, th, DT, input_weights=w_in, recurrent_weights=w, stop_reset=stop_reset,
        trainable=fields, record_states=True)
    out_bar, z_bar = rng.normal(size=(2, n_steps, 2, n))
    bars = MODELS[cls].state(*rng.normal(size=(len(s), n_steps, 2, n)))
    twin, tape = Relaxed(cls, th, stop_reset), layers.Tape()

    out, state = layer(x, layers.RecurrentState(z_before, s), tape=tape)
    g = layer.backward(out_bar, tape, layers.RecurrentState(z_bar, bars))

    def loss(p=p._asdict(), s=s._asdict(), x=x, z_before=z_before, w_in=w_in, w=w):
        drive = mapped(lambda w: x @ w.T, split(cls, w_in))
        out, states = twin(p, s, drive, z_before, split(cls, w))
        return ((out_bar + z_bar) * out).sum() + sum(
            (getattr(bars, f) * v).sum() for f, v in states.items())

    loss()
    assert_same(state.z, out)
    for actual, argument, value in ((g.x, "x", x), (g.weights["input_weights"], "w_in", w_in),
                                    (g.state.z, "z_before", z_before)):
        expected = smooth_gradient(lambda v: loss(**{argument: v}), value)
        tolerance.assert_close(actual, expected, DIFFERENCE, argument)
    expected = smooth_gradient(lambda v: loss(w=v), w)
    np.fill_diagonal(expected, 0.0)
    tolerance.assert_close(g.weights["recurrent_weights"], expected, DIFFERENCE, "w")
    for f in fields:
        expected = smooth_gradient(lambda v: loss(p=p._asdict() | {f: v}), getattr(p, f))
        tolerance.assert_close(g.weights[f], expected, DIFFERENCE, f)
    for f in s._fields:
        expected = smooth_gradient(lambda v: loss(s=s._asdict() | {f: v}), getattr(s, f))
        tolerance.assert_close(getattr(g.state.neuron, f), expected, DIFFERENCE, f)
