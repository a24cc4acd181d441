"""Runs the reference cases of neurons through the public layers."""

import numpy as np

from eventsnn import layers, neurons
from eventsnn.neurons import behaviors
from tests import tolerance

NAMES = {  # family -> name of the layers
    "lif": "LIF", "lif_refrac": "LIFRefrac", "lif_box": "LIFBox", "iaf": "IAF", "li": "LI",
    "li_box": "LIBox", "lif_ex": "LIFEx", "lif_adex": "LIFAdEx", "lsnn": "LSNN",
    "lif_adex_refrac": "LIFAdExRefrac", "ada_lif": "AdaLIF", "coba_lif": "CobaLIF",
    "izhikevich": "Izhikevich", "lif_mc": "LIFMC", "lif_mc_refrac": "LIFMCRefrac",
}
PARAMETERS = {"LIFMC": "LIF"}  # whose parameters and state a model has, if not its own
# A potential of order 1 is off by less than this after the steps of a case in float32.
MARGIN = 1e-5
WITHOUT_FEEDBACK = ("li", "li_box")  # norse's step with weights has input weights only


def spikes_decided(family, attributes):
    """Whether a case has spikes that rounding to float32 does not decide."""
    return (family in NAMES and family not in WITHOUT_FEEDBACK
            and attributes["threshold_margin"] > MARGIN)


def _class(name, kind):
    return getattr(neurons, PARAMETERS.get(name, name) + kind)


def _parameters(case, name):
    cls = _class(name, "Parameters")
    p = case.parameters(cls)
    if "reset by subtraction" in case.attributes["model"]:
        p = p._replace(reset_subtract=1.0)
    return p


def _special(case):
    """Options of single families."""
    if case.family.startswith("lif_mc"):
        return _coupled(case)
    if case.family == "coba_lif" and "both conductance jumps" not in case.attributes["model"]:
        return {"lost_input": True}
    return {}


def _coupled(case):
    if "g_coupling" in case.inputs:
        return {"g_coupling": case.inputs["g_coupling"]}
    return {}


def _trainable(case, p):
    return tuple(f for f in p._fields if f"param_{f}" in case.grads)


def _initial(case, name):
    cls = _class(name, "State")
    return cls(*(case.inputs[f"initial_{f}"] for f in cls._fields))


def _compare_gradients(case, gradients, neuron_bar, weights):
    case.grad("input", gradients.x)
    for f, bar in zip(neuron_bar._fields, neuron_bar):
        if f"initial_{f}" in case.grads:
            case.grad(f"initial_{f}", bar)
    for key, array in weights.items():
        case.grad(key if key.endswith(("weights", "coupling")) else f"param_{key}", array)


def _final_bar(case, name, stacked=0):
    """Gradient of the final state: of the last entry, if `stacked` steps are stacked."""
    cls = _class(name, "State")
    bars = []
    for f in cls._fields:
        last = case.cotangents[f"final_{f}"]
        if stacked:
            bar = np.zeros((stacked, *last.shape))
            bar[-1] = last
            bars.append(bar)
        else:
            bars.append(last)
    return cls(*bars)


def _compare_states(case, states, record):
    for f, value in zip(states._fields, states):
        if f"state_{f}" in case.outputs:
            assert record
            case.output(f"state_{f}", value)
        else:
            case.output(f"final_{f}", value[-1] if record else value)


def _loss(case, out, states, record):
    if "loss" not in case.outputs:
        return
    total = (case.cotangents["out"] * out).sum()
    for f, value in zip(states._fields, states):
        total += (case.cotangents[f"final_{f}"] * (value[-1] if record else value)).sum()
    case.output("loss", total)


def feed_forward(case):
    name = NAMES[case.family]
    p = _parameters(case, name)
    coupled = _coupled(case)
    sizes = (len(coupled["g_coupling"]),) if coupled else ()
    th = case.threshold() if case.attributes["method"] != "none" else layers.Threshold().surrogate
    layer = getattr(layers, name)(*sizes, p, th, case.dt, record_states=True,
                                  trainable=_trainable(case, p), **coupled)
    tape = layers.Tape()

    out, states = layer(case.inputs["input"], _initial(case, name), tape=tape)
    g = layer.backward(case.cotangents["out"], tape, _final_bar(case, name, len(out)))

    case.output("out", out)
    _compare_states(case, states, record=True)
    _loss(case, out, states, record=True)
    _compare_gradients(case, g, g.state, g.weights)


def recurrent(case):
    name = NAMES[case.family]
    p, w = _parameters(case, name), case.inputs["input_weights"]
    x, tape = case.inputs["input"], layers.Tape()
    if case.family in WITHOUT_FEEDBACK:
        linear = layers.Linear(w.shape[1], w.shape[0], bias=False, weight=w)
        layer = getattr(layers, name)(p, dt=case.dt, record_states=True,
                                      trainable=_trainable(case, p))
        out, states = layer(linear(x, tape=tape), _initial(case, name), tape=tape)
        g = layer.backward(case.cotangents["out"], tape, _final_bar(case, name, len(out)))
        g_linear = linear.backward(g.x, tape)
        weights = {"input_weights": g_linear.weights["weight"]} | g.weights
        neuron_bar, g = g.state, g_linear
    else:
        layer = getattr(layers, f"{name}Recurrent")(
            w.shape[1], w.shape[0], p, case.threshold(), case.dt, input_weights=w,
            recurrent_weights=case.inputs["recurrent_weights"], autapses=True, record_states=True,
            trainable=_trainable(case, p), **_special(case))
        start = layers.RecurrentState(case.inputs["initial_z"], _initial(case, name))
        out, state = layer(x, start, tape=tape)
        states = state.neuron
        g = layer.backward(case.cotangents["out"], tape, layers.RecurrentState(
            None, _final_bar(case, name, len(out))))
        weights, neuron_bar = g.weights, g.state.neuron
        case.grad("initial_z", g.state.z)
    case.output("out", out)
    _compare_states(case, states, record=True)
    _loss(case, out, states, record=True)
    _compare_gradients(case, g, neuron_bar, weights)


def module(case):
    """A cell iterated, or a sequence called once, from its own default state."""
    model = {"CobaLIFCell": "CobaLIFRecurrentCell"}.get(case.attributes["model"],
                                                        case.attributes["model"])
    cls = getattr(layers, model)
    cell = model.endswith("Cell")
    recurrent_weights = case.inputs.get("recurrent_weights")
    name = NAMES[case.family]
    p = _parameters(case, name)
    if case.family == "izhikevich":
        p = neurons.IzhikevichSpikingBehavior(p, neurons.IzhikevichState(
            case.params["initial_v"], case.params["initial_u"]))
    options = {"dt": case.dt}
    if case.attributes["method"] != "none":
        options["threshold"] = case.threshold()
    if "input_weights" in case.inputs:
        w = case.inputs["input_weights"]
        options["input_weights"] = w
        if recurrent_weights is not None:
            options |= {"recurrent_weights": recurrent_weights,
                        "autapses": bool(case.attributes["autapses"]), **_special(case)}
        if case.family == "coba_lif":
            options["autapses"] = True  # norse's CobaLIFCell masks none
        sizes = (w.shape[1], w.shape[0])
    else:
        sizes = ()
    record = any(n.startswith("state_") for n in case.outputs) and not cell
    layer = cls(*sizes, p, **options, **({"record_states": True} if record else {}))
    x, tape = case.inputs["input"], layers.Tape()

    if cell:
        outs, collected, state = [], [], None
        for x_t in x:
            out_t, state = layer(x_t, state, tape=tape)
            outs.append(out_t)
            collected.append(getattr(state, "neuron", state))
        out, states = np.stack(outs), type(collected[0])(*map(np.stack, zip(*collected)))
        final_bar, xs, weights = _final_bar(case, name), [], {}
        if recurrent_weights is not None:
            final_bar = layers.RecurrentState(None, final_bar)
        for out_bar in case.cotangents["out"][::-1]:
            g = layer.backward(out_bar, tape, final_bar)
            final_bar = g.state
            xs.append(g.x)
            weights = {k: v + weights.get(k, 0) for k, v in g.weights.items()}
        case.grad("input", np.stack(xs[::-1]))
    else:
        out, state = layer(x, tape=tape)
        states = getattr(state, "neuron", state)
        final_bar = _final_bar(case, name, len(out) if record else 0)
        if recurrent_weights is not None:
            final_bar = layers.RecurrentState(None, final_bar)
        g = layer.backward(case.cotangents["out"], tape, final_bar)
        weights = g.weights
        case.grad("input", g.x)
    case.output("out", out)
    _compare_states(case, states, record=cell or record)
    _loss(case, out, states, record=cell or record)
    for key, array in weights.items():
        case.grad(key, array)


def behavior(case):
    """A named behaviour of the package, which must be the reference's, driven by a current."""
    named = behaviors.BEHAVIORS[case.attributes["behavior"]]
    for f, value in zip(named.p._fields, named.p):
        assert value == case.params[f], f
    assert named.s == (case.inputs["initial_v"], case.inputs["initial_u"])
    layer = layers.Izhikevich(named, case.threshold(), case.dt, record_states=True)

    out, states = layer(case.inputs["input"])

    case.output("out", out)
    for f, value in zip(states._fields, states):
        case.output(f"state_{f}", value, tolerance.TRACE)


def adjoint(case):
    """A family's layers with event-based gradients."""
    case.family = case.name.rpartition("_")[0]
    case.attributes["model"] = case.family
    (recurrent if case.attributes["recurrent"] else feed_forward)(case)
