"""The package's own functions, compiled to PTX and executed: as they are on the CPU."""

import re

import numpy as np
import pytest
from numba import cuda, njit

from eventsnn import surrogates
from eventsnn.core import elementary, random
from eventsnn.core.dispatch import step
from eventsnn.core.fields import load, pick, store
from tests.cuda.ptx import ARCHITECTURES, argument_types, assemble, compile_ptx, execute
from tests.naive.philox import philox
from tests.neuron_contract import DT, PARAMETERS, case
from tests.test_random import KNOWN

FUSED = 2e-6  # relative, of a result rounded once where the CPU rounds twice, after some steps
MODELS = [cls for cls in PARAMETERS if cls.__name__ in (
    "CobaLIFParameters", "IzhikevichParameters", "LIFAdExParameters", "LIFParameters",
    "LIFRefracParameters", "LSNNParameters")]


def philox_words(counters, out):
    i = np.uint64(cuda.grid(1))
    if i < np.uint64(out.shape[0]):
        c = counters[i]
        w = random.philox4x32(c[0], c[1], c[2], c[3], c[4], c[5])
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = w


def test_philox__gives_the_known_answers():
    counters = np.array([(*counter, *key) for counter, key, _ in KNOWN], np.uint64)
    out = np.zeros((len(KNOWN), 4), np.uint32)

    ptx = execute(philox_words, 1, 32, counters, out)

    assert out.tolist() == [list(words) for _, _, words in KNOWN]
    assert ".f64" not in ptx


def words_of_neurons(seed, stream, step_number, item, out):
    i = np.uint64(cuda.grid(1))
    if i < np.uint64(out.shape[1]):
        w = random.words(seed, stream, i, step_number, item)
        out[0, i], out[1, i], out[2, i], out[3, i] = w


def test_words__are_those_of_the_counter():
    seed, stream, number, item = 2**63 + 12345, random.ENCODER, 2**40 + 7, 3
    out = np.zeros((4, 100), np.uint32)

    execute(words_of_neurons, 4, 32, *map(np.uint64, (seed, stream, number, item)), out)

    assert out.T.tolist() == [
        list(philox((neuron, number % 2**32, (number >> 32 << 16) | stream, item),
                    (seed % 2**32, seed >> 32))) for neuron in range(100)]


def uniforms(words, out):
    i = np.uint64(cuda.grid(1))
    out[i] = random.uniform(words[i])


def test_uniform__is_exact():
    words = np.array([0, 1, 511, 512, 2**31, 2**32 - 1], np.uint64)
    out = np.zeros(6, np.float32)

    execute(uniforms, 1, 6, words, out)

    assert out.tolist() == [((w >> 9) + 0.5) / 2**23 for w in words.tolist()]


def exponentials(x, out):
    i = np.uint64(cuda.grid(1))
    if i < np.uint64(x.size):
        out[i] = elementary.exp(x[i])


@njit
def exponentials_on_the_cpu(x, out):
    for i in range(x.size):
        out[i] = elementary.exp(x[i])


def test_exponential__is_that_of_the_cpu():
    x = np.concatenate([np.linspace(-110, 100, 1001), [np.inf, -np.inf]]).astype(np.float32)
    out, expected = np.zeros((2, x.size), np.float32)

    execute(exponentials, 32, 32, x, out, fma=False)
    exponentials_on_the_cpu(x, expected)

    np.testing.assert_array_equal(out, expected)


def neurons(x, s, p, dt, th, z):
    """A loop over time for each neuron, as the drivers are made."""
    k = np.uint64(cuda.grid(1))
    if k < np.uint64(z.shape[1]):
        p_k, s_k = pick(p, k), load(s, k)
        t = np.uint64(0)
        while t < np.uint64(z.shape[0]):
            out, s_k = step(s_k, load(x, (t, k)), p_k, dt, th)
            z[t, k] = out
            t += np.uint64(1)
        store(s, k, s_k)


@njit(error_model="numpy")
def neurons_on_the_cpu(x, s, p, dt, th, z):
    for k in range(np.uint64(z.shape[1])):
        p_k, s_k = pick(p, k), load(s, k)
        for t in range(np.uint64(z.shape[0])):
            out, s_k = step(s_k, load(x, (t, k)), p_k, dt, th)
            z[t, k] = out
        store(s, k, s_k)


def model_case(cls, dtype=np.float32, n_steps=20):
    p, s, x = case(cls, np.random.default_rng(3), (70,), n_steps, dtype)
    th, z = surrogates.SuperSpike(alpha=dtype(100)), np.zeros((n_steps, 70), dtype)
    return x, s, p, dtype(DT), th, z


each_model = pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__[:-10])


@each_model
def test_model_without_contraction__is_that_of_the_cpu_bit_for_bit(cls):
    on_gpu, on_cpu = model_case(cls), model_case(cls)

    execute(neurons, 3, 32, *on_gpu, fma=False)
    neurons_on_the_cpu(*on_cpu)

    np.testing.assert_array_equal(on_gpu[-1], on_cpu[-1])
    for a, b in zip(on_gpu[1], on_cpu[1], strict=True):
        np.testing.assert_array_equal(a, b)


@each_model
def test_model_with_contraction__is_that_of_the_cpu_to_rounding(cls):
    on_gpu, on_cpu = model_case(cls, n_steps=1), model_case(cls, n_steps=1)

    ptx = execute(neurons, 3, 32, *on_gpu)
    neurons_on_the_cpu(*on_cpu)

    assert "fma.rn.f32" in ptx
    for a, b in zip(on_gpu[1], on_cpu[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=FUSED, atol=FUSED * np.abs(b).max())


@each_model
def test_model__compiles_without_float64_calls_or_spills(cls):
    types = argument_types(*model_case(cls))
    for cc in ARCHITECTURES:
        ptx = compile_ptx(neurons, types, cc)
        usage = assemble(ptx, cc)
        assert f".target sm_{cc[0]}{cc[1]}" in ptx
        assert ".f64" not in ptx and not re.search(r"\bcall\b", ptx)
        assert usage.spill == 0 and usage.stack == 0 and usage.registers <= 64


def test_model_of_float64__is_that_of_the_cpu():
    cls = next(cls for cls in MODELS if cls.__name__ == "LIFParameters")
    on_gpu, on_cpu = model_case(cls, np.float64), model_case(cls, np.float64)

    ptx = execute(neurons, 3, 32, *on_gpu, fma=False)
    neurons_on_the_cpu(*on_cpu)

    assert ".f64" in ptx
    np.testing.assert_array_equal(on_gpu[-1], on_cpu[-1])
    for a, b in zip(on_gpu[1], on_cpu[1], strict=True):
        np.testing.assert_array_equal(a, b)
