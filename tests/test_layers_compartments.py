"""Multi-compartment neurons: against naive loops, differences, and their own arrangements."""

import numpy as np
import pytest

from eventsnn import layers, neurons
from eventsnn.layers import RecurrentState, Tape
from eventsnn.surrogates import SuperSpike
from tests import tolerance
from tests.naive import neurons as naive
from tests.naive import surrogates as naive_surrogates
from tests.naive.differences import DIFFERENCE, smooth_gradient
from tests.naive.relaxed import relax
from tests.neuron_contract import DT, SMOOTH, assert_same, draw, mapped

N, N_IN, STEPS = 3, 2, 7


@pytest.fixture
def rng():
    return np.random.default_rng(7)


class Model:
    """A model, its parameters and states drawn, and its naive loop."""

    def __init__(self, name, recurrent, rng, dtype=np.float64):
        self.name, self.recurrent = name, recurrent
        refractory = name == "LIFMCRefrac"
        self.twin = naive.TWINS[("LIFMCRefrac" if refractory else "LIF") + "Parameters"]
        self.cls = neurons.LIFMCRefracParameters if refractory else neurons.LIFParameters
        self.state = neurons.LIFMCRefracState if refractory else neurons.LIFState
        self.p = self.cls(**draw(self.twin.p, rng, (N,), dtype))
        self.s = self.state(**draw(self.twin.s, rng, (2, N), dtype))
        self.g = (0.3 if refractory else 40.0) * rng.normal(size=(N, N)).astype(dtype)
        self.w_in, self.w = (0.6 * rng.normal(size=(N, n)).astype(dtype) for n in (N_IN, N))
        self.z = (rng.random((2, N)) < 0.5).astype(dtype)
        self.x = rng.uniform(-0.3, 2.5, (STEPS, 2, N_IN if recurrent else N)).astype(dtype)

    def layer(self, shape, **options):
        options = {"g_coupling": self.g} | options
        if self.recurrent:
            cls = getattr(layers, f"{self.name}Recurrent{shape}")
            return cls(N_IN, N, options.pop("p", self.p), dt=DT, **(
                {"input_weights": self.w_in, "recurrent_weights": self.w, "autapses": True}
                | options))
        return getattr(layers, f"{self.name}{shape}")(N, options.pop("p", self.p), dt=DT, **options)

    def start(self, z=None, s=None):
        z, s = self.z if z is None else z, self.s if s is None else s
        return RecurrentState(z, s) if self.recurrent else s

    def naive(self, x, s, z, p, g, w_in, w, fire=naive.step_function, held=None):
        """A plain loop: -> outputs, states after each step, the spikes in the resets."""
        s, outs, states, resets = dict(s), [], [], []
        for t in range(len(x)):
            drive = x[t] @ w_in.T + z @ w.T if self.recurrent else x[t]
            v = s["v"]
            if self.name == "LIFMC" and not self.recurrent:
                v = v + DT * v @ g.T
            coupling = v @ g.T
            z, after, now = np.empty_like(v), {f: np.empty_like(v) for f in s}, {}
            for index in np.ndindex(v.shape):
                calls = []

                def watched(u):
                    calls.append(fire(u))
                    return calls[-1]

                inputs = drive[index] if self.name == "LIFMC" else {
                    "synapse": drive[index], "coupling": coupling[index]}
                s_k = {f: value[index] for f, value in (s | {"v": v}).items()}
                z[index], s_k = self.twin.step(
                    s_k, inputs, {f: value[index[-1]] for f, value in p.items()}, DT, watched,
                    held[t][index] if held else None)
                now[index] = calls[self.twin.reset_call]
                for f in s:
                    after[f][index] = s_k[f]
            if self.name == "LIFMC" and self.recurrent:
                after["v"] = after["v"] + DT * after["v"] @ g.T
            s = after
            outs.append(z)
            states.append(s)
            resets.append(now)
        return np.array(outs), {f: np.array([one[f] for one in states]) for f in s}, resets


each_form = pytest.mark.parametrize("name, recurrent", [
    (name, recurrent) for name in ("LIFMC", "LIFMCRefrac") for recurrent in (False, True)])


@each_form
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_forward__equals_naive_loop(name, recurrent, dtype, rng):
    model = Model(name, recurrent, rng, dtype)
    inputs = [np.float64(a) for a in (model.g, model.w_in, model.w)]

    out, states = model.layer("", record_states=True)(model.x, model.start())
    expected, expected_states, _ = model.naive(
        np.float64(model.x), mapped(np.float64, model.s)._asdict(), np.float64(model.z),
        mapped(np.float64, model.p)._asdict(), *inputs)

    assert out.dtype == dtype
    np.testing.assert_array_equal(out, expected)
    assert 0 < expected.mean() < 1
    states = states.neuron if recurrent else states
    for f, value in states._asdict().items():
        np.testing.assert_allclose(value, expected_states[f], rtol=0,
                                   atol=200 * np.finfo(dtype).eps, err_msg=f)


@each_form
def test_backward__equals_differences_of_the_relaxed_loop(name, recurrent, rng, plain, monkeypatch):
    relax(monkeypatch, SMOOTH)
    model = Model(name, recurrent, rng)
    layer, tape = model.layer("", record_states=True, threshold=SMOOTH,
                              trainable=model.p._fields), Tape()
    out_bar = rng.normal(size=(STEPS, 2, N))
    bars = model.state(*rng.normal(size=(len(model.s), STEPS, 2, N)))
    stop = layer.cell.stop_reset
    assert stop == (recurrent and name == "LIFMC")

    out, _ = layer(model.x, model.start(), tape=tape)
    g = layer.backward(out_bar, tape, RecurrentState(None, bars) if recurrent else bars)

    arguments = {"x": model.x, "s": model.s._asdict(), "z": model.z, "p": model.p._asdict(),
                 "g": model.g, "w_in": model.w_in, "w": model.w}

    def fire(u):
        return naive_surrogates.primitive(u, SMOOTH)

    expected, _, resets = model.naive(**arguments, fire=fire)
    tolerance.assert_close(out, expected, tolerance.OUTPUT, "out")

    def loss(**changed):
        out, states, _ = model.naive(**arguments | changed, fire=fire,
                                     held=resets if stop else None)
        return (out_bar * out).sum() + sum(
            (getattr(bars, f) * v).sum() for f, v in states.items())

    s_bar = g.state.neuron if recurrent else g.state
    pairs = [(g.x, "x"), (g.weights["g_coupling"], "g")]
    if recurrent:
        pairs += [(g.state.z, "z"), (g.weights["input_weights"], "w_in"),
                  (g.weights["recurrent_weights"], "w")]
    for actual, argument in pairs:
        difference = smooth_gradient(lambda v: loss(**{argument: v}), arguments[argument])
        tolerance.assert_close(actual, difference, DIFFERENCE, argument)
    for part, bar in (("s", s_bar._asdict()), ("p", g.weights)):
        for f, value in arguments[part].items():
            difference = smooth_gradient(
                lambda v: loss(**{part: arguments[part] | {f: v}}), value)
            tolerance.assert_close(bar[f], difference, DIFFERENCE, f)


@each_form
def test_sequence__equals_cell_and_batches_and_pieces(name, recurrent, rng):
    model = Model(name, recurrent, rng)
    cell, sequence = model.layer("Cell"), model.layer("")
    tape, state, outs = Tape(), model.start(), []

    whole, end = sequence(model.x, model.start())
    for x in model.x:
        out, state = cell(x, state, tape=tape)
        outs.append(out)
    first, state_2 = sequence(model.x[:3], model.start())
    second, end_2 = sequence(model.x[3:], state_2)

    assert_same(np.stack(outs), whole)
    assert_same(state, end)
    assert_same((np.concatenate([first, second]), end_2), (whole, end))
    alone, _ = sequence(model.x[:, 1], mapped(lambda part: part[1] if not isinstance(part, tuple)
                                              else mapped(lambda a: a[1], part), model.start()))
    np.testing.assert_allclose(alone, whole[:, 1], atol=1e-12)
    two_axes, _ = sequence(model.x.reshape(STEPS, 2, 1, -1), mapped(
        lambda part: mapped(lambda a: a.reshape(2, 1, N), part), model.start()))
    np.testing.assert_allclose(two_axes[:, :, 0], whole, atol=1e-12)


@pytest.mark.parametrize("recurrent", [False, True])
def test_lif_mc__without_coupling_is_lif(recurrent, rng):
    model = Model("LIFMC", recurrent, rng)
    layer = model.layer("", g_coupling=np.zeros((N, N)))
    plain = (layers.LIFRecurrent(N_IN, N, model.p, dt=DT, input_weights=model.w_in,
                                 recurrent_weights=model.w, autapses=True)
             if recurrent else layers.LIF(model.p, dt=DT))

    assert_same(layer(model.x, model.start()), plain(model.x, model.start()))


def test_lif_mc_refrac__couples_without_dt_and_through_refractoriness(rng):
    g = np.array([[0.0, 0.0], [1.5, 0.0]])
    layer = layers.LIFMCRefracCell(2, g_coupling=g)
    state = neurons.LIFMCRefracState(v=np.array([0.9, 0.0]), i=np.zeros(2), rho=np.array([0., 3.]))

    z, after = layer(np.zeros(2), state)

    assert list(z) == [0, 1]  # 1.5 * 0.9 is above threshold though the receiver is refractory
    finer, _ = layers.LIFMCRefracCell(2, dt=1e-4, g_coupling=g)(np.zeros(2), state)
    assert list(finer) == [0, 1]  # and the coupling is the same at a tenth of the step


@each_form
def test_layer__owns_its_coupling_and_trains_it(name, recurrent, rng):
    model = Model(name, recurrent, rng)
    mine = model.g.copy()
    layer = model.layer("", trainable=("v_th",))
    before = layer(model.x, model.start())[1]

    layer.weights["g_coupling"][...] += 1.0

    np.testing.assert_array_equal(model.g, mine)
    after = layer(model.x, model.start())[1]
    v = (lambda state: (state.neuron if recurrent else state).v)
    assert not np.allclose(v(before), v(after))
    layer.weights["v_th"][...] = 1e12
    assert not layer(model.x, model.start())[0][1:].any()


def test_sequence__has_what_its_cell_has():
    layer = layers.LIFMCRecurrent(2, 3, dt=2e-3, seed=1)

    assert layer.dt == 2e-3 and layer.p == neurons.LIFParameters()
    for name, array in layer.weights.items():
        assert getattr(layer, name) is array
    with pytest.raises(AttributeError, match="nothing"):
        layer.nothing


def test_weights__are_drawn_by_seed_with_norses_spread():
    a, b, c = (layers.LIFMCRecurrentCell(4, 200, seed=seed) for seed in (1, 1, 2))

    assert_same(a.g_coupling, b.g_coupling)
    assert np.abs(a.g_coupling - c.g_coupling).max() > 0.01
    assert a.g_coupling.std() == pytest.approx(1 / np.sqrt(200), rel=0.02)
    assert np.abs(np.corrcoef(a.g_coupling.ravel(), a.recurrent_weights.ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("make, error, words", [
    (lambda: layers.LIFMCCell(3, g_coupling=np.zeros((3, 2))), ValueError,
     "g_coupling must have shape (3, 3)"),
    (lambda: layers.LIFMCCell(0), ValueError, "hidden_size must be at least 1, got 0"),
    (lambda: layers.LIFMCCell(3, g_coupling=np.full((3, 3), np.nan)), ValueError,
     "g_coupling must be finite"),
    (lambda: layers.LIFMCCell(3, neurons.LIFMCRefracParameters()), TypeError,
     "p must be LIFParameters, got LIFMCRefracParameters"),
    (lambda: layers.LIFMCCell(3)(np.ones(4)), ValueError,
     "x must have shape (..., 3) to match g_coupling, got (4,)"),
    (lambda: layers.LIFMCCell(3)(np.ones(3), neurons.LIState(0, 0)), TypeError,
     "state must be LIFState, got LIState"),
    (lambda: layers.LIFMCRecurrentCell(2, 3, seed=1)(np.ones(2), neurons.LIFState(0, 0)), TypeError,
     "state must be RecurrentState, got LIFState"),
    (lambda: layers.LIFMC(3)(np.ones((0, 3))), ValueError, "x must have at least one step"),
    (lambda: layers.LIFMCRefrac(3, threshold="super"), TypeError, "threshold must be one of"),
    (lambda: layers.LIFMC(3, trainable=("tau",)), ValueError, "trainable must be one of"),
])
def test_compartments__refuse_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_weights__float32_by_default_and_float64_when_given(rng):
    assert layers.LIFMC(3, seed=0)(np.ones((4, 3), np.float32))[0].dtype == np.float32
    assert layers.LIFMC(3, g_coupling=np.eye(3))(np.ones((4, 3), int))[0].dtype == np.float64
    assert layers.LIFMC(3, threshold=SuperSpike(3.0), seed=0)(np.ones((4, 3)))[0].shape == (4, 3)
