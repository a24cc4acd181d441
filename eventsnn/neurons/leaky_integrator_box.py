r"""Leaky integrator without synaptic current (a "boxed" LI): a low-pass filter that never spikes.

.. math:: \dot v = (v_\mathrm{leak} - v + x) / \tau_\mathrm{mem}

The output is the new :math:`v`. Forward Euler.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import relax, relax_vjp

__all__ = ["LIBoxParameters", "LIBoxState"]


class LIBoxParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential, in the unit of the input


class LIBoxState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (membrane potential, next state)``."""
    v = relax(s.v, p.v_leak + x, p.tau_mem_inv, dt)
    return v, LIBoxState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    v_bar, x_bar, tau_mem_bar = relax_vjp(s.v, p.v_leak + x, p.tau_mem_inv, dt, z_bar + s_bar.v)
    return LIBoxState(v_bar), x_bar, LIBoxParameters(tau_mem_bar, x_bar)


register_neuron(LIBoxParameters, LIBoxState, step, step_vjp, spiking=False,
                rest=lambda p: LIBoxState(v=p.v_leak))
