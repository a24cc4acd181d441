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


class LIParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential, in the unit of the input


class LIState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (membrane potential, next state)``."""
    i = s.i + x
    v = s.v + dt * p.tau_mem_inv * (p.v_leak - s.v + i)
    return v, LIState(v, i - dt * p.tau_syn_inv * i)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    a = dt * p.tau_mem_inv
    i = s.i + x

    # out = v' = s.v + a (v_leak - s.v + i),  i' = i - dt tau_syn_inv i,  i = s.i + x
    v_bar = z_bar + s_bar.v
    i_bar = a * v_bar + s_bar.i - dt * p.tau_syn_inv * s_bar.i

    p_bar = LIParameters(
        tau_syn_inv=-dt * i * s_bar.i,
        tau_mem_inv=dt * (p.v_leak - s.v + i) * v_bar,
        v_leak=a * v_bar,
    )
    return LIState(v_bar - a * v_bar, i_bar), i_bar, p_bar


register_neuron(LIParameters, LIState, step, step_vjp, spiking=False,
                rest=lambda p: LIState(v=p.v_leak, i=0.0))
