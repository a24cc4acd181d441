"""Chains of layers: order, states, names of weights, hidden outputs, backward."""

import numpy as np
import pytest

from eventsnn.layers import LI, LIF, LIFCell, Lift, Linear, SequentialState, Tape
from eventsnn.neurons import LIFState, LIState
from tests import tolerance


@pytest.fixture
def rng():
    return np.random.default_rng(7)


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


def test_sequential__is_indexed_and_iterated_as_a_list(rng):
    net, x = chain(), rng.normal(size=(6, 3))

    assert len(net) == 3 and len(SequentialState()) == 0
    assert list(net) == net.layers == [net[0], net[1], net[-1]]
    rest = net[1:]
    assert isinstance(rest, SequentialState) and list(rest) == net.layers[1:]
    np.testing.assert_array_equal(rest(net[0](x))[0], net(x)[0])
    with pytest.raises(IndexError):
        net[3]


def test_sequential__refuses_to_feed_a_list_to_a_layer(rng):
    x = rng.normal(size=(6, 3))

    net = SequentialState(SequentialState(LIF(), return_hidden=True))
    assert len(net(x)[0]) == 1
    net.append(LI())

    with pytest.raises(TypeError, match="^layer 0 must return one array, .*, got a list of 1$"):
        net(x)
