r"""Adaptive exponential integrate-and-fire neuron with an exponential synapse.

.. math::
    \dot v &= (v_\mathrm{leak} - v + \Delta_T e^{(v - v_\mathrm{th}) / \Delta_T} + i - a)
    / \tau_\mathrm{mem}, \qquad \dot i = -i / \tau_\mathrm{syn} \\
    \dot a &= (c (v - v_\mathrm{leak}) - a) / \tau_\mathrm{ada}

The membrane and its adaptation are those of `lif_adex_box`, with the synaptic current as their
input: :math:`i \leftarrow i + x` first, which acts at once, and decays last.

References
----------
.. [1] Brette, Gerstner, J. Neurophysiol. 94, 3637 (2005), equations 1 to 3.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons import lif_adex_box as membrane
from eventsnn.neurons.lif_adex_box import LIFAdExBoxState
from eventsnn.neurons.terms import decay, decay_vjp

__all__ = ["LIFAdExParameters", "LIFAdExState"]


_membrane_step, _membrane_step_vjp = membrane.step, membrane.step_vjp


class LIFAdExParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    adaptation_current: Any = 4.0  # coupling of the adaptation to the potential
    adaptation_spike: Any = 0.02  # jump of the adaptation at a spike, in units of potential
    delta_T: Any = 0.5  # sharpness of the upswing, in units of potential
    tau_ada_inv: Any = 2.0  # 1/s, inverse time constant of the adaptation (500 ms)
    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential without the upswing
    v_th: Any = 1.0  # threshold, of the upswing and of the spike
    v_reset: Any = 0.0  # potential after a spike

    @classmethod
    def bio_default(cls) -> "LIFAdExParameters":
        """A set in mV and 1/s, as norse's."""
        return cls(adaptation_current=0.0, adaptation_spike=0.01, delta_T=2.0, tau_ada_inv=10.0,
                   tau_syn_inv=500.0, tau_mem_inv=100.0, v_leak=-70.0, v_th=-55.0, v_reset=-70.0)


class LIFAdExState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential
    a: Any  # adaptation, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    i = s.i + x
    z, after = _membrane_step(LIFAdExBoxState(s.v, s.a), i, p, dt, th)
    return z, LIFAdExState(after.v, decay(i, p.tau_syn_inv, dt), after.a)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    i = s.i + x
    before_bar, drive_bar, q = _membrane_step_vjp(
        LIFAdExBoxState(s.v, s.a), i, p, dt, th, stop_reset, z_bar,
        LIFAdExBoxState(s_bar.v, s_bar.a))
    i_bar, tau_syn_bar = decay_vjp(i, p.tau_syn_inv, dt, s_bar.i)
    i_bar = i_bar + drive_bar

    p_bar = LIFAdExParameters(q.adaptation_current, q.adaptation_spike, q.delta_T, q.tau_ada_inv,
                              tau_syn_bar, q.tau_mem_inv, q.v_leak, q.v_th, q.v_reset)
    return LIFAdExState(before_bar.v, i_bar, before_bar.a), i_bar, p_bar


register_neuron(LIFAdExParameters, LIFAdExState, step, step_vjp, rests=False,
                rest=lambda p: LIFAdExState(v=p.v_leak, i=0.0, a=0.0))
