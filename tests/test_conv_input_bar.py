"""The gradient of a convolution's input, by BLAS or by the outputs whose gradient is not 0."""

import numpy as np
import pytest

from eventsnn.connect import conv, conv_columns
from eventsnn.core import windows
from tests import tolerance
from tests.naive.plain import plain
from tests.test_layers_conv import CONFIGS, make, pair


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def naive_input_bar(y_bar, w, size, stride, padding, dilation, groups):
    """What each output gives back to the inputs that it saw, entry by entry, for one image."""
    (s, t), (p, q), (d, e) = pair(stride), pair(padding), pair(dilation)
    n_out, per_group, kh, kw = w.shape
    x_bar = np.zeros((per_group * groups, *size))
    for o, row, column in np.ndindex(y_bar.shape):
        first = o // (n_out // groups) * per_group
        for c, i, j in np.ndindex(per_group, kh, kw):
            r, k = row * s + i * d - p, column * t + j * e - q
            if 0 <= r < size[0] and 0 <= k < size[1]:
                x_bar[first + c, r, k] += y_bar[o, row, column] * w[o, c, i, j]
    return x_bar


def some_bars(config, rng, share):
    """Gradients of three images, of which a share is not 0; kernels; options; size of an image."""
    x, w, options = make(config, rng, (3,))
    y_bar = rng.normal(size=conv.conv2d(x, w, *options).shape)
    return y_bar * (rng.random(y_bar.shape) < share), w, options, x.shape[-2:]


@pytest.mark.parametrize("dense_from", [0.0, 2.0])  # by BLAS, by the outputs that are not 0
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("config", CONFIGS)
def test_conv2d_input_bar__equals_loops(config, share, dense_from, rng, monkeypatch):
    y_bar, w, options, size = some_bars(config, rng, share)
    monkeypatch.setattr(conv, "BARS_DENSE_FROM", dense_from)

    x_bar = conv.conv2d_input_bar(y_bar, w, size, *options)

    expected = np.stack([naive_input_bar(image, w, size, *options) for image in y_bar])
    tolerance.assert_close(x_bar, expected, tolerance.OUTPUT, "x_bar")


@pytest.mark.parametrize("config", CONFIGS)
def test_add_products__in_plain_python_is_the_same(config, rng):
    y_bar, w, (stride, padding, dilation, groups), size = some_bars(config, rng, 0.5)
    win = windows.window(w.shape[2:], stride, padding, dilation)
    y = np.ascontiguousarray(y_bar[:, :len(w) // groups], np.float32)  # of the first group
    kernels = np.ascontiguousarray(w[:len(w) // groups].transpose(0, 2, 3, 1), np.float32)
    kernels = kernels.reshape(*kernels.shape[:2], -1)
    found = [np.empty((3, w.shape[1], *size), np.float32) for _ in range(2)]

    for function, out in zip((conv_columns.add_products, plain(conv_columns.add_products)), found,
                             strict=True):
        function(y, kernels, *win[1:], out)

    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(("shape", "stride"), [((4, 32, 11, 11), 1), ((40, 3, 6, 6), 2)])
def test_conv2d_input_bar__sees_how_little_a_pooling_leaves(shape, stride, rng, monkeypatch):
    y_bar, made = np.zeros(shape, np.float32), []
    y_bar[..., ::2, ::2] = rng.normal(size=y_bar[..., ::2, ::2].shape)
    w = rng.normal(size=(shape[1], 2, 3, 3)).astype(np.float32)
    add = conv_columns.add_products
    monkeypatch.setattr(conv_columns, "add_products", lambda *a: (made.append(a), add(*a)))

    for bars in (y_bar, np.ones_like(y_bar)):
        conv.conv2d_input_bar(bars, w, tuple(stride * (n - 1) + 3 for n in shape[2:]), stride)

    assert len(made) == 1
