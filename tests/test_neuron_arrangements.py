"""Every neuron model gives the same by the step or at once, in any batch, with any arrays."""

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.core.dispatch import MODELS
from eventsnn.engine import run
from tests import tolerance
from tests.neuron_contract import COUPLED, DT, assert_same, case, each_model, mapped, sequence


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def cell(cls, *arguments, **options):
    return type("AnyCell", (layers.Cell,), {"parameters": cls})(*arguments, **options)


@each_model
def test_cell__iterated_equals_sequence(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 10)
    one, many = cell(cls, p, dt=DT, trainable=cls._fields), sequence(cls, p, dt=DT,
                                                                     trainable=cls._fields)
    bars = rng.normal(size=(10, 2, 3)), MODELS[cls].state(*rng.normal(size=(len(s), 2, 3)))

    tape, state, outs = layers.Tape(), s, []
    for t in range(10):
        out, state = one(mapped(lambda a: a[t], x), state, tape=tape)
        outs.append(out)
    s_bar, x_bars, w_bars = bars[1], [], dict.fromkeys(one.weights, 0.0)
    for t in reversed(range(10)):
        g = one.backward(bars[0][t], tape, s_bar)
        s_bar = g.state
        x_bars.append(g.x)
        w_bars = {name: total + g.weights[name] for name, total in w_bars.items()}
    whole, end = many(x, s, tape=tape)
    g = many.backward(bars[0], tape, bars[1])

    assert_same((np.stack(outs), state), (whole, end))
    assert_same(s_bar, g.state)
    stacked = np.stack(x_bars[::-1]) if not isinstance(x, tuple) else type(x)(
        *map(np.stack, zip(*x_bars[::-1])))
    assert_same(stacked, g.x)
    for name, total in w_bars.items():  # added in another order
        tolerance.assert_close(total, g.weights[name], tolerance.OUTPUT, name)


def run_with_gradients(cls, p, x, s, out_bar, dt=DT, **options):
    tape, layer = layers.Tape(), sequence(cls, p, dt=dt, **options)
    out, end = layer(x, s, tape=tape)
    g = layer.backward(out_bar, tape)
    return out, end, g.x, g.state


def test_forward__batches_do_not_see_each_other_compiled(rng):
    from eventsnn.neurons import LIFParameters
    check_batches(LIFParameters, rng, np.float32)


@each_model
def test_forward__batches_do_not_see_each_other(cls, rng, plain):
    check_batches(cls, rng, np.float64)


def check_batches(cls, rng, dtype):
    p, s, x = case(cls, rng, (4, 3), 8, dtype)
    out_bar = rng.normal(size=(8, 4, 3)).astype(dtype)

    whole = run_with_gradients(cls, p, x, s, out_bar)

    # two batches
    for rows in (slice(0, 1), slice(1, 4)):
        part = run_with_gradients(cls, p, mapped(lambda a: a[:, rows], x),
                                  mapped(lambda a: a[rows], s), out_bar[:, rows])
        assert_same(part, (whole[0][:, rows], mapped(lambda a: a[rows], whole[1]),
                           mapped(lambda a: a[:, rows], whole[2]),
                           mapped(lambda a: a[rows], whole[3])))
    # no batch axis
    part = run_with_gradients(cls, p, mapped(lambda a: a[:, 2], x), mapped(lambda a: a[2], s),
                              out_bar[:, 2])
    assert_same(part, (whole[0][:, 2], mapped(lambda a: a[2], whole[1]),
                       mapped(lambda a: a[:, 2], whole[2]), mapped(lambda a: a[2], whole[3])))
    # two batch axes
    part = run_with_gradients(cls, p, mapped(lambda a: a.reshape(8, 2, 2, 3), x),
                              mapped(lambda a: a.reshape(2, 2, 3), s), out_bar.reshape(8, 2, 2, 3))
    assert_same(part, (whole[0].reshape(8, 2, 2, 3), mapped(lambda a: a.reshape(2, 2, 3), whole[1]),
                       mapped(lambda a: a.reshape(8, 2, 2, 3), whole[2]),
                       mapped(lambda a: a.reshape(2, 2, 3), whole[3])))


@each_model
def test_forward__scalar_parameters_equal_arrays_of_them(cls, rng, plain):
    _, s, x = case(cls, rng, (2, 3), 10)
    p, _, _ = case(cls, rng, (2, 1), 1)
    scalars = cls(*(float(v[0]) for v in p))
    out_bar = rng.normal(size=(10, 2, 3))
    arrays = cls(*(np.full(3, v) for v in scalars))
    one_array = scalars._replace(**{cls._fields[0]: np.full(3, scalars[0])})
    all_axes = cls(*(np.full((2, 3), v) for v in scalars))

    expected = run_with_gradients(cls, scalars, x, s, out_bar)

    for other in (arrays, one_array, all_axes, cls(*(np.array([v]) for v in scalars))):
        assert_same(run_with_gradients(cls, other, x, s, out_bar), expected)


@each_model
def test_layer__changes_no_argument(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 5)
    before = [mapped(np.copy, a) for a in (p, s, x)]
    bars = rng.normal(size=(5, 2, 3)), MODELS[cls].state(*rng.normal(size=(len(s), 2, 3)))
    bars_before = mapped(np.copy, bars[1])
    layer, tape = sequence(cls, p, dt=DT, trainable=cls._fields), layers.Tape()

    layer(x, s, tape=tape)
    layer.backward(bars[0], tape, bars[1])

    assert_same((p, s, x), tuple(before))
    assert_same(bars[1], bars_before)


@pytest.mark.parametrize("cls", COUPLED, ids=lambda cls: cls.__name__[:-10])
def test_recurrent__without_recurrent_weights_equals_feed_forward(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 10)
    x = x.exc if isinstance(x, tuple) else x  # positive: the weights alone decide the channel
    w = 0.5 * np.eye(3) + 0.2
    out_bar = rng.normal(size=(10, 2, 3))
    recurrent = type("AnyRecurrent", (layers.RecurrentSequence,), {"parameters": cls})(
        3, 3, p, dt=DT, input_weights=w, recurrent_weights=np.zeros((3, 3)), trainable=cls._fields)
    linear = layers.Linear(3, 3, bias=False, weight=w)
    alone = sequence(cls, p, dt=DT, stop_reset=recurrent.stop_reset, trainable=cls._fields)

    tape = layers.Tape()
    out, end = recurrent(x, layers.RecurrentState(np.ones((2, 3)), s), tape=tape)
    g = recurrent.backward(out_bar, tape)
    expected, expected_end = alone(linear(x, tape=tape), s, tape=tape)
    g_alone = alone.backward(out_bar, tape)
    g_linear = linear.backward(g_alone.x, tape)

    assert recurrent.stop_reset == MODELS[cls].recurrent_stops_reset
    assert_same((out, end.z, end.neuron), (expected, expected[-1], expected_end))
    tolerance.assert_close(g.x, g_linear.x, tolerance.OUTPUT, "x")
    tolerance.assert_close(g.weights["input_weights"], g_linear.weights["weight"],
                           tolerance.OUTPUT, "w")
    for name in cls._fields:
        tolerance.assert_close(g.weights[name], g_alone.weights[name], tolerance.OUTPUT, name)


def test_layout__of_numbers_that_two_models_share_keeps_them_apart():
    one = layers.LIF().p
    of_as_many = [cls for cls in MODELS if len(cls._fields) == len(one)]
    assert len(of_as_many) > 1

    for cls in of_as_many:
        lay = run.layout(cls(*map(float, one)), (2, 3), np.dtype(np.float32))
        assert type(lay.p) is cls and lay.n == 6 and lay.p == tuple(np.float32(one))
