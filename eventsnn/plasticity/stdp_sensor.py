r"""Traces of pre- and postsynaptic spikes, as sensors for learning rules that are driven by events.

.. math::
    a_\mathrm{pre}' &= a_\mathrm{pre} - dt \, \tau_c^{-1} a_\mathrm{pre} + \eta_p z_\mathrm{pre} \\
    a_\mathrm{post}' &= a_\mathrm{post} - dt \, \tau_{ac}^{-1} a_\mathrm{post}
        + \eta_m z_\mathrm{post}

References
----------
.. [1] Friedmann et al., IEEE Transactions on Biomedical Circuits and Systems 11, 128 (2017).
"""

from typing import Any, NamedTuple

from eventsnn.core.jit import scalar
from eventsnn.plasticity import arguments


class STDPSensorParameters(NamedTuple):
    """Parameters; numbers, or arrays that broadcast against the spikes."""

    eta_p: Any = 1.0  # what a presynaptic spike adds
    eta_m: Any = 1.0  # what a postsynaptic spike adds
    tau_ac_inv: Any = 10.0  # 1/s, inverse time constant of the postsynaptic trace (100 ms)
    tau_c_inv: Any = 10.0  # 1/s, the same of the presynaptic trace


class STDPSensorState(NamedTuple):
    """Traces; scalars inside a step, arrays shaped as the spikes outside."""

    a_pre: Any
    a_post: Any


@scalar
def step(s, z_pre, z_post, p, dt):
    """One Euler step: ``-> next state``."""
    return STDPSensorState(s.a_pre - dt * p.tau_c_inv * s.a_pre + p.eta_p * z_pre,
                           s.a_post - dt * p.tau_ac_inv * s.a_post + p.eta_m * z_post)


def stdp_sensor_step(z_pre: Any, z_post: Any, state: STDPSensorState | None = None,
                     p: STDPSensorParameters = STDPSensorParameters(), dt: float = 1e-3, *,
                     one_time_constant: bool = False) -> STDPSensorState:
    """One step of the sensors of pre- and postsynaptic neurons.

    Parameters
    ----------
    z_pre, z_post : arrays
        Spikes of this step, of any two shapes.
    state : STDPSensorState, optional
        Before the step; by default zero.
    p : STDPSensorParameters
    dt : float
        Step, s.
    one_time_constant : bool
        Let the postsynaptic trace decay with `tau_c_inv` as well, as norse does; `tau_ac_inv` then
        has no part in it.

    Examples
    --------
    >>> import numpy as np
    >>> s = stdp_sensor_step(np.array([1, 0]), np.array([1]))
    >>> p = STDPSensorParameters(tau_ac_inv=100.0, tau_c_inv=10.0)
    >>> stdp_sensor_step(np.array([0, 0]), np.array([0]), s, p)
    STDPSensorState(a_pre=array([0.99, 0.  ], dtype=float32), a_post=array([0.9], dtype=float32))
    """
    arguments.given_class("p", p, STDPSensorParameters)
    if one_time_constant:
        p = p._replace(tau_ac_inv=p.tau_c_inv)
    dtype, (z_pre, z_post) = arguments.arrays(state, z_pre=z_pre, z_post=z_post)
    p, dt = arguments.parameters(p, dt, dtype)
    rest = {"a_pre": (z_pre.shape, 0.0), "a_post": (z_post.shape, 0.0)}
    return step(arguments.state(STDPSensorState, state, rest, dtype, z_pre), z_pre, z_post, p, dt)
