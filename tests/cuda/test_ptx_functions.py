"""Functions of NVIDIA's library as kernels hold them: many instructions, and calls in float64."""

import math

import numpy as np
import pytest
from numba import cuda

from eventsnn.core.fields import define
from tests.cuda.ptx import execute

ROUNDINGS = 2  # units in the last place that NVIDIA promises of these functions, or fewer
FUNCTIONS = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
             "tanh": np.tanh, "log1p": np.log1p, "expm1": np.expm1, "atan": np.arctan,
             "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "fabs": np.abs}


def numbers(dtype):
    """Usual numbers, large ones, and the rare: zeros, infinities, NaN, subnormal ones."""
    rng = np.random.default_rng(1)
    rare = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 5e-324, 88.0, -88.0, 104.0, -104.0, 1.0,
            2.0, 0.5, 3e38, 1e30]
    return np.concatenate([rng.normal(size=200), 1e5 * rng.normal(size=50), rare]).astype(dtype)


def assert_near(result, exact):
    with np.errstate(over="ignore"):
        expected = exact.astype(result.dtype)
    number = np.isfinite(expected)
    np.testing.assert_array_equal(result[~number], expected[~number])
    apart = np.abs(result[number] - expected[number])
    assert (apart <= ROUNDINGS * np.spacing(np.abs(expected[number]))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_function__is_near_the_exact_value(name, dtype):
    kernel = define("x, out", "i = cuda.grid(1)", f"if i < x.size: out[i] = math.{name}(x[i])",
                    cuda=cuda, math=math)
    x = numbers(dtype)
    out = np.zeros_like(x)

    execute(kernel, 9, 32, x, out)

    with np.errstate(all="ignore"):
        assert_near(out, FUNCTIONS[name](x.astype(np.longdouble)))


def powers(x, y, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i]**y[i]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_power__is_near_the_exact_value(dtype):
    x = np.concatenate([numbers(dtype), np.abs(numbers(dtype))])
    y, out = np.roll(x, 7), np.zeros_like(x)

    ptx = execute(powers, 17, 32, x, y, out)

    assert ("call" in ptx) == (dtype is np.float64)
    with np.errstate(all="ignore"):
        assert_near(out, x.astype(np.longdouble)**y.astype(np.longdouble))
