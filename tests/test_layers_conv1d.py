"""Convolution along one axis, and paddings by name: equal to plain loops, exact transposes."""

import numpy as np
import pytest

from eventsnn.layers import Conv1d, Conv2d, LConv2d, Tape
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient

# channels in and out, kernel, stride, padding, dilation, groups, length
CONFIGS = [
    (1, 1, 1, 1, 0, 1, 1, 1), (2, 3, 3, 1, 0, 1, 1, 6), (4, 6, 3, 2, 2, 2, 2, 8),
    (3, 3, 4, 3, 3, 1, 3, 9), (2, 4, 2, 1, "same", 1, 2, 5), (2, 1, 2, 1, "same", 3, 1, 5),
    (1, 2, 5, 1, "same", 2, 1, 4), (2, 2, 3, 2, "valid", 1, 1, 7),
]
NAMED = [(kernel, dilation, image)  # of Conv2d, with a padding of "same"
         for kernel in ((3, 3), (2, 3), (1, 4), (4, 2)) for dilation in (1, (3, 2))
         for image in ((5, 6), (2, 3))]


def naive(x, w, stride, before, after, dilation, groups):
    """The formula for one signal, with zeros `before` and `after` it."""
    x = np.pad(x, ((0, 0), (before, after)))
    n_out, per_group, k = w.shape
    length = (x.shape[1] - dilation * (k - 1) - 1) // stride + 1
    y = np.zeros((n_out, length))
    for o, t in np.ndindex(y.shape):
        first = o // (n_out // groups) * per_group
        for c, i in np.ndindex(per_group, k):
            y[o, t] += w[o, c, i] * x[first + c, t * stride + i * dilation]
    return y


def zeros(padding, kernel, dilation):
    """How many zeros torch puts before and after for a padding."""
    if padding == "same":
        total = dilation * (kernel - 1)
        return total // 2, total - total // 2
    return (0, 0) if padding == "valid" else (padding, padding)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
@pytest.mark.parametrize("config", CONFIGS)
def test_conv1d__equals_loops(config, lead, rng):
    n_in, n_out, k, stride, padding, dilation, groups, length = config
    w, b = rng.normal(size=(n_out, n_in // groups, k)), rng.normal(size=n_out)
    x = rng.normal(size=(*lead, n_in, length))

    y = Conv1d(*config[:7], b, weight=w)(x)

    expected = np.stack([
        naive(signal, w, stride, *zeros(padding, k, dilation), dilation, groups)
        for signal in x.reshape(-1, n_in, length)]) + b[:, None]
    tolerance.assert_close(y, expected.reshape(*lead, *expected.shape[1:]), tolerance.OUTPUT, "y")
    assert padding != "same" or y.shape[-1] == length


@pytest.mark.parametrize("config", CONFIGS)
def test_conv1d__backward_equals_differences(config, rng):
    n_in, n_out, k, stride, padding, dilation, groups, length = config
    w, b = rng.normal(size=(n_out, n_in // groups, k)), rng.normal(size=n_out)
    x, tape = rng.normal(size=(2, n_in, length)), Tape()
    layer = Conv1d(*config[:7], b, weight=w)
    y_bar = rng.normal(size=layer(x, tape=tape).shape)

    g = layer.backward(y_bar, tape)

    def loss(x=x, w=w, b=b):
        border = zeros(padding, k, dilation)
        return sum((y_bar[i] * (naive(x[i], w, stride, *border, dilation, groups)
                                + b[:, None])).sum() for i in range(2))

    assert g.state is None and len(tape) == 0
    tolerance.assert_close(g.x, gradient(lambda v: loss(x=v), x), DIFFERENCE, "x")
    tolerance.assert_close(g.weights["weight"], gradient(lambda v: loss(w=v), w), DIFFERENCE, "w")
    tolerance.assert_close(g.weights["bias"], gradient(lambda v: loss(b=v), b), DIFFERENCE, "b")


@pytest.mark.parametrize("kernel, dilation, image", NAMED)
def test_conv2d__of_the_same_size_has_the_odd_zero_at_the_far_edge(kernel, dilation, image, rng):
    d = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    x, w = rng.normal(size=(2, 3, *image)), rng.normal(size=(4, 3, *kernel))
    border = [zeros("same", k, e) for k, e in zip(kernel, d)]
    wide = np.pad(x, [(0, 0), (0, 0), *border])
    layer, plain, tape, other = (Conv2d(3, 4, kernel, 1, "same", dilation, weight=w, bias=False),
                                 Conv2d(3, 4, kernel, 1, 0, dilation, weight=w, bias=False),
                                 Tape(), Tape())

    y = layer(x, tape=tape)
    y_bar = rng.normal(size=y.shape)
    g = layer.backward(y_bar, tape)

    assert y.shape[-2:] == image == layer.out_size(image)
    tolerance.assert_close(y, plain(wide, tape=other), tolerance.OUTPUT, "y")
    expected = plain.backward(y_bar, other)
    (top, _), (left, _) = border
    within = expected.x[..., top:top + image[0], left:left + image[1]]
    tolerance.assert_close(g.x, within, tolerance.GRADIENT, "x")
    tolerance.assert_close(g.weights["weight"], expected.weights["weight"], tolerance.GRADIENT, "w")


def test_convolutions__take_a_padding_by_name(rng):
    x = rng.normal(size=(2, 6, 6))

    assert LConv2d(2, 3, 4, padding="same")(x).shape == (3, 6, 6)
    np.testing.assert_array_equal(Conv2d(2, 3, 3, padding="valid", seed=1)(x),
                                  Conv2d(2, 3, 3, seed=1)(x))


def backward(out_bar):
    def run():
        layer, tape = Conv1d(2, 3, 3), Tape()
        layer(np.ones((2, 5)), tape=tape)
        layer.backward(out_bar, tape)
    return run


@pytest.mark.parametrize("make, error, words", [
    (lambda: Conv1d(2, 3, (3, 3)), TypeError, "kernel_size must be a whole number, got (3, 3)"),
    (lambda: Conv1d(2, 3, 3, stride=0), ValueError, "stride must be at least 1, got 0"),
    (lambda: Conv1d(2, 3, 3, padding=-1), ValueError, "padding must be at least 0, got -1"),
    (lambda: Conv1d(2, 3, 3, padding="full"), ValueError,
     "padding must be one of same, valid, got 'full'"),
    (lambda: Conv1d(2, 3, 3, 2, "same"), ValueError, "stride must be 1 for a padding of 'same'"),
    (lambda: Conv1d(2, 3, 3, weight=np.ones((3, 2))), ValueError,
     "weight must have shape (out, in / groups, kernel_size), got (3, 2)"),
    (lambda: Conv1d(2, 3, 3, weight=np.ones((3, 2, 2))), ValueError,
     "weight must have shape (3, 2, 1, 3)"),
    (lambda: Conv1d(2, 3, 3)(np.ones((3, 5))), ValueError,
     "x must have shape (..., 2, N) to match the weight, got (3, 5)"),
    (lambda: Conv1d(2, 3, 3)(np.ones((2, 2))), ValueError, "x must be at least as large as the w"),
    (backward(np.ones((3, 4))), ValueError, "out_bar must have shape (3, 1, 3)"),
    (backward(1.0), ValueError, "out_bar must have shape (3, 1, 3)"),
])
def test_conv1d__refuses_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)
