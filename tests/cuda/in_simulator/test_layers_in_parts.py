"""What layers on a device take and are made of, beyond an array and a call."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import layers, to
from eventsnn.connect import conv
from eventsnn.core import random
from eventsnn.core.cuda import numpy_random
from eventsnn.layers import jacobian
from eventsnn.layers.correlation import LIFCorrelationState
from eventsnn.spikes import to_events, to_raster
from tests.cuda.nests import assert_device_gives, random_like
from tests.layers_under_test import coupling, normal

T, B = 5, 2


def sparse_raster(*shape, values=False, share=0.1):
    rng = np.random.default_rng(3)
    raster = (rng.random(shape) < share).astype(np.float32)
    return raster * rng.normal(size=shape).astype(np.float32) if values else raster


EVENTS = {
    "Linear": lambda: (layers.Linear(30, 3, seed=1), (T, B, 30)),
    "Linear, float64": lambda: (layers.Linear(30, 3, seed=1, dtype=np.float64), (T, B, 30)),
    "SparseLinear": lambda: (layers.SparseLinear(coupling(20), True), (T, B, 20)),
    "Conv2d": lambda: (layers.Conv2d(2, 3, 3, padding=1, seed=1), (T, 2, 6, 6)),
    "Conv2d, same": lambda: (layers.Conv2d(2, 3, 2, padding="same", seed=1), (T, 2, 6, 6)),
    "LIFRecurrent": lambda: (layers.LIFRecurrent(30, 4, seed=1), (T, B, 30)),
    "Checkpointed": lambda: (layers.Checkpointed(layers.SequentialState(
        layers.Linear(30, 4, seed=1), layers.LIF())), (T, B, 30)),
}


@pytest.mark.parametrize("values", [False, True], ids=["spikes", "values"])
@pytest.mark.parametrize("share", [0.05, 0.6], ids=["few", "many"])
@pytest.mark.parametrize("made", EVENTS.values(), ids=EVENTS)
def test_events_on_device__give_what_they_give_on_the_cpu(made, share, values):
    results = []
    for device in "cpu", "cuda":
        layer, shape = made()
        x, tape = to(to_events(sparse_raster(*shape, share=share, values=values)), device), \
            layers.Tape()
        assert x.device == device
        out = layer.to(device)(x, tape=tape)
        out = out[0] if layer.stateful else out
        bar = random_like(to(out, "cpu"), np.random.default_rng(1))
        g = layer.backward(to(bar, device), tape)
        results.append((out, g.x, g.weights))

    assert_device_gives(results[1], results[0], "events")


@pytest.mark.parametrize("values", [False, True], ids=["spikes", "values"])
def test_events__are_moved_cut_and_made_a_raster(values):
    raster = sparse_raster(7, 2, 9, values=values, share=0.3)
    raster[3] = 0
    events = to(to_events(raster), "cuda")

    assert_device_gives(to_raster(events), raster, "raster", exact=True)
    assert_device_gives(to_raster(events[2:6]), raster[2:6], "steps", exact=True)
    back = to(events, "cpu")
    assert back.device == "cpu"
    assert_array_equal(to_raster(back), raster)


# What does not run on a device: an error of one line that says what to do.
REFUSED = {
    "events of a raster": (lambda: to_events(to(np.eye(3), "cuda")),
                           r"raster must be on the CPU to list its events, got on 'cuda'; move "
                           r"it with to\('cpu'\)"),
    "some items of events": (lambda: to(to_events(np.ones((2, 3, 4))), "cuda")[:, 1:2],
                             r"events must be on the CPU to take some items of them, got on "
                             r"'cuda'; move them with to\('cpu'\)"),
}


@pytest.mark.parametrize("called, words", REFUSED.values(), ids=REFUSED)
def test_refused_on_device__says_so_in_one_line(called, words):
    with pytest.raises(TypeError, match=f"^{words}$"):
        called()


@pytest.mark.parametrize("options", [
    {}, {"stride": 2, "padding": 1}, {"dilation": (2, 1), "groups": 2},
    {"stride": (3, 2), "padding": (2, 3), "dilation": (1, 2)},
], ids=["plain", "strided", "groups", "all"])
@pytest.mark.parametrize("lead", [(), (2, 3), (0,)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conv2d_on_device__is_that_on_the_cpu(lead, options, dtype):
    groups = options.get("groups", 1)
    x, w = normal(*lead, 4, 9, 8).astype(dtype), normal(2, 4 // groups, 3, 2, seed=1).astype(dtype)
    y = conv.conv2d(x, w, **options)
    bar = random_like(y, np.random.default_rng(2))
    there, w_there, bar_there = to((x, w, bar), "cuda")

    assert_device_gives(
        [conv.conv2d(there, w_there, **options),
         conv.conv2d_input_bar(bar_there, w_there, (9, 8), **options),
         conv.conv2d_weight_bar(there, bar_there, (3, 2), **options)],
        [y, conv.conv2d_input_bar(bar, w, (9, 8), **options),
         conv.conv2d_weight_bar(x, bar, (3, 2), **options)], "conv")


@pytest.mark.parametrize("kernel_size, stride, padding", [
    (2, None, 0), (3, 1, 1), ((2, 4), (3, 1), (1, 2)), (3, 5, 0)], ids=str)
def test_pooling_on_device__is_that_on_the_cpu_bit_for_bit(kernel_size, stride, padding):
    window = kernel_size, stride, padding
    x = normal(2, 9, 8)
    x[0, 3:6, 2:5] = 0.5  # of equal numbers the first counts
    x[1, 2, 2] = np.nan
    total, (largest, place) = conv.sum_pool2d(x, *window), conv.max_pool2d(x, *window)
    bar = random_like(total, np.random.default_rng(2))
    there, bar_there, place_there = to((x, bar, place), "cuda")

    assert_device_gives(
        [conv.sum_pool2d(there, *window), conv.max_pool2d(there, *window),
         conv.sum_pool2d_bar(bar_there, (9, 8), *window),
         conv.max_pool2d_bar(bar_there, place_there, (9, 8), *window)],
        [total, (largest, place), conv.sum_pool2d_bar(bar, (9, 8), *window),
         conv.max_pool2d_bar(bar, place, (9, 8), *window)], "pooling", exact=True)


def test_sparse_weights__add_up_over_more_rows_than_a_thread_does():
    x, bar = normal(600, 4), normal(600, 4, seed=1)
    results = []
    for device in "cpu", "cuda":
        layer, tape = layers.SparseLinear(coupling()).to(device), layers.Tape()
        out = layer(to(x, device), tape=tape)
        g = layer.backward(to(bar, device), tape)
        results.append((out, g.x, g.weights))
        assert_array_equal(layer.to_scipy().toarray(), coupling().toarray())

    assert_device_gives(results[1], results[0], "sparse")


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
@pytest.mark.parametrize("high", [(0, 1), (7, 2**40 + 3)], ids=str)
def test_numpys_numbers__are_drawn_on_the_device(seed, high):
    draw = random.generator(seed, random.WEIGHT)
    draw.bit_generator.advance((high[1] << 64 | high[0]) << 128)

    found = numpy_random.at_least(np.float32(0.4), seed, random.WEIGHT, high, (3, 7))

    assert_array_equal(to(found, "cpu"), draw.random((3, 7), np.float32) >= np.float32(0.4))


def test_dropout__draws_on_where_it_stood_on_the_other_device():
    there, here, x = layers.Dropout(0.5, 3), layers.Dropout(0.5, 3), np.ones((4, 9), np.float32)
    for layer in there, here:
        layer(x, tape=layers.Tape())
    there.to("cuda")

    found = there(to(x, "cuda"), tape=layers.Tape())

    assert_device_gives(found, here(x, tape=layers.Tape()), "dropped", exact=True)
    assert there.calls == here.calls == 2


def test_event_prop_on_device__is_that_on_the_cpu():
    rng, results = np.random.default_rng(4), []
    x, bar = rng.uniform(0, 0.05, (3, 4, 5)), rng.normal(size=(20, 4, 6))
    x[2, 1:, :3] = np.inf
    x[1, 0] = x[0, 0]  # at once
    for device in "cpu", "cuda":
        layer = layers.EventPropLIF(5, 6, mean=1.5, seed=2, duration=0.06).to(device)
        tape = layers.Tape()
        out = layer(to(x, device), tape=tape)
        g = layer.backward(to(bar, device), tape)
        results.append((out, g.x, g.weights))

    assert np.isfinite(results[0][0]).sum() > 20
    assert_device_gives(results[1], results[0], "event_prop")


@pytest.mark.parametrize("options, x, words", [
    ({}, [[[-1.0, 0.0]]], "x must hold times from 0 s on, got -1.0; infinity stands for no spike"),
    ({"max_spikes": 1}, [[[0.0, 0.0]]], "max_spikes must be at least 2, the spikes of a neuron"),
], ids=["negative", "many"])
def test_event_prop_on_device__refuses_what_it_refuses_on_the_cpu(options, x, words):
    layer = layers.EventPropLIF(2, 1, weight=[[4.0, 4.0]], **options, device="cuda")

    with pytest.raises(ValueError, match=words):
        layer(to(np.array(x), "cuda"))


def test_correlations_on_device__are_those_on_the_cpu():
    x, w, v = (normal(T, B, 3) > 0).astype(np.float32), 9 * normal(4, 3), normal(4, 4, seed=1)
    results = []
    for device in "cpu", "cuda":
        layer, tape, state = layers.LIFCorrelation(3, 4).to(device), layers.Tape(), None
        for x_t in x:
            z, state = layer(*to((x_t, w, v), device), state, tape=tape)
        rng, found = np.random.default_rng(6), [z, state]
        z_bar, state_bar = to((random_like(to(z, "cpu"), rng),
                               random_like(to(state, "cpu"), rng)), device)
        for _ in x:
            g = layer.backward(z_bar, tape, state_bar)
            state_bar = g.state
            found += [g.x, g.state, g.weights]
        results.append(found)

    assert isinstance(results[0][1], LIFCorrelationState)
    assert_device_gives(results[1], results[0], "correlation")


@pytest.mark.parametrize("cls", [layers.LIFRecurrentCell, layers.LSNNRecurrentCell])
def test_jacobian_on_device__is_that_on_the_cpu(cls):
    found = [jacobian.step(cls(5, 4, seed=1).to(device), to(20 * normal(B, 5), device), None)
             for device in ("cpu", "cuda")]

    assert_device_gives(found[1], found[0], "step")


def test_weights_gradient_alone__has_no_gradient_of_the_input():
    tape = layers.Tape(input_gradient=False)
    layer = layers.Linear(5, 3, seed=1, device="cuda")

    layer(to(normal(T, 5), "cuda"), tape=tape)

    assert layer.backward(to(normal(T, 3), "cuda"), tape).x is None
