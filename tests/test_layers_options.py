"""Options and arguments of every kind of layer: taken for what they are, or refused in one line."""

import numpy as np
import pytest

from eventsnn import encode, layers, neurons, plasticity
from eventsnn.layers import SequentialState, Tape
from eventsnn.neurons import behaviors
from eventsnn.surrogates import EventAdjoint

X = np.ones((5, 3))
REC = {"seed": 1}
BEHAVIOR = behaviors.tonic_spiking


def call(layer, *arguments, **options):
    return lambda: layer(*arguments, **options)


def back(layer, *arguments, **options):
    def run():
        tape = Tape()
        layer(X, tape=tape)
        layer.backward(*arguments, tape=tape, **options)
    return run


REFUSED = [
    (lambda: layers.LIF(record_states="no"), "record_states must be True or False, got 'no'"),
    (lambda: layers.LIF(stop_reset=np.nan), "stop_reset must be True or False, got nan"),
    (lambda: layers.LIFRecurrent(2, 3, autapses="no"), "autapses must be True or False, got 'no'"),
    (lambda: layers.LIFRecurrent(2, 3, record_states=2), "record_states must be True or False"),
    (lambda: layers.LIFMC(3, record_states=None), "record_states must be True or False, got None"),
    (lambda: layers.CobaLIFRecurrent(2, 3, lost_input="x"), "lost_input must be True or False"),
    (lambda: layers.LIF(trainable=None), "trainable must be a tuple of names, got None"),
    (lambda: layers.LIF(trainable=("v_th", "v_th")), "trainable must name each once"),
    (lambda: layers.LIFCell(3, 4), "p must be LIFParameters, got int; LIFCell has no weights"),
    (lambda: layers.CobaLIFCell(3), "p must be CobaLIFParameters, got int; CobaLIFCell has no"),
    (lambda: layers.LIFEx(neurons.LIFExParameters(delta_T=0.0)), "delta_T must be positive, got 0"),
    (lambda: layers.LIFAdEx(neurons.LIFAdExParameters(delta_T=-1.0)), "delta_T must be positive"),
    (lambda: layers.CobaLIF(neurons.CobaLIFParameters(c_m_inv=0.0)), "c_m_inv must be positive"),
    (lambda: layers.Izhikevich(neurons.IzhikevichParameters(tau_inv=0.0)),
     "tau_inv must be positive"),
    (lambda: layers.LSNN(neurons.LSNNParameters(tau_adapt_inv=0.0)),
     "tau_adapt_inv must be positive"),
    (lambda: layers.LIFRefrac(neurons.LIFRefracParameters(rho_reset=-1)),
     "rho_reset must be at least 0"),
    (lambda: layers.LIF(BEHAVIOR), "p must be LIFParameters, got IzhikevichSpikingBehavior"),
    (lambda: layers.Izhikevich(BEHAVIOR._replace(p=None)),
     "p.p must be IzhikevichParameters, got NoneType"),
    (lambda: layers.Izhikevich(BEHAVIOR._replace(s=neurons.LIState(0, 0))),
     "p.s must be IzhikevichState, got LIState"),
    (lambda: layers.LIFMC(4, neurons.LIFParameters(v_th=np.ones(3))),
     "v_th must have shape () or (4,), got (3,)"),
    (lambda: layers.LIFBox(neurons.LIFBoxParameters(reset_subtract=np.array([0, 0.5]))),
     "reset_subtract must be 0 or 1, got 0.5"),
    (lambda: layers.Linear(2, 3, bias=np.ones(2)), "bias must have shape (3,), got (2,)"),
    (lambda: layers.LIFCorrelation(2, 3, layers.LIFCorrelationParameters(
        input_correlation_parameters=3)),
     "p.input_correlation_parameters must be CorrelationSensorParameters, got int"),
    (lambda: layers.Threshold(EventAdjoint()), "threshold must have a slope here"),
    (lambda: encode.ConstantCurrentLIFEncoder(9, threshold=EventAdjoint()),
     "threshold must have a slope here"),
    (lambda: encode.ConstantCurrentLIFExEncoder(9, neurons.LIFParameters()),
     "p must be LIFExParameters, got LIFParameters"),
    (call(layers.LIF(), [[1.0], [1.0, 2.0]]), "x must be an array of real numbers, got rows"),
    (call(layers.LIF(), X, np.zeros(2)), "state must be LIFState, got ndarray"),
    (call(layers.CobaLIF(), X, np.zeros(2)), "state must be CobaLIFState, got ndarray"),
    (call(layers.LIFMC(3, **REC), X, 3), "state must be LIFState, got int"),
    (call(layers.LIFRecurrentCell(2, 2, **REC), 1.0), "x must have shape (..., 2) to match the in"),
    (call(layers.LIFRecurrentCell(2, 2, **REC), np.ones((4, 3))), "input weights, got (4, 3)"),
    (call(layers.Lift(layers.Linear(3, 2)), X, 3), "state must be None for Linear, which has none"),
    (call(SequentialState(layers.Linear(3, 2)), X, [3]), "state[0] must be None for Linear"),
    (call(layers.RegularizationCell(layers.voltage_accumulator), X, 3),
     "s must be the state of the neurons, got int"),
    (call(layers.RegularizationCell(), X, None, "x"), "state must hold real numbers, got dtype"),
    (call(layers.RegularizationCell(), X, None, np.ones(7)), "state must have shape ()"),
    (back(layers.LIF(), np.ones((4, 3))), "out_bar must have shape (5, 3)"),
    (back(layers.LIFMC(3, **REC), 1.0), "out_bar must have 5 steps, got a number"),
    (back(layers.LIFMC(3, record_states=True, **REC), None,
          state_bar=neurons.LIFState(np.ones((2, 3)), np.ones((2, 3)))),
     "state_bar must have 5 steps, got 2"),
    (back(layers.LIFMCRecurrent(3, 2, **REC), None, state_bar=3),
     "state_bar must be RecurrentState, got int"),
    (back(SequentialState(layers.LIF()), None, state_bar=3),
     "state_bar must be a list with one entry a layer, got int"),
    (lambda: layers.LIF().backward(X, None), "tape must be a Tape, got NoneType"),
    (lambda: layers.LIF()(X, tape=[]), "tape must be a Tape, got list"),
    (lambda: plasticity.stdp_step_linear(
        np.ones(2), np.ones(1), np.ones((1, 2)), None, plasticity.STDPParameters(a_pre=np.ones(5))),
     "a_pre must broadcast against shape (2,), got shape (5,)"),
    (lambda: plasticity.stdp_step_linear(
        np.ones(2), np.ones(1), np.ones((1, 2)), 3), "state must be STDPState, got int"),
    (lambda: plasticity.stp_step(np.ones(2), p=plasticity.TsodyksMakramParameters(U=2.0)),
     "U must be a share, from 0 to 1, got 2.0"),
]


@pytest.mark.parametrize("make, words", REFUSED, ids=[words for _, words in REFUSED])
def test_arguments__are_refused_in_one_line(make, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()

    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("make, wrong", [
    (lambda: layers.LIF(), np.ones((4, 3))),
    (lambda: layers.LIFRecurrent(3, 2, **REC), np.ones((4, 3))),
    (lambda: layers.LIFMC(3, **REC), np.ones((4, 3))),
    (lambda: layers.Linear(3, 2, seed=1), np.ones((4, 3))),
    (lambda: layers.Lift(layers.LIFCell()), np.ones((4, 3))),
    (lambda: SequentialState(layers.Linear(3, 2, seed=1), layers.LIF()), np.ones((4, 3))),
    (lambda: SequentialState(layers.LIF(), SequentialState(layers.Linear(3, 2, seed=1),
                                                           layers.LI())), np.ones((4, 3))),
])
def test_backward__refused_leaves_the_tape_as_it_was(make, wrong):
    layer, tape = make(), Tape()
    out = layer(X, tape=tape)
    out = out[0] if isinstance(out, tuple) else out
    n = len(tape)

    with pytest.raises(ValueError):
        layer.backward(wrong, tape)

    assert len(tape) == n
    assert layer.backward(np.ones_like(out), tape).x.shape == X.shape
    assert len(tape) == 0


def test_backward__refused_within_a_chain_leaves_the_tape_as_it_was():
    net, tape = SequentialState(layers.LIF(), layers.Linear(3, 2, seed=1), layers.LI()), Tape()
    out, _ = net(X, tape=tape)

    with pytest.raises(TypeError, match="state_bar must be LIFState"):  # of the first, seen last
        net.backward(np.ones_like(out), tape, [neurons.LIState(None, None), None, None])

    assert net.backward(np.ones_like(out), tape).x.shape == X.shape


def test_call__refused_leaves_nothing_on_the_tape():
    net, tape = SequentialState(layers.Linear(3, 3, seed=1), layers.Linear(4, 1, seed=1)), Tape()
    layers.LIF()(X, tape=tape)

    with pytest.raises(ValueError):
        net(X, tape=tape)

    assert len(tape) == 1


@pytest.mark.parametrize("dtype", [">f8", "<f8", np.longdouble])
def test_float64__of_any_byte_order_stays_float64(dtype):
    x = np.ones((4, 3), dtype)

    assert layers.LIF()(x)[0].dtype == np.float64
    weight = layers.Linear(3, 2, weight=np.ones((2, 3), dtype)).weight
    assert weight.dtype == np.float64 and weight.dtype.isnative
    assert layers.MaxPool2d(1)(x[None]).dtype == np.float64
    assert layers.LIFMC(3, g_coupling=np.eye(3, dtype=dtype))(x)[0].dtype == np.float64


@pytest.mark.parametrize("dtype", [">f4", np.float16, bool, np.uint8, ">i4", int])
def test_other_types__become_float32(dtype):
    out, state = layers.LIF()(np.ones((4, 3), dtype))

    assert out.dtype == state.v.dtype == np.float32
    np.testing.assert_array_equal(out, layers.LIF()(np.ones((4, 3), np.float32))[0])


def test_flags__may_be_numbers_0_and_1():
    assert layers.LIFRecurrent(2, 2, autapses=1, **REC).autapses is True
    assert layers.LIF(record_states=np.True_).record_states is True


def test_izhikevich__takes_any_step():
    layer = layers.Izhikevich(dt=5e-3)  # 1.25 ms of model time: no time constant is exceeded

    assert np.isfinite(layer(np.zeros((20, 2)))[1].v).all()


def test_encoder__does_not_mind_the_parameters_that_it_does_not_use():
    p = neurons.LIFParameters(tau_syn_inv=0.0)

    np.testing.assert_array_equal(encode.ConstantCurrentLIFEncoder(20, p)(np.array([3.0])),
                                  encode.ConstantCurrentLIFEncoder(20)(np.array([3.0])))


def test_stdp__whole_exponents_know_no_bounds():
    p = plasticity.STDPParameters(mu=1.0, stdp_algorithm="multiplicative_pow", hardbound=False,
                                  eta_plus=0.1)
    w = np.array([[1.5]])

    new, _ = plasticity.stdp_step_linear(np.ones(1), np.ones(1), w, None, p)

    trace = 1e-3 * 20  # both traces after the spike
    np.testing.assert_allclose(new, 1.5 + 0.1 * (1 - 1.5) * trace - 1e-3 * 1.5 * trace)


def test_return_hidden__takes_none_for_no_gradient():
    net, tape = SequentialState(layers.LIF(), layers.LI(), return_hidden=True), Tape()
    net(X, tape=tape)

    assert not net.backward(None, tape).x.any()
