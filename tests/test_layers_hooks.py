"""Hooks of chains: who is reported, with what, and how chains are looked into."""

import numpy as np
import pytest

from eventsnn.layers import (
    LI, LIF, LICell, LIFCell, Lift, Linear, RegularizationCell, SequentialState, Tape,
)
from eventsnn.layers.recurrent_sequential import RecurrentSequential
from eventsnn.neurons import LIFState, LIState

X = np.full((6, 2, 3), 20.0)


@pytest.fixture
def calls():
    return []


@pytest.fixture
def hook(calls):
    return lambda *arguments: calls.append(arguments)


def test_hook__sees_input_output_and_state_of_each_layer_with_state(calls, hook):
    net = SequentialState(Linear(3, 4, seed=1), LIF(), Linear(4, 2, seed=2), LI(),
                          return_hidden=True)
    silent, silent_states = net(X)
    net.register_forward_state_hooks(hook)

    hidden, states = net(X)

    assert [layer for layer, _, _ in calls] == [net[1], net[3]]
    for (_, x, (out, state)), i in zip(calls, (1, 3), strict=True):
        assert x is hidden[i - 1] and out is hidden[i] and state is states[i]
        np.testing.assert_array_equal(out, silent[i])
        np.testing.assert_array_equal(state.v, silent_states[i].v)


def test_hook__looks_into_chains_wherever_they_are(calls, hook):
    inner, recurrent = SequentialState(LIFCell(), LICell()), RecurrentSequential(LIFCell())
    net = SequentialState(SequentialState(LIF(), SequentialState(LI())), Lift(inner),
                          Lift(recurrent), Lift(LIFCell()))
    net.register_forward_state_hooks(hook)

    net(X)

    seen = [layer for layer, _, _ in calls]
    assert seen[:2] == [net[0][0], net[0][1][0]]
    assert seen[2:14] == [inner[0], inner[1]] * 6  # each step of what is lifted
    assert seen[14:20] == [recurrent.chain[0]] * 6
    assert seen[20:] == [net[3]]
    assert calls[0][2][0].shape == X.shape and calls[2][2][0].shape == X.shape[1:]
    assert {type(state) for _, _, (_, state) in calls} == {LIFState, LIState}


def test_hook__reports_layers_that_look_on(calls, hook):
    net = SequentialState(LIFCell(), RegularizationCell())
    net.register_forward_state_hooks(hook)

    _, states = net(X[0])

    assert [layer for layer, _, _ in calls] == list(net)
    assert calls[1][2][1] is states[1]


def test_hook__changes_no_gradient(hook):
    net, tapes = SequentialState(Linear(3, 4, seed=1), LIF()), (Tape(), Tape())
    out, _ = net(X, tape=tapes[0])
    net.register_forward_state_hooks(hook)
    net(X, tape=tapes[1])

    g, g_hooked = (net.backward(np.ones_like(out), tape) for tape in tapes)

    np.testing.assert_array_equal(g.x, g_hooked.x)
    assert len(tapes[1]) == 0


def test_hook__is_removed_and_may_be_set_again(calls, hook):
    net = SequentialState(SequentialState(LIF()), LIF())
    net.register_forward_state_hooks(hook)
    net.remove_forward_state_hooks()

    net(X)
    assert calls == []

    net.remove_forward_state_hooks()  # nothing to remove is no error
    net.register_forward_state_hooks(hook)
    net(X)
    assert [layer for layer, _, _ in calls] == [net[0][0], net[1]]


def test_hook__goes_to_chains_appended_later(calls, hook):
    net = SequentialState()
    net.register_forward_state_hooks(hook)
    net.append(SequentialState(LIF()))

    net(X)

    assert [layer for layer, _, _ in calls] == [net[0][0]]


def test_hook__a_second_is_refused_and_nothing_changed(calls, hook):
    inner = SequentialState(LIF())
    net = SequentialState(SequentialState(LI()), inner)
    inner.register_forward_state_hooks(hook)

    with pytest.raises(ValueError, match="^hook must be the only one, got a second; call remove"):
        net.register_forward_state_hooks(hook)

    net(X)
    assert [layer for layer, _, _ in calls] == [inner[0]]


def test_hook__must_be_a_function():
    with pytest.raises(TypeError, match="^hook must be a function, got 3"):
        SequentialState(LIF()).register_forward_state_hooks(3)
