"""The neurons' step functions: calls of the layers of the same neurons, one step or a sequence.

All forward: a step that records what its gradient needs is the layer's, ``layer(x, state,
tape=tape)``. Arguments have norse's order; states and parameters are those of `eventsnn.neurons`.
The state of a recurrent step is a `RecurrentState(z, neuron)`. A state of None is silence and rest.
Weights are used as they are: a diagonal of `recurrent_weights` counts.

Keywords of all that spike are those of `surrogate`: `method`, `alpha`, `threshold`, `seed`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn import layers
from eventsnn.core import check
from eventsnn.functional.thresholds import surrogate
from eventsnn.layers import LIFCorrelationParameters
from eventsnn.neurons import CobaLIFParameters

Result = tuple[np.ndarray, Any]

_FEED_FORWARD = """{what} `{cell}`: ``{out}, state = {name}({arguments})``.

    Parameters
    ----------
    x : ({time}...) array
        Input of each neuron: numbers or spikes of any real dtype.
    state : {state}, optional
        Arrays (...) before the step; by default the neurons are at rest.{coupling}
    p : {parameters}
        Each a number, or an array that broadcasts against the neurons.
    dt : float
        Step, s.{spike}

    Returns
    -------
    {out} : ({time}...) array
        {given}.
    state : {state}
        After the step.
    """
_COUPLING = """
    g_coupling : (neurons, neurons) array
        From potentials to potentials; row = receiver."""
_SPIKE = """
    **spike
        `method`, `alpha`, `threshold`, `seed`: see `surrogate`."""
_RECURRENT = """{what} `{cell}`, with weights given at each call.

    Parameters
    ----------
    x : ({time}..., inputs) array
        Input: numbers or spikes of any real dtype.
    state : RecurrentState or None
        `z` and {state}, arrays (..., neurons), before the step; None is silence and rest.
    input_weights : (neurons, inputs) array
    recurrent_weights : (neurons, neurons) array
        Row = receiver. The diagonal counts.{coupling}
    p : {parameters}
        Each a number, or an array (neurons,).
    dt : float
        Step, s.
    **spike
        `method`, `alpha`, `threshold`, `seed`: see `surrogate`.

    Returns
    -------
    z : ({time}..., neurons) array
        Spikes, 0 or 1.
    state : RecurrentState
        After the step.
    """


def _named(step: Callable, name: str, doc: str, cell: Any, **values: str) -> Callable[..., Result]:
    whole = name.endswith("integral")
    values |= {"name": name, "cell": cell.__name__, "parameters": cell.parameters.__name__,
               "state": cell.parameters.__name__.replace("Parameters", "State"),
               "what": "A sequence of" if whole else "One step of", "time": "T, " if whole else ""}
    step.__name__ = step.__qualname__ = name
    step.__doc__ = doc.format(**{"arguments": "x, state, p, dt", "coupling": ""} | values)
    return step


def _feed_forward(name: str, cell: Any) -> Callable[..., Result]:
    def step(x: Any, state: Any = None, p: Any = cell.parameters(), dt: float = 1e-3,
             **spike: Any) -> Result:
        return cell(p, surrogate(**spike), dt)(x, state)

    return _named(step, name, _FEED_FORWARD, cell, out="z", spike=_SPIKE, given="Spikes, 0 or 1")


def _integrator(name: str, cell: Any) -> Callable[..., Result]:
    def step(x: Any, state: Any = None, p: Any = cell.parameters(), dt: float = 1e-3) -> Result:
        return cell(p, dt=dt)(x, state)

    return _named(step, name, _FEED_FORWARD, cell, out="v", spike="", given="Potentials")


def _recurrent(name: str, cell: Any) -> Callable[..., Result]:
    def step(x: Any, state: Any, input_weights: Any, recurrent_weights: Any,
             p: Any = cell.parameters(), dt: float = 1e-3, **spike: Any) -> Result:
        return _with_weights(cell, input_weights, recurrent_weights, p, dt, spike)(x, state)

    return _named(step, name, _RECURRENT, cell)


def _with_weights(cell: Any, input_weights: Any, recurrent_weights: Any, p: Any, dt: float,
                  spike: dict[str, Any], **options: Any) -> Any:
    """A recurrent layer with all of its weights."""
    hidden_size, input_size = _shape("input_weights", input_weights)
    if recurrent_weights is None:  # the layer would draw some
        raise check.must("recurrent_weights", f"have shape ({hidden_size}, {hidden_size})", None)
    return cell(input_size, hidden_size, p, surrogate(**spike), dt, input_weights=input_weights,
                recurrent_weights=recurrent_weights, autapses=True, **options)


def _shape(argument: str, matrix: Any) -> tuple:
    shape = check.real_array(argument, matrix).shape
    if len(shape) != 2:
        raise check.must(argument, "have shape (receivers, senders)", shape)
    return shape


iaf_feed_forward_step = _feed_forward("iaf_feed_forward_step", layers.IAFCell)
lif_feed_forward_step = _feed_forward("lif_feed_forward_step", layers.LIFCell)
lif_box_feed_forward_step = _feed_forward("lif_box_feed_forward_step", layers.LIFBoxCell)
lif_ex_feed_forward_step = _feed_forward("lif_ex_feed_forward_step", layers.LIFExCell)
lif_adex_feed_forward_step = _feed_forward("lif_adex_feed_forward_step", layers.LIFAdExCell)
lif_refrac_feed_forward_step = _feed_forward("lif_refrac_feed_forward_step", layers.LIFRefracCell)
lif_adex_refrac_feed_forward_step = _feed_forward(
    "lif_adex_refrac_feed_forward_step", layers.LIFAdExRefracCell)
lsnn_feed_forward_step = _feed_forward("lsnn_feed_forward_step", layers.LSNNCell)
coba_lif_feed_forward_step = _feed_forward("coba_lif_feed_forward_step", layers.CobaLIFCell)
izhikevich_feed_forward_step = _feed_forward("izhikevich_feed_forward_step", layers.IzhikevichCell)
lif_feed_forward_integral = _feed_forward("lif_feed_forward_integral", layers.LIF)
li_feed_forward_step = _integrator("li_feed_forward_step", layers.LICell)
li_box_feed_forward_step = _integrator("li_box_feed_forward_step", layers.LIBoxCell)

iaf_step = _recurrent("iaf_step", layers.IAFRecurrentCell)
lif_step = _recurrent("lif_step", layers.LIFRecurrentCell)
lif_ex_step = _recurrent("lif_ex_step", layers.LIFExRecurrentCell)
lif_adex_step = _recurrent("lif_adex_step", layers.LIFAdExRecurrentCell)
lif_refrac_step = _recurrent("lif_refrac_step", layers.LIFRefracRecurrentCell)
lif_adex_refrac_step = _recurrent("lif_adex_refrac_step", layers.LIFAdExRefracRecurrentCell)
lsnn_step = _recurrent("lsnn_step", layers.LSNNRecurrentCell)
ada_lif_step = _recurrent("ada_lif_step", layers.AdaLIFRecurrentCell)
izhikevich_recurrent_step = _recurrent("izhikevich_recurrent_step", layers.IzhikevichRecurrentCell)
lif_step_integral = _recurrent("lif_step_integral", layers.LIFRecurrent)

# norse's functions of sparse tensors compute the same numbers; here the arrays are dense.
lif_feed_forward_step_sparse = lif_feed_forward_step
lif_step_sparse = lif_step
lif_refrac_step_sparse = lif_refrac_step


def coba_lif_step(x: Any, state: Any, input_weights: Any, recurrent_weights: Any,
                  p: CobaLIFParameters = CobaLIFParameters(), dt: float = 1e-3, *,
                  lost_input: bool = False, **spike: Any) -> Result:
    """One step of `CobaLIFRecurrentCell`; arguments as for `lif_step`.

    Positive weights excite, negative ones inhibit. With `lost_input` the input has no effect, as
    in norse, which computes its conductances and drops them.
    """
    return _with_weights(layers.CobaLIFRecurrentCell, input_weights, recurrent_weights, p, dt,
                         spike, lost_input=lost_input)(x, state)


def _compartments(name: str, cell: Any) -> Callable[..., Result]:
    def step(x: Any, state: Any, g_coupling: Any, p: Any = cell.parameters(), dt: float = 1e-3,
             **spike: Any) -> Result:
        n, _ = _shape("g_coupling", g_coupling)
        return cell(n, p, surrogate(**spike), dt, g_coupling=g_coupling)(x, state)

    return _named(step, name, _FEED_FORWARD, cell, out="z", coupling=_COUPLING, spike=_SPIKE,
                  arguments="x, state, g_coupling, p, dt", given="Spikes, 0 or 1")


def _recurrent_compartments(name: str, cell: Any) -> Callable[..., Result]:
    def step(x: Any, state: Any, input_weights: Any, recurrent_weights: Any, g_coupling: Any,
             p: Any = cell.parameters(), dt: float = 1e-3, **spike: Any) -> Result:
        _shape("g_coupling", g_coupling)
        return _with_weights(cell, input_weights, recurrent_weights, p, dt, spike,
                             g_coupling=g_coupling)(x, state)

    return _named(step, name, _RECURRENT, cell, coupling=_COUPLING)


lif_mc_feed_forward_step = _compartments("lif_mc_feed_forward_step", layers.LIFMCCell)
lif_mc_refrac_feed_forward_step = _compartments(
    "lif_mc_refrac_feed_forward_step", layers.LIFMCRefracCell)
lif_mc_step = _recurrent_compartments("lif_mc_step", layers.LIFMCRecurrentCell)
lif_mc_refrac_step = _recurrent_compartments(
    "lif_mc_refrac_step", layers.LIFMCRefracRecurrentCell)


def _linear_integrator(name: str, cell: Any) -> Callable[..., Result]:
    def step(x: Any, state: Any, input_weights: Any, p: Any = cell.parameters(),
             dt: float = 1e-3) -> Result:
        out_features, in_features = _shape("input_weights", input_weights)
        linear = layers.Linear(in_features, out_features, bias=False, weight=input_weights)
        return cell(p, dt=dt)(linear(x), state)

    step.__name__ = step.__qualname__ = name
    step.__doc__ = (f"One step of `{cell.__name__}` behind a linear map: `x` (..., inputs) and "
                    "`input_weights` (neurons, inputs)\n    to potentials (..., neurons), and the "
                    "state.\n    ")
    return step


li_step = _linear_integrator("li_step", layers.LICell)
li_box_step = _linear_integrator("li_box_step", layers.LIBoxCell)


def lif_correlation_step(x: Any, state: Any, input_weights: Any, recurrent_weights: Any,
                         p: LIFCorrelationParameters = LIFCorrelationParameters(),
                         dt: float = 1e-3, **spike: Any) -> Result:
    """One step of `LIFCorrelation`: arguments as for `lif_step`, `state` a LIFCorrelationState."""
    hidden_size, input_size = _shape("input_weights", input_weights)
    layer = layers.LIFCorrelation(input_size, hidden_size, p, dt, threshold=surrogate(**spike))
    return layer(x, input_weights, recurrent_weights, state)
