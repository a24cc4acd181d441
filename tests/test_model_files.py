"""Models on disk: what is loaded is what was saved, to the bit; what cannot be is refused."""

import errno
import functools
import os

import numpy as np
import pytest

from eventsnn import layers, train
from eventsnn.core import files
from eventsnn.core.dispatch import MODELS
from eventsnn.layers import (
    LI, LIF, Accumulator, Dropout, Layer, Lift, LIFCell, Linear, RegularizationCell,
    SequentialState, Tape, TemporalReceptiveField, Threshold,
)
from eventsnn.neurons import LIBoxParameters, LIFParameters, refractory
from eventsnn.neurons.refractory import REFRACTORY
from eventsnn.surrogates import Logistic
from tests.failing_disk import Disk, Stop
from tests.layers_under_test import VARIANTS, example, normal, public


@pytest.fixture
def path(tmp_path, no_fsync):
    return tmp_path / "net.h5"


def network():
    return SequentialState(Linear(5, 6, seed=1), LIF(trainable=("v_th",)), Linear(6, 2, seed=2),
                           LI())


def trip(path, model, **options):
    train.save_model(path, model, **options)
    return train.load_model(path, classes=options.get("classes", ()))


def assert_same(actual, expected):
    """Equal to the bit, with types, nesting, dtypes and memory order."""
    assert type(actual) is type(expected)
    if isinstance(expected, Layer):
        assert_same(actual.arguments(), expected.arguments())
    elif isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for name in expected:
            assert_same(actual[name], expected[name])
    elif isinstance(expected, (tuple, list)):
        assert len(actual) == len(expected)
        for a, e in zip(actual, expected, strict=True):
            assert_same(a, e)
    elif isinstance(expected, np.ndarray):
        assert (actual.dtype, actual.shape, actual.strides) == (
            expected.dtype, expected.shape, expected.strides)
        assert actual.tobytes() == expected.tobytes()
    elif hasattr(expected, "to_scipy"):
        assert_same(actual.places, expected.places)
        assert_same(actual.values, expected.values)
    else:
        assert actual == expected


def outcome(layer, x):
    """Output, state and gradients."""
    tape = Tape()
    result = layer(x, tape=tape)
    out = result[0] if layer.stateful else result
    bars = [np.where(np.isfinite(o), normal(*o.shape, seed=9), 0)
            for o in (out if isinstance(out, list) else [out])]
    gradients = layer.backward(bars if isinstance(out, list) else bars[0], tape)
    return result, gradients.x, gradients.state, gradients.weights


def change(layer):
    """As training does."""
    for i, w in enumerate(layer.weights.values()):
        w += np.abs(normal(*w.shape, seed=20 + i)).astype(w.dtype) / 100


CASES = {cls.__name__: functools.partial(example, cls) for cls in public()} | VARIANTS


@pytest.mark.parametrize("made", CASES.values(), ids=CASES)
def test_load_model__gives_what_was_saved(path, made):
    layer, x = made()
    change(layer)

    again = trip(path, layer)

    assert_same(again, layer)
    assert_same(again.weights, layer.weights)
    for a, e in zip(outcome(again, x), outcome(layer, x), strict=True):
        assert_same(a, e)


def test_load_model__keeps_what_was_changed_since_the_layer_was_made(path):
    net = SequentialState(Linear(5, 5, seed=1))
    net.append(LIF())
    net.layers[1].record_states = True
    net.layers[0].bias = None
    recurrent = layers.LIFRecurrent(3, 4, seed=1)
    recurrent.recurrent_weights[0, 0] = 2.0  # where the constructor has zeros

    assert_same(trip(path, net), net)
    assert_same(trip(path, recurrent, overwrite=True).weights, recurrent.weights)


@pytest.mark.parametrize("layer", [
    LIF(threshold=Logistic(1.0, 3)), Dropout(seed=4), Threshold(Logistic(2.0)),
    layers.LIFMC(4, threshold=Logistic(1.0, 3), seed=1), Lift(LIFCell(threshold=Logistic(1.0))),
    TemporalReceptiveField((4,), activation=functools.partial(LIF, threshold=Logistic(1.0)),
                           activation_state_map=lambda tau: LIFParameters(tau_mem_inv=tau)),
], ids=lambda layer: type(layer).__name__)
def test_load_model__goes_on_to_draw_where_it_stood(path, layer):
    x = 1 + normal(6, 3, 4)
    first = outcome(layer, x)

    again = trip(path, layer)

    assert_same(outcome(again, x), second := outcome(layer, x))
    assert np.any(np.asarray(first[0][0]) != np.asarray(second[0][0]))


def test_load_model__keeps_a_layer_that_stands_in_two_places(path):
    shared = Linear(4, 4, seed=1)
    net = SequentialState(shared, LIF(), SequentialState(shared, shared), LI())

    again = trip(path, net)

    assert again[0] is again[2][0] is again[2][1]
    assert_same(outcome(again, normal(5, 2, 4)), outcome(net, normal(5, 2, 4)))


def test_save_model__twice_gives_the_same_bytes(tmp_path):
    for name in "ab":
        train.save_model(tmp_path / name, network(), attributes={"b": 1, "a": 2})

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_load__gives_weights_and_attributes_of_a_model(path):
    net = network()

    train.save_model(path, net, attributes={"epoch": 3})
    saved = train.load(path)

    assert saved.attributes == {"epoch": 3} and saved.optimiser_state is None
    assert saved.weights.keys() == net.weights.keys()
    train.restore(network(), saved.weights)


class Gain(Layer):
    """A user's layer."""

    def __init__(self, gain, inner=None):
        self.gain, self.inner = gain, inner

    @property
    def weights(self):
        return {"gain": self.gain}

    def __call__(self, x, state=None, *, tape=None):
        return self.gain * x

    def backward(self, out_bar, tape, state_bar=None):
        raise NotImplementedError


class Stranger:
    """Has the name of no public class."""


Namesake = type("Linear", (Gain,), {})


def test_load_model__of_classes_of_ones_own(path):
    net = SequentialState(Gain(np.arange(3.0)))

    again = trip(path, net, classes=(Gain,))

    assert_same(again.weights, net.weights)
    assert type(again[0]) is Gain
    with pytest.raises(ValueError, match="name classes of eventsnn or of classes, got 'Gain'"):
        train.load_model(path)


def test_load_model__of_a_neuron_of_ones_own(path):
    parameters, state = refractory(LIBoxParameters, "Waiting", __name__)
    try:
        cell, *_ = layers.four_shapes(parameters, "Neurons that wait", module=__name__)
        with pytest.raises(TypeError, match=r"^model.p must .* classes=\(WaitingParameters,"):
            train.save_model(path, cell(), classes=(cell,))

        again = trip(path, cell(parameters(rho_reset=2.0)), classes=(cell, parameters))

        assert type(again) is cell and again.p == parameters(rho_reset=2.0)
    finally:
        del MODELS[parameters], REFRACTORY[LIBoxParameters]


def hooked():
    net = network()
    net.register_forward_state_hooks(print)
    return net


def hooked_within():
    net = layers.RecurrentSequential(LIFCell())
    net.chain.register_forward_state_hooks(print)
    return Lift(net)


def tied():
    net = SequentialState(Linear(4, 4, seed=1), Linear(4, 4, seed=2))
    net[1].weight = net[0].weight
    return net


def broken():
    net = network()
    net[0].weight[0, 0] = np.nan
    return net


def deep():
    net = LIFCell()
    for _ in range(40):
        net = SequentialState(net)
    return net


@pytest.mark.parametrize("model, error, words", [
    (lambda: Stranger(), TypeError, "^model must be a layer, got .*Stranger"),
    (lambda: SequentialState(Linear(2, 2), Gain(1.0)), TypeError,
     r"^model.layers\[1\] must be of a public class .*test_model_files.Gain; give classes=\(Gain,"),
    (lambda: Namesake(1.0), TypeError, "^model must be of a public class .*got .*Linear"),
    (lambda: RegularizationCell(Accumulator(lambda z, s: z, lambda z, s, b: (b, None))), TypeError,
     r"^model.accumulator must be what a file can hold, got Accumulator\(.*lambda"),
    (hooked, ValueError, "^model must have no hook, which .*print"),
    (hooked_within, ValueError, "^model.layer must have no hook"),
    (tied, ValueError, "^model must have arrays of its own in each layer, got one array as 0.wei"),
    (broken, ValueError, "^weight must be finite, got nan"),
    (deep, ValueError, "must not be nested deeper than 32, got more"),
])
def test_save_model__refuses_what_would_not_come_back(path, model, error, words):
    with pytest.raises(error, match=words):
        train.save_model(path, model())

    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("value", [print, object(), {1, 2}, np.array(["a"]), 1j, float("nan")],
                         ids=["function", "object", "set", "text", "complex", "nan"])
def test_save_model__refuses_values_of_other_kinds(path, value):
    with pytest.raises((TypeError, ValueError), match="must"):
        train.save_model(path, Gain(np.ones(2), value), classes=(Gain,))

    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("classes", [(Namesake,), (Stranger,), (3,)], ids=str)
def test_save_model__refuses_classes(path, classes):
    with pytest.raises((TypeError, ValueError), match="^classes must"):
        train.save_model(path, network(), classes=classes)


def test_save_model__replaces_only_if_asked(path):
    train.save_model(path, network())
    before = path.read_bytes()

    with pytest.raises(FileExistsError, match="overwrite"):
        train.save_model(path, LIF())
    assert path.read_bytes() == before

    train.save_model(path, LIF(), overwrite=True)
    assert type(train.load_model(path)) is LIF


def full(name, args):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("how", [{"fault": full}, {}, {"torn": True}, {"lost": True}])
def test_save_model__leaves_the_old_file_or_the_new_at_every_change_of_the_disk(
        tmp_path, monkeypatch, how):
    path = tmp_path / "net.h5"
    train.save_model(path, network())
    before, new = path.read_bytes(), SequentialState(Linear(2, 3, seed=5))
    for k in range(1, 100):
        disk = Disk(k, **how)
        monkeypatch.setattr(files, "os", disk)
        try:
            train.save_model(path, new, overwrite=True)
        except (OSError, Stop):
            pass
        monkeypatch.setattr(files, "os", os)
        disk.restart()
        if path.read_bytes() != before:
            assert_same(train.load_model(path), new)
            if disk.n < k:
                break
            path.write_bytes(before)
    assert k > 5
