r"""Leaky integrator with an exponential synapse: a read-out neuron that never spikes.

.. math::
    \dot v = (v_\mathrm{leak} - v + i) / \tau_\mathrm{mem}, \qquad
    \dot i = -i / \tau_\mathrm{syn}

with jumps :math:`i \leftarrow i + x` at the input. The output is the new :math:`v`. Forward Euler;
order within a step: input, membrane, synaptic decay.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import decay, decay_vjp, relax, relax_vjp

__all__ = ["LIParameters", "LIState"]


class LIParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential, in the unit of the input

    @classmethod
    def bio_default(cls) -> "LIParameters":
        """A set in mV and 1/s, as norse's."""
        return cls(tau_syn_inv=500.0, tau_mem_inv=100.0, v_leak=-70.0)


class LIState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (membrane potential, next state)``."""
    i = s.i + x
    v = relax(s.v, p.v_leak + i, p.tau_mem_inv, dt)
    return v, LIState(v, decay(i, p.tau_syn_inv, dt))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    i = s.i + x
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, p.v_leak + i, p.tau_mem_inv, dt,
                                               z_bar + s_bar.v)
    i_bar, tau_syn_bar = decay_vjp(i, p.tau_syn_inv, dt, s_bar.i)
    i_bar = i_bar + target_bar
    return LIState(v_bar, i_bar), i_bar, LIParameters(tau_syn_bar, tau_mem_bar, target_bar)


register_neuron(LIParameters, LIState, step, step_vjp, spiking=False,
                rest=lambda p: LIState(v=p.v_leak, i=0.0))
