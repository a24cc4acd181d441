r"""Exponential integrate-and-fire neuron with an exponential synapse.

.. math::
    \dot v = (v_\mathrm{leak} - v + \Delta_T e^{(v - v_\mathrm{th}) / \Delta_T} + i)
    / \tau_\mathrm{mem}, \qquad \dot i = -i / \tau_\mathrm{syn}

The membrane is that of `lif_ex_box`, with the synaptic current as its input: :math:`i \leftarrow i
+ x` first, which acts at once, and decays last.

References
----------
.. [1] Fourcaud-Trocmé, Hansel, van Vreeswijk, Brunel, J. Neurosci. 23, 11628 (2003), equation 2.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons import lif_ex_box as membrane
from eventsnn.neurons.lif_ex_box import LIFExBoxState
from eventsnn.neurons.terms import decay, decay_vjp

__all__ = ["LIFExParameters", "LIFExState"]


_membrane_step, _membrane_step_vjp = membrane.step, membrane.step_vjp


class LIFExParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    delta_T: Any = 0.5  # sharpness of the upswing, in units of potential
    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential without the upswing
    v_th: Any = 1.0  # threshold, of the upswing and of the spike
    v_reset: Any = 0.0  # potential after a spike

    @classmethod
    def bio_default(cls) -> "LIFExParameters":
        """A set in mV and 1/s, as norse's but for its `delta_T` of 0, which divides by zero."""
        return cls(delta_T=2.0, tau_syn_inv=500.0, tau_mem_inv=100.0, v_leak=-70.0, v_th=-55.0,
                   v_reset=-70.0)


class LIFExState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    i = s.i + x
    z, after = _membrane_step(LIFExBoxState(s.v), i, p, dt, th)
    return z, LIFExState(after.v, decay(i, p.tau_syn_inv, dt))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    i = s.i + x
    before_bar, drive_bar, q = _membrane_step_vjp(
        LIFExBoxState(s.v), i, p, dt, th, stop_reset, z_bar, LIFExBoxState(s_bar.v))
    i_bar, tau_syn_bar = decay_vjp(i, p.tau_syn_inv, dt, s_bar.i)
    i_bar = i_bar + drive_bar

    p_bar = LIFExParameters(q.delta_T, tau_syn_bar, q.tau_mem_inv, q.v_leak, q.v_th, q.v_reset)
    return LIFExState(before_bar.v, i_bar), i_bar, p_bar


register_neuron(LIFExParameters, LIFExState, step, step_vjp, rests=False,
                rest=lambda p: LIFExState(v=p.v_leak, i=0.0))
