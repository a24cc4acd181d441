"""Encoders: statistics of the random ones, naive loops for the others."""

import numpy as np
import pytest

from eventsnn import encode
from eventsnn.core import random
from eventsnn.neurons import LIFParameters
from eventsnn.surrogates import HeaviTanh
from tests import tolerance
from tests.naive import philox
from tests.naive import surrogates as naive_surrogates
from tests.naive.differences import DIFFERENCE, gradient
from tests.naive.relaxed import plain_engine, relax

POISSON = [encode.PoissonEncoder, encode.SignedPoissonEncoder]
STEPS = [encode.PoissonEncoderStep, encode.SignedPoissonEncoderStep]
X = np.array([-3.0, -0.7, -0.0, 0.0, 1e-3, 0.3, 0.99, 1.0, 7.0])
N = 20_000


def probability(x, f_max, dt, signed):
    return np.minimum(dt * f_max * (np.abs(x) if signed else np.maximum(x, 0)), 1)


@pytest.mark.parametrize("cls", POISSON)
@pytest.mark.parametrize("f_max, dt", [(100.0, 1e-3), (1000.0, 1e-3), (40.0, 5e-3)])
def test_poisson__spikes_as_often_as_it_should(cls, f_max, dt):
    signed = cls is encode.SignedPoissonEncoder

    z = cls(N, f_max, dt, seed=3)(X)

    p = probability(X, f_max, dt, signed)
    error = np.sqrt(p * (1 - p) / N)
    assert z.shape == (N, len(X)) and z.dtype == np.float64
    assert (np.abs((z != 0).mean(axis=0) - p) <= tolerance.STANDARD_ERRORS * error).all()
    assert (z[:, p == 1] != 0).all() and (z[:, p == 0] == 0).all()
    for column, x in zip(z.T, X):
        assert set(np.unique(column)) <= {0.0, np.sign(x) if signed else 1.0}


def test_poisson__steps_and_neurons_are_independent():
    z = encode.PoissonEncoder(N, f_max=300, seed=8)(np.ones(2))
    p = 0.3
    error = tolerance.STANDARD_ERRORS * np.sqrt(p**2 * (1 - p**2) / N)

    assert abs((z[:, 0] * z[:, 1]).mean() - p**2) < error
    assert abs((z[1:, 0] * z[:-1, 0]).mean() - p**2) < error


@pytest.mark.parametrize("signed", [False, True])
def test_poisson__draws_are_the_documented_ones(signed):
    x, seed = np.array([[-0.8, 0.2], [0.5, 1.5]]), 2**40 + 3
    cls = encode.SignedPoissonEncoder if signed else encode.PoissonEncoder

    z = cls(5, f_max=600, seed=seed)(x)

    p = probability(x, 600, 1e-3, signed).ravel()
    for t in range(5):
        for k in range(4):
            word = philox.philox((k, t, random.ENCODER, 0), (seed % 2**32, seed >> 32))[0]
            sign = np.sign(x.ravel()[k]) if signed else 1.0
            assert z[t].ravel()[k] == (sign if word < round(p[k] * 2**32) else 0.0)


@pytest.mark.parametrize("cls, step", list(zip(POISSON, STEPS)))
def test_poisson__step_by_step_equals_the_sequence(cls, step):
    x = np.linspace(-1, 2, 24).reshape(2, 3, 4).astype(np.float32)
    one = step(f_max=400, seed=5)

    z = cls(12, f_max=400, seed=5)(x)

    assert z.dtype == np.float32
    np.testing.assert_array_equal(np.stack([one(x) for _ in range(12)]), z)
    np.testing.assert_array_equal(cls(12, f_max=400, seed=5)(x.reshape(-1)), z.reshape(12, -1))


def test_poisson__default_rates_are_those_of_norse():
    assert [c(1).f_max for c in POISSON] == [100.0, 100.0]
    assert [c().f_max for c in STEPS] == [1000.0, 1000.0]


@pytest.mark.parametrize("cls", POISSON)
def test_poisson__seed_reproduces_and_calls_go_on(cls):
    x = np.full(50, 0.5)
    first, second = cls(20, seed=1), cls(20, seed=1)

    a, b = first(x), first(x)

    np.testing.assert_array_equal(second(x), a)
    np.testing.assert_array_equal(second(x), b)
    assert (a != b).any()
    assert (cls(20, seed=2)(x) != a).any()
    np.testing.assert_array_equal(cls(40, seed=1)(x), np.concatenate([a, b]))


@pytest.mark.parametrize("x", [np.array(0.5), np.array([1, 0]), np.array([True, False]),
                               np.zeros((0, 3)), [0.2, 0.4], 0.3])
def test_poisson__takes_any_shape_and_real_dtype(x):
    z = encode.PoissonEncoder(7)(x)

    assert z.shape == (7, *np.shape(x)) and z.dtype.kind == "f"


@pytest.mark.parametrize("make, error, words", [
    (lambda: encode.PoissonEncoder(0), ValueError, "seq_length must be at least 1, got 0"),
    (lambda: encode.PoissonEncoder(2.0), TypeError, "seq_length must be a whole number, got 2.0"),
    (lambda: encode.PoissonEncoder(5, f_max=0), ValueError, "f_max must be above 0, got 0"),
    (lambda: encode.PoissonEncoder(5, f_max=np.inf), ValueError, "f_max must be finite, got inf"),
    (lambda: encode.PoissonEncoder(5, dt=-1e-3), ValueError, "dt must be above 0, got -0.001"),
    (lambda: encode.PoissonEncoder(5, seed=-1), ValueError, "seed must be at least 0, got -1"),
    (lambda: encode.SignedPoissonEncoderStep(f_max="1"), TypeError, "f_max must be a number"),
    (lambda: encode.PoissonEncoder(5)(np.nan), ValueError, "x must be finite, got nan"),
    (lambda: encode.PoissonEncoder(5)([1.0, np.inf]), ValueError, "x must be finite, got inf"),
    (lambda: encode.PoissonEncoder(5)(["a"]), TypeError, "x must hold real numbers, got dtype <U1"),
    (lambda: encode.PoissonEncoder(5)(1j), TypeError, "x must hold real numbers, got dtype compl"),
    (lambda: encode.ConstantCurrentLIFEncoder(0), ValueError, "seq_length must be at least 1"),
    (lambda: encode.ConstantCurrentLIFEncoder(5)(np.inf), ValueError, "x must be finite, got inf"),
    (lambda: encode.ConstantCurrentLIFEncoder(5)([None]), TypeError, "x must hold real numbers"),
    (lambda: encode.ConstantCurrentLIFEncoder(5, dt=0.03), ValueError, "dt must be at most 0.0"),
    (lambda: encode.ConstantCurrentLIFEncoder(5, LIFParameters(v_th=np.nan)), ValueError,
     "v_th must be finite, got nan"),
    (lambda: encode.SpikeLatencyLIFEncoder(-1), ValueError, "seq_length must be at least 1"),
    (lambda: encode.SpikeLatencyEncoder()(1.0), ValueError, r"x must have shape \(T, ...\)"),
    (lambda: encode.SpikeLatencyEncoder()(["a"]), TypeError, "x must hold real numbers"),
])
def test_encoders__refuse(make, error, words):
    with pytest.raises(error, match=f"^{words}"):
        make()


P = LIFParameters(tau_mem_inv=150.0, v_leak=0.1, v_th=0.8, v_reset=-0.2)


def naive_encoder(x, n_steps, p, dt, fire=lambda u: 1.0 if u > 0 else 0.0):
    v, out = np.zeros(np.shape(x)), []
    for _ in range(n_steps):
        z = np.zeros(np.shape(x))
        for index in np.ndindex(v.shape):
            v[index] += dt * p.tau_mem_inv * (p.v_leak - v[index] + x[index])
            z[index] = fire(v[index] - p.v_th)
            v[index] -= z[index] * (v[index] - p.v_reset)
        out.append(z)
    return np.stack(out)


@pytest.mark.parametrize("p, dt", [(LIFParameters(), 1e-3), (P, 2e-3)])
@pytest.mark.parametrize("shape", [(7,), (2, 3), ()])
def test_constant_current__equals_naive_loop(p, dt, shape):
    x = np.random.default_rng(2).uniform(0, 6, shape)

    z = encode.ConstantCurrentLIFEncoder(60, p, dt)(x)

    expected = naive_encoder(x, 60, p, dt)
    assert expected.any()
    np.testing.assert_array_equal(z, expected)
    assert z.dtype == np.float64 if shape else np.float32


def test_constant_current__takes_one_threshold_a_neuron():
    x, v_th = np.array([2.0, 2.0, 2.0]), np.array([0.5, 1.0, 1.5])

    z = encode.ConstantCurrentLIFEncoder(60, P._replace(v_th=v_th))(x)

    for k in range(3):
        alone = naive_encoder(x[k], 60, P._replace(v_th=v_th[k]), 1e-3)
        np.testing.assert_array_equal(z[:, k], alone)


def test_constant_current__backward_equals_differences_of_the_relaxed_encoder(monkeypatch):
    th = HeaviTanh(alpha=2.0)
    plain_engine(monkeypatch)
    relax(monkeypatch, th)
    rng = np.random.default_rng(5)
    x, out_bar = rng.uniform(0, 3, (2, 2)), rng.normal(size=(20, 2, 2))
    encoder = encode.ConstantCurrentLIFEncoder(20, P, threshold=th)

    x_bar = encoder.backward(x, out_bar)

    def loss(x):
        out = naive_encoder(x, 20, P, 1e-3, lambda u: naive_surrogates.primitive(u, th))
        return (out_bar * out).sum()

    tolerance.assert_close(x_bar, gradient(loss, x), DIFFERENCE, "x")


def naive_latency(x):
    out = np.zeros_like(x)
    for index in np.ndindex(x.shape[1:]):
        for t in range(len(x)):
            if out[:t][(slice(None), *index)].sum() <= 0:
                out[t, *index] = x[t, *index]
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.uint8])
def test_latency__keeps_the_first_spike(dtype):
    x = (np.random.default_rng(1).random((30, 4, 5)) < 0.1).astype(dtype)

    out = encode.SpikeLatencyEncoder()(x)

    np.testing.assert_array_equal(out, naive_latency(x))
    assert out.dtype == dtype
    np.testing.assert_array_equal(out.sum(axis=0), x.any(axis=0))
    np.testing.assert_array_equal(out.argmax(axis=0), x.argmax(axis=0))


def test_latency__takes_booleans():
    x = np.array([False, True, True])

    assert encode.SpikeLatencyEncoder()(x).tolist() == [False, True, False]


def test_latency__negative_spikes_block_nothing():
    x = np.random.default_rng(1).integers(-1, 2, (30, 6)).astype(float)

    np.testing.assert_array_equal(encode.SpikeLatencyEncoder()(x), naive_latency(x))


def test_latency_lif__keeps_the_first_spike_of_the_constant_current():
    x = np.random.default_rng(2).uniform(0, 6, (3, 4))

    out = encode.SpikeLatencyLIFEncoder(60, P)(x)

    np.testing.assert_array_equal(out, naive_latency(encode.ConstantCurrentLIFEncoder(60, P)(x)))


@pytest.mark.parametrize("encoder", [
    encode.PoissonEncoder(5), encode.SignedPoissonEncoder(5), encode.ConstantCurrentLIFEncoder(5),
    encode.SpikeLatencyEncoder(), encode.SpikeLatencyLIFEncoder(5)], ids=lambda e: type(e).__name__)
def test_encoder__changes_no_argument(encoder):
    x = np.linspace(-2, 2, 8)
    before = x.copy()

    encoder(x)

    np.testing.assert_array_equal(x, before)
