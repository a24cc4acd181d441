r"""Leaky integrator whose membrane has a resistance, as NIR's `LI`: it never spikes.

.. math:: \tau_\mathrm{mem} \dot v = v_\mathrm{leak} - v + r x

The input :math:`x` is the current itself, and the output is the new :math:`v`. Forward Euler. It is
`leaky_integrator_box` where :math:`r = 1`.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import relax, relax_vjp

__all__ = ["ResistiveLIParameters", "ResistiveLIState"]


class ResistiveLIParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    r: Any = 1.0  # resistance, unit of potential per unit of input
    v_leak: Any = 0.0  # resting potential


class ResistiveLIState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (membrane potential, next state)``."""
    v = relax(s.v, p.v_leak + p.r * x, p.tau_mem_inv, dt)
    return v, ResistiveLIState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, p.v_leak + p.r * x, p.tau_mem_inv, dt,
                                               z_bar + s_bar.v)
    p_bar = ResistiveLIParameters(tau_mem_bar, x * target_bar, target_bar)
    return ResistiveLIState(v_bar), p.r * target_bar, p_bar


register_neuron(ResistiveLIParameters, ResistiveLIState, step, step_vjp, spiking=False,
                rest=lambda p: ResistiveLIState(v=p.v_leak))
