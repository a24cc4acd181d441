"""The population code against plain loops, with scales of every kind; its gradient."""

import math

import numpy as np
import pytest

from eventsnn.encode.population import PopulationEncoder, euclidean_distance, gaussian_rbf
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient


@pytest.fixture
def rng():
    return np.random.default_rng(6)


def naive(x, n, scale):
    """`scale` is an array of the shape of `x`."""
    out = np.empty((*x.shape, n))
    for k in np.ndindex(x.shape):
        for j in range(n):
            centre = scale[k] * j / (n - 1) if n > 1 else 0.0
            out[(*k, j)] = math.exp(-((x[k] - centre) ** 2) * scale[k] / 2)
    return out


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 2), (2, 3, 2)])
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("scale", [None, 0, 2.5, 3, "row", "all"])
def test_call__equals_naive_loops(shape, n, scale, rng):
    x = rng.uniform(0.1, 2, shape)
    arrays = {"row": rng.uniform(1, 2, shape[-1:]), "all": rng.uniform(1, 2, shape)}
    given = arrays.get(scale, scale)

    out = PopulationEncoder(n, given)(x)

    used = np.broadcast_to(x.max() if scale in (None, 0) else given, shape)
    tolerance.assert_close(out, naive(x, n, used), tolerance.OUTPUT, "out")


@pytest.mark.parametrize("scale", [None, 1.7, "all"])
@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3)])
def test_backward__equals_differences(scale, shape, rng):
    x, bar = rng.uniform(0.1, 2, shape), rng.normal(size=(*shape, 5))
    encoder = PopulationEncoder(5, rng.uniform(1, 2, shape) if scale == "all" else scale)

    x_bar = encoder.backward(x, bar)

    expected = gradient(lambda v: (bar * encoder(v)).sum(), x)
    tolerance.assert_close(x_bar, expected, DIFFERENCE, "x")


def test_call__takes_other_kernels(rng):
    x = rng.random((3, 2))

    wide = PopulationEncoder(4, 1.0, kernel=lambda d: gaussian_rbf(d, sigma=2.0))(x)
    box = PopulationEncoder(4, 2.0, kernel=lambda d: (d < 1).astype(d.dtype),
                            distance_function=lambda a, b: np.abs(a - b))(x)

    tolerance.assert_close(wide, PopulationEncoder(4, 1.0)(x) ** 0.25, tolerance.OUTPUT, "wide")
    centres = np.linspace(0, 2, 4)
    np.testing.assert_array_equal(box, (2 * np.abs(x[..., None] - centres) < 1))


def test_distance__gets_arrays_of_one_shape():
    def distance(x, centres):
        assert x.shape == centres.shape == (3, 2, 4)
        return euclidean_distance(x, centres)

    PopulationEncoder(4, distance_function=distance)(np.ones((3, 2)))


@pytest.mark.parametrize("dtype, scale, expected", [
    (np.uint8, None, np.float32), (np.float32, 2.0, np.float32), (np.float64, 2, np.float64),
    (np.float32, np.array([2.0]), np.float64), (np.float32, np.float64(2), np.float32)])
def test_call__dtypes_and_arguments(dtype, scale, expected):
    x = np.array([1, 2, 3], dtype)
    copy, encoder = x.copy(), PopulationEncoder(4, scale)

    assert encoder(x).dtype == expected and encoder.backward(x, np.ones((3, 4))).dtype == expected
    np.testing.assert_array_equal(x, copy)


def test_call__takes_a_number():
    assert PopulationEncoder(3)(2.0).shape == (3,)
    np.testing.assert_allclose(PopulationEncoder(3)(2.0), np.exp([-4, -1, 0]), rtol=1e-6)


def test_scale__is_copied():
    scale = np.array([1.0, 2.0])
    encoder = PopulationEncoder(3, scale)
    before = encoder(np.ones(2))
    scale[...] = 9

    np.testing.assert_array_equal(encoder(np.ones(2)), before)


@pytest.mark.parametrize("call, error, message", [
    (lambda: PopulationEncoder(0), ValueError, "out_features must be at least 1"),
    (lambda: PopulationEncoder(3, np.nan), ValueError, "scale must be finite"),
    (lambda: PopulationEncoder(3, [1.0, 0.0]), ValueError, "scale must hold no 0"),
    (lambda: PopulationEncoder(3, "wide"), TypeError, "scale must hold real numbers"),
    (lambda: PopulationEncoder(3, kernel=2), TypeError, "kernel must be callable"),
    (lambda: PopulationEncoder(3)(np.array([1.0, np.nan])), ValueError, "x must be finite"),
    (lambda: PopulationEncoder(3)(np.array([])), ValueError, "x must hold at least one value"),
    (lambda: PopulationEncoder(3, [1.0, 2.0])(np.ones(3)), ValueError, "scale must broadcast"),
    (lambda: PopulationEncoder(3, [[1.0], [2.0]])(np.ones(3)), ValueError, "scale must broadcast"),
    (lambda: PopulationEncoder(3).backward(np.ones(2), np.ones(2)), ValueError,
     r"out_bar must have shape \(2, 3\)"),
    (lambda: PopulationEncoder(3, kernel=np.exp).backward(np.ones(2), np.ones((2, 3))), ValueError,
     "for backward"),
])
def test_encoder__refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
