"""Images pixel by pixel, as currents and as spikes."""

import functools
import math
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import train
from eventsnn.datasets import load_digits, pixel_currents, threshold_crossings
from eventsnn.layers import Linear, SequentialState

MNIST = pathlib.Path(__file__).parents[1] / "data" / "mnist9k.h5"


@pytest.fixture
def images():
    return np.random.default_rng(0).choice([0, 1, 100, 253, 254, 255], (3, 4, 5)).astype(np.uint8)


def test_pixel_currents__is_row_after_row(images):
    x = pixel_currents(images)

    assert (x.shape, x.dtype) == ((20, 3, 1), np.float32)
    for b in range(3):
        for row in range(4):
            for column in range(5):
                assert x[row * 5 + column, b, 0] == np.float32(images[b, row, column]) / \
                    np.float32(255)


def naive_crossings(images, n_thresholds, steps_per_pixel, cue_steps):
    n_batch, rows, columns = images.shape
    thresholds = [int(254 * k / (n_thresholds - 1)) if n_thresholds > 1 else 0
                  for k in range(n_thresholds)]
    n_steps = rows * columns * steps_per_pixel + cue_steps
    z = np.zeros((n_steps, n_batch, 2 * n_thresholds + 2))
    for b in range(n_batch):
        before = 0
        for k, value in enumerate(images[b].ravel().tolist()):
            for t in range(k * steps_per_pixel, (k + 1) * steps_per_pixel):
                for j, threshold in enumerate(thresholds):
                    z[t, b, j] = before < threshold <= value
                    z[t, b, n_thresholds + j] = value < threshold <= before
                z[t, b, -2] = value == 255
            before = value
        z[n_steps - cue_steps:, b, -1] = 1
    return z


@pytest.mark.parametrize("n_thresholds, steps_per_pixel, cue_steps", [
    (49, 2, 20), (1, 1, 0), (3, 1, 2), (255, 3, 1), (7, 4, 0)])
def test_threshold_crossings__equals_naive(images, n_thresholds, steps_per_pixel, cue_steps):
    options = {"n_thresholds": n_thresholds, "steps_per_pixel": steps_per_pixel,
               "cue_steps": cue_steps}

    z = threshold_crossings(images, **options)

    assert z.dtype == np.float32
    assert_array_equal(z, naive_crossings(images, **options))


def test_threshold_crossings__image_can_be_made_again_from_them(images):
    z = threshold_crossings(images, n_thresholds=255, steps_per_pixel=1, cue_steps=0)

    steps = z[:, :, :255].sum(-1) - z[:, :, 255:510].sum(-1)
    value = np.cumsum(steps, axis=0) + z[:, :, 510]  # thresholds 0 to 254; 0 is never crossed

    assert_array_equal(value.T.reshape(images.shape), images)


def test_threshold_crossings__of_mnist_are_sparse_and_what_fit_takes():
    images, labels = load_digits(MNIST)
    encode = functools.partial(threshold_crossings, n_thresholds=9, steps_per_pixel=1)

    z = threshold_crossings(images[:20])
    history = train.fit(SequentialState(Linear(20, 10)), images[:4], labels[:4], epochs=1,
                        batch_size=2, encode=encode, readout="last", progress=False)

    assert z.shape == (1588, 20, 100)
    assert 0.001 < z[:-20].mean() < 0.1
    assert math.isfinite(history[0].loss)


def test_pixels__take_no_images():
    assert pixel_currents(np.empty((0, 28, 28), np.uint8)).shape == (784, 0, 1)
    assert threshold_crossings(np.empty((0, 28, 28), np.uint8)).shape == (1588, 0, 100)
    assert pixel_currents(np.empty((2, 0, 28), np.uint8)).shape == (0, 2, 1)
    assert threshold_crossings(np.empty((2, 0, 28), np.uint8)).shape == (20, 2, 100)


@pytest.mark.parametrize("make", [pixel_currents, threshold_crossings])
@pytest.mark.parametrize("images, error, words", [
    (np.zeros((2, 3, 4)), TypeError, "images must be uint8, .* 0 to 255, got float64"),
    (np.zeros((3, 4), np.uint8), ValueError, r"images must have shape \(B, rows, columns\)"),
    ([["a"]], TypeError, "images must hold real numbers"),
])
def test_pixels__refuse(make, images, error, words):
    with pytest.raises(error, match=words):
        make(images)


@pytest.mark.parametrize("options, words", [
    ({"n_thresholds": 0}, "n_thresholds must be at least 1"),
    ({"n_thresholds": 256}, "n_thresholds must be at most 255"),
    ({"steps_per_pixel": 0}, "steps_per_pixel must be at least 1"),
    ({"cue_steps": -1}, "cue_steps must be at least 0"),
])
def test_threshold_crossings__refuses(options, words):
    with pytest.raises(ValueError, match=words):
        threshold_crossings(np.zeros((1, 2, 2), np.uint8), **options)
