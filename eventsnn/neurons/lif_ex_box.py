r"""Exponential integrate-and-fire neuron driven by currents, without a synapse.

.. math::
    \dot v = (v_\mathrm{leak} - v + \Delta_T e^{(v - v_\mathrm{th}) / \Delta_T} + x)
    / \tau_\mathrm{mem}, \qquad z = \Theta(v - v_\mathrm{th})

and :math:`v \leftarrow v_\mathrm{reset}` at a spike. Forward Euler, the exponential taken of the
old :math:`v`. It keeps a part of its current below threshold, so :math:`v_\mathrm{leak}` is not
quite a resting point: without input the potential settles a little above.

References
----------
.. [1] Fourcaud-Trocmé, Hansel, van Vreeswijk, Brunel, J. Neurosci. 23, 11628 (2003), equation 2.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import fire, fire_vjp, relax, relax_vjp, upswing, upswing_vjp

__all__ = ["LIFExBoxParameters", "LIFExBoxState"]


class LIFExBoxParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    delta_T: Any = 0.5  # sharpness of the upswing, in units of potential
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential without the upswing
    v_th: Any = 1.0  # threshold, of the upswing and of the spike
    v_reset: Any = 0.0  # potential after a spike


class LIFExBoxState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = relax(s.v, p.v_leak + upswing(s.v, p.v_th, p.delta_T) + x, p.tau_mem_inv, dt)
    z, v = fire(v, p.v_th, p.v_reset, th)
    return z, LIFExBoxState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    target = p.v_leak + upswing(s.v, p.v_th, p.delta_T) + x
    v = relax(s.v, target, p.tau_mem_inv, dt)
    v_bar, v_th_bar, v_reset_bar = fire_vjp(v, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar)
    swing_bar, swing_th_bar, delta_bar = upswing_vjp(s.v, p.v_th, p.delta_T, target_bar)

    p_bar = LIFExBoxParameters(delta_bar, tau_mem_bar, target_bar, v_th_bar + swing_th_bar,
                               v_reset_bar)
    return LIFExBoxState(v_bar + swing_bar), target_bar, p_bar


register_neuron(LIFExBoxParameters, LIFExBoxState, step, step_vjp, rests=False,
                rest=lambda p: LIFExBoxState(v=p.v_leak))
