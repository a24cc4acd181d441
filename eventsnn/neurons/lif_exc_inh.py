r"""Leaky integrate-and-fire neuron with an excitatory and an inhibitory exponential current.

.. math::
    \dot v = (v_\mathrm{leak} - v + i_\mathrm{exc} + i_\mathrm{inh}) / \tau_\mathrm{mem}, \qquad
    \dot i_c = -i_c / \tau_c, \qquad z = \Theta(v - v_\mathrm{th})

with jumps :math:`i_c \leftarrow i_c + x_c` at the two input channels (inhibition is a negative
input) and :math:`v \leftarrow v_\mathrm{reset}` at a spike. Forward Euler; order within a step:
inputs, membrane, spike, reset, synaptic decay. No gradient is stopped unless asked for.

References
----------
.. [1] Vogels, Abbott, J. Neurosci. 25, 10786 (2005).
.. [2] Brette et al., J. Comput. Neurosci. 23, 349 (2007), appendix B, benchmark 2.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import decay, decay_vjp, fire, fire_vjp, relax, relax_vjp

__all__ = ["ExcInh", "LIFExcInhParameters", "LIFExcInhState"]


class ExcInh(NamedTuple):
    """Input channels: excitation and inhibition."""

    exc: Any
    inh: Any


class LIFExcInhParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_exc_inv: Any = 200.0  # 1/s, inverse time constant of excitation (5 ms)
    tau_syn_inh_inv: Any = 100.0  # 1/s, inverse time constant of inhibition (10 ms)
    tau_mem_inv: Any = 50.0  # 1/s, inverse membrane time constant (20 ms)
    v_leak: Any = 0.0  # resting potential; potentials are in units of v_th - v_leak
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike


class LIFExcInhState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i_exc: Any  # excitatory synaptic current, in units of potential
    i_inh: Any  # inhibitory synaptic current, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    i_exc, i_inh = s.i_exc + x.exc, s.i_inh + x.inh
    v = relax(s.v, p.v_leak + i_exc + i_inh, p.tau_mem_inv, dt)
    z, v = fire(v, p.v_th, p.v_reset, th)
    return z, LIFExcInhState(v, decay(i_exc, p.tau_syn_exc_inv, dt),
                             decay(i_inh, p.tau_syn_inh_inv, dt))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    i_exc, i_inh = s.i_exc + x.exc, s.i_inh + x.inh
    target = p.v_leak + i_exc + i_inh
    v = relax(s.v, target, p.tau_mem_inv, dt)
    v_bar, v_th_bar, v_reset_bar = fire_vjp(v, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar)
    exc_bar, tau_exc_bar = decay_vjp(i_exc, p.tau_syn_exc_inv, dt, s_bar.i_exc)
    inh_bar, tau_inh_bar = decay_vjp(i_inh, p.tau_syn_inh_inv, dt, s_bar.i_inh)
    exc_bar, inh_bar = exc_bar + target_bar, inh_bar + target_bar

    p_bar = LIFExcInhParameters(tau_exc_bar, tau_inh_bar, tau_mem_bar, target_bar, v_th_bar,
                                v_reset_bar)
    return LIFExcInhState(v_bar, exc_bar, inh_bar), ExcInh(exc_bar, inh_bar), p_bar


register_neuron(LIFExcInhParameters, LIFExcInhState, step, step_vjp, inputs=ExcInh,
                rest=lambda p: LIFExcInhState(v=p.v_leak, i_exc=0.0, i_inh=0.0))
