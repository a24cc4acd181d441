"""Regularisation: what it adds up over steps, and the gradient of that."""

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.layers import (
    LIF, LIFCell, LIFRecurrentCell, RegularizationCell, SequentialState, Tape,
)
from eventsnn.neurons import LIFParameters, LIFState
from tests import tolerance


@pytest.fixture
def rng():
    return np.random.default_rng(7)


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
