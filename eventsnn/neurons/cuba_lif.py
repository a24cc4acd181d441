r"""Current-based leaky integrate-and-fire neuron with the constants of NIR's `CubaLIF` [1]_.

.. math::
    \tau_\mathrm{syn} \dot i = -i + w_\mathrm{in} x, \qquad
    \tau_\mathrm{mem} \dot v = v_\mathrm{leak} - v + r i, \qquad z = \Theta(v - v_\mathrm{th})

and :math:`v \leftarrow v_\mathrm{reset}` at a spike. The input is a current that lasts one step,
not a jump. Forward Euler; order within a step: input, membrane, spike, reset, synaptic decay. It is
`lif` where :math:`r = 1` and :math:`w_\mathrm{in} = \tau_\mathrm{syn} / dt`.

References
----------
.. [1] Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15, 8122
   (2024), table 1.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import (
    decay, decay_vjp, fire, fire_vjp, kick, kick_vjp, relax, relax_vjp,
)

__all__ = ["CubaLIFParameters", "CubaLIFState"]


class CubaLIFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    r: Any = 1.0  # resistance, unit of potential per unit of current
    v_leak: Any = 0.0  # resting potential; potentials are in units of v_th - v_leak
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike
    w_in: Any = 1.0  # weight of the input, unit of current per unit of input


class CubaLIFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    i = kick(s.i, p.w_in, x, p.tau_syn_inv, dt)
    v = relax(s.v, p.v_leak + p.r * i, p.tau_mem_inv, dt)
    z, v = fire(v, p.v_th, p.v_reset, th)
    return z, CubaLIFState(v, decay(i, p.tau_syn_inv, dt))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    i = kick(s.i, p.w_in, x, p.tau_syn_inv, dt)
    target = p.v_leak + p.r * i
    v = relax(s.v, target, p.tau_mem_inv, dt)
    v_bar, v_th_bar, v_reset_bar = fire_vjp(v, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar)
    i_bar, decay_bar = decay_vjp(i, p.tau_syn_inv, dt, s_bar.i)
    i_bar = i_bar + p.r * target_bar
    w_in_bar, x_bar, kick_bar = kick_vjp(p.w_in, x, p.tau_syn_inv, dt, i_bar)

    p_bar = CubaLIFParameters(kick_bar + decay_bar, tau_mem_bar, i * target_bar, target_bar,
                              v_th_bar, v_reset_bar, w_in_bar)
    return CubaLIFState(v_bar, i_bar), x_bar, p_bar


register_neuron(CubaLIFParameters, CubaLIFState, step, step_vjp,
                rest=lambda p: CubaLIFState(v=p.v_leak, i=0.0))
