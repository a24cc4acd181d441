r"""Adaptive exponential integrate-and-fire neuron driven by currents, without a synapse.

.. math::
    \dot v &= (v_\mathrm{leak} - v + \Delta_T e^{(v - v_\mathrm{th}) / \Delta_T} + x - a)
    / \tau_\mathrm{mem}, \qquad z = \Theta(v - v_\mathrm{th}) \\
    \dot a &= (c (v - v_\mathrm{leak}) - a) / \tau_\mathrm{ada}

with :math:`v \leftarrow v_\mathrm{reset}` and :math:`a \leftarrow a + b` at a spike, where c is
`adaptation_current` and b `adaptation_spike`. Forward Euler, all of the old :math:`v` and
:math:`a`; the jump of :math:`a` comes in the step of the spike, and stops the gradient where the
reset does. Without input the potential settles near :math:`v_\mathrm{leak}`, not at it.

References
----------
.. [1] Brette, Gerstner, J. Neurophysiol. 94, 3637 (2005), equations 1 to 3.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import fire, fire_vjp, relax, relax_vjp, upswing, upswing_vjp

__all__ = ["LIFAdExBoxParameters", "LIFAdExBoxState"]

_ONE = np.float32(1)


class LIFAdExBoxParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    adaptation_current: Any = 4.0  # coupling of the adaptation to the potential
    adaptation_spike: Any = 0.02  # jump of the adaptation at a spike, in units of potential
    delta_T: Any = 0.5  # sharpness of the upswing, in units of potential
    tau_ada_inv: Any = 2.0  # 1/s, inverse time constant of the adaptation (500 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential without the upswing
    v_th: Any = 1.0  # threshold, of the upswing and of the spike
    v_reset: Any = 0.0  # potential after a spike


class LIFAdExBoxState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    a: Any  # adaptation, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = relax(s.v, p.v_leak + upswing(s.v, p.v_th, p.delta_T) + x - s.a, p.tau_mem_inv, dt)
    z, v = fire(v, p.v_th, p.v_reset, th)
    a = relax(s.a, p.adaptation_current * (s.v - p.v_leak), p.tau_ada_inv, dt)
    return z, LIFAdExBoxState(v, a + z * p.adaptation_spike)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    target = p.v_leak + upswing(s.v, p.v_th, p.delta_T) + x - s.a
    v = relax(s.v, target, p.tau_mem_inv, dt)
    z, _ = fire(v, p.v_th, p.v_reset, th)
    z_bar = z_bar + (_ONE - stop_reset) * p.adaptation_spike * s_bar.a
    v_bar, v_th_bar, v_reset_bar = fire_vjp(v, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar)
    swing_bar, swing_th_bar, delta_bar = upswing_vjp(s.v, p.v_th, p.delta_T, target_bar)

    above = s.v - p.v_leak
    a_bar, level_bar, tau_ada_bar = relax_vjp(s.a, p.adaptation_current * above, p.tau_ada_inv, dt,
                                              s_bar.a)
    above_bar = p.adaptation_current * level_bar

    p_bar = LIFAdExBoxParameters(
        adaptation_current=above * level_bar,
        adaptation_spike=z * s_bar.a,
        delta_T=delta_bar,
        tau_ada_inv=tau_ada_bar,
        tau_mem_inv=tau_mem_bar,
        v_leak=target_bar - above_bar,
        v_th=v_th_bar + swing_th_bar,
        v_reset=v_reset_bar,
    )
    return LIFAdExBoxState(v_bar + swing_bar + above_bar, a_bar - target_bar), target_bar, p_bar


register_neuron(LIFAdExBoxParameters, LIFAdExBoxState, step, step_vjp, rests=False,
                rest=lambda p: LIFAdExBoxState(v=p.v_leak, a=0.0))
