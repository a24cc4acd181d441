"""Tapes: each call is kept once, for its own layer, safe from later changes."""

import numpy as np
import pytest

from eventsnn.layers import LIF, Linear, Tape
from eventsnn.neurons import LIFState


@pytest.fixture
def rng():
    return np.random.default_rng(7)


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
