"""Pooling and flattening: equal to plain loops, exact transposes, refusals."""

import numpy as np
import pytest

from eventsnn.connect import conv, pooling
from eventsnn.layers import LIF, LIFCell, Lift, SequentialState, Tape
from eventsnn.layers.pool import AvgPool2d, MaxPool2d, SumPool2d
from eventsnn.layers.shape import Flatten
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient
from tests.naive.plain import plain

REDUCE = {SumPool2d: np.sum, AvgPool2d: np.mean, MaxPool2d: np.max}
WINDOWS = [  # kernel, stride, padding, image; several leave a remainder, or overlap, or leave gaps
    (1, None, 0, (1, 1)), (2, None, 0, (4, 6)), (2, None, 0, (5, 7)), (3, 2, 1, (7, 6)),
    ((2, 3), (1, 4), (1, 0), (4, 9)), ((3, 1), (4, 2), (1, 0), (6, 5)), ((1, 5), 1, (0, 2), (2, 5)),
]


def naive(cls, x, kernel, stride, padding):
    """Window by window, for one image; and what the border is filled with."""
    kernel, padding = np.broadcast_to(kernel, 2), np.broadcast_to(padding, 2)
    stride = kernel if stride is None else np.broadcast_to(stride, 2)
    border = -np.inf if cls is MaxPool2d else 0.0
    big = np.pad(x, [(p, p) for p in padding], constant_values=border)
    size = (np.array(big.shape) - kernel) // stride + 1
    out = np.zeros(size)
    for r, c in np.ndindex(*size):
        row, column = r * stride[0], c * stride[1]
        out[r, c] = REDUCE[cls](big[row:row + kernel[0], column:column + kernel[1]])
    return out


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("lead", [(), (2,), (2, 1, 3)])
@pytest.mark.parametrize("config", WINDOWS)
@pytest.mark.parametrize("cls", REDUCE)
def test_pool__equals_loops(cls, config, lead, rng):
    *window, image = config
    x = rng.normal(size=(*lead, *image))

    out = cls(*window)(x)

    expected = np.stack([naive(cls, i, *window) for i in x.reshape(-1, *image)])
    tolerance.assert_close(out, expected.reshape(*lead, *expected.shape[1:]), tolerance.OUTPUT,
                           "out")


@pytest.mark.parametrize("config", WINDOWS)
@pytest.mark.parametrize("cls", REDUCE)
def test_pool__backward_equals_differences(cls, config, rng):
    *window, image = config
    x, layer, tape = rng.normal(size=(2, *image)), cls(*window), Tape()
    out_bar = rng.normal(size=layer(x, tape=tape).shape)

    g = layer.backward(out_bar, tape)

    expected = gradient(
        lambda v: (out_bar * np.stack([naive(cls, i, *window) for i in v])).sum(), x)
    assert g.state is None and g.weights == {} and len(tape) == 0
    tolerance.assert_close(g.x, expected, DIFFERENCE, "x")


def of_few_numbers(rng, shape):
    """Images in which many numbers are equal, and some are not finite."""
    x = rng.integers(-1, 2, shape).astype(np.float32)
    return np.where(rng.random(shape) < 0.03, rng.choice([np.nan, -np.inf, np.inf], shape), x)


def naive_places(x, kernel, stride):
    """Of one image without padding: the place in each window of its last NaN or first largest."""
    size = (np.array(x.shape) - kernel) // stride + 1
    places = np.zeros(size, int)
    for r, c in np.ndindex(*size):
        row, column = r * stride, c * stride
        seen = x[row:row + kernel, column:column + kernel].ravel()
        missing = np.flatnonzero(np.isnan(seen))
        places[r, c] = missing[-1] if len(missing) else seen.argmax()
    return places


@pytest.mark.parametrize("shape", [(1, 3, 3), (41, 9, 7), (2, 60, 50)])  # within a visit, or not
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (2, 2), (2, 1), (3, 2), (3, 3)])
def test_max_pool__finds_the_first_of_equals_in_any_number_of_images(shape, kernel, stride, rng):
    x = of_few_numbers(rng, shape)

    out, place = conv.max_pool2d(x, kernel, stride)

    np.testing.assert_array_equal(place, [naive_places(i, kernel, stride) for i in x])
    seen = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), (1, 2))
    seen = seen[:, ::stride, ::stride].reshape(*out.shape, -1)
    np.testing.assert_array_equal(out, np.take_along_axis(seen, place[..., None], -1)[..., 0])


@pytest.mark.parametrize("config", WINDOWS)
def test_pooling__in_plain_python_is_the_same(config, rng):
    kernel, stride, padding, image = config
    win, x = conv.pool_window(kernel, stride, padding)[:3], of_few_numbers(rng, (3, *image))
    out, place = conv.max_pool2d(x, *win)
    out_bar, found = rng.normal(size=out.shape), [np.empty_like(out), np.empty_like(place)]
    x_bars = np.empty((2, 2, *x.shape))

    plain(pooling.max_pool)(x, *win, *found)
    for function, x_bar in zip((pooling.max_pool_bar, plain(pooling.max_pool_bar)), x_bars[0],
                               strict=True):
        function(out_bar, place, *win, x_bar)
    for function, x_bar in zip((pooling.sum_pool_bar, plain(pooling.sum_pool_bar)), x_bars[1],
                               strict=True):
        function(out_bar, *win, x_bar)

    np.testing.assert_array_equal(found[0], out)
    np.testing.assert_array_equal(found[1], place)
    np.testing.assert_array_equal(x_bars[:, 0], x_bars[:, 1])


@pytest.mark.parametrize("config", WINDOWS)
def test_max_pool__gives_gradients_to_no_border_where_all_is_infinitely_small(config):
    *window, image = config
    layer, tape = MaxPool2d(*window), Tape()
    out_bar = np.ones_like(layer(np.full(image, -np.inf), tape=tape))

    assert layer.backward(out_bar, tape).x.sum() == out_bar.size


def test_max_pool__gives_the_gradient_to_the_first_of_equals():
    x = np.array([[0, 1, 1, 1], [1, 1, 1, 1], [-1, -1, 0, 0], [-1, -1, 0, 0]])
    layer, tape = MaxPool2d(2), Tape()
    layer(x, tape=tape)

    g = layer.backward([[1, 2], [3, 4]], tape)

    np.testing.assert_array_equal(g.x, [[0, 1, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]])


def test_max_pool__never_takes_the_border_and_always_nan():
    x = np.full((3, 3), -5.0)
    x[2, 2] = np.nan

    out = MaxPool2d(2, padding=1)(x)

    np.testing.assert_array_equal(out, [[-5, -5], [-5, np.nan]])


def test_max_pool__finds_places_in_large_windows(rng):
    x = np.zeros((20, 20))
    x[19, 18] = 1

    out, place = conv.max_pool2d(x, 20)

    assert out == 1 and place == 19 * 20 + 18
    x_bar = conv.max_pool2d_bar(np.full((1, 1), 3.0), place, (20, 20), 20)
    np.testing.assert_array_equal(x_bar, 3 * x)


@pytest.mark.parametrize("cls", REDUCE)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_pool__takes_spikes_of_any_dtype(cls, dtype, rng):
    x = (rng.random((3, 4, 4)) < 0.5).astype(dtype)
    kept, layer, tape = x.copy(), cls(2), Tape()

    out = layer(x, tape=tape)
    g = layer.backward(out, tape)

    assert out.dtype == g.x.dtype == (np.float64 if dtype == np.float64 else np.float32)
    np.testing.assert_array_equal(out, layer(x.astype(np.float64)))
    np.testing.assert_array_equal(x, kept)
    assert layer(x[:0]).shape == (0, 2, 2)


@pytest.mark.parametrize("layer", [SumPool2d(2), AvgPool2d(2), MaxPool2d(2), Flatten(-2)])
def test_layer__lifts_and_chains(layer, rng):
    x, tape, unwanted = 30 * rng.random((6, 2, 3, 4, 4)), Tape(), Tape(input_gradient=False)
    chain, lifted = SequentialState(layer, LIF()), SequentialState(Lift(layer), Lift(LIFCell()))
    tape_lifted = Tape()

    out, _ = chain(x, tape=tape)
    out_lifted, _ = lifted(x, tape=tape_lifted)
    chain(x, tape=unwanted)

    np.testing.assert_array_equal(out, out_lifted)
    g = chain.backward(out, tape)
    np.testing.assert_array_equal(g.x, lifted.backward(out, tape_lifted).x)
    assert out.any() and g.x.any() and chain.backward(out, unwanted).x is None


@pytest.mark.parametrize("start, end, shape, expected", [
    (1, -1, (2, 3, 4, 5), (2, 60)), (0, -1, (2, 3), (6,)), (2, -1, (2, 3, 4, 5), (2, 3, 20)),
    (-2, -1, (2, 3, 4), (2, 12)), (1, 2, (2, 3, 4, 5), (2, 12, 5)),
    (-3, 2, (2, 3, 4, 5), (2, 12, 5)), (1, 1, (2, 3), (2, 3)), (0, 0, (), (1,)),
    (1, -1, (0, 3, 4), (0, 12)), (1, -1, (2, 0, 4), (2, 0)),
])
def test_flatten__joins_axes_and_parts_them_again(start, end, shape, expected, rng):
    x, layer, tape = rng.normal(size=shape), Flatten(start, end), Tape()

    out = layer(x, tape=tape)
    g = layer.backward(2 * out, tape)

    np.testing.assert_array_equal(out, x.reshape(expected))
    np.testing.assert_array_equal(g.x, 2 * x)
    assert layer(x.astype(np.uint8)).dtype == np.uint8


def backward(layer, out_bar):
    def run():
        tape = Tape()
        layer(np.ones((2, 4, 4)), tape=tape)
        layer.backward(out_bar, tape)
    return run


@pytest.mark.parametrize("make, error, words", [
    (lambda: SumPool2d(0), ValueError, "kernel_size must be at least 1, got 0"),
    (lambda: MaxPool2d(2, 0), ValueError, "stride must be at least 1, got 0"),
    (lambda: AvgPool2d((2, 3), padding=(2, 1)), ValueError,
     "padding must be at most half of kernel_size (2, 3), got (2, 1)"),
    (lambda: AvgPool2d(2.0), TypeError, "kernel_size must be a whole number, got 2.0"),
    (lambda: SumPool2d(3)(np.ones((2, 4))), ValueError,
     "x must be at least as large as the window, (3, 3), with its padding, got shape (2, 4)"),
    (lambda: MaxPool2d(3)(np.ones(4)), ValueError, "x must have shape (..., H, W), got (4,)"),
    (lambda: MaxPool2d(1)("a"), TypeError, "x must hold real numbers, got dtype <U1"),
    (backward(SumPool2d(2), np.ones((2, 4, 4))), ValueError, "out_bar must have shape (2, 2, 2)"),
    (backward(MaxPool2d(2), np.ones((2, 4, 4))), ValueError, "out_bar must have shape (2, 2, 2)"),
    (backward(Flatten(), np.ones((2, 4, 4))), ValueError, "out_bar must have shape (2, 16)"),
    (lambda: Flatten(1.0), TypeError, "start_dim must be a whole number, got 1.0"),
    (lambda: Flatten(3)(np.ones((2, 3))), ValueError,
     "start_dim must be from -2 to 1 for x of shape (2, 3), got 3"),
    (lambda: Flatten(0, -3)(np.ones((2, 3))), ValueError, "end_dim must be from -2 to 1"),
    (lambda: Flatten(-1, 0)(np.ones((2, 3))), ValueError,
     "start_dim must not come after end_dim = 0 for x of shape (2, 3), got -1"),
])
def test_pool_and_flatten__refuse_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)
