"""Every neuron model forward: as its naive twin; a model without one fails."""

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.core.dispatch import MODELS
from tests.naive import neurons as naive
from tests.naive.relaxed import plain_engine
from tests.neuron_contract import (
    DT, PARAMETERS, assert_same, at, case, draw, each_dtype, each_model, mapped, n_steps_of,
    sequence, twin_of,
)

# Float32 results differ from those of float64 arithmetic by this many roundings; the factor is what
# a potential may be off by after steps that each add a few, on potentials and currents up to 4.
ROUNDINGS = 100


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def of_neuron(p, k):
    return {f: float(v[k] if np.ndim(v) else v) for f, v in zip(p._fields, p)}


def naive_run(cls, p, s, x, fire_at=lambda index: naive.step_function):
    """The naive twin of a population: -> outputs, states, nearest thresholds."""
    twin, shape, n_steps = twin_of(cls), s[0].shape, n_steps_of(x)
    out, near = np.empty((n_steps, *shape)), np.full((n_steps, *shape), np.inf)
    states = {f: np.empty((n_steps, *shape)) for f in s._fields}
    for index in np.ndindex(shape):
        fire = fire_at(index)

        def watched(u):
            if u:  # a counter at 0 is exact
                near[t, *index] = min(near[t, *index], abs(u))
            return fire(u)

        s_k, p_k = at(s, index), of_neuron(p, index[-1])
        for t in range(n_steps):
            out[t, *index], s_k = twin.step(s_k, at(x, (t, *index)), p_k, DT, watched)
            for f in states:
                states[f][t, *index] = s_k[f]
    return out, states, near


@each_dtype
@each_model
def test_forward__equals_naive_loop(cls, dtype, rng):
    p, s, x = case(cls, rng, (2, 7), 60, dtype)
    layer = sequence(cls, p, dt=DT, record_states=True)
    rounding = ROUNDINGS * twin_of(cls).scale * np.finfo(dtype).eps

    out, states = layer(x, s)
    expected, expected_states, near = naive_run(cls, p, s, x)

    assert out.dtype == dtype
    tied = np.cumsum(near <= rounding, axis=0) > 0  # from then on, it may go either way
    assert tied.mean() <= 0.05, "this case tells nothing: too many potentials lie at the threshold"
    if MODELS[cls].spiking:
        np.testing.assert_array_equal(out[~tied], expected[~tied])
        assert 0.02 < expected.mean() < 0.98
    else:
        np.testing.assert_allclose(out, expected, rtol=0, atol=rounding)
    for f, values in states._asdict().items():
        assert values.dtype == dtype
        np.testing.assert_allclose(values[~tied], expected_states[f][~tied], rtol=0,
                                   atol=rounding, err_msg=f)


@each_dtype
@each_model
def test_engine__compiled_equals_plain_python(cls, dtype, rng, monkeypatch):
    p, s, x = case(cls, rng, (2, 5), 12, dtype)
    layer = sequence(cls, p, dt=DT, record_states=True, trainable=cls._fields)
    short = sequence(cls, p, dt=DT)
    out_bar = rng.normal(size=(12, 2, 5)).astype(dtype)
    bars = MODELS[cls].state(*(rng.normal(size=(12, 2, 5)).astype(dtype) for _ in s))

    def results():
        tape = layers.Tape()
        forward = layer(x, s, tape=tape)
        g = layer.backward(out_bar, tape, bars)
        return (forward, short(x, s), g.x, g.state, *g.weights.values())

    compiled = results()
    plain_engine(monkeypatch)

    assert_same(compiled, results())


@pytest.mark.parametrize("cls", [c for c in PARAMETERS if MODELS[c].rests],
                         ids=lambda cls: cls.__name__[:-10])
def test_forward__rests_without_input(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 20)
    x = mapped(np.zeros_like, x)
    for parameters in (cls(), p):
        rest = MODELS[cls].rest(parameters)

        out, states = sequence(cls, parameters, dt=DT, record_states=True)(x)

        for value, at_rest in zip(states, rest):
            np.testing.assert_array_equal(value, np.broadcast_to(at_rest, value.shape))
        np.testing.assert_array_equal(
            out, 0.0 if MODELS[cls].spiking else np.broadcast_to(rest.v, out.shape))


@pytest.mark.parametrize("cls", [c for c in PARAMETERS if MODELS[c].converges],
                         ids=lambda cls: cls.__name__[:-10])
def test_forward__halving_dt_halves_the_error(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 1)
    quiet = {f: r for f, r in twin_of(cls).quiet.items() if f in s._fields}
    s = s._replace(**draw(quiet, rng, (2, 3)))
    no_input = mapped(lambda a: np.zeros((1, 2, 3)), x)

    def after_4_ms(n_steps):
        x = mapped(lambda a: np.repeat(a, n_steps, axis=0), no_input)
        out, end = sequence(cls, p, dt=4e-3 / n_steps)(x, s)
        assert not MODELS[cls].spiking or not out.any()
        return np.stack([*end])

    once, half, fourth = map(after_4_ms, (32, 64, 128))
    # the error is e dt + O(dt^2), so differences of two steps halve as the errors do
    first, second = np.abs(once - half).sum(axis=(1, 2)), np.abs(half - fourth).sum(axis=(1, 2))
    moved = first > 1e-9 * np.abs(once).max()  # a counter at rest does not move

    assert moved.any()
    np.testing.assert_allclose(first[moved] / second[moved], 2.0, rtol=0.1)


@each_model
def test_record_states__is_the_final_state_of_every_prefix(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 6)

    out, states = sequence(cls, p, dt=DT, record_states=True)(x, s)

    for n in range(1, 7):
        out_n, end = sequence(cls, p, dt=DT)(mapped(lambda a: a[:n], x), s)
        assert_same(out_n, out[:n])
        assert_same(end, mapped(lambda a: a[n - 1], states))
