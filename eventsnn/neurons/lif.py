r"""Leaky integrate-and-fire neuron with an exponential synapse.

.. math::
    \dot v = (v_\mathrm{leak} - v + i) / \tau_\mathrm{mem}, \qquad
    \dot i = -i / \tau_\mathrm{syn}, \qquad z = \Theta(v - v_\mathrm{th})

with jumps :math:`i \leftarrow i + x` at the input and :math:`v \leftarrow v_\mathrm{reset}` at a
spike. Forward Euler; order within a step: input, membrane, spike, reset, synaptic decay (the fresh
input acts at once, and decays too). norse's recurrent form stops the gradient at the reset.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 1.3.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import decay, decay_vjp, fire, fire_vjp, relax, relax_vjp

__all__ = ["LIFParameters", "LIFState"]


class LIFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential; potentials are in units of v_th - v_leak
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike

    @classmethod
    def bio_default(cls) -> "LIFParameters":
        """A set in mV and 1/s, as norse's."""
        return cls(tau_syn_inv=500.0, tau_mem_inv=100.0, v_leak=-70.0, v_th=-55.0, v_reset=-70.0)


class LIFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    i = s.i + x
    v = relax(s.v, p.v_leak + i, p.tau_mem_inv, dt)
    z, v = fire(v, p.v_th, p.v_reset, th)
    return z, LIFState(v, decay(i, p.tau_syn_inv, dt))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    i = s.i + x
    target = p.v_leak + i
    v = relax(s.v, target, p.tau_mem_inv, dt)
    v_bar, v_th_bar, v_reset_bar = fire_vjp(v, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar)
    i_bar, tau_syn_bar = decay_vjp(i, p.tau_syn_inv, dt, s_bar.i)
    i_bar = i_bar + target_bar

    p_bar = LIFParameters(tau_syn_bar, tau_mem_bar, target_bar, v_th_bar, v_reset_bar)
    return LIFState(v_bar, i_bar), i_bar, p_bar


register_neuron(LIFParameters, LIFState, step, step_vjp,
                rest=lambda p: LIFState(v=p.v_leak, i=0.0), recurrent_stops_reset=True)
