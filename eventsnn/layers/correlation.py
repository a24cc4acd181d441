"""Recurrent LIF neurons with sensors of correlation at their synapses, for learning on line.

The weights are passed at each call, since a rule such as `correlation_based_update` changes them
between the calls.
"""

import copy
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import zeros
from eventsnn.layers.base import Gradients, Tape, add_states, cotangent, keeping_tape
from eventsnn.layers.neurons import LIFRecurrentCell
from eventsnn.layers.recurrent import RecurrentCell, RecurrentState
from eventsnn.neurons import LIFParameters
from eventsnn.plasticity import (
    CorrelationSensorParameters, CorrelationSensorState, correlation_sensor_step,
    correlation_sensor_step_vjp,
)
from eventsnn.surrogates import SuperSpike


class LIFCorrelationParameters(NamedTuple):
    """Parameters of the neurons and of the two sensors."""

    lif_parameters: LIFParameters = LIFParameters()
    input_correlation_parameters: CorrelationSensorParameters = CorrelationSensorParameters()
    recurrent_correlation_parameters: CorrelationSensorParameters = CorrelationSensorParameters()


class LIFCorrelationState(NamedTuple):
    """State of the neurons and of the two sensors; in a gradient, None stands for zero."""

    lif_state: Any  # RecurrentState
    input_correlation_state: Any  # CorrelationSensorState, (..., input_size, hidden_size)
    recurrent_correlation_state: Any  # CorrelationSensorState, (..., hidden_size, hidden_size)


class LIFCorrelation:
    """Recurrent LIF neurons and the correlations of their synapses, one step a call.

    The sensors see (input, new spikes) and (spikes of the step before, new spikes). A neuron may
    project to itself.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of inputs and of neurons.
    p : LIFCorrelationParameters
    dt : float
        Step, s.
    threshold : surrogate
        From `eventsnn.surrogates`.

    Examples
    --------
    >>> import numpy as np
    >>> layer, state = LIFCorrelation(2, 3), None
    >>> for _ in range(5):
    ...     z, state = layer(np.ones((4, 2)), np.ones((3, 2)), np.zeros((3, 3)), state)
    >>> z.shape, state.input_correlation_state.correlation_trace.shape
    ((4, 3), (4, 2, 3))
    """

    def __init__(self, input_size: int, hidden_size: int,
                 p: LIFCorrelationParameters = LIFCorrelationParameters(), dt: float = 1e-3, *,
                 threshold: Any = SuperSpike()) -> None:
        if type(p) is not LIFCorrelationParameters:
            raise check.must("p", "be LIFCorrelationParameters", type(p).__name__, error=TypeError)
        for name, part, cls in zip(p._fields, p, (
                LIFParameters, CorrelationSensorParameters, CorrelationSensorParameters),
                strict=True):
            if type(part) is not cls:
                raise check.must(f"p.{name}", f"be {cls.__name__}", type(part).__name__,
                                 error=TypeError)
        self.p = p
        self._cell = LIFRecurrentCell(
            input_size, hidden_size, p.lif_parameters, threshold, dt, autapses=True,
            input_weights=np.zeros((hidden_size, input_size)),
            recurrent_weights=np.zeros((hidden_size, hidden_size)))

    def to(self, device: str) -> "LIFCorrelation":
        """Move the layer to ``"cuda"`` or ``"cpu"``, for inputs and weights there; returns it."""
        self._cell.to(device)
        return self

    def __call__(self, x: Any, input_weights: Any, recurrent_weights: Any, state: Any = None, *,
                 tape: Tape | None = None) -> tuple[np.ndarray, LIFCorrelationState]:
        """One step.

        Parameters
        ----------
        x : (..., input_size) array
            Spikes that come in; any batch axes.
        input_weights : (hidden_size, input_size) array
        recurrent_weights : (hidden_size, hidden_size) array
            Row = receiver.
        state : LIFCorrelationState, optional
            By default silence, rest and traces of zero.
        tape : Tape, optional
            Records what `backward` needs; it keeps the weights given.

        Returns
        -------
        z : (..., hidden_size) array
            Spikes.
        state : LIFCorrelationState
        """
        cell = self._cell_with(input_weights, recurrent_weights)
        if state is None:
            state = LIFCorrelationState(None, None, None)
        elif type(state) is not LIFCorrelationState:
            raise check.must("state", "be LIFCorrelationState", type(state).__name__,
                             error=TypeError)
        x = check.real_array("x", x)
        z, lif = cell(x, state.lif_state, tape=tape)
        self._cell.first_step = cell.first_step  # where thresholds that draw at random go on
        z_before = np.zeros_like(z) if state.lif_state is None else state.lif_state.z
        pres = x, z_before
        sensors = [_silent(pre, z) if s is None else s
                   for pre, s in zip(pres, state[1:], strict=True)]
        sensed = [correlation_sensor_step(pre, z, s, p, cell.dt)
                  for pre, s, p in zip(pres, sensors, self.p[1:], strict=True)]
        if tape is not None:
            tape.push(self, (cell, sensors, z.shape, z.dtype))
        return z, LIFCorrelationState(lif, *sensed)

    def _cell_with(self, input_weights: Any, recurrent_weights: Any) -> RecurrentCell:
        """The neurons, with these weights."""
        cell = copy.copy(self._cell)
        for name, given in (("input_weights", input_weights),
                            ("recurrent_weights", recurrent_weights)):
            given = check.real_array(name, given)
            check.shape(name, given.shape, getattr(cell, name).shape, "(receivers, senders)")
            check.finite(name, given)
            setattr(cell, name, given.astype(check.float_dtype(given), copy=False))
        return cell

    @keeping_tape
    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`; `weights` are the gradients of those it was given.

        No gradient passes ``post_pre`` from step to step, as in norse.
        """
        cell, sensors, shape, dtype = tape.pop(self)
        if state_bar is not None and type(state_bar) is not LIFCorrelationState:
            raise check.must("state_bar", "be LIFCorrelationState", type(state_bar).__name__,
                             error=TypeError)
        lif_bar, *sensor_bars = LIFCorrelationState(None, None, None) if state_bar is None else (
            state_bar)
        z_bar = cotangent("out_bar", out_bar, shape, dtype, cell).copy()
        before, pre_bars = [], []
        for s, p, s_bar in zip(sensors, self.p[1:], sensor_bars, strict=True):
            if s_bar is None:
                s_bar, pre_bar = None, 0
            else:
                s_bar, pre_bar, post_bar = correlation_sensor_step_vjp(s, p, cell.dt, s_bar)
                z_bar += post_bar
            before.append(s_bar)
            pre_bars.append(pre_bar)
        g = cell.backward(z_bar, tape, lif_bar)
        lif = add_states(g.state, None if before[1] is None else RecurrentState(pre_bars[1], None))
        x_bar = None if g.x is None else g.x + pre_bars[0]
        return Gradients(x_bar, LIFCorrelationState(lif, *before), g.weights)


def _silent(z_pre: np.ndarray, z_post: np.ndarray) -> CorrelationSensorState:
    """Sensors that never saw a spike."""
    shape = (*z_pre.shape, z_post.shape[-1])
    return CorrelationSensorState(*(zeros(shape, z_post.dtype, z_post)
                                    for _ in CorrelationSensorState._fields))
