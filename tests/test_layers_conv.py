"""Convolutions: equal to plain loops, exact transposes, any leading axes, in small parts."""

import numpy as np
import pytest

from eventsnn.connect import conv
from eventsnn.core import windows
from eventsnn.layers import LI, LIF, LICell, LIFCell, Lift, SequentialState, Tape
from eventsnn.layers.conv import Conv2d, LConv2d
from eventsnn.layers.shape import Flatten
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient

# channels in and out, kernel, stride, padding, dilation, groups, image; most leave a remainder
CONFIGS = [
    (1, 1, 1, 1, 0, 1, 1, (1, 1)),
    (2, 3, 3, 1, 0, 1, 1, (6, 5)),
    (3, 2, (2, 3), (2, 1), (1, 0), 1, 1, (7, 6)),
    (4, 6, (3, 1), (3, 2), 2, (1, 2), 2, (8, 7)),
    (3, 3, (1, 4), (1, 3), (0, 3), (2, 1), 3, (3, 9)),
    (2, 1, 3, 4, 1, 2, 1, (6, 10)),
    (4, 2, (2, 2), (5, 3), (3, 1), 3, 2, (2, 5)),
]
LEADS = [(), (3,), (2, 3)]


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def naive(x, w, stride, padding, dilation, groups):
    """The formula, entry by entry, for one image."""
    (s, t), (p, q), (d, e) = pair(stride), pair(padding), pair(dilation)
    n_out, per_group, kh, kw = w.shape
    height = (x.shape[1] + 2 * p - d * (kh - 1) - 1) // s + 1
    width = (x.shape[2] + 2 * q - e * (kw - 1) - 1) // t + 1
    y = np.zeros((n_out, height, width))
    for o, row, column in np.ndindex(y.shape):
        first = o // (n_out // groups) * per_group
        for c, i, j in np.ndindex(per_group, kh, kw):
            r, k = row * s + i * d - p, column * t + j * e - q
            if 0 <= r < x.shape[1] and 0 <= k < x.shape[2]:
                y[o, row, column] += w[o, c, i, j] * x[first + c, r, k]
    return y


def make(config, rng, lead=()):
    """Operands of a configuration, and what follows x and w in a call."""
    n_in, n_out, kernel, stride, padding, dilation, groups, image = config
    x = rng.normal(size=(*lead, n_in, *image))
    w = rng.normal(size=(n_out, n_in // groups, *pair(kernel)))
    return x, w, (stride, padding, dilation, groups)


def layer_of(config, w, bias=False, cls=Conv2d):
    return cls(*config[:7], bias, weight=w) if cls is Conv2d else cls(*config[:7], weight=w)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("config", CONFIGS)
def test_conv2d__equals_loops(config, lead, rng):
    x, w, options = make(config, rng, lead)
    b = rng.normal(size=len(w))

    y = layer_of(config, w, b)(x)

    images = x.reshape(-1, *x.shape[-3:])
    expected = np.stack([naive(image, w, *options) for image in images]) + b[:, None, None]
    tolerance.assert_close(y, expected.reshape(*lead, *expected.shape[1:]), tolerance.OUTPUT, "y")


@pytest.mark.parametrize("config", CONFIGS)
def test_conv2d__backward_equals_differences(config, rng):
    x, w, options = make(config, rng, (2,))
    b, tape = rng.normal(size=len(w)), Tape()
    layer = layer_of(config, w, b)
    y_bar = rng.normal(size=layer(x, tape=tape).shape)

    g = layer.backward(y_bar, tape)

    def loss(x=x, w=w, b=b):
        return (y_bar * (np.stack([naive(i, w, *options) for i in x]) + b[:, None, None])).sum()

    assert g.state is None and len(tape) == 0
    tolerance.assert_close(g.x, gradient(lambda v: loss(x=v), x), DIFFERENCE, "x")
    tolerance.assert_close(g.weights["weight"], gradient(lambda v: loss(w=v), w), DIFFERENCE, "w")
    tolerance.assert_close(g.weights["bias"], gradient(lambda v: loss(b=v), b), DIFFERENCE, "b")


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("config", CONFIGS)
def test_conv2d_bars__are_transposes(config, lead, rng):
    x, w, options = make(config, rng, lead)
    y = conv.conv2d(x, w, *options)
    y_bar = rng.normal(size=y.shape)

    x_bar = conv.conv2d_input_bar(y_bar, w, x.shape[-2:], *options)
    w_bar = conv.conv2d_weight_bar(x, y_bar, w.shape[2:], *options)

    assert x_bar.shape == x.shape and w_bar.shape == w.shape
    tolerance.assert_close((x_bar * x).sum(), (y_bar * y).sum(), tolerance.GRADIENT, "by x")
    tolerance.assert_close((w_bar * w).sum(), (y_bar * y).sum(), tolerance.GRADIENT, "by w")


@pytest.mark.parametrize("n_bytes", [1, 5000])
def test_conv2d__is_the_same_in_small_parts(n_bytes, rng, monkeypatch):
    x, w, options = make(CONFIGS[2], rng, (7,))
    y_bar = rng.normal(size=conv.conv2d(x, w, *options).shape)

    def results():
        return (conv.conv2d(x, w, *options),
                conv.conv2d_input_bar(y_bar, w, x.shape[-2:], *options),
                conv.conv2d_weight_bar(x, y_bar, w.shape[2:], *options))

    whole, columns, sizes = results(), conv._columns, []

    def spied(*arguments):
        sizes.append((made := columns(*arguments)).nbytes)
        return made

    monkeypatch.setattr(conv, "_columns", spied)
    monkeypatch.setattr(conv, "COLUMN_BYTES", n_bytes)
    for a, b in zip(results(), whole, strict=True):
        tolerance.assert_close(a, b, tolerance.OUTPUT, "in parts")
    one = 3 * 6 * 16 * 8  # channels, places of the window, places in the image, bytes
    assert max(sizes) <= max(n_bytes, one) and len(sizes) == 2 * (7 if n_bytes < 2 * one else 4)


@pytest.mark.parametrize("config", CONFIGS)
def test_patches__are_what_the_window_sees(config, rng):
    x, w, (stride, padding, dilation, _) = make(config, rng, (2,))
    (p, q), (s, t), (d, e) = pair(padding), pair(stride), pair(dilation)
    bordered = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))

    seen = windows.patches(x, w.shape[2:], stride, padding, dilation)

    for i, j, row, column in np.ndindex(seen.shape[2:]):
        np.testing.assert_array_equal(seen[:, :, i, j, row, column],
                                      bordered[:, :, row * s + i * d, column * t + j * e])


def test_patches__of_an_image_are_no_copy_and_cannot_be_written(rng):
    x = rng.normal(size=(2, 6, 6))

    seen = windows.patches(x, 3)

    assert np.shares_memory(seen, x) and not seen.flags.writeable


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float32])
def test_conv2d__takes_spikes_of_any_dtype(dtype, rng):
    x = rng.random((4, 2, 6, 5)) < 0.5
    layer, tape = Conv2d(2, 3, 3, padding=1, seed=1), Tape()

    y = layer(x.astype(dtype), tape=tape)
    g = layer.backward(np.ones_like(y), tape)

    assert {a.dtype for a in (y, g.x, *g.weights.values())} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(y, layer(x.astype(np.float32)))


def test_conv2d__computes_in_the_wider_float(rng):
    narrow, wide = Conv2d(1, 2, 2, seed=1), Conv2d(1, 2, 2, seed=1, dtype=np.float64)
    x = rng.normal(size=(1, 4, 4))

    exact = wide(x)

    assert narrow(x).dtype == wide(x.astype(np.float32)).dtype == exact.dtype == np.float64
    assert narrow(x.astype(np.float32)).dtype == np.float32
    tolerance.assert_close(narrow(x.astype(np.float32)), exact, 1e-6, "float32")


def test_conv2d__changes_nothing_it_is_given(rng):
    x, w, b = rng.normal(size=(3, 2, 5, 5)), rng.normal(size=(4, 2, 3, 3)), rng.normal(size=4)
    kept = [a.copy() for a in (x, w, b)]
    layer, tape = Conv2d(2, 4, 3, bias=b, weight=w, padding=1), Tape()
    y = layer(x, tape=tape)

    layer.backward(y, tape)
    layer.weights["weight"][...] = 0
    layer.weights["bias"][...] = 0

    for a, before in zip((x, w, b), kept, strict=True):
        np.testing.assert_array_equal(a, before)
    assert not layer(x).any()  # the weights in the dictionary are the layer's


def test_conv2d__draws_weights_by_the_number_of_inputs():
    layer = Conv2d(8, 64, (3, 5), groups=2, seed=4)
    bound = 1 / np.sqrt(8 / 2 * 3 * 5)

    for name, shape in (("weight", (64, 4, 3, 5)), ("bias", (64,))):
        array = layer.weights[name]
        assert array.shape == shape and array.dtype == np.float32
        assert 0.9 * bound < np.abs(array).max() <= bound and abs(array.mean()) < bound / 5
        np.testing.assert_array_equal(array, Conv2d(8, 64, (3, 5), groups=2, seed=4).weights[name])
    assert sorted(Conv2d(1, 1, 1, bias=False).weights) == ["weight"]


@pytest.mark.parametrize("trailing", [(), (1,)])
@pytest.mark.parametrize("config", CONFIGS[:4])
def test_lconv2d__is_a_convolution_with_an_axis_more(config, trailing, rng):
    x, w, _ = make(config, rng, (3, 2))
    layer = layer_of(config, w.reshape(*w.shape, *trailing), cls=LConv2d)
    plain, tapes = layer_of(config, w), (Tape(), Tape())

    y, expected = layer(x, tape=tapes[0]), plain(x, tape=tapes[1])
    g, g_expected = layer.backward(y, tapes[0]), plain.backward(y, tapes[1])

    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(g.x, g_expected.x)
    assert list(layer.weights) == ["weight"] and layer.weight.shape == (*w.shape, 1)
    np.testing.assert_array_equal(g.weights["weight"][..., 0], g_expected.weights["weight"])
    assert g.weights["weight"].shape == layer.weight.shape
    layer.weights["weight"][...] *= 2
    tolerance.assert_close(layer(x), 2 * expected, tolerance.OUTPUT, "trained in place")


def test_conv2d__spares_the_gradient_nobody_wants(rng):
    net = SequentialState(Conv2d(1, 2, 3, seed=1), Conv2d(2, 1, 3, seed=2))
    tape, whole, x = Tape(input_gradient=False), Tape(), rng.normal(size=(1, 7, 7))
    y, _ = net(x, tape=tape)
    net(x, tape=whole)

    g, g_whole = net.backward(y, tape), net.backward(y, whole)

    assert g.x is None and g_whole.x is not None
    for name, array in g_whole.weights.items():
        np.testing.assert_array_equal(g.weights[name], array)


@pytest.mark.parametrize("wants_input", [True, False])
@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_conv2d__of_a_repeated_input_equals_that_of_its_copy(n_steps, wants_input, rng):
    x, w, _ = make(CONFIGS[2], rng, (2,))
    layer = layer_of(CONFIGS[2], w, bias=rng.normal(size=2))
    tape = Tape(input_gradient=wants_input)
    repeated = np.broadcast_to(x, (n_steps, *x.shape))

    y, expected = layer(repeated, tape=tape), layer(repeated.copy(), tape=tape)
    y_bar = rng.normal(size=y.shape)
    g_expected, g = layer.backward(y_bar, tape), layer.backward(y_bar, tape)

    np.testing.assert_array_equal(y, expected)
    assert n_steps == 1 or y.strides[0] == 0  # computed once
    for name, array in g_expected.weights.items():
        tolerance.assert_close(g.weights[name], array, tolerance.OUTPUT, name)
    if wants_input:
        np.testing.assert_array_equal(g.x, g_expected.x)


@pytest.mark.parametrize("change", [
    lambda x: x[:, ::-1, :, ::2], lambda x: x.swapaxes(-1, -2), lambda x: x[:0],
    lambda x: np.broadcast_to(x[:1], (5, *x.shape[1:])), np.asfortranarray])
def test_conv2d__takes_arrays_however_they_lie(change, rng):
    x, tape = change(rng.normal(size=(3, 2, 8, 8))), Tape()
    layer = Conv2d(2, 3, 3, padding=1, seed=1)

    y = layer(x, tape=tape)
    g = layer.backward(y, tape)

    expected = Tape()
    np.testing.assert_array_equal(y, layer(np.ascontiguousarray(x), tape=expected))
    np.testing.assert_array_equal(g.x, layer.backward(y, expected).x)
    assert g.x.shape == x.shape and np.isfinite(g.weights["weight"]).all()


@pytest.mark.parametrize("lead", LEADS)
def test_chain__of_sequences_equals_that_of_steps(lead, rng):
    x = 20 * rng.random((8, *lead, 2, 6, 6))
    kernel, n = rng.normal(size=(3, 2, 3, 3)), len(lead)
    whole = SequentialState(Conv2d(2, 3, 3, bias=False, weight=kernel), LIF(), Flatten(1 + n), LI())
    steps = Lift(SequentialState(Conv2d(2, 3, 3, bias=False, weight=kernel), LIFCell(), Flatten(n),
                                 LICell()))
    out_bar, tapes = rng.normal(size=(8, *lead, 48)), (Tape(), Tape())

    (out, end), (expected, expected_end) = whole(x, tape=tapes[0]), steps(x, tape=tapes[1])
    g, g_expected = whole.backward(out_bar, tapes[0]), steps.backward(out_bar, tapes[1])

    assert out.shape == out_bar.shape and end[1].v.shape == (*lead, 3, 4, 4) and out.any()
    for a, b in ((out, expected), (end[1].v, expected_end[1].v), (end[3].v, expected_end[3].v),
                 (g.x, g_expected.x), (g.weights["0.weight"], g_expected.weights["0.weight"])):
        tolerance.assert_close(a, b, tolerance.OUTPUT, "whole and step by step")


def test_chain__with_integrators_backward_equals_differences(rng):
    x, w = rng.normal(size=(4, 1, 3, 3)), rng.normal(size=(2, 1, 2, 2))
    out_bar, tape = rng.normal(size=(4, 2, 2, 2)), Tape()

    def run(x, w, tape=None):
        net = SequentialState(Conv2d(1, 2, 2, bias=False, weight=w), LI())
        return net, net(x, tape=tape)[0]

    net, _ = run(x, w, tape)
    g = net.backward(out_bar, tape)

    tolerance.assert_close(g.x, gradient(lambda v: (out_bar * run(v, w)[1]).sum(), x), DIFFERENCE,
                           "x")
    tolerance.assert_close(g.weights["0.weight"],
                           gradient(lambda v: (out_bar * run(x, v)[1]).sum(), w), DIFFERENCE, "w")


X = np.ones((2, 5, 5))


def backward(out_bar):
    def run():
        layer, tape = Conv2d(2, 3, 3), Tape()
        layer(X, tape=tape)
        layer.backward(out_bar, tape)
    return run


@pytest.mark.parametrize("make, error, words", [
    (lambda: Conv2d(0, 1, 3), ValueError, "in_channels must be at least 1, got 0"),
    (lambda: Conv2d(1, 1.5, 3), TypeError, "out_channels must be a whole number, got 1.5"),
    (lambda: Conv2d(1, 1, 0), ValueError, "kernel_size must be at least 1, got 0"),
    (lambda: Conv2d(1, 1, (3, 3, 3)), ValueError,
     "kernel_size must be a number or a pair (vertical, horizontal), got (3, 3, 3)"),
    (lambda: Conv2d(1, 1, "3"), TypeError, "kernel_size must be a whole number, got '3'"),
    (lambda: Conv2d(1, 1, 3, stride=(1, 0)), ValueError, "stride must be at least 1, got 0"),
    (lambda: Conv2d(1, 1, 3, padding=-1), ValueError, "padding must be at least 0, got -1"),
    (lambda: Conv2d(1, 1, 3, dilation=1.0), TypeError, "dilation must be a whole number, got 1.0"),
    (lambda: Conv2d(4, 2, 3, groups=3), ValueError,
     "groups must divide the numbers of channels, 4 in and 2 out, got 3"),
    (lambda: Conv2d(2, 3, 3, weight=np.ones((2, 3, 3, 3))), ValueError,
     "weight must have shape (3, 2, 3, 3) (out, in / groups, kh, kw), got (2, 3, 3, 3)"),
    (lambda: LConv2d(2, 3, 3, weight=np.ones((3, 2, 3, 3, 2))), ValueError,
     "weight must have shape (3, 2, 3, 3)"),
    (lambda: Conv2d(1, 1, 1, weight=[[[[np.nan]]]]), ValueError, "weight must be finite, got nan"),
    (lambda: Conv2d(2, 3, 3, bias=np.ones(2)), ValueError, "bias must have shape (3,)"),
    (lambda: Conv2d(2, 3, 3)(np.ones((3, 5, 5))), ValueError,
     "x must have shape (..., 2, H, W) to match the weight, got (3, 5, 5)"),
    (lambda: Conv2d(2, 3, 3)(np.ones((5, 5))), ValueError, "x must have shape (..., 2, H, W)"),
    (lambda: Conv2d(2, 3, 3)(np.ones((2, 5, 2))), ValueError,
     "x must be at least as large as the window, (3, 3), with its padding, got shape (2, 5, 2)"),
    (lambda: Conv2d(2, 3, 1, padding=1)(np.ones((2, 0, 2))), ValueError,
     "x must be at least as large as the window"),
    (lambda: Conv2d(2, 3, 3)(X * 1j), TypeError, "x must hold real numbers, got dtype complex128"),
    (backward(np.ones((2, 3, 3))), ValueError,
     "out_bar must have shape (3, 3, 3) as what it is the gradient of, got (2, 3, 3)"),
    (lambda: conv.conv2d(X, np.ones((3, 2, 3))), ValueError,
     "w must have shape (O, C / groups, kh, kw), got (3, 2, 3)"),
    (lambda: conv.conv2d(X, np.ones((3, 3, 3, 3))), ValueError,
     "x must have shape (..., 3, H, W), got (2, 5, 5)"),
    (lambda: conv.conv2d_input_bar(X, np.ones((2, 1, 2, 2)), (5, 5)), ValueError,
     "out_bar must have shape (2, 4, 4) to match w, got (2, 5, 5)"),
    (lambda: conv.conv2d_weight_bar(X, X, 3), ValueError,
     "out_bar must have shape (2, 3, 3) to match x, got (2, 5, 5)"),
    (lambda: windows.patches(np.ones(4), 2), ValueError, "x must have shape (..., H, W), got (4,)"),
])
def test_conv2d__refuses_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)
