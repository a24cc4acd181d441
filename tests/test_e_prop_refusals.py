"""What e-prop cannot train is refused, before any work."""

import numpy as np
import pytest

from eventsnn import layers, train
from eventsnn.layers import LI, LIFRecurrent, Linear, SequentialState
from eventsnn.neurons import LIParameters
from eventsnn.surrogates import EventAdjoint
from eventsnn.train import EProp, Rate, Voltage
from tests.layers_under_test import coupling
from tests.test_e_prop import B, N, N_IN, N_OUT, T, chain, data, lsnn


def of(recurrent, *others):
    return lambda: SequentialState(recurrent, *(others or (Linear(N, 2, seed=1), LI())))


ORDINARY = LIFRecurrent(N_IN, N, seed=1)


@pytest.mark.parametrize("model, error, words", [
    (lambda: ORDINARY, TypeError, "^model must be a SequentialState of .*, got LIFRecurrent"),
    (of(ORDINARY, Linear(N, 2)), TypeError, r"^model must be .*, got \(LIFRecurrent, Linear\)"),
    (of(ORDINARY, Linear(N, 2), layers.LIF()), TypeError, r", got \(LIFRecurrent, Linear, LIF\)"),
    (of(layers.LIF(), Linear(N, 2), LI()), TypeError, "^model must be"),
    (of(layers.LIFRecurrentCell(N_IN, N), Linear(N, 2), LI()), TypeError, "^model must be"),
    (of(layers.CobaLIFRecurrent(N_IN, N)), ValueError, "have neurons of one input channel"),
    (of(LIFRecurrent(N_IN, 4, recurrent_weights=coupling())), ValueError,
     "^recurrent_weights must be an array for e-prop, got a sparse matrix"),
    (of(LIFRecurrent(N_IN, N, threshold=EventAdjoint())), TypeError, "^threshold must have a"),
    (of(LIFRecurrent(N_IN, N, trainable=("v_th",))), ValueError, "^trainable must be empty"),
    (of(ORDINARY, Linear(N, 2), LI(trainable=("v_leak",))), ValueError, "^trainable must be empty"),
    (of(ORDINARY, Linear(N, 2), LI(LIParameters(v_leak=np.ones(2)))), ValueError,
     "^v_leak of the read-out must be one number"),
])
def test_begin__refuses(model, error, words):
    with pytest.raises(error, match=words):
        EProp().begin(model())
    with pytest.raises(error, match=words):
        train.fit(model(), np.zeros((2, T, N_IN)), np.zeros(2, int), epochs=1, batch_size=2,
                  online=EProp())


@pytest.mark.parametrize("penalties", [[Voltage(0)], [Rate(1)], [Rate(0), Rate(0)]], ids=str)
def test_begin__refuses_penalties(penalties):
    with pytest.raises(ValueError, match="^penalties must"):
        EProp().begin(chain(lsnn()), penalties)


@pytest.mark.parametrize("arguments, words", [
    (("l1",), "^loss must be one of cross_entropy, mse, got 'l1'"),
    (("mse", "none"), "^feedback must be one of random, symmetric"),
    (("mse", "random", -1), "^seed must"), (("mse", "random", 0, -1), "^start must be at least 0")])
def test_eprop__refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        EProp(*arguments)


@pytest.mark.parametrize("rule, labels, words", [
    (EProp(start=T), np.zeros(B, int), f"^start must be below the {T} steps of x, got {T}"),
    (EProp("mse"), np.zeros((B, N_OUT)), r"^labels must have shape \(B, 40, n_out\), got \(3"),
    (EProp("mse"), np.zeros((B, T, 3)), r"^target must have shape \(3, 2\)"),
    (EProp(), np.full(B, 2), "^labels must be from 0 to 1, got 2"),
])
def test_run__refuses(rule, labels, words):
    with pytest.raises(ValueError, match=words):
        rule.run(chain(lsnn()), data()[0], labels)


def test_step__refuses_other_inputs_and_has_no_gradients_without_targets():
    learning = EProp("mse").begin(chain(lsnn()))

    with pytest.raises(ValueError, match=r"^x must have shape \(B, 4\), got \(4,\)"):
        learning.step(np.zeros(N_IN))
    learning.step(np.zeros((B, N_IN)))
    with pytest.raises(ValueError, match="^target must be given in a step"):
        learning.gradients()
