"""Every public layer on a device: outputs, states and gradients are those of the CPU."""

import functools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import layers, to
from eventsnn.core.device import DeviceArray
from tests.layers_under_test import VARIANTS, example, public
from tests.tolerance import DEVICE, assert_close

CASES = {cls.__name__: functools.partial(example, cls) for cls in public()} | VARIANTS
# What does not run on a device, and how it says so.
REFUSED: dict[str, str] = {}


def random_like(value, rng):
    """A gradient, drawn on the CPU, for each array of floats in a nest; None for what has none."""
    if isinstance(value, (tuple, list)):
        parts = [random_like(one, rng) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return None if value is None else rng.normal(size=np.shape(value)).astype(value.dtype)


def records(layer):
    """Whether a layer, or one in it, returns states of all steps, from which no call goes on."""
    return getattr(layer, "record_states", False) or any(
        map(records, getattr(layer, "children", ())))


def outcome(made, device):
    """What two calls of a layer give, the second from the state of the first, and backward."""
    layer, x = made()
    rng, tape = np.random.default_rng(5), layers.Tape()
    layer.to(device)
    recorded = records(layer)
    x, results, state, bars = to(x, device), [], None, []
    for _ in range(2):
        if layer.stateful:
            out, state = layer(x, None if recorded else state, tape=tape)
        else:
            out = layer(x, tape=tape)
        results.append(("out", out))
        results.append(("state", state))
        bars.append(random_like(to(out, "cpu"), rng))
    last_bar = state_bar = to(random_like(to(state, "cpu"), rng), device)
    for bar in bars[::-1]:
        g = layer.backward(to(bar, device), tape, *([state_bar] if layer.stateful else []))
        state_bar = last_bar if recorded else g.state
        results += [("x_bar", g.x), ("state_bar", g.state), ("weights", g.weights)]
    return results


def leaves(value, name):
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], f"{name}.{key}")
    elif isinstance(value, (tuple, list)):
        for i, one in enumerate(value):
            yield from leaves(one, f"{name}.{getattr(value, '_fields', range(len(value)))[i]}")
    else:
        yield name, value


@pytest.mark.parametrize("made", CASES.values(), ids=CASES)
def test_layer_on_device__is_that_on_the_cpu(made, request):
    expected, found = outcome(made, "cpu"), outcome(made, "cuda")

    for (name, a), (_, b) in zip(expected, found, strict=True):
        for (place, one), (_, other) in zip(leaves(a, name), leaves(b, name), strict=True):
            if one is None:
                assert other is None, place
                continue
            assert isinstance(other, DeviceArray), place
            assert other.dtype == one.dtype, place
            assert_close(to(other, "cpu"), one, DEVICE, place)
