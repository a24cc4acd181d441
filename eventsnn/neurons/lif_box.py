r"""Leaky integrate-and-fire neuron without synaptic current (a "boxed" LIF).

.. math::
    \dot v = (v_\mathrm{leak} - v + x) / \tau_\mathrm{mem}, \qquad z = \Theta(v - v_\mathrm{th})

The input :math:`x` is the current itself. A spike resets :math:`v` to :math:`v_\mathrm{reset}`, or
subtracts :math:`v_\mathrm{th}` from it. Forward Euler; norse stops no gradient at the reset.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 1.3.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.surrogates import choose, spike, spike_slope

_ZERO, _ONE = np.float32(0), np.float32(1)


class LIFBoxParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential; potentials are in units of v_th - v_leak
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike
    reset_subtract: Any = 0.0  # a switch: 1 resets by subtracting v_th instead; has no gradient


class LIFBoxState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def _reset_to(v, p):
    return (_ONE - p.reset_subtract) * p.v_reset + p.reset_subtract * (v - p.v_th)


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = s.v + dt * p.tau_mem_inv * (x + p.v_leak - s.v)
    z = spike(v - p.v_th, th)
    return z, LIFBoxState(choose(z, v, _reset_to(v, p)))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    a = dt * p.tau_mem_inv
    drive = x + p.v_leak - s.v
    v = s.v + a * drive
    u = v - p.v_th
    z = spike(u, th)

    # v' = (1 - z) v + z r,  r = (1 - c) v_reset + c (v - v_th),  z = spike(u),  u = v - v_th
    r_bar = choose(z, _ZERO, s_bar.v)
    u_bar = (z_bar + (_ONE - stop_reset) * (_reset_to(v, p) - v) * s_bar.v) * spike_slope(u, th)
    v_bar = choose(z, s_bar.v, _ZERO) + p.reset_subtract * r_bar + u_bar
    # v = s.v + a (x + v_leak - s.v)
    x_bar = a * v_bar

    p_bar = LIFBoxParameters(
        tau_mem_inv=dt * drive * v_bar,
        v_leak=x_bar,
        v_th=-u_bar - p.reset_subtract * r_bar,
        v_reset=(_ONE - p.reset_subtract) * r_bar,
        reset_subtract=_ZERO * r_bar,
    )
    return LIFBoxState(v_bar - x_bar), x_bar, p_bar


register_neuron(LIFBoxParameters, LIFBoxState, step, step_vjp,
                rest=lambda p: LIFBoxState(v=p.v_leak))
