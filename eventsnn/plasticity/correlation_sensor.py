r"""Sensors of correlation at each synapse, idealised from those on the BrainScaleS-2 chip [1]_.

.. math::
    c' &= c - (1 - q) \, dt \, \tau_c^{-1} c + \eta_p z_\mathrm{pre} \\
    c_a' &= c_a - q \, dt \, \tau_{ac}^{-1} c_a + \eta_m z_\mathrm{post} \\
    q' &= \Theta(q + z_\mathrm{post} - z_\mathrm{pre})

:math:`q` says which of the two fired last: 1 after a postsynaptic spike, 0 after a presynaptic one.

References
----------
.. [1] Friedmann et al., IEEE Transactions on Biomedical Circuits and Systems 11, 128 (2017).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.core.jit import scalar
from eventsnn.plasticity import arguments

_ZERO, _ONE = np.float32(0), np.float32(1)


class CorrelationSensorParameters(NamedTuple):
    """Parameters; numbers, or arrays that broadcast against (inputs, outputs)."""

    eta_p: Any = 1.0  # what a presynaptic spike adds to the correlation trace
    eta_m: Any = 1.0  # what a postsynaptic spike adds to the anti-correlation trace
    tau_ac_inv: Any = 10.0  # 1/s, inverse time constant of the anti-correlation trace (100 ms)
    tau_c_inv: Any = 10.0  # 1/s, the same of the correlation trace


class CorrelationSensorState(NamedTuple):
    """State of synapses; scalars inside a step, arrays (..., inputs, outputs) outside."""

    post_pre: Any  # 1 if the postsynaptic neuron fired last, 0 if the presynaptic one did
    correlation_trace: Any
    anti_correlation_trace: Any


@scalar
def step(s, z_pre, z_post, p, dt):
    """One Euler step of a synapse: ``-> next state``."""
    c, ac = s.correlation_trace, s.anti_correlation_trace
    one = _ONE + _ZERO * s.post_pre  # of its float type
    return CorrelationSensorState(
        (s.post_pre + z_post - z_pre > _ZERO) * one,
        c - (_ONE - s.post_pre) * dt * p.tau_c_inv * c + p.eta_p * z_pre,
        ac - s.post_pre * dt * p.tau_ac_inv * ac + p.eta_m * z_post)


@scalar
def step_vjp(s, p, dt, s_bar):
    """Transpose of `step`: ``-> (s_bar before the step, z_pre_bar, z_post_bar)``.

    No gradient passes the step function in ``post_pre``, as in norse.
    """
    c_bar, ac_bar = s_bar.correlation_trace, s_bar.anti_correlation_trace
    a, b = dt * p.tau_c_inv, dt * p.tau_ac_inv
    before = CorrelationSensorState(
        a * s.correlation_trace * c_bar - b * s.anti_correlation_trace * ac_bar,
        c_bar - (_ONE - s.post_pre) * a * c_bar,
        ac_bar - s.post_pre * b * ac_bar)
    return before, p.eta_p * c_bar, p.eta_m * ac_bar


def correlation_sensor_step(
        z_pre: Any, z_post: Any, state: CorrelationSensorState | None = None,
        p: CorrelationSensorParameters = CorrelationSensorParameters(),
        dt: float = 1e-3) -> CorrelationSensorState:
    """One step of the sensors of all synapses between two populations.

    Parameters
    ----------
    z_pre : (..., inputs) array
        Presynaptic spikes of this step; any batch axes.
    z_post : (..., outputs) array
        Postsynaptic spikes of this step, with the same batch axes.
    state : CorrelationSensorState, optional
        Before the step; by default zero.
    p : CorrelationSensorParameters
    dt : float
        Step, s.

    Returns
    -------
    state : CorrelationSensorState
        Of arrays (..., inputs, outputs).

    Examples
    --------
    >>> import numpy as np
    >>> s = correlation_sensor_step(np.array([1, 0]), np.array([0, 1, 1]))
    >>> s.correlation_trace.shape, s.correlation_trace[:, 0], s.post_pre[1]
    ((2, 3), array([1., 0.], dtype=float32), array([0., 1., 1.], dtype=float32))
    """
    arguments.given_class("p", p, CorrelationSensorParameters)
    dtype, (z_pre, z_post) = arguments.arrays(state, z_pre=z_pre, z_post=z_post)
    for name, z in (("z_pre", z_pre), ("z_post", z_post)):
        if z.ndim == 0:
            raise check.must(name, "have shape (..., neurons)", z.shape)
    arguments.same_batch(z_pre, z_post, 1)
    p, dt = arguments.parameters(p, dt, dtype)
    synapses = (*z_pre.shape, z_post.shape[-1])
    rest = dict.fromkeys(CorrelationSensorState._fields, (synapses, 0.0))
    return step(arguments.state(CorrelationSensorState, state, rest, dtype, z_pre),
                z_pre[..., :, None], z_post[..., None, :], p, dt)


def correlation_sensor_step_vjp(state: CorrelationSensorState, p: CorrelationSensorParameters,
                                dt: float, state_bar: CorrelationSensorState) -> tuple:
    """Transpose of `correlation_sensor_step` from `state`, as that function takes it.

    Returns
    -------
    state_bar : CorrelationSensorState
        Gradient of the state before the step.
    z_pre_bar : (..., inputs) array
    z_post_bar : (..., outputs) array
    """
    dtype = state.correlation_trace.dtype
    p, dt = arguments.parameters(p, dt, dtype)
    before, pre_bar, post_bar = step_vjp(state, p, dt, state_bar)
    return before, pre_bar.sum(axis=-1), post_bar.sum(axis=-2)


def correlation_based_update(
        ts: int, linear_update: Callable, weights: Any, correlation_state: CorrelationSensorState,
        learning_rate: float, ts_frequency: int) -> tuple[np.ndarray, CorrelationSensorState]:
    """Every `ts_frequency` steps, change the weights by what a network makes of the traces.

    ``w + learning_rate * sum_b linear_update(traces of b)``, where b runs over the batch, as in the
    STDP steps; the traces then start again from zero. Between updates nothing changes.

    Parameters
    ----------
    ts : int
        Number of the step; an update is due if `ts_frequency` divides it.
    linear_update : callable
        Maps (..., 2 inputs outputs), the correlation traces and then the anti-correlation traces,
        to (..., outputs inputs): for example a `Linear`.
    weights : (outputs, inputs) array
        Not changed.
    correlation_state : CorrelationSensorState
        Not changed.
    learning_rate : float
    ts_frequency : int

    Returns
    -------
    weights : (outputs, inputs) array
    state : CorrelationSensorState
        With traces of zero after an update.

    Examples
    --------
    >>> import numpy as np
    >>> s = correlation_sensor_step(np.array([1, 0]), np.array([0, 1, 1]))
    >>> def difference(traces):
    ...     c, ac = np.split(traces, 2, axis=-1)
    ...     return (c - ac).reshape(2, 3).T.ravel()
    >>> w, s = correlation_based_update(100, difference, np.zeros((3, 2)), s, 0.1, 50)
    >>> w
    array([[ 0.1,  0. ],
           [ 0. , -0.1],
           [ 0. , -0.1]])
    """
    arguments.given_class("correlation_state", correlation_state, CorrelationSensorState)
    learning_rate = check.number("learning_rate", learning_rate)
    every = check.integer("ts_frequency", ts_frequency, least=1)
    weights = check.real_array("weights", weights)
    shape = np.shape(correlation_state.correlation_trace)
    if len(shape) < 2 or weights.shape != shape[:-3:-1]:
        raise check.must("weights", f"have shape {shape[:-3:-1]}, (outputs, inputs) of the traces",
                         weights.shape)
    if check.integer("ts", ts) % every:
        return weights, correlation_state
    traces = [np.asarray(trace).reshape(*shape[:-2], -1) for trace in correlation_state[1:]]
    change = np.asarray(linear_update(np.concatenate(traces, axis=-1)))
    check.shape("linear_update(traces)", change.shape, (*shape[:-2], weights.size))
    change = change.reshape(-1, *weights.shape).sum(axis=0)
    dtype = check.float_dtype(weights, change)
    cleared = [np.zeros_like(trace) for trace in correlation_state[1:]]
    return (weights + dtype.type(learning_rate) * change.astype(dtype, copy=False),
            CorrelationSensorState(correlation_state.post_pre, *cleared))
