"""Every public layer on a device: outputs, states and gradients are those of the CPU."""

import functools

import numpy as np
import pytest

from eventsnn import layers, to
from tests.cuda.nests import assert_device_gives, leaves, random_like
from tests.layers_under_test import BASES, VARIANTS, example, public
from tests.tolerance import AMPLIFIED, DEVICE

CASES = {cls.__name__: functools.partial(example, cls) for cls in public()} | VARIANTS
# Layers that add nothing up, or in one order: the same bits. Gradients of weights sum over a batch.
EXACT = (layers.Cell, layers.Sequence, layers.Delay, layers.Dropout, layers.Flatten,
         layers.MaxPool2d, layers.Scale, layers.SpikesToTimesDecoder, layers.SumDecoder,
         layers.SumPool2d, layers.Threshold)
# Of what has a layer's methods, what is none: tests/cuda/in_simulator/test_layers_in_parts.py
OTHERS = {"LIFCorrelation"}


def records(layer):
    """Whether a layer, or one in it, returns states of all steps, from which no call goes on."""
    return getattr(layer, "record_states", False) or any(
        map(records, getattr(layer, "children", ())))


def outcome(made, device):
    """What two calls of a layer give, the second from the state of the first, and backward."""
    layer, x = made()
    rng, tape = np.random.default_rng(5), layers.Tape()
    assert layer.to(device) is layer
    recorded, results, state, bars = records(layer), {}, None, []
    x = to(x, device)
    several_steps = isinstance(layer, (layers.Sequence, layers.RecurrentSequence))
    for call in ("first",) if several_steps else ("first", "second"):  # those go on from a state
        if layer.stateful:
            out, state = layer(x, None if recorded else state, tape=tape)
        else:
            out = layer(x, tape=tape)
        results |= {f"{call}.out": out, f"{call}.state": state}
        bars.append((call, random_like(to(out, "cpu"), rng)))
    last_bar = state_bar = to(random_like(to(state, "cpu"), rng), device)
    for call, bar in bars[::-1]:
        g = layer.backward(to(bar, device), tape, *([state_bar] if layer.stateful else []))
        state_bar = last_bar if recorded else g.state
        results |= {f"{call}.x_bar": g.x, f"{call}.state_bar": g.state,
                    f"{call}.weights": g.weights}
    return results, isinstance(layer, EXACT)


@pytest.mark.parametrize("name", CASES)
def test_layer_on_device__is_that_on_the_cpu(name):
    (expected, exact), (found, _) = (outcome(CASES[name], device) for device in ("cpu", "cuda"))

    assert any(np.any(value) for _, value in leaves(expected, "") if value is not None)
    for what, value in expected.items():
        amplified = (name.startswith("LIFEx") and "Recurrent" in name
                     or "ReceptiveField2d" in name and what.endswith("weights"))
        tolerance = AMPLIFIED if amplified else DEVICE
        assert_device_gives(found[what], value, what, exact and not what.endswith("weights"),
                            tolerance)


def test_walk__holds_all_that_is_public():
    has_methods = {name for name in layers.__all__
                   if hasattr(getattr(layers, name), "backward")}

    assert has_methods - OTHERS - {base.__name__ for base in BASES} <= set(CASES)


def test_walk__refuses_a_layer_without_an_example(monkeypatch):
    class Planted(layers.Layer):
        pass

    monkeypatch.setattr(layers, "Planted", Planted, raising=False)
    monkeypatch.setattr(layers, "__all__", [*layers.__all__, "Planted"])

    assert Planted in public()
    with pytest.raises(AssertionError, match="Planted needs an example"):
        example(Planted)


@pytest.mark.parametrize("planted, words", [
    (np.ones(3, np.float32), "on the device"),
    (np.float32([1, 1, 1.001]), "differs"),
    (np.float32([1, 1, np.inf]), "Mismatch|differ"),
    (np.ones(3), "float64"),
], ids=["on the CPU", "another number", "infinite", "another type"])
def test_comparison__finds(planted, words):
    found = planted if words == "on the device" else to(planted, "cuda")

    with pytest.raises(AssertionError, match=words):
        assert_device_gives({"a": found}, {"a": np.ones(3, np.float32)}, "planted")


def test_comparison__tells_bits_apart():
    one = np.ones(3, np.float32)
    found = to(np.nextafter(one, np.float32(2)), "cuda")

    assert_device_gives(found, one, "planted")
    with pytest.raises(AssertionError, match="Mismatch|differ"):
        assert_device_gives(found, one, "planted", exact=True)


@pytest.mark.parametrize("name", [*VARIANTS, "Linear", "LIFRecurrent", "MaxPool2d"])
def test_layer_moved_back__is_what_it_was(name):
    layer, x = CASES[name]()
    expected = {name: w.copy(order="K") for name, w in layer.weights.items()}

    layer.to("cuda").to("cpu")

    assert layer.device == "cpu"
    for key, w in layer.weights.items():
        assert isinstance(w, np.ndarray) and w.dtype == expected[key].dtype
        assert w.flags.f_contiguous == expected[key].flags.f_contiguous
        np.testing.assert_array_equal(w, expected[key])
    layer(x)


STATELESS = ["AvgPool2d", "Conv1d", "Conv2d", "Dropout", "EventPropLIF", "ExpFilter", "Flatten",
             "Linear", "MaxPool2d", "Scale", "SparseLinear", "SpatialReceptiveField2d",
             "SpikesToTimesDecoder", "SumDecoder", "Threshold"]


@pytest.mark.parametrize("name", STATELESS)
def test_backward_of_no_gradient__is_zero_on_the_device(name):
    layer, x = CASES[name]()
    tape, x = layers.Tape(), to(x, "cuda")

    layer.to("cuda")(x, tape=tape)
    g = layer.backward(None, tape)

    for place, bar in leaves((g.x, g.weights), "g"):
        np.testing.assert_array_equal(to(bar, "cpu"), 0, place)
    assert g.x.shape == x.shape
