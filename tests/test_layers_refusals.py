"""What layers refuse or warn of: parameters, weights, inputs, states, gradients, long steps."""

import warnings

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.errors import NumericalError, StabilityWarning
from eventsnn.layers import (
    IAF, LI, LIF, LIFBox, LIFCell, LIFExcInh, LIFRecurrent, LIFRecurrentCell, Lift, LILinearCell,
    Linear, RecurrentState, RegularizationCell, SequentialState, Tape, Threshold,
)
from eventsnn.neurons import ExcInh, IAFParameters, LIFBoxState, LIFParameters, LIFState, LIState

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
