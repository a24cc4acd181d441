"""Runs the reference cases of thresholds, encoders, containers and optimisers."""

from functools import partial

import numpy as np

from eventsnn import encode, layers, neurons, train
from eventsnn.neurons import LIFParameters, LIFState, LIParameters

DRAWS = 20000


def threshold(case):
    surrogate = case.threshold(case.attributes["function"])
    layer, tape = layers.Threshold(surrogate), layers.Tape()
    x = case.inputs["x"]
    out = layer(x, tape=tape)
    case.grad("x", layer.backward(case.inputs["cotangent"], tape).x)
    if not case.attributes.get("stochastic"):
        case.output("out", out)
        return
    p = case.outputs["probability_of_one"]
    many = layer(np.broadcast_to(x, (DRAWS, *x.shape)))
    assert set(np.unique(many)) <= {0.0, 1.0}
    case.sampled("probability_of_one", many.mean(axis=0), p * (1 - p), DRAWS)
    case.output("variance", p * (1 - p))
    case.skip("outputs/empirical_mean")


def poisson(case):
    cls = getattr(encode, case.attributes["encoder"])
    options = {"f_max": case.attributes["f_max"], "dt": case.dt, "seed": 11}
    x = case.inputs["input"]
    if case.attributes["encoder"].endswith("Step"):
        assert cls().f_max == case.attributes["default_f_max"]
        out = cls(**options)(np.broadcast_to(x, (DRAWS, *x.shape)))
    else:
        assert cls(1).f_max == case.attributes["default_f_max"]
        out = cls(DRAWS, **options)(x)
    p, variance = case.outputs["probability_of_spike"], case.outputs["variance"]
    assert set(np.unique(out)) <= {-1.0, 0.0, 1.0}
    case.sampled("probability_of_spike", (out != 0).mean(axis=0), p * (1 - p), DRAWS)
    case.sampled("mean", out.mean(axis=0), variance, DRAWS)
    # bounds the variance of (out - mean)^2 for values from -1 to 1
    fourth = np.maximum(p * (1 - p), variance)
    case.sampled("variance", out.var(axis=0), 4 * fourth, DRAWS)
    case.skip("outputs/empirical_mean", "outputs/empirical_variance")


def encoder(case):
    kind = case.attributes["encoder"]
    x = case.inputs["input"]
    if kind == "SpikeLatencyEncoder":
        case.output("out", encode.SpikeLatencyEncoder()(x))
        return
    p = case.parameters(LIFParameters)
    case.output("out", getattr(encode, kind)(case.attributes["seq_length"], p, case.dt)(x))


def current_encoder(case):
    """The step of an encoder, iterated from a state of zeros: a neuron without its synapse."""
    x, n_steps = case.inputs["input"], case.attributes["seq_length"]
    encoder, membrane = {
        "lif_current_encoder": (encode.ConstantCurrentLIFEncoder, "LIFBox"),
        "lif_ex_current_encoder": (encode.ConstantCurrentLIFExEncoder, "LIFExBox"),
        "lif_adex_current_encoder": (
            partial(encode.ConstantCurrentLIFAdExEncoder, norse_adaptation=True), "LIFAdExNorse"),
    }[case.attributes["encoder"]]
    cls = getattr(neurons, f"{membrane}Parameters")
    state = getattr(neurons, f"{membrane}State")
    layer = type("Any", (layers.Sequence,), {"parameters": cls})(
        case.parameters(cls), dt=case.dt, record_states=True)

    out, states = layer(np.broadcast_to(x, (n_steps, *x.shape)),
                        state(*(np.zeros(x.shape) for _ in state._fields)))

    case.output("out", out)
    for f, value in zip(states._fields, states):
        case.output(f"state_{f}", value)
    p = case.parameters(getattr(encoder, "func", encoder).parameters)
    case.output("out", encoder(n_steps, p, case.dt)(x))


def lift(case):
    p, threshold_ = case.parameters(LIFParameters), case.threshold()
    cell, x = layers.LIFCell(p, threshold_, case.dt), case.inputs["input"]
    given = LIFState(case.inputs["lif_initial_v"], case.inputs["lif_initial_i"])
    for name, state in (("lif_default_state", None), ("lif_given_state", given)):
        out, end = layers.Lift(cell)(x, state)
        case.output(name, out)
        case.output(f"{name}_final_v", end.v)
        case.output(f"{name}_final_i", end.i)
    out, end = layers.Lift(cell)(x, given)
    case.output("lif_functional", out)
    case.output("lif_functional_final_v", end.v)
    w, b = case.inputs["linear_weight"], case.inputs["linear_bias"]
    case.output("linear", layers.Lift(layers.Linear(w.shape[1], w.shape[0], b, weight=w))(x))


def regularization(case):
    p, x = case.parameters(LIFParameters), case.inputs["input"]
    for accumulator, total, grad in (
            (layers.spike_accumulator, "spike_count", "input_from_spike_count"),
            (layers.voltage_accumulator, "voltage_sum", "input_from_voltage_sum")):
        net = layers.SequentialState(layers.LIFCell(p, case.threshold(), case.dt),
                                     layers.RegularizationCell(accumulator))
        tape, states, totals, outs = layers.Tape(), None, [], []
        for x_t in x:
            out, states = net(x_t, states, tape=tape)
            outs.append(out)
            totals.append(states[1])
        case.output("out", np.stack(outs))
        case.output(total, np.stack(totals))
        bar = case.cotangents["voltage"] if total == "voltage_sum" else np.float64(1.0)
        state_bar, xs = [None, bar], []
        for _ in x:
            g = net.backward(None, tape, state_bar)
            state_bar = g.state
            xs.append(g.x)
        case.grad(grad, np.stack(xs[::-1]))


def training(case):
    lif, li = case.parameters(LIFParameters), case.parameters(LIParameters)
    w1, w2 = case.inputs["w1"], case.inputs["w2"]
    hidden, n_in = w1.shape
    readout = layers.SequentialState(
        layers.Linear(hidden, len(w2), bias=False, weight=w2), layers.LI(li, dt=case.dt))
    if case.attributes["recurrent"]:
        front = layers.SequentialState(layers.LIFRecurrent(
            n_in, hidden, lif, case.threshold(), case.dt, input_weights=w1,
            recurrent_weights=case.inputs["wr"], autapses=True))
        names = {"w1": "0.0.input_weights", "wr": "0.0.recurrent_weights", "w2": "1.0.weight"}
    else:
        front = layers.SequentialState(
            layers.Linear(n_in, hidden, bias=False, weight=w1),
            layers.LIF(lif, case.threshold(), case.dt))
        names = {"w1": "0.0.weight", "w2": "1.0.weight"}
    net = layers.SequentialState(front, readout, return_hidden=True)
    a = case.attributes
    rate = a["learning_rate"]
    optimiser = (train.Adam(rate, betas=tuple(a["adam_betas"]), eps=a["adam_eps"])
                 if a["optimizer"] == "adam" else train.SGD(rate, momentum=a["momentum"]))
    state, losses, rates = optimiser.init(net.weights), [], []
    labels = case.inputs["labels"].astype(int)

    for update in range(a["steps"]):
        tape = layers.Tape()
        (spikes, out), _ = net(case.inputs["input"], tape=tape)
        loss, out_bar = train.cross_entropy(out, labels, readout="mean")
        g = net.backward([None, out_bar], tape).weights
        if update == 0:
            for name, key in names.items():
                case.grad(name, g[key])
        optimiser.update(net.weights, g, state)
        losses.append(loss)
        rates.append(spikes.mean())

    case.output("loss", losses)
    case.output("spike_rate", rates)
    for name, key in names.items():
        case.output(f"final_{name}", net.weights[key])
