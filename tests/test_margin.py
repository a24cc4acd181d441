"""Slopes that are cut at a margin: the gradients of every neuron model, by the chain rule."""

import numpy as np
import pytest

from eventsnn import layers, surrogates
from eventsnn.core.dispatch import MODELS
from eventsnn.engine import run
from tests import tolerance
from tests.naive import duals
from tests.naive import neurons as naive
from tests.naive import surrogates as naive_surrogates
from tests.neuron_contract import (
    COUPLED, DT, PARAMETERS, assert_same, case, sequence, twin_of,
)

SPIKING = [cls for cls in PARAMETERS if MODELS[cls].spiking]
RECURRENT = [cls for cls in SPIKING if cls in COUPLED]
CLOSE = {1.0: 0.3, 20.0: 8.0, 1e4: 40.0}  # margin that some membranes are within, by a twin's scale
N_STEPS, ITEMS, N, N_IN = 7, 2, 3, 2
# The wider of each surrogate's widths: all of them reach beyond the margin.
DETERMINISTIC = list({type(th): th for th in naive_surrogates.cases()
                      if not surrogates.is_stochastic(th)}.values())


def named(cls):
    return cls.__name__[:-10]


each_threshold = pytest.mark.parametrize("th", DETERMINISTIC, ids=lambda th: type(th).__name__)
each_stop = pytest.mark.parametrize("stop_reset", [False, True], ids=["through", "stopped"])


@pytest.fixture
def rng():
    return np.random.default_rng(31)


@pytest.fixture
def always(monkeypatch):
    """Visit the neurons one by one however many have a use for their gradients."""
    monkeypatch.setattr(run, "DENSE_FROM", 2.0)


def margin_of(cls):
    return CLOSE[twin_of(cls).scale]


class Firing:
    """A spike function on duals whose slope is cut; counts how many calls met one that is not."""

    def __init__(self, th, margin):
        self.th, self.margin, self.near, self.calls = th, margin, 0, 0

    def __call__(self, u):
        u = duals.lifted(u)
        is_near = abs(u.value) < self.margin
        self.near, self.calls = self.near + is_near, self.calls + 1
        slope = naive_surrogates.slope(u.value, self.th) if is_near else 0.0
        return duals.Dual(naive.step_function(u.value), slope * u.bar)


def stepped(cls, s, x, p, fire, stop_reset):
    """One step of the naive model; the spike in its reset has no derivative if that is stopped."""
    twin, held = twin_of(cls), None
    if stop_reset:
        spikes = []

        def watched(u):
            spikes.append(fire(u))
            return spikes[-1]

        twin.step(s, x, p, DT, watched)
        held = spikes[twin.reset_call].value
    return twin.step(s, x, p, DT, fire, held)


def naive_gradients(cls, fire, stop_reset, p, s, x, out_bar, s_bar, w=None, w_in=None, z=None):
    """Gradients of ``(out_bar * out).sum() + (s_bar * end).sum()`` by everything.

    `p` (n,), `s` (B, n) and `s_bar` are dictionaries; `x` (T, B, n) or one; with `w` (n, n) and
    `w_in` (n, m), of a network with `x` (T, B, m) and the outputs `z` (B, n) before.
    """
    groups = (p, s, x) if w is None else (p, s, x, w, w_in, z)
    (p, s, x, *rest), gradients = duals.seeded(*groups)
    total, end = duals.Dual(0.0, 0.0), {f: v.copy() for f, v in s.items()}
    if rest:
        w, w_in, z = rest
    channels = getattr(MODELS[cls].inputs, "_fields", None)
    for t in range(len(out_bar)):
        out = np.empty(out_bar.shape[1:], object)
        for b, k in np.ndindex(out.shape):
            if w is None:
                drive = {f: v[t, b, k] for f, v in x.items()} if channels else x[t, b, k]
            else:
                terms = [*zip(w_in[k], x[t, b]), *zip(w[k], z[b])]
                if channels is None:
                    drive = sum(weight * value for weight, value in terms)
                else:
                    sign = MODELS[cls].inhibition
                    drive = {"exc": sum(a * v for a, v in terms if a > 0),
                             "inh": sum(sign * -1.0 * a * v for a, v in terms if not a > 0)}
            out[b, k], after = stepped(cls, {f: v[b, k] for f, v in end.items()}, drive,
                                       {f: v[k] for f, v in p.items()}, fire, stop_reset)
            for f, value in after.items():
                end[f][b, k] = duals.lifted(value)
            total += out_bar[t, b, k] * out[b, k]
        z = out
    for f, bar in s_bar.items():
        total += sum(a * v for a, v in zip(bar.ravel(), end[f].ravel()))
    return gradients(total)


def bars(cls, rng):
    return (rng.normal(size=(N_STEPS, ITEMS, N)),
            MODELS[cls].state(*rng.normal(size=(len(MODELS[cls].state._fields), ITEMS, N))))


@each_stop
@each_threshold
@pytest.mark.parametrize("cls", SPIKING, ids=named)
def test_backward__equals_naive_chain_rule(cls, th, stop_reset, rng, plain, monkeypatch):
    monkeypatch.setattr(naive, "math", duals.MATH)
    p, s, x = case(cls, rng, (ITEMS, N), N_STEPS)
    out_bar, s_bar = bars(cls, rng)
    layer = sequence(cls, p, th, DT, stop_reset=stop_reset, margin=margin_of(cls),
                     trainable=tuple(twin_of(cls).p))
    fire, tape = Firing(th, margin_of(cls)), layers.Tape()

    layer(x, s, tape=tape)
    g = layer.backward(out_bar, tape, s_bar)

    p_bar, start_bar, x_bar = naive_gradients(
        cls, fire, stop_reset, p._asdict(), s._asdict(),
        x._asdict() if isinstance(x, tuple) else x, out_bar, s_bar._asdict())
    assert 0 < fire.near < fire.calls
    for f in layer.trainable:
        tolerance.assert_close(g.weights[f], p_bar[f], tolerance.OUTPUT, f)
    for f, expected in start_bar.items():
        tolerance.assert_close(getattr(g.state, f), expected, tolerance.OUTPUT, f)
    for f in x_bar if isinstance(x_bar, dict) else (None,):
        tolerance.assert_close(getattr(g.x, f) if f else g.x, x_bar[f] if f else x_bar,
                               tolerance.OUTPUT, "x")


def network(cls, p, th, rng, **options):
    """A recurrent layer, and what a call of it takes."""
    w_in, w = 0.5 * rng.normal(size=(N, N_IN)), 0.5 * rng.normal(size=(N, N))
    np.fill_diagonal(w, 0.0)
    layer = type("Any", (layers.RecurrentSequence,), {"parameters": cls})(
        N_IN, N, p, th, DT, input_weights=w_in, recurrent_weights=w,
        trainable=tuple(twin_of(cls).p), **options)
    return layer, 3 * rng.normal(size=(N_STEPS, ITEMS, N_IN)), rng.normal(size=(ITEMS, N))


@pytest.mark.parametrize("visit", [2.0, 0.0], ids=["visits", "dense"])
@each_stop
@each_threshold
@pytest.mark.parametrize("cls", RECURRENT, ids=named)
def test_backward__of_a_network_equals_naive_chain_rule(cls, th, stop_reset, visit, rng, plain,
                                                        monkeypatch):
    monkeypatch.setattr(naive, "math", duals.MATH)
    monkeypatch.setattr(run, "DENSE_FROM", visit)
    p, s, _ = case(cls, rng, (ITEMS, N), 1)
    layer, x, z = network(cls, p, th, rng, stop_reset=stop_reset, margin=margin_of(cls))
    out_bar, s_bar = bars(cls, rng)
    fire, tape = Firing(th, margin_of(cls)), layers.Tape()

    layer(x, layers.RecurrentState(z, s), tape=tape)
    g = layer.backward(out_bar, tape, layers.RecurrentState(None, s_bar))

    p_bar, start_bar, x_bar, w_bar, w_in_bar, z_bar = naive_gradients(
        cls, fire, stop_reset, p._asdict(), s._asdict(), x, out_bar, s_bar._asdict(),
        layer.recurrent_weights, layer.input_weights, z)
    assert fire.near
    np.fill_diagonal(w_bar, 0.0)
    expected = {"recurrent_weights": w_bar, "input_weights": w_in_bar} | p_bar
    for name, actual in g.weights.items():
        tolerance.assert_close(actual, expected[name], tolerance.OUTPUT, name)
    tolerance.assert_close(g.x, x_bar, tolerance.OUTPUT, "x")
    tolerance.assert_close(g.state.z, z_bar, tolerance.OUTPUT, "z")
    for f, value in start_bar.items():
        tolerance.assert_close(getattr(g.state.neuron, f), value, tolerance.OUTPUT, f)


@pytest.mark.parametrize("cls", SPIKING, ids=named)
def test_margin__beyond_the_support_of_the_slope_changes_no_bit(cls, rng, plain):
    th, (p, s, x) = surrogates.Triangle(), case(cls, rng, (ITEMS, N), N_STEPS)
    out_bar, s_bar = bars(cls, rng)

    found = []
    for margin in (1.0, None):
        layer, tape = sequence(cls, p, th, DT, margin=margin, trainable=tuple(twin_of(cls).p)), \
            layers.Tape()
        layer(x, s, tape=tape)
        found.append(layer.backward(out_bar, tape, s_bar))

    cut, whole = found
    assert_same((cut.x, cut.state), (whole.x, whole.state))
    for name, bar in whole.weights.items():
        assert_same(cut.weights[name], bar)


@pytest.mark.parametrize("margin, error, words", [
    (-0.1, ValueError, "margin must be at least 0, got -0.1"),
    (np.nan, ValueError, "margin must be finite, got nan"),
    (np.inf, ValueError, "margin must be finite, got inf"),
    ("0.1", TypeError, "margin must be a number, got '0.1'"),
    (True, TypeError, "margin must be a number, got True"),
])
@pytest.mark.parametrize("make", [
    layers.LIF, layers.LIFCell, lambda **o: layers.LIFRecurrent(2, 3, **o),
    lambda **o: layers.LIFRecurrentCell(2, 3, **o), lambda **o: layers.LIFMC(3, **o),
], ids=["sequence", "cell", "recurrent", "recurrent cell", "compartments"])
def test_margin__refuses(make, margin, error, words):
    with pytest.raises(error) as caught:
        make(margin=margin)

    assert str(caught.value) == words


def test_margin__is_refused_with_rules_in_place_of_a_slope():
    with pytest.raises(ValueError, match=r"^margin must be None, got 0.1; EventAdjoint has no slo"):
        layers.LIF(threshold=surrogates.EventAdjoint(), margin=0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("th", list(naive_surrogates.cases()), ids=lambda th: f"{type(th).__name__}"
                         f"-{th[0] if th else ''}")
def test_slope__is_whole_within_the_margin_and_0_from_there_on(th, dtype):
    u, dtype = np.array([-2.0, -0.25, -0.2, 0.0, 0.2, 0.25, 2.0], dtype), np.dtype(dtype)
    whole, cut = surrogates.prepare(th, dtype), surrogates.prepare(th, dtype, 0.25)

    slopes = [surrogates.spike_slope(v, cut) for v in u]

    within = np.abs(u) < 0.25
    assert slopes == [surrogates.spike_slope(v, whole) * near for v, near in zip(u, within)]
    assert {slope.dtype for slope in slopes} == {dtype}
    assert [surrogates.spike(v, cut) for v in u] == [surrogates.spike(v, whole) for v in u]


@pytest.mark.parametrize("shape", ["sequence", "cell", "compartments"])
def test_margin__of_0_lets_nothing_through_spikes(shape, rng):
    layer = {"sequence": layers.LIF, "cell": layers.LIFCell,
             "compartments": lambda margin: layers.LIFMC(4, margin=margin)}[shape](margin=0.0)
    x, tape = rng.uniform(0.0, 3.0, (20, 4)), layers.Tape()
    out, _ = layer(x, tape=tape)

    g = layer.backward(np.ones_like(out), tape)

    assert layer.margin == 0.0
    assert not g.x.any()
