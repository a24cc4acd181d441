"""Runs the reference cases of plasticity, sensors, filters, decoders, logic, receptive fields."""

import numpy as np

from eventsnn import layers, neurons, plasticity
from eventsnn.connect import gaussian
from eventsnn.encode.population import PopulationEncoder
from eventsnn.functional import logical
from eventsnn.layers.correlation import LIFCorrelation, LIFCorrelationParameters
from eventsnn.layers.decode import SpikesToTimesDecoder
from eventsnn.layers.exp_filter import ExpFilter
from tests import tolerance

SENSOR = plasticity.CorrelationSensorState._fields


def _stacked(case, steps, suffix=""):
    """Compare the states after each step, field by field."""
    for name in steps[0]._fields:
        case.output(name + suffix, np.stack([getattr(s, name) for s in steps]))


def stdp(case):
    step = (plasticity.stdp_step_conv2d if case.name.startswith("stdp_conv2d")
            else plasticity.stdp_step_linear)
    p = case.parameters(plasticity.STDPParameters)._replace(
        stdp_algorithm=case.attributes["algorithm"], hardbound=bool(case.attributes["hardbound"]),
        convolutional=case.inputs["w"].ndim == 4)
    w, state, ws, states = case.inputs["w"], None, [], []
    for pre, post in zip(case.inputs["z_pre"], case.inputs["z_post"]):
        w, state = step(pre, post, w, state, p, case.dt)
        ws.append(w)
        states.append(state)
    case.output("w", np.stack(ws))
    _stacked(case, states)


def stdp_sensor(case):
    """The reference lets both traces decay with one time constant: switched on here."""
    p, state, states = case.parameters(plasticity.STDPSensorParameters), None, []
    for pre, post in zip(case.inputs["z_pre"], case.inputs["z_post"]):
        state = plasticity.stdp_sensor_step(pre, post, state, p, case.dt, one_time_constant=True)
        states.append(state)
    _stacked(case, states)


def correlation_sensor(case):
    p, state, states = case.parameters(plasticity.CorrelationSensorParameters), None, []
    for pre, post in zip(case.inputs["z_pre"], case.inputs["z_post"]):
        state = plasticity.correlation_sensor_step(pre, post, state, p, case.dt)
        states.append(state)
    _stacked(case, states)


def lif_correlation(case):
    sensor = case.parameters(plasticity.CorrelationSensorParameters)
    p = LIFCorrelationParameters(case.parameters(neurons.LIFParameters), sensor, sensor)
    w_in, w_rec = case.inputs["input_weights"], case.inputs["recurrent_weights"]
    layer = LIFCorrelation(w_in.shape[1], len(w_in), p, case.dt)
    state, outs, states = None, [], []
    for x in case.inputs["input"]:
        out, state = layer(x, w_in, w_rec, state)
        outs.append(out)
        states.append(state)
    case.output("out", np.stack(outs))
    for prefix, part in (("input", 1), ("recurrent", 2)):
        for name in SENSOR:
            case.output(f"{prefix}_{name}", np.stack([getattr(s[part], name) for s in states]))


def tsodyks_makram(case):
    p, state = case.parameters(plasticity.TsodyksMakramParameters), None
    outs, states = [], []
    for z in case.inputs["z"]:
        out, state = plasticity.stp_step(z, state, p, case.dt)
        outs.append(out)
        states.append(state)
    case.output("out", np.stack(outs))
    _stacked(case, states)


def exponential_filter(case):
    w, b = case.inputs["weight"], case.inputs["bias"]
    layer = ExpFilter(w.shape[1], len(w), float(case.params["tau_filter_inv"]), case.dt, w, b)
    tape = layers.Tape()
    case.output("out", layer(case.inputs["input"], tape=tape))
    g = layer.backward(case.cotangents["out"], tape)
    case.grad("input", g.x)
    for name, array in g.weights.items():
        case.grad(name, array)


def spikes_to_times(case):
    layer = SpikesToTimesDecoder(case.attributes["spike_count"], dt=case.dt)
    tol = tolerance.FLOAT32 if case.attributes.get("precision") == "float32" else tolerance.OUTPUT
    tape = layers.Tape()
    out = layer(case.inputs["input"], tape=tape)
    missing = np.isinf(case.outputs["out"])
    np.testing.assert_array_equal(np.isinf(out), missing)
    case.outputs["out"] = np.where(missing, 0.0, case.outputs["out"])
    case.output("out", np.where(missing, 0.0, out), tol)
    if case.grads:
        case.grad("input", layer.backward(case.cotangents["out"], tape).x, tol)


def logic(case):
    x, y, prev = (case.inputs[name] for name in ("x", "y", "prev"))
    case.output("and", logical.logical_and(x, y))
    case.output("or", logical.logical_or(x, y))
    case.output("xor", logical.logical_xor(x, y))
    case.output("muller_c", logical.muller_c(prev, x, y))
    case.output("posedge", logical.posedge_detector(x, prev))


def spatial_receptive_field(case):
    a, p = case.attributes, case.params
    row = [p[name] for name in ("scale", "angle", "ratio", "x", "y")] + [a["dx"], a["dy"]]
    kernels = gaussian.spatial_receptive_fields(np.array([row]), a["size"], a["domain"])
    case.output("kernel", kernels[0])


def temporal_scales(case):
    a, p = case.attributes, case.params
    case.output("tau", gaussian.temporal_scale_distribution(
        a["n_scales"], float(p["min_scale"]), float(p["max_scale"]) if a["has_max"] else None,
        float(p["c"])))


def population(case):
    scale = float(case.params["scale"]) if case.attributes["scale_given"] else None
    x = case.inputs["input"]
    assert case.attributes["scale_given"] or x.max() == case.params["scale"]
    case.output("out", PopulationEncoder(case.attributes["out_features"], scale)(x))
