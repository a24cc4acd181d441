"""Normal deviates: those of the formula, and the distribution."""

import numba
import numpy as np
import pytest
import scipy.stats

from eventsnn.core.normal import normals
from tests.tolerance import STANDARD_ERRORS


@numba.njit
def compiled(a, b, x, y):
    for k in range(np.uint64(a.shape[0])):
        x[k], y[k] = normals(a[k], b[k])


def deviates(a, b):
    x, y = np.empty(len(a), np.float32), np.empty(len(a), np.float32)
    compiled(a.astype(np.uint32), b.astype(np.uint32), x, y)
    return x, y


def formula(a, b):
    """Box and Muller's, in float64; the logarithm of a number near 1 from its distance to 1."""
    u, rest = (a + 0.5) / 2.0**32, (2.0**32 - 1 - a + 0.5) / 2.0**32
    radius = np.sqrt(-2 * np.where(u < 0.5, np.log(u), np.log1p(-rest)))
    low = b % 2.0**31
    angle = np.pi * (np.where(low < 2.0**30, low, low - 2.0**31) + 0.5) / 2.0**31
    return radius, np.where(b < 2.0**31, 1, -1) * radius * np.cos(angle), radius * np.sin(angle)


def test_normals__are_those_of_the_formula():
    rng = np.random.default_rng(0)
    spread = np.geomspace(1, 2**32 - 1, 50_000).astype(np.int64) - 1
    edges = [e + d for e in range(0, 2**32 + 1, 2**29) for d in (-1, 0, 1) if 0 <= e + d < 2**32]
    a = np.concatenate([spread, 2**32 - 1 - spread, rng.integers(0, 2**32, 100_000)])
    a = np.concatenate([a, np.full(len(edges), 12345), edges, [3037000499, 3037000500, 3037000501]])
    b = rng.integers(0, 2**32, len(a))
    b[200_000:200_000 + len(edges)] = edges

    x, y = deviates(a, b)

    radius, x_exact, y_exact = formula(a.astype(np.float64), b.astype(np.float64))
    assert (abs(x - x_exact) <= 3e-7 * radius).all()
    assert (abs(y - y_exact) <= 3e-7 * radius).all()


def test_normals__plain_equals_compiled():
    words = np.random.default_rng(1).integers(0, 2**32, (2, 500)).astype(np.uint32)
    words[:, :4] = [[0, 0, 2**32 - 1, 2**32 - 1], [0, 2**32 - 1, 0, 2**32 - 1]]

    x, y = deviates(*words)

    plain = [normals(a, b) for a, b in words.T]
    assert plain == list(zip(x, y, strict=True))
    assert {type(value) for pair in plain for value in pair} == {np.float32}


@pytest.mark.parametrize("which", [0, 1])
def test_normals__have_the_distribution(which):
    words = np.random.default_rng(2).integers(0, 2**32, (2, 200_000))

    found = deviates(*words)[which].astype(np.float64)

    assert scipy.stats.kstest(found, "norm").pvalue > 1e-6
    n = len(found)
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs((found**power).mean() - moment) < STANDARD_ERRORS * np.sqrt(variance / n)
