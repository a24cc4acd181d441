"""Convolutions fed with events: the same numbers as with rasters, forward and backward."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsnn.connect import conv, conv_events
from eventsnn.core.windows import window
from eventsnn.layers import Conv2d, Tape
from eventsnn.layers import arriving as module
from eventsnn.spikes import to_events
from tests import tolerance
from tests.test_layers_conv import CONFIGS, LEADS, layer_of, make


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def sparse_images(config, rng, lead, values):
    x, w, options = make(config, rng, lead)
    spikes = rng.random(x.shape) < 0.3
    return spikes * (x if values else 1.0), w, options


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("config", CONFIGS)
def test_conv2d__of_events_equals_that_of_a_raster(config, lead, values, rng):
    x, w, options = sparse_images(config, rng, lead, values)
    y = conv.conv2d(x, w, *options)
    y_bar = rng.normal(size=y.shape)

    tolerance.assert_close(conv.conv2d(to_events(x), w, *options), y, tolerance.OUTPUT, "y")
    tolerance.assert_close(
        conv.conv2d_weight_bar(to_events(x), y_bar, w.shape[2:], *options),
        conv.conv2d_weight_bar(x, y_bar, w.shape[2:], *options), tolerance.GRADIENT, "w")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_touched__are_the_windows_that_see_an_input(data):
    kernel, stride, dilation = (data.draw(st.integers(1, 5)) for _ in range(3))
    padding = data.draw(st.integers(0, 4))
    n = data.draw(st.integers(max(1, dilation * (kernel - 1) + 1 - 2 * padding), 24))
    win = window((kernel, kernel), stride, padding, dilation)

    tables = conv_events.touched(win, (n, n))

    n_out, _ = win.out_size((n, n))
    for runs, order in ((tables.rows, np.arange(kernel)), (tables.columns, tables.order)):
        assert sorted(order) == list(range(kernel))
        for place in range(n):
            found = [(int(runs.out[a]) + k, int(order[runs.tap[a] + k]))
                     for a in range(runs.ends[place], runs.ends[place + 1])
                     for k in range(runs.length[a])]
            assert sorted(found) == [
                (out, tap) for out in range(n_out) for tap in range(kernel)
                if out * stride + tap * dilation - padding == place]


def test_touched__are_one_run_in_the_middle_of_an_image():
    tables = conv_events.touched(window(5), (20, 20))

    assert tables.columns.length[tables.columns.ends[10]] == 5
    assert tables.columns.ends[11] - tables.columns.ends[10] == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.bool_])
@pytest.mark.parametrize("config", CONFIGS[2:4])
def test_layer__chooses_events_and_gives_the_same(config, dtype, rng, monkeypatch):
    x, w, _ = sparse_images(config, rng, (4, 3), False)
    x = x.astype(dtype)
    layer, results = layer_of(config, w.astype(np.float32), True), []

    for share in (-1.0, 1.1):
        monkeypatch.setattr(module, "SMALL", 0)
        monkeypatch.setattr(module, "FEW", 0)
        monkeypatch.setattr(module, "IMAGES_DENSE_FROM", share)
        for one in (x, to_events(x)):
            tape = Tape()
            y = layer(one, tape=tape)
            results.append((y, layer.backward(np.cos(y), tape)))
            assert y.dtype == (np.float64 if one.dtype == np.float64 else np.float32)

    y, g = results[0]
    for y_other, g_other in results[1:]:
        assert g_other.x.shape == x.shape
        np.testing.assert_allclose(y_other, y, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(g_other.x, g.x, rtol=1e-4, atol=1e-4)
        for name, bar in g.weights.items():
            np.testing.assert_allclose(g_other.weights[name], bar, rtol=1e-4, atol=1e-4)


def test_layer__keeps_events_on_the_tape(rng):
    x, tape = (rng.random((10, 4, 2, 34, 34)) < 0.02).astype(np.float32), Tape()

    Conv2d(2, 12, 5, seed=1)(x, tape=tape)

    assert tape._records[0][1][0].nbytes < x.nbytes / 5


def test_layer__refuses_events_of_other_images():
    with pytest.raises(ValueError, match=r"x must have shape \(..., 2, H, W\) to match the weight"):
        Conv2d(2, 3, 3)(to_events(np.zeros((4, 3, 5, 5))))
    with pytest.raises(ValueError, match="x must be at least as large as the window"):
        Conv2d(2, 3, 3)(to_events(np.zeros((4, 2, 2, 5))))
