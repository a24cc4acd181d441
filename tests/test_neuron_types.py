"""Every neuron model stays in float32, compiled or not."""

import re

import numba
import numpy as np
import pytest

from eventsnn import surrogates
from eventsnn.core import dispatch
from eventsnn.neurons import lif
from eventsnn.surrogates import prepare
from tests.neuron_contract import DT, PARAMETERS, case, each_model, each_surrogate, mapped


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def scalars(cls, dtype, rng):
    p, s, x = case(cls, rng, (1,), 1, dtype)
    return (mapped(lambda a: a[0], s), mapped(lambda a: a[0, 0], x), mapped(lambda a: a[0], p))


@each_surrogate
@each_model
def test_step__keeps_float32_in_plain_python(cls, th, rng):
    s, x, p = scalars(cls, np.float32, rng)
    th = prepare(th, np.dtype(np.float32))

    z, end = dispatch.step(s, x, p, np.float32(DT), th)
    s_bar, x_bar, p_bar = dispatch.step_vjp(s, x, p, np.float32(DT), th, np.float32(0),
                                            np.float32(1), s)

    for value in (z, *end, *s_bar, *p_bar, *(x_bar if isinstance(x_bar, tuple) else (x_bar,))):
        assert type(value) is np.float32


def one_step(s, x, p, dt, th):
    return dispatch.step(s, x, p, dt, th)


def one_step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    return dispatch.step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar)


def llvm(function, *arguments):
    compiled = numba.njit(function, error_model="numpy")
    compiled.compile(tuple(map(numba.typeof, arguments)))
    return compiled.inspect_llvm(compiled.signatures[0])


def arithmetic_in_double(code):
    """Instructions on doubles, but for those that pass numbers to and from the interpreter."""
    functions = re.findall(r"^define .*?^}", code, re.MULTILINE | re.DOTALL)
    pattern = r"= (?:f\w+ (?:double|float .* to double)|call double).*"
    return [line for function in functions if "cpython" not in function.splitlines()[0]
            for line in re.findall(pattern, function)]


@pytest.mark.parametrize("cls, th", [(cls, surrogates.SuperSpike()) for cls in PARAMETERS] + [
    (lif.LIFParameters, th()) for th in surrogates.SURROGATES if th is not surrogates.SuperSpike],
    ids=lambda a: getattr(a, "__name__", type(a).__name__))
def test_step__compiled_in_float32_computes_nothing_in_float64(cls, th, rng):
    s, x, p = scalars(cls, np.float32, rng)
    th = prepare(th, np.dtype(np.float32))
    f = np.float32(1)

    forward, backward = llvm(one_step, s, x, p, f, th), llvm(one_step_vjp, s, x, p, f, th, f, f, s)

    assert not arithmetic_in_double(forward)
    assert not arithmetic_in_double(backward)
    assert "fmul float" in forward + backward or "fadd float" in forward + backward


def test_arithmetic_in_double__finds_a_creeping_float64(rng):
    def creeping(v, k):
        return np.float32(v + 0.5 * np.float32(k))

    code = llvm(creeping, np.float32(1), np.int64(3))

    assert arithmetic_in_double(code)
