"""Spike functions: forward, slopes against the formulas, and the statistics of random ones."""

import inspect

import numpy as np
import pytest
from scipy import integrate

from eventsnn import surrogates
from eventsnn.core import random
from eventsnn.layers import LIFBox, Tape, Threshold
from eventsnn.neurons import LIFBoxParameters
from eventsnn.surrogates import CircDist, Logistic, SuperSpike, prepare, spike, spike_slope
from tests import tolerance
from tests.naive import philox
from tests.naive import surrogates as naive

CASES = list(naive.cases())
DETERMINISTIC = [th for th in CASES if not surrogates.is_stochastic(th)]
STOCHASTIC = [Logistic(alpha=1.5), Logistic(), CircDist(alpha=0.5), CircDist()]
U = np.array([-3.0, -1.0, -0.99, -0.3, -0.02, -1e-3, 0.0, 1e-3, 0.02, 0.3, 0.99, 1.0, 3.0])
FLOAT64 = np.dtype(np.float64)


def name(th):
    return f"{type(th).__name__}-{th[0] if th else ''}"


def probability(u, th):
    if isinstance(th, Logistic):
        return 0.5 + np.tanh(th.alpha * u) / 2
    return 0.5 + u / (2 * np.sqrt(u**2 + th.alpha**2))


def test_surrogates__all_have_a_naive_twin():
    public = [c for name, c in inspect.getmembers(surrogates, inspect.isclass)
              if hasattr(c, "_fields") and c is not surrogates.Surrogate and name[0] != "_"]

    with_slopes = set(surrogates.SURROGATES) - {surrogates.EventAdjoint}  # rules, in test_adjoint
    assert set(public) == set(surrogates.SURROGATES)
    assert with_slopes == set(naive.SLOPES) == set(naive.PRIMITIVES)


@pytest.mark.parametrize("th", CASES, ids=name)
def test_primitive__is_the_integral_of_the_slope(th):
    prepared = prepare(th, FLOAT64)
    for low, high in ((-1.7, -0.4), (-0.4, -0.003), (-0.003, 0.0), (0.0, 0.05), (0.05, 2.0)):
        points = [p for p in (-1.0, 1.0) if low < p < high] or None

        area, _ = integrate.quad(lambda u: float(spike_slope(np.float64(u), prepared)), low, high,
                                 points=points, epsabs=1e-12, epsrel=1e-11, limit=200)

        if isinstance(th, surrogates.Heaviside):
            assert area == 0
        else:
            assert area == pytest.approx(naive.primitive(high, th) - naive.primitive(low, th),
                                         rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("th", DETERMINISTIC, ids=name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_spike__is_the_step_that_is_0_at_0(th, dtype):
    u = U.astype(dtype)

    out = Threshold(th)(u)

    np.testing.assert_array_equal(out, (u > 0).astype(dtype))
    assert out.dtype == dtype
    assert [spike(v, prepare(th, u.dtype)) for v in u] == out.tolist()  # plain Python


@pytest.mark.parametrize("th", CASES, ids=name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slope__equals_the_formula(th, dtype):
    u, layer, tape = U.astype(dtype), Threshold(th), Tape()
    layer(u, tape=tape)
    bar = np.linspace(-1, 2, len(u)).astype(dtype)

    g = layer.backward(bar, tape).x

    expected = [naive.slope(v, th) for v in u.astype(float)]
    # alpha u is rounded before it enters an exponential: relative errors grow with it, up to 300;
    # of slopes below 1e-30, which float32's clamped exponential does not reach, nothing is asked
    np.testing.assert_allclose(g, bar * np.array(expected), rtol=600 * np.finfo(dtype).eps,
                               atol=1e-30)
    assert g.dtype == dtype
    plain = [spike_slope(v, prepare(th, u.dtype)) for v in u]
    np.testing.assert_allclose(plain, expected, rtol=600 * np.finfo(dtype).eps, atol=1e-30)


@pytest.mark.parametrize("th", CASES, ids=name)
def test_slope__is_finite_however_far_from_the_threshold(th):
    for dtype, far in ((np.float32, 1e18), (np.float64, 1e150)):
        u, layer, tape = np.array([-far, far], dtype), Threshold(th), Tape()
        layer(u, tape=tape)

        g = layer.backward(np.ones(2, dtype), tape).x

        assert np.isfinite(g).all() and (g >= 0).all() and (g < 1e-3).all()


@pytest.mark.parametrize("th", STOCHASTIC, ids=name)
def test_stochastic__fires_as_often_as_it_should(th):
    n, u = 20_000, np.array([-2.0, -0.4, -0.01, 0.0, 0.005, 0.3, 1.5])

    z = Threshold(th)(np.broadcast_to(u, (n, len(u))))

    p = probability(u, th)
    error = np.sqrt(np.maximum(p * (1 - p), 1e-12) / n)
    assert set(np.unique(z)) <= {0.0, 1.0}
    assert (np.abs(z.mean(axis=0) - p) <= tolerance.STANDARD_ERRORS * error).all()


@pytest.mark.parametrize("cls", [Logistic, CircDist])
def test_stochastic__draws_are_the_documented_ones(cls):
    th, layer = cls(alpha=0.7, seed=2**40 + 9), Threshold(cls(alpha=0.7, seed=2**40 + 9))
    u = np.linspace(-1, 1, 50)

    for step in range(3):
        z = layer(u)

        draws = [philox.uniform(th.seed, random.THRESHOLD, k, step) for k in range(50)]
        np.testing.assert_array_equal(z, draws < probability(u, th))


@pytest.mark.parametrize("cls", [Logistic, CircDist])
def test_stochastic__same_seed_same_draws(cls):
    u = np.zeros(200)

    def three_calls(seed):
        layer = Threshold(cls(seed=seed))
        return [layer(u).tolist() for _ in range(3)]

    first = three_calls(5)
    assert first == three_calls(5)
    assert first[0] != first[1] != first[2] != first[0]
    assert first != three_calls(6)


@pytest.mark.parametrize("cls", [Logistic, CircDist])
def test_stochastic__draws_depend_neither_on_the_layout_nor_on_the_cut_of_the_run(cls):
    x = np.random.default_rng(3).uniform(5, 12, (20, 2, 3, 2))
    p = LIFBoxParameters(v_th=0.6)

    def spikes(shape, p=p, cut=None):
        layer = LIFBox(p, cls(alpha=0.2, seed=4))
        if cut is None:
            return layer(x.reshape(20, *shape))[0].reshape(x.shape)
        first, state = layer(x[:cut])
        return np.concatenate([first, layer(x[cut:], state)[0]])

    expected = spikes((2, 3, 2))

    assert 0.05 < expected.mean() < 0.95
    np.testing.assert_array_equal(spikes((12,)), expected)
    np.testing.assert_array_equal(spikes((6, 2)), expected)
    np.testing.assert_array_equal(spikes((6, 2), LIFBoxParameters(v_th=np.full(2, 0.6))), expected)
    np.testing.assert_array_equal(spikes(None, cut=7), expected)


@pytest.mark.parametrize("cls", [Logistic, CircDist])
def test_stochastic__backward_meets_the_spikes_of_its_forward(cls):
    x = np.random.default_rng(3).uniform(5, 12, (20, 6))
    layer, tape = LIFBox(LIFBoxParameters(v_th=0.6, v_reset=0.1), cls(alpha=0.2, seed=4),
                         trainable=("v_reset",)), Tape()
    layer(x)  # the next call does not start at step 0

    z, state = layer(x, tape=tape)
    end_bar = type(state)(np.ones(6))
    g = layer.backward(None, tape, end_bar)

    fired_last = z[-1] == 1
    last, tape = LIFBox(LIFBoxParameters(v_th=0.6, v_reset=0.1), cls(alpha=0.2, seed=4),
                        trainable=("v_reset",), record_states=True), Tape()
    last(x)
    _, states = last(x, tape=tape)
    np.testing.assert_array_equal(states.v[z == 1], 0.1)
    only_last = np.zeros_like(x)
    only_last[-1] = fired_last
    g_last = last.backward(None, tape, type(state)(only_last))
    assert fired_last.any()
    assert g.weights["v_reset"] != 0
    assert g_last.weights["v_reset"] == pytest.approx(
        fired_last.sum() + indirect(layer, x, z, states, only_last), rel=1e-9)


def indirect(layer, x, z, states, bar):
    """Gradient of v_reset through earlier resets, by hand: the chain of one membrane."""
    p, th, total = layer.p, prepare(layer.threshold, FLOAT64), 0.0
    before = np.concatenate([np.zeros((1, 6)), states.v[:-1]])
    a = layer.dt * p.tau_mem_inv
    for k in range(6):
        v_bar = bar[-1, k]
        for t in reversed(range(len(x))):
            v = before[t, k] + a * (x[t, k] + p.v_leak - before[t, k])
            if t < len(x) - 1:
                total += z[t, k] * v_bar
            u_bar = (p.v_reset - v) * v_bar * spike_slope(np.float64(v - p.v_th), th)
            v_bar = ((1 - z[t, k]) * v_bar + u_bar) * (1 - a)
    return total


@pytest.mark.parametrize("cls", [c for c in surrogates.SURROGATES if c._fields])
@pytest.mark.parametrize("alpha, error, words", [
    (0.0, ValueError, "alpha must be above 0, got 0"),
    (-1.0, ValueError, "alpha must be above 0, got -1"),
    (np.nan, ValueError, "alpha must be finite, got nan"),
    (np.inf, ValueError, "alpha must be finite, got inf"),
    ("100", TypeError, "alpha must be a number, got '100'"),
    (None, TypeError, "alpha must be a number, got None"),
    (True, TypeError, "alpha must be a number, got True"),
    (1j, TypeError, "alpha must be a number, got 1j"),
    (np.ones(3), TypeError, r"alpha must be a number, got array([1., 1., 1.])"),
])
def test_width__refuses(cls, alpha, error, words):
    for layer in (Threshold, lambda th: LIFBox(threshold=th)):
        with pytest.raises(error) as caught:
            layer(cls(alpha=alpha))

        assert str(caught.value) == words


@pytest.mark.parametrize("alpha", [1e-60, 1e60])
def test_width__refuses_what_float32_cannot_hold(alpha):
    with pytest.raises(ValueError, match="alpha must "):
        Threshold(SuperSpike(alpha=alpha))


@pytest.mark.parametrize("th", ["super", SuperSpike, None, 100.0, (100.0,)])
def test_threshold__refuses_what_is_no_surrogate(th):
    with pytest.raises(TypeError, match="^threshold must be one of Heaviside, .*, got "):
        Threshold(th)


@pytest.mark.parametrize("seed, error", [(-1, ValueError), (2**64, ValueError), (0.5, TypeError)])
def test_stochastic__refuses_a_bad_seed(seed, error):
    with pytest.raises(error, match="^seed must "):
        Threshold(Logistic(seed=seed))
