r"""Leaky integrate-and-fire neuron whose membrane has a resistance, as NIR's `LIF`.

.. math::
    \tau_\mathrm{mem} \dot v = v_\mathrm{leak} - v + r x, \qquad z = \Theta(v - v_\mathrm{th})

The input :math:`x` is the current itself. A spike resets :math:`v` to :math:`v_\mathrm{reset}`.
Forward Euler. It is `lif_box` where :math:`r = 1`.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import fire, fire_vjp, relax, relax_vjp

__all__ = ["ResistiveLIFParameters", "ResistiveLIFState"]


class ResistiveLIFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    r: Any = 1.0  # resistance, unit of potential per unit of input
    v_leak: Any = 0.0  # resting potential; potentials are in units of v_th - v_leak
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike


class ResistiveLIFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = relax(s.v, p.v_leak + p.r * x, p.tau_mem_inv, dt)
    z, v = fire(v, p.v_th, p.v_reset, th)
    return z, ResistiveLIFState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    target = p.v_leak + p.r * x
    v = relax(s.v, target, p.tau_mem_inv, dt)
    v_bar, v_th_bar, v_reset_bar = fire_vjp(v, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar)

    p_bar = ResistiveLIFParameters(tau_mem_bar, x * target_bar, target_bar, v_th_bar, v_reset_bar)
    return ResistiveLIFState(v_bar), p.r * target_bar, p_bar


register_neuron(ResistiveLIFParameters, ResistiveLIFState, step, step_vjp,
                rest=lambda p: ResistiveLIFState(v=p.v_leak))
