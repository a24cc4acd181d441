"""Yin-Yang and Randman: samples of which the class follows from where they lie."""

import hashlib
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn.core import random
from eventsnn.datasets import bin_times, randman, yin_yang


@pytest.mark.parametrize("n, seed, digest", [
    (5000, 42, "3dcfbb1895fd5f753d5591e1b4c3c7d98666e04ed91a50569185f2c0a3fcbb48"),
    (1000, 41, "03d1c9e01d7b2ab9d4d200f84632d8ec8a9fe9e72a75043542a21589507de339"),
    (1000, 40, "01e8a4f15d4b0d4df3d4f94fb67f5167e7b7783a7eeb3329e4e61e8c07ebb9eb"),
])
def test_yin_yang__is_that_of_the_authors_program(n, seed, digest):
    inputs, labels = yin_yang(n, seed)

    assert (inputs.shape, inputs.dtype, labels.dtype) == ((n, 4), np.float64, np.int64)
    assert hashlib.sha256(inputs.tobytes() + labels.tobytes()).hexdigest() == digest


def where(x, y, r_small, r_big):
    """The class by the sets that make the figure: disks and a half plane."""
    def disk(centre, radius):
        return math.hypot(x - centre, y - r_big) < radius

    left, right = 0.5 * r_big, 1.5 * r_big
    if disk(left, r_small) or disk(right, r_small):
        return 2
    return int((y > r_big or disk(left, r_big / 2)) and not disk(right, r_big / 2))


@pytest.mark.parametrize("r_small, r_big", [(0.1, 0.5), (0.05, 0.3), (0.25, 0.5), (2.0, 10.0)])
def test_yin_yang__label_follows_from_the_place(r_small, r_big):
    inputs, labels = yin_yang(600, 3, r_small, r_big)

    x, y = inputs[:, 0], inputs[:, 1]
    assert_array_equal(inputs[:, 2:], 1 - inputs[:, :2])
    assert np.all(np.hypot(x - r_big, y - r_big) <= r_big)
    assert labels.tolist() == [where(*point, r_small, r_big) for point in zip(x, y, strict=True)]


def test_yin_yang__classes_are_equally_likely_and_fill_their_parts():
    inputs, labels = yin_yang(3000, 7)

    counts = np.bincount(labels, minlength=3)
    assert np.all(np.abs(counts - 1000) < 5 * math.sqrt(3000 * 2 / 9))
    for label in range(3):  # on both sides of the middle: the figure turned by half is the other
        assert 0.2 < np.mean(inputs[labels == label, 0] < 0.5) < 0.8


def test_yin_yang__is_a_function_of_the_seed_and_leaves_the_global_generator():
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()

    first, second, other = yin_yang(20, 5), yin_yang(20, 5), yin_yang(20, 6)

    assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])
    assert_array_equal(yin_yang(10, 5)[0], first[0][:10])
    assert np.random.get_state()[1].tolist() == before


@pytest.mark.parametrize("arguments, error, words", [
    ((0, 1), ValueError, "n must be at least 1"),
    ((1.5, 1), TypeError, "n must be a whole number"),
    ((1, -1), ValueError, "seed must be at least 0"),
    ((1, 2**32), ValueError, "seed must be at most 4294967295"),
    ((1, 1, 0.3, 0.5), ValueError, "r_small must be at most 0.25"),
    ((1, 1, 0.001, 0.5), ValueError, "r_small must be at least 0.005"),
    ((1, 1, 0.1, 0.0), ValueError, "r_big must be above 0"),
    ((1, 1, 0.1, np.nan), ValueError, "r_big must be finite"),
])
def test_yin_yang__refuses(arguments, error, words):
    with pytest.raises(error, match=words):
        yin_yang(*arguments)


def naive_randman(n_per_class, seed, n_classes, n_units, dim, alpha, n_frequencies):
    """The formula, number by number; draws in the order of the docstring's symbols."""
    draw = random.generator(seed, random.SAMPLE)
    rows = []
    for _ in range(n_classes):
        abc = draw.random((3, n_frequencies, dim, n_units))
        for x in (points := draw.random((n_per_class, dim))):
            assert len(points) == n_per_class
            row = []
            for u in range(n_units):
                value = 1.0
                for j in range(dim):
                    a, b, c = abc[:, :, j, u]
                    value *= sum(a[k] / (k + 1)**alpha
                                 * math.sin(2 * math.pi * (k * b[k] * x[j] + c[k]))
                                 for k in range(1, n_frequencies))
                row.append(value)
            rows.append(row)
    y = np.array(rows).reshape(n_classes, n_per_class, n_units)
    least, most = y.min(1, keepdims=True), y.max(1, keepdims=True)
    return ((y - least) / (most - least)).reshape(-1, n_units), draw


@pytest.mark.parametrize("dim, alpha, n_frequencies", [(1, 2.0, 32), (2, 3.0, 10), (3, 1.5, 100)])
def test_randman__equals_naive(dim, alpha, n_frequencies):
    times, labels = randman(4, 11, n_classes=3, n_units=5, dim=dim, alpha=alpha, duration=0.2)

    expected, draw = naive_randman(4, 11, 3, 5, dim, alpha, n_frequencies)
    order = draw.permutation(12)
    assert_allclose(times, 0.2 * expected[order], rtol=1e-6, atol=1e-9)
    assert_array_equal(labels, order // 4)


def test_randman__each_unit_fires_once_and_uses_the_whole_duration():
    times, labels = randman(30, 2, n_classes=4, n_units=8, duration=0.05)

    assert (times.shape, times.dtype, labels.dtype) == ((120, 8), np.float64, np.int64)
    assert_array_equal(np.bincount(labels), [30] * 4)
    for label in range(4):
        one = times[labels == label]
        assert_array_equal(one.min(0), 0)
        assert_allclose(one.max(0), 0.05, rtol=1e-6)
    assert times.max() < 0.05
    assert_array_equal(bin_times(times, dt=1e-3, duration=0.05).sum(0), 1)


def test_randman__classes_can_be_told_apart_by_the_nearest_sample():
    times, labels = randman(200, 5, n_classes=2, n_units=20, dim=1, alpha=3.0)
    known, known_labels, asked, asked_labels = times[:300], labels[:300], times[300:], labels[300:]

    distance = ((asked[:, None] - known) ** 2).sum(-1)

    assert np.mean(known_labels[distance.argmin(1)] == asked_labels) > 0.98


def test_randman__larger_alpha_is_smoother():
    def roughness(alpha):
        times, labels = randman(300, 1, n_classes=1, n_units=30, dim=1, alpha=alpha)
        distance = np.abs(times[:, None] - times).mean(-1)
        np.fill_diagonal(distance, np.inf)
        return distance.min(1).mean()  # to the next sample; on a curve it is near

    assert roughness(1.0) > 2 * roughness(3.0)


@pytest.mark.parametrize("alpha", [1e-300, 0.01, 50.0, 1e300])
def test_randman__takes_any_alpha(alpha):
    times, _ = randman(3, 0, n_classes=1, n_units=2, dim=1, alpha=alpha)

    assert np.all((times >= 0) & (times < 0.1))


def test_randman__is_a_function_of_the_seed():
    first, second, other = (randman(5, seed, n_units=4) for seed in (3, 3, 4))

    assert first[0].tobytes() == second[0].tobytes() and first[1].tolist() == second[1].tolist()
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("arguments, options, error, words", [
    ((0, 1), {}, ValueError, "n_per_class must be at least 1"),
    ((1, -1), {}, ValueError, "seed must be at least 0"),
    ((1, 1), {"n_classes": 0}, ValueError, "n_classes must be at least 1"),
    ((1, 1), {"n_units": 0}, ValueError, "n_units must be at least 1"),
    ((1, 1), {"dim": 0}, ValueError, "dim must be at least 1"),
    ((1, 1), {"alpha": 0}, ValueError, "alpha must be above 0"),
    ((1, 1), {"duration": 0}, ValueError, "duration must be above 0"),
    ((1, 1), {"alpha": "2"}, TypeError, "alpha must be a number"),
    ((10**9, 1), {}, ValueError, "must ask for arrays of at most 268435456 numbers"),
])
def test_randman__refuses(arguments, options, error, words):
    with pytest.raises(error, match=words):
        randman(*arguments, **options)
