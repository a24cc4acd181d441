"""Runs the reference cases of convolutions and of chains of layers."""

from eventsnn import layers, neurons


def lconv2d(case):
    x, w, a = case.inputs["input"], case.inputs["weight"], case.attributes
    layer = layers.LConv2d(w.shape[1] * a["groups"], w.shape[0], w.shape[2:4], a["stride"],
                           a["padding"], a["dilation"], a["groups"], weight=w)
    tape = layers.Tape()

    out = layer(x, tape=tape)
    g = layer.backward(case.cotangents["out"], tape)

    case.output("out", out)
    case.grad("input", g.x)
    case.grad("weight", g.weights["weight"])


def conv_chain(case):
    """Convolution, LIF, flatten, linear, recurrent LIF, read-out: step by step, or sequences."""
    w = case.inputs
    kernel, linear = w["conv_weight"], w["linear_weight"]
    lif = case.parameters(neurons.LIFParameters, "lif_")
    sizes = kernel.shape[1], kernel.shape[0], kernel.shape[2:]
    if whole := case.attributes["layers"].startswith("whole sequence"):
        front = (layers.LConv2d(*sizes, weight=kernel),
                 layers.LIF(lif, case.threshold(), case.dt), layers.Flatten(2))
    else:
        front = (layers.Conv2d(*sizes, bias=False, weight=kernel),
                 layers.LIFCell(lif, case.threshold(), case.dt), layers.Flatten())
    net = layers.SequentialState(
        *front,
        layers.Linear(linear.shape[1], linear.shape[0], w["linear_bias"], weight=linear),
        _recurrent(case, "LIFRecurrent" if whole else "LIFRecurrentCell",
                   neurons.LIFParameters, "rec", "lifrec_"),
        layers.Lift(_readout(case)) if whole else _readout(case),
        return_hidden=True)
    final = {k: case.cotangents[f"final_{k}"]
             for k in ("lif_v", "lif_i", "rec_v", "rec_i", "li_v", "li_i")}
    rec_bar = neurons.LIFState(final["rec_v"], final["rec_i"])
    state_bar = [None, neurons.LIFState(final["lif_v"], final["lif_i"]), None, None,
                 layers.RecurrentState(None, rec_bar),
                 neurons.LIState(final["li_v"], final["li_i"])]

    hidden, states = _run(case, net if whole else layers.Lift(net), 6, {
        "0.weight": "conv_weight", "3.weight": "linear_weight", "3.bias": "linear_bias",
        "4.input_weights": "rec_input_weights", "4.recurrent_weights": "rec_recurrent_weights",
        "5.input_weights": "li_input_weights"}, state_bar)

    case.output("hidden_lif", hidden[1])
    case.output("hidden_rec", hidden[4])
    ends = {"lif": states[1], "rec": states[4].neuron, "li": states[5]}
    loss = (case.cotangents["out"] * hidden[5]).sum()
    for key, bar in final.items():
        layer, field = key.split("_")
        end = getattr(ends[layer], field)
        case.output(f"final_{key}", end)
        loss += (bar * end).sum()
    case.output("loss", loss)


def lsnn_refrac_chain(case):
    net = layers.SequentialState(
        _recurrent(case, "LSNNRecurrentCell", neurons.LSNNParameters, "lsnn", "lsnn_"),
        _recurrent(case, "LIFRefracRecurrentCell", neurons.LIFRefracParameters, "refrac",
                   "refrac_"),
        _readout(case), return_hidden=True)

    hidden, _ = _run(case, layers.Lift(net), 3, {
        "0.input_weights": "lsnn_input_weights", "0.recurrent_weights": "lsnn_recurrent_weights",
        "1.input_weights": "refrac_input_weights",
        "1.recurrent_weights": "refrac_recurrent_weights", "2.input_weights": "li_input_weights"})

    case.output("hidden_lsnn", hidden[0])
    case.output("hidden_refrac", hidden[1])


def recurrent_sequential(case):
    w = case.inputs["linear_weight"]
    net = layers.RecurrentSequential(
        layers.LIFCell(case.parameters(neurons.LIFParameters), case.threshold(), case.dt),
        layers.Linear(w.shape[1], w.shape[0], bias=False, weight=w), output_modules=[1])

    _run(case, layers.Lift(net), 1, {"1.weight": "linear_weight"})


def _recurrent(case, layer, parameters, name, prefix):
    w = case.inputs[f"{name}_input_weights"]
    return getattr(layers, layer)(
        w.shape[1], w.shape[0], case.parameters(parameters, prefix), case.threshold(), case.dt,
        input_weights=w, recurrent_weights=case.inputs[f"{name}_recurrent_weights"])


def _readout(case):
    w = case.inputs["li_input_weights"]
    return layers.LILinearCell(w.shape[1], w.shape[0],
                               case.parameters(neurons.LIParameters, "li_"), case.dt,
                               input_weights=w)


def _run(case, net, n_outputs, names, state_bar=None):
    """A network with a list of `n_outputs`, of which the last counts, forward and backward."""
    tape = layers.Tape()
    outs, states = net(case.inputs["input"], tape=tape)
    case.output("out", outs[-1])
    g = net.backward([None] * (n_outputs - 1) + [case.cotangents["out"]], tape, state_bar)
    case.grad("input", g.x)
    for key, name in names.items():  # the weight of LConv2d has an axis more, of one
        case.grad(name, g.weights[key].reshape(case.inputs[name].shape))
    assert len(tape) == 0
    return outs, states
