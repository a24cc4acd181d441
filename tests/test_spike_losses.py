"""Losses of spikes, and the read-out of the first one: by hand, differences, properties."""

import numpy as np
import pytest

from eventsnn.errors import NumericalError
from eventsnn.train import FirstSpike, SpikeCount, VanRossum, cross_entropy, readout

LOSSES = {
    "count": (SpikeCount(), True), "count, others": (SpikeCount(1.0, 0.0), True),
    "van Rossum": (VanRossum(3.0), False), "van Rossum, long": (VanRossum(50.0), False),
    "first spike": (lambda out, y: cross_entropy(out, y, FirstSpike(2.0)), True)}
each_loss = pytest.mark.parametrize("name", LOSSES)


def problem(name, seed=0, t=7, b=3, c=4):
    loss, classes = LOSSES[name]
    rng = np.random.default_rng(seed)
    y = rng.integers(0, c, b) if classes else (rng.random((t, b, c)) < 0.3).astype(float)
    return loss, rng.uniform(0.0, 0.9, (t, b, c)), y


@each_loss
@pytest.mark.parametrize("seed", [0, 1])
def test_gradient__equals_central_differences(name, seed):
    loss, out, y = problem(name, seed)
    _, bar = loss(out, y)

    for index in np.ndindex(out.shape):
        step = np.zeros_like(out)
        step[index] = 1e-6
        slope = (loss(out + step, y)[0] - loss(out - step, y)[0]) / 2e-6
        assert bar[index] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@each_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient__has_the_dtype_and_shape_of_the_output(name, dtype):
    loss, out, y = problem(name)

    value, bar = loss(out.astype(dtype), y)

    assert isinstance(value, float) and (bar.dtype, bar.shape) == (dtype, out.shape)
    assert value == pytest.approx(loss(out, y)[0], rel=1e-5)


def naive_time(train):
    return next((t for t, z in enumerate(train) if z), len(train))


def test_first_spike__is_minus_the_steps_before_it():
    z = (np.random.default_rng(0).random((12, 5, 6)) < 0.15).astype(float)

    scores = readout(z, FirstSpike(tau=4.0))

    for index in np.ndindex(5, 6):
        assert scores[index] == -naive_time(z[(slice(None), *index)]) / 4.0
    assert (z.sum(0) == 0).any() and (z.sum(0) > 1).any()


def test_first_spike__gradient_pulls_a_silent_neuron_and_leaves_what_comes_later():
    z = np.zeros((5, 1, 2))
    z[2, 0, 1] = z[4, 0, 1] = 1

    bar = FirstSpike().backward(z, np.ones((1, 2)))

    assert bar[:, 0, 0].tolist() == [5, 4, 3, 2, 1]  # a spike would end the silence to the end
    assert bar[:, 0, 1].tolist() == [2, 1, 2, 0, 0]  # the spike itself: silent until the second


def test_first_spike__cross_entropy_is_small_for_who_is_first():
    z = np.zeros((20, 2, 3))
    z[3, 0, 1] = z[9, 0, 0] = z[2, 1, 2] = 1

    assert cross_entropy(z, np.array([1, 2]), FirstSpike())[0] < 0.01
    assert cross_entropy(z, np.array([0, 1]), FirstSpike())[0] > 5


def test_spike_count__is_zero_at_the_counts_wished_for():
    z = np.zeros((10, 2, 3))
    z[:1] = 1  # the wrong ones, once in ten steps
    z[:8, [0, 1], [2, 0]] = 1

    assert SpikeCount(0.8, 0.1)(z, np.array([2, 0]))[0] == pytest.approx(0, abs=1e-15)


def test_van_rossum__by_naive_sums():
    rng = np.random.default_rng(2)
    a, b = ((rng.random((9, 2, 3)) < 0.4).astype(float) for _ in range(2))

    total = 0.0
    for index in np.ndindex(2, 3):
        for t in range(9):
            f, g = (sum(x[(s, *index)] * np.exp(-(t - s) / 3.0) for s in range(t + 1))
                    for x in (a, b))
            total += (f - g)**2 / 3.0
    assert VanRossum(3.0)(a, b)[0] == pytest.approx(total / 6)


def test_van_rossum__of_equal_trains_is_zero_and_it_does_not_mind_which_is_which():
    _, out, _ = problem("van Rossum")
    other = out[::-1].copy()

    assert VanRossum()(out, out)[0] == 0
    assert VanRossum()(out, other)[0] == VanRossum()(other, out)[0] > 0


@pytest.mark.parametrize("call, error, words", [
    (lambda: FirstSpike(0.0), ValueError, "tau must be above 0, got 0"),
    (lambda: VanRossum(-1.0), ValueError, "tau must be above 0"),
    (lambda: SpikeCount(-0.1), ValueError, "right must be at least 0"),
    (lambda: SpikeCount()(np.zeros((3, 2)), [0]), ValueError, "out must have shape"),
    (lambda: SpikeCount()(np.zeros((3, 1, 2)), np.array([2])), ValueError,
     "labels must be from 0 to 1, got 2"),
    (lambda: VanRossum()(np.zeros((3, 2)), np.zeros((3, 1))), ValueError, "target must have shape"),
    (lambda: VanRossum()(np.zeros((3, 0)), np.zeros((3, 0))), ValueError, "out must have no axis"),
    (lambda: VanRossum()(np.full((3, 1), np.inf), np.zeros((3, 1))), NumericalError,
     "out must be finite"),
    (lambda: cross_entropy(np.zeros((3, 1, 2)), np.array([0]), "first"), ValueError,
     "readout must be one of"),
])
def test_losses__refuse(call, error, words):
    with pytest.raises(error, match=words):
        call()
