"""Layers other than what the neurons' contract says: linear maps, chains, tapes, refusals."""

import warnings

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.errors import NumericalError, StabilityWarning
from eventsnn.layers import (
    IAF, LI, LIF, LIFBox, LIFCell, LIFExcInh, LIFRecurrent, LIFRecurrentCell, Lift, LILinearCell,
    Linear, RecurrentState, RegularizationCell, SequentialState, Tape, Threshold,
)
from eventsnn.neurons import (
    ExcInh, IAFParameters, LIFBoxState, LIFParameters, LIFState, LIParameters, LIState,
)
from tests import tolerance
from tests.naive import neurons as naive
from tests.naive.differences import DIFFERENCE, gradient


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# Linear


@pytest.mark.parametrize("shape", [(), (4,), (6, 4), (5, 2, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear__equals_numpy(shape, bias, rng):
    w, b, x = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(*shape, 3))

    y = Linear(3, 2, b if bias else False, weight=w)(x)

    tolerance.assert_close(y, np.einsum("...i,oi->...o", x, w) + bias * b, tolerance.OUTPUT, "y")


def test_linear__backward_equals_differences(rng):
    w, b, x, y_bar = (rng.normal(size=s) for s in ((2, 3), (2,), (4, 2, 3), (4, 2, 2)))
    layer, tape = Linear(3, 2, b, weight=w), Tape()
    layer(x, tape=tape)

    g = layer.backward(y_bar, tape)

    def loss(x=x, w=w, b=b):
        return (y_bar * (np.einsum("...i,oi->...o", x, w) + b)).sum()

    assert g.state is None
    tolerance.assert_close(g.x, gradient(lambda v: loss(x=v), x), DIFFERENCE, "x")
    tolerance.assert_close(g.weights["weight"], gradient(lambda v: loss(w=v), w), DIFFERENCE, "w")
    tolerance.assert_close(g.weights["bias"], gradient(lambda v: loss(b=v), b), DIFFERENCE, "b")


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_linear__takes_spikes_of_any_dtype(dtype, rng):
    x = rng.random((5, 3)) < 0.5
    layer = Linear(3, 2, seed=1)

    y = layer(x.astype(dtype))

    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, layer(x.astype(np.float32)))


def test_linear__computes_in_the_wider_float(rng):
    narrow, wide = Linear(3, 2, seed=1), Linear(3, 2, seed=1, dtype=np.float64)
    x = rng.normal(size=(4, 3))

    assert narrow(x).dtype == wide(x.astype(np.float32)).dtype == np.float64
    assert narrow(x.astype(np.float32)).dtype == np.float32


# The other layers


def test_li_linear_cell__is_a_linear_map_and_a_leaky_integrator(rng):
    w, x, out_bar = rng.normal(size=(2, 3)), rng.normal(size=(6, 4, 3)), rng.normal(size=(6, 4, 2))
    p = LIParameters(tau_mem_inv=150.0, v_leak=0.1)
    together = Lift(LILinearCell(3, 2, p, input_weights=w, trainable=("v_leak",)))
    apart = SequentialState(Linear(3, 2, False, weight=w), LI(p, trainable=("v_leak",)))
    tapes = Tape(), Tape()

    out, state = together(x, tape=tapes[0])
    expected, (_, expected_state) = apart(x, tape=tapes[1])
    g, g_expected = together.backward(out_bar, tapes[0]), apart.backward(out_bar, tapes[1])

    tolerance.assert_close(out, expected, tolerance.OUTPUT, "out")
    for a, b in zip((*state, g.x, g.weights["input_weights"], g.weights["v_leak"]),
                    (*expected_state, g_expected.x, g_expected.weights["0.weight"],
                     g_expected.weights["1.v_leak"]), strict=True):
        tolerance.assert_close(a, b, tolerance.OUTPUT, "state or gradient")
    assert sorted(together.weights) == ["input_weights", "v_leak"]


def test_lift__of_a_recurrent_cell_equals_the_sequence(rng):
    options = {"input_weights": rng.normal(size=(4, 3)), "trainable": ("v_th",),
               "recurrent_weights": rng.normal(size=(4, 4))}
    cell, sequence = Lift(LIFRecurrentCell(3, 4, **options)), LIFRecurrent(3, 4, **options)
    x, out_bar = 3 * rng.normal(size=(12, 2, 3)), rng.normal(size=(12, 2, 4))
    start = RecurrentState(np.ones((2, 4)), LIFState(np.full((2, 4), 0.5), np.zeros((2, 4))))
    bar = RecurrentState(rng.normal(size=(2, 4)), LIFState(*rng.normal(size=(2, 2, 4))))
    results = []

    for layer in (cell, sequence):
        tape = Tape()
        out, state = layer(x, start, tape=tape)
        g = layer.backward(out_bar, tape, bar)
        assert len(tape) == 0
        results.append((out, state.z, *state.neuron, g.x, g.state.z, *g.state.neuron,
                        *(g.weights[name] for name in sorted(g.weights))))

    assert results[0][0].any()
    for a, b in zip(*results, strict=True):
        tolerance.assert_close(a, b, tolerance.OUTPUT, "lifted and whole")


def test_lift__of_a_layer_without_state_equals_one_call(rng):
    layer, x = Linear(3, 2, seed=2), rng.normal(size=(5, 4, 3))

    out = Lift(layer)(x)

    tolerance.assert_close(out, layer(x), tolerance.OUTPUT, "out")


def test_lift__adds_the_gradients_of_all_steps(rng):
    layer, x, out_bar = Linear(3, 2, seed=2), rng.normal(size=(5, 4, 3)), rng.normal(size=(5, 4, 2))
    tape, tape_lifted, lifted = Tape(), Tape(), Lift(layer)
    layer(x, tape=tape)
    lifted(x, tape=tape_lifted)

    g, g_lifted = layer.backward(out_bar, tape), lifted.backward(out_bar, tape_lifted)

    tolerance.assert_close(g_lifted.x, g.x, tolerance.OUTPUT, "x")
    for name in ("weight", "bias"):
        tolerance.assert_close(g_lifted.weights[name], g.weights[name], tolerance.OUTPUT, name)


def test_lift__takes_several_channels(rng):
    x = ExcInh(rng.uniform(0, 3, (8, 5)), -rng.uniform(0, 1, (8, 5)))
    lifted, whole = Lift(layers.LIFExcInhCell()), LIFExcInh()
    tapes = Tape(), Tape()

    (out, state), (expected, end) = lifted(x, tape=tapes[0]), whole(x, tape=tapes[1])
    g, g_expected = (layer.backward(np.ones((8, 5)), t) for layer, t in zip((lifted, whole), tapes))

    np.testing.assert_array_equal(out, expected)
    for a, b in zip((*state, *g.x), (*end, *g_expected.x), strict=True):
        np.testing.assert_array_equal(a, b)


# Chains


def chain(return_hidden=False, cls=LIF):
    return SequentialState(
        Linear(3, 4, seed=1, dtype=np.float64),
        SequentialState(cls(trainable=("v_th",)), Linear(4, 2, seed=2, dtype=np.float64)), LI(),
        return_hidden=return_hidden)


def test_sequential__calls_layers_in_order(rng):
    net, x = chain(), 5 * rng.normal(size=(10, 2, 3))
    first, (lif, second), li = net.layers[0], net.layers[1].layers, net.layers[2]

    out, states = net(x)

    z, lif_state = lif(first(x))
    expected, li_state = li(second(z))
    np.testing.assert_array_equal(out, expected)
    assert states[0] is None and states[1][1] is None
    for a, b in zip((*states[1][0], *states[2]), (*lif_state, *li_state), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sequential__goes_on_where_it_stopped(rng):
    net, x = chain(), 5 * rng.normal(size=(10, 2, 3))

    whole, end = net(x)
    first, states = net(x[:4])
    kept = [None, [LIFState(*map(np.copy, states[1][0])), None], LIState(*map(np.copy, states[2]))]
    second, again = net(x[4:], states)

    tolerance.assert_close(np.concatenate([first, second]), whole, tolerance.OUTPUT, "out")
    for a, b in zip((*states[1][0], *states[2]), (*kept[1][0], *kept[2]), strict=True):
        np.testing.assert_array_equal(a, b)  # nothing was changed in place


def test_sequential__names_weights_by_position_and_shares_them():
    net = chain()

    assert sorted(net.weights) == ["0.bias", "0.weight", "1.0.v_th", "1.1.bias", "1.1.weight"]
    assert net.weights["1.1.weight"] is net.layers[1].layers[1].weight
    net.weights["1.0.v_th"][...] = 0.3
    assert net.layers[1].layers[0].p.v_th == 0.3


def test_sequential__append_equals_construction(rng):
    x, net, grown = rng.normal(size=(5, 3)), SequentialState(Linear(3, 2, seed=1), LIF()), None

    grown = SequentialState()
    grown.append(Linear(3, 2, seed=1))
    grown.append(LIF())

    np.testing.assert_array_equal(grown(x)[0], net(x)[0])


def test_sequential__return_hidden_gives_and_takes_all_outputs(rng):
    net, plain, x = chain(True), chain(), 5 * rng.normal(size=(10, 2, 3))
    tape, tape_plain = Tape(), Tape()
    bars = [rng.normal(size=(10, 2, 4)), None, rng.normal(size=(10, 2, 2))]

    hidden, _ = net(x, tape=tape)
    out, _ = plain(x, tape=tape_plain)
    g, g_plain = net.backward(bars, tape), plain.backward(bars[2], tape_plain)

    assert [h.shape for h in hidden] == [(10, 2, 4), (10, 2, 2), (10, 2, 2)]
    np.testing.assert_array_equal(hidden[2], out)
    extra = bars[0].reshape(-1, 4).T @ x.reshape(-1, 3)  # what the first layer's output adds
    tolerance.assert_close(g.weights["0.weight"], g_plain.weights["0.weight"] + extra,
                           tolerance.OUTPUT, "weight")
    tolerance.assert_close(g.weights["1.1.weight"], g_plain.weights["1.1.weight"],
                           tolerance.OUTPUT, "inner weight")


def test_sequential__backward_is_the_chain_of_backwards(rng):
    net, x, out_bar = chain(), 5 * rng.normal(size=(10, 2, 3)), rng.normal(size=(10, 2, 2))
    li_bar, lif_bar = (c(*rng.normal(size=(2, 2, n))) for c, n in ((LIState, 2), (LIFState, 4)))
    first, (lif, second), li = net.layers[0], net.layers[1].layers, net.layers[2]
    tape = Tape()
    net(x, tape=tape)

    g = net.backward(out_bar, tape, [None, [lif_bar, None], li_bar])

    assert len(tape) == 0
    z, _ = lif(first(x, tape=tape), tape=tape)
    li(second(z, tape=tape), tape=tape)
    g_li = li.backward(out_bar, tape, li_bar)
    g_second = second.backward(g_li.x, tape)
    g_lif = lif.backward(g_second.x, tape, lif_bar)
    g_first = first.backward(g_lif.x, tape)
    np.testing.assert_array_equal(g.x, g_first.x)
    np.testing.assert_array_equal(g.weights["1.0.v_th"], g_lif.weights["v_th"])
    for a, b in zip((*g.state[1][0], *g.state[2]), (*g_lif.state, *g_li.state), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sequential__with_lift_is_a_chain_of_sequences(rng):
    x = 20 * rng.random((10, 2, 3))

    out, states = SequentialState(Lift(LIFCell()), Lift(LIFCell()))(x)

    first, first_state = LIF()(x)
    second, second_state = LIF()(first)
    np.testing.assert_array_equal(out, second)
    for a, b in zip((*states[0], *states[1]), (*first_state, *second_state), strict=True):
        np.testing.assert_array_equal(a, b)


# Regularisation


def test_regularization__counts_spikes_and_adds_potentials(rng):
    x, p = 20 * rng.random((10, 2, 3)), LIFParameters(v_th=0.5)
    count, potential = RegularizationCell(), RegularizationCell(layers.voltage_accumulator)
    net, states = SequentialState(LIFCell(p), count), None
    net_v, states_v = SequentialState(LIFCell(p), potential), None

    for x_t in x:
        z, states = net(x_t, states)
        z_v, states_v = net_v(x_t, states_v)
        np.testing.assert_array_equal(z, z_v)

    out, recorded = LIF(p, record_states=True)(x)
    assert states[1] == out.sum() > 0
    tolerance.assert_close(states_v[1], recorded.v.sum(axis=0), tolerance.OUTPUT, "potentials")


def test_regularization__starts_again_without_a_state(rng):
    net, x = SequentialState(LIFCell(), RegularizationCell()), np.full((2, 3), 20.0)

    first = net(x)[1][1]

    assert net(x)[1][1] == first == 6


def test_regularization__gradient_is_that_of_the_sum(rng):
    x = 20 * rng.random((10, 2, 3))
    for accumulator, bars in ((layers.spike_accumulator, (np.ones((10, 2, 3)), None)),
                              (layers.voltage_accumulator, (None, np.ones((10, 2, 3))))):
        net, states = SequentialState(LIFCell(), RegularizationCell(accumulator)), None
        tape = Tape()
        for x_t in x:
            _, states = net(x_t, states, tape=tape)
        state_bar, xs = [None, np.ones(np.shape(states[1]))], []
        for _ in x:
            g = net.backward(None, tape, state_bar)
            state_bar = g.state
            xs.append(g.x)

        lif = LIF(record_states=True)
        lif(x, tape=tape)
        expected = lif.backward(bars[0], tape, None if bars[1] is None else LIFState(bars[1], None))
        tolerance.assert_close(np.stack(xs[::-1]), expected.x, tolerance.OUTPUT, "x")


def test_regularization__watches_recurrent_neurons(rng):
    net = SequentialState(LIFRecurrentCell(3, 2, seed=1),
                          RegularizationCell(layers.voltage_accumulator))
    tape = Tape()

    _, states = net(rng.random((4, 3)), tape=tape)
    g = net.backward(None, tape, [None, np.ones((4, 2))])

    np.testing.assert_array_equal(states[1], states[0].neuron.v)
    assert g.x.any()


# Weights


SEEDED = {
    "Linear": lambda seed, dtype=np.float32: Linear(5, 4, seed=seed, dtype=dtype),
    "LILinearCell": lambda seed, dtype=np.float32: LILinearCell(5, 4, seed=seed, dtype=dtype),
    "LIFRecurrent": lambda seed, dtype=np.float32: LIFRecurrent(5, 4, seed=seed, dtype=dtype),
}


@pytest.mark.parametrize("make", SEEDED.values(), ids=SEEDED)
def test_seed__gives_the_same_weights(make):
    first, same, other, wide = make(3), make(3), make(4), make(3, np.float64)

    for name, w in first.weights.items():
        assert w.dtype == np.float32 and wide.weights[name].dtype == np.float64
        np.testing.assert_array_equal(w, same.weights[name])
        np.testing.assert_array_equal(w, wide.weights[name].astype(np.float32))
        assert (w != other.weights[name]).any()


@pytest.mark.parametrize("make", SEEDED.values(), ids=SEEDED)
def test_seed__without_one_layers_differ(make):
    a, b = make(None).weights, make(None).weights

    assert all((a[name] != b[name]).any() for name in a)


def test_weights__drawn_have_the_documented_spread():
    n = 200
    linear, cell = Linear(n, n, seed=1), LILinearCell(n, n, seed=1)
    recurrent = LIFRecurrent(n, n, seed=1)

    assert np.abs(linear.weight).max() <= 1 / np.sqrt(n)
    for w, deviation in ((linear.weight, 1 / np.sqrt(3 * n)),
                         (cell.weights["input_weights"], 1 / np.sqrt(n)),
                         (recurrent.input_weights, np.sqrt(2 / n)),
                         (recurrent.recurrent_weights[~np.eye(n, dtype=bool)], np.sqrt(2 / n))):
        assert w.std() == pytest.approx(deviation, rel=0.05)
        assert abs(w.mean()) < 5 * deviation / n
    assert (recurrent.input_weights != recurrent.recurrent_weights).mean() > 0.99


@pytest.mark.parametrize("autapses", [False, True])
def test_weights__given_are_copied_and_never_changed(autapses, rng):
    given = {"input_weights": rng.normal(size=(4, 3)), "recurrent_weights": rng.normal(size=(4, 4))}
    before = {name: w.copy() for name, w in given.items()}
    layer, tape = LIFRecurrent(3, 4, autapses=autapses, **given), Tape()

    out, _ = layer(3 * rng.normal(size=(9, 3)), tape=tape)
    g = layer.backward(out, tape)

    kept = np.diag(given["recurrent_weights"]) if autapses else np.zeros(4)
    np.testing.assert_array_equal(np.diag(layer.recurrent_weights), kept)
    for w in layer.weights.values():
        w += 1  # as training does
    for name, w in given.items():
        np.testing.assert_array_equal(w, before[name])
    diagonal = np.diag(g.weights["recurrent_weights"])
    assert diagonal.any() == autapses


def test_weights__of_other_layers_given_are_copied(rng):
    w, b = rng.normal(size=(2, 3)), rng.normal(size=2)
    linear, cell = Linear(3, 2, b, weight=w), LILinearCell(3, 2, input_weights=w)

    for layer in (linear, cell):
        for own in layer.weights.values():
            assert not np.shares_memory(own, w) and not np.shares_memory(own, b)


def test_trainable__parameters_given_are_copied():
    v_th = np.ones(3)
    layer = LIF(LIFParameters(v_th=v_th), trainable=("v_th", "v_leak"))

    layer.weights["v_th"] += 1
    layer.weights["v_leak"] += 0.25

    assert (v_th == 1).all()
    assert layer.p.v_leak == 0.25 and layer.weights["v_leak"].shape == ()
    _, state = layer(np.zeros((3, 3)))
    tolerance.assert_close(state.v, np.full(3, 0.25), tolerance.FLOAT32, "rest")


def test_recurrent__equals_naive_loop(rng):
    w_in, w = 2 * rng.normal(size=(4, 3)), 2 * rng.normal(size=(4, 4))
    x, z = rng.normal(size=(30, 2, 3)), np.zeros((2, 4))
    layer = LIFRecurrent(3, 4, input_weights=w_in, recurrent_weights=w, autapses=True)
    states = [[{"v": 0.0, "i": 0.0} for _ in range(4)] for _ in range(2)]

    out, _ = layer(x)

    p = LIFParameters()._asdict()
    for t in range(30):
        drive = x[t] @ w_in.T + z @ w.T
        for b, k in np.ndindex(2, 4):
            z[b, k], states[b][k] = naive.lif(states[b][k], drive[b, k], p, 1e-3,
                                              naive.step_function)
        np.testing.assert_array_equal(out[t], z)
    assert 0.02 < out.mean() < 0.98


# Tapes


def test_tape__keeps_nothing_unless_given(rng):
    lif, tape = LIF(), Tape()

    lif(rng.random((5, 3)))

    with pytest.raises(ValueError, match="must end with a call of this LIF, got an empty tape"):
        lif.backward(None, tape)


def test_tape__refuses_another_layer_and_stays_whole(rng):
    first, second, tape = LIF(), LIF(), Tape()
    first(rng.random((5, 3)), tape=tape)

    with pytest.raises(ValueError, match="tape must end with a call of this LIF, got one of LIF; "):
        second.backward(None, tape)

    first.backward(None, tape)
    assert len(tape) == 0


def test_tape__serves_one_pass(rng):
    lif, tape = LIF(), Tape()
    lif(rng.random((5, 3)), tape=tape)
    lif.backward(None, tape)

    with pytest.raises(ValueError, match="tape must end with a call of this LIF"):
        lif.backward(None, tape)


def test_tape__refuses_the_wrong_order(rng):
    lif, linear, tape = LIF(), Linear(3, 3, seed=1), Tape()
    lif(linear(rng.random((5, 3)), tape=tape), tape=tape)

    with pytest.raises(ValueError, match="must end with a call of this Linear, got one of LIF"):
        linear.backward(None, tape)


def test_tape__is_not_hurt_by_later_changes_of_what_it_saw(rng):
    x, lif = rng.random((5, 3)), LIF(trainable=("v_th", "tau_mem_inv"))
    tape, kept = Tape(), Tape()
    lif(x.copy(), tape=kept)
    out, state = lif(x, LIFState(np.zeros(3), np.zeros(3)), tape=tape)
    bar = rng.normal(size=(5, 3))

    state.v[...] = 9
    out[...] = 9

    np.testing.assert_array_equal(lif.backward(bar, tape).x, lif.backward(bar, kept).x)


# One neuron, no axes, other dtypes


@pytest.mark.parametrize("layer, x, shape", [
    (LIFCell(), 0.5, ()), (LIF(), np.ones(5), (5,)), (LIF(), np.ones((5, 0)), (5, 0)),
    (LIF(), [[1, 2], [3, 4]], (2, 2)), (LIF(), np.ones((5, 2, 0)), (5, 2, 0)), (Threshold(), 1, ()),
    (LIFRecurrent(2, 3, seed=1), np.ones((4, 2)), (4, 3)),
    (LIFRecurrentCell(2, 3, seed=1), np.ones(2), (3,)),
    (LIF(), np.ones((6, 4))[::2, ::-1], (3, 4)), (LIF(), np.ones((6, 4)).T, (4, 6)),
])
def test_layer__takes_any_shape(layer, x, shape):
    tape = Tape()

    result = layer(x, tape=tape)
    out = result[0] if isinstance(result, tuple) else result
    g = layer.backward(np.ones(shape), tape)

    assert out.shape == shape and g.x.shape == np.shape(x)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float32])
def test_layer__returns_float32_unless_given_float64(dtype):
    out, state = LIF()(np.ones((5, 3), dtype))

    assert out.dtype == state.v.dtype == state.i.dtype == np.float32
    assert LIF()(np.ones((5, 3)))[0].dtype == np.float64
    assert LIF()(np.ones((5, 3), dtype), LIFState(np.zeros(3), np.zeros(3)))[0].dtype == np.float64


# Refusals


X = np.ones((5, 3))


def neurons(**changes):
    return lambda: LIF(LIFParameters(**changes))


def call(layer, x, state=None, **options):
    return lambda: layer(x, state, **options)


def backward(layer, x, out_bar, state_bar=None):
    def run():
        tape = Tape()
        layer(x, tape=tape)
        layer.backward(out_bar, tape, state_bar)
    return run


REC = {"seed": 1}
REFUSED = [
    # parameters
    (neurons(v_th=np.nan), ValueError, "v_th must be finite, got nan in 1 of 1 places"),
    (neurons(v_th=[1.0, np.inf]), ValueError, "v_th must be finite, got inf in 1 of 2 places"),
    (neurons(v_reset=-np.inf), ValueError, "v_reset must be finite, got -inf"),
    (neurons(tau_mem_inv=0.0), ValueError, "tau_mem_inv must be positive (an inverse time const"),
    (neurons(tau_mem_inv=-100.0), ValueError, "tau_mem_inv must be positive (an inverse time con"),
    (neurons(tau_syn_inv=[200.0, 0.0]), ValueError, "tau_syn_inv must be positive"),
    (neurons(tau_mem_inv=np.nan), ValueError, "tau_mem_inv must be finite, got nan"),
    (neurons(v_th="1"), TypeError, "v_th must hold real numbers, got dtype <U1"),
    (neurons(v_th=None), TypeError, "v_th must hold real numbers, got dtype object"),
    (neurons(v_th=1j), TypeError, "v_th must hold real numbers, got dtype complex128"),
    (neurons(tau_mem_inv=3000.0), ValueError,
     "dt must be at most 0.000666667 s for tau_mem_inv = 3000 / s (forward Euler diverges above"),
    (lambda: LIF(dt=1.0), ValueError, "dt must be at most 0.01 s for tau_syn_inv = 200 / s"),
    (lambda: LIF(dt=0.0), ValueError, "dt must be above 0, got 0"),
    (lambda: LIF(dt=-1e-3), ValueError, "dt must be above 0, got -0.001"),
    (lambda: LIF(dt=np.nan), ValueError, "dt must be finite, got nan"),
    (lambda: LIF(dt="1 ms"), TypeError, "dt must be a number, got '1 ms'"),
    (lambda: LIF(IAFParameters()), TypeError, "p must be LIFParameters, got IAFParameters"),
    (lambda: LIF({"v_th": 1}), TypeError, "p must be LIFParameters, got dict"),
    (lambda: LIF(trainable=("v_thr",)), ValueError,
     "trainable must be one of tau_mem_inv, tau_syn_inv, v_leak, v_reset, v_th, got 'v_thr'; "
     "did you mean 'v_th'?"),
    (lambda: LIF(threshold="super"), TypeError, "threshold must be one of Heaviside, SuperSpike"),
    (call(LIF(LIFParameters(v_th=np.ones(4))), X), ValueError,
     "v_th must broadcast against neurons of shape (3,), got shape (4,)"),
    (call(LIF(LIFParameters(v_th=np.ones((2, 2, 3)))), X), ValueError,
     "v_th must broadcast against neurons of shape (3,), got shape (2, 2, 3)"),
    (lambda: LIFRecurrent(2, 3, LIFParameters(v_th=np.ones(2))), ValueError,
     "v_th must have shape () or (3,), got (2,)"),
    # sizes and weights
    (lambda: Linear(0, 2), ValueError, "in_features must be at least 1, got 0"),
    (lambda: Linear(2.0, 2), TypeError, "in_features must be a whole number, got 2.0"),
    (lambda: Linear(2, -1), ValueError, "out_features must be at least 1, got -1"),
    (lambda: Linear(2, True), TypeError, "out_features must be a whole number, got True"),
    (lambda: Linear(2, 3, weight=np.ones((2, 3))), ValueError,
     "weight must have shape (3, 2) (receivers, senders), got (2, 3)"),
    (lambda: Linear(2, 3, np.ones(2)), ValueError, "bias must have shape (3,)"),
    (lambda: Linear(2, 3, weight=np.full((3, 2), np.nan)), ValueError,
     "weight must be finite, got nan in 6 of 6 places"),
    (lambda: Linear(2, 3, weight=np.ones((3, 2), complex)), TypeError,
     "weight must hold real numbers, got dtype complex128"),
    (lambda: Linear(2, 3, dtype=np.float16), TypeError, "dtype must be float32 or float64, got fl"),
    (lambda: Linear(2, 3, dtype=int), TypeError, "dtype must be float32 or float64, got int64"),
    (lambda: Linear(2, 3, seed=-1), ValueError, "seed must be at least 0, got -1"),
    (lambda: Linear(2, 3, seed="a"), TypeError, "seed must be a whole number, got 'a'"),
    (lambda: LILinearCell(0, 3), ValueError, "input_size must be at least 1, got 0"),
    (lambda: LILinearCell(2, "3"), TypeError, "hidden_size must be a whole number, got '3'"),
    (lambda: LILinearCell(2, 3, input_weights=np.ones(6)), ValueError,
     "input_weights must have shape (3, 2)"),
    (lambda: LIFRecurrent(2, 0), ValueError, "hidden_size must be at least 1, got 0"),
    (lambda: LIFRecurrent(2, 3, recurrent_weights=np.ones((2, 3))), ValueError,
     "recurrent_weights must have shape (3, 3)"),
    (lambda: LIFRecurrent(2, 3, input_weights=[["a", "b"]] * 3), TypeError,
     "input_weights must hold real numbers, got dtype <U1"),
    # inputs
    (call(LIF(), np.array(1.0)), ValueError, "x must have shape (T, ...), got ()"),
    (call(LIF(), np.ones((0, 3))), ValueError, "x must have at least one step, got shape (0, 3)"),
    (call(LIF(), X + 1j), TypeError, "x must hold real numbers, got dtype complex128"),
    (call(LIF(), X.astype(object)), TypeError, "x must hold real numbers, got dtype object"),
    (call(LIF(), [["a"]]), TypeError, "x must hold real numbers, got dtype <U1"),
    (call(LIF(), None), TypeError, "x must hold real numbers, got dtype object"),
    (call(LIFCell(), "spike"), TypeError, "x must hold real numbers, got dtype <U5"),
    (call(LIF(), X.astype("datetime64[s]")), TypeError, "x must hold real numbers, got dtype date"),
    (call(Linear(3, 2), np.ones((5, 4))), ValueError,
     "x must have shape (..., 3) to match the weight, got (5, 4)"),
    (call(Linear(3, 2), 1.0), ValueError, "x must have shape (..., 3) to match the weight, got ()"),
    (call(LIFRecurrent(2, 3, **REC), X), ValueError,
     "x must have shape (..., 2) to match the input weights, got (5, 3)"),
    (call(LIFRecurrent(2, 3, **REC), np.ones(2)), ValueError,
     "x must have shape (T, ..., 2), got (2,)"),
    (call(LIFRecurrentCell(2, 3, **REC), 1.0), ValueError, "x must have shape (..., 2)"),
    (call(LIFExcInh(), X), TypeError, "x must be ExcInh(exc, inh), got ndarray"),
    (call(LIFExcInh(), (X, X)), TypeError, "x must be ExcInh(exc, inh), got tuple"),
    (call(LIFExcInh(), ExcInh(X, np.ones((5, 4)))), ValueError,
     "x.inh must have shape (5, 3) as x.exc, got (5, 4)"),
    (call(LIFExcInh(), ExcInh(X, X * 1j)), TypeError, "x.inh must hold real numbers, got dtype c"),
    (call(Threshold(), "a"), TypeError, "x must hold real numbers, got dtype <U1"),
    (call(Lift(LIFCell()), np.ones((0, 3))), ValueError,
     "x must have at least one step, got shape (0, 3)"),
    # states
    (call(LIF(), X, LIState(0.0, 0.0)), TypeError, "state must be LIFState, got LIState"),
    (call(LIF(), X, (0.0, 0.0)), TypeError, "state must be LIFState, got tuple"),
    (call(LIF(), X, 0.0), TypeError, "state must be LIFState, got float"),
    (call(LIF(), X, LIFState(np.zeros(4), np.zeros(3))), ValueError,
     "state.v must have shape (3,) to match x, got (4,)"),
    (call(LIF(), X, LIFState(None, np.zeros(3))), TypeError, "state.v must hold real numbers"),
    (call(LIF(), X, LIFState(np.zeros(3), "i")), TypeError, "state.i must hold real numbers"),
    (call(LIFRecurrent(3, 2, **REC), X, LIFState(0.0, 0.0)), TypeError,
     "state must be RecurrentState, got LIFState"),
    (call(LIFRecurrent(3, 2, **REC), X, RecurrentState(np.zeros(3), LIFState(0.0, 0.0))),
     ValueError, "state.z must have shape (2,) to match x, got (3,)"),
    (call(LIFRecurrent(3, 2, **REC), X, RecurrentState(np.zeros(2), LIFBoxState(0.0))), TypeError,
     "state.neuron must be LIFState, got LIFBoxState"),
    (call(SequentialState(LIF(), LI()), X, [None]), ValueError,
     "state must have 2 entries, one a layer, got 1"),
    (lambda: SequentialState(LIF), TypeError, "layer must be a layer, got <class"),
    (lambda: SequentialState().append(None), TypeError, "layer must be a layer, got None"),
    (lambda: Lift(np.tanh), TypeError, "layer must be a layer, got <ufunc 'tanh'>"),
    (lambda: RegularizationCell(np.sum), TypeError, "accumulator must be an Accumulator, got"),
    (call(RegularizationCell(layers.voltage_accumulator), X), ValueError,
     "s must be the state of the neurons, got None"),
    # gradients
    (backward(LIF(), X, np.ones((5, 2))), ValueError,
     "out_bar must have shape (5, 3) as what it is the gradient of, got (5, 2)"),
    (backward(LIF(), X, X * 1j), TypeError, "out_bar must hold real numbers"),
    (backward(LIF(), X, X, LIState(np.ones(3), np.ones(3))), TypeError,
     "state_bar must be LIFState, got LIState"),
    (backward(LIF(), X, X, LIFState(np.ones(2), None)), ValueError,
     "state_bar.v must have shape (3,)"),
    (backward(Linear(3, 2), X, X), ValueError, "out_bar must have shape (5, 2)"),
    (backward(Lift(LIFCell()), X, X[:3]), ValueError, "out_bar must have 5 steps, got 3"),
    (backward(LIFRecurrent(3, 2, **REC), X, X[:, :2], LIFState(X, X)), TypeError,
     "state_bar must be RecurrentState, got LIFState"),
    (backward(LIFRecurrent(3, 2, **REC), X, X[:, :2], RecurrentState(np.ones(3), None)),
     ValueError, "state_bar.z must have shape (2,)"),
    (backward(SequentialState(LIF(), LI()), X, X, [None]), ValueError,
     "out_bar and state_bar must have 2 entries, one a layer"),
]


@pytest.mark.parametrize("make, error, words", REFUSED)
def test_layers__refuse_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)


LAYERS = {"LIF": LIF(), "IAF": IAF(), "LIFBox": LIFBox(), "LI": LI(), "LIFCell": LIFCell(),
          "LIFRefrac": layers.LIFRefrac(), "LIFRecurrent": LIFRecurrent(3, 3, seed=1)}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")
def test_layer__names_itself_the_steps_and_the_neuron_of_a_bad_input(name, bad):
    x = np.zeros((6, 2, 3))
    x[1, 1, 2] = bad
    if name == "LIFCell":
        x = x[1]
    neuron = r"\(1, [012]\)" if name == "LIFRecurrent" else r"\(1, 2\)"

    with pytest.raises(NumericalError) as caught:
        LAYERS[name](x)

    assert str(caught.value).startswith(f"{name}: ")
    caught.match(rf"^\w+: \w+ must stay finite, got -?(nan|inf) in \d of 6 neurons after "
                 rf"{1 if name == 'LIFCell' else 6} steps, first at {neuron}; ")


def test_layer__names_what_a_bad_state_did():
    with pytest.raises(NumericalError, match=r"^LIF: v must stay finite, got nan in 1 of 3 neu"):
        LIF()(X, LIFState(np.array([0, np.nan, 0]), np.zeros(3)))


def test_layer__takes_large_but_finite_states():
    big = np.float32(2e38)

    _, state = LI()(np.zeros((1, 4), np.float32), LIState(np.full(4, big), np.zeros(4)))

    assert np.isfinite(state.v).all()  # though their sum is not


def test_stability__warns_above_1_and_refuses_above_2():
    for dt, name in ((6e-3, "tau_syn_inv"), (1e-2, "tau_syn_inv")):
        with pytest.warns(StabilityWarning, match=rf"^dt \* {name} = {dt * 200:g} is above 1: "):
            LIF(dt=dt)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LIF(dt=5e-3)
        LIF(LIFParameters(tau_syn_inv=np.array([1000.0, 200.0])))
    with pytest.raises(ValueError, match="^dt must be at most 0.01 s for tau_syn_inv = 200 / s"):
        LIF(dt=1.0001e-2)


def test_stability__warning_points_at_the_caller():
    with pytest.warns(StabilityWarning) as caught:
        LIF(dt=6e-3)

    assert caught[0].filename == __file__


def test_trainable__that_training_spoiled_is_refused_in_the_next_call():
    layer = LIF(trainable=("tau_mem_inv",))
    layer.weights["tau_mem_inv"][...] = -1.0

    with pytest.raises(ValueError, match="^tau_mem_inv must be positive"):
        layer(X)
