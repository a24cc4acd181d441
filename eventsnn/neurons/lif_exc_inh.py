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

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.surrogates import choose, spike, spike_slope

_ZERO, _ONE = np.float32(0), np.float32(1)


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
    i_exc = s.i_exc + x.exc
    i_inh = s.i_inh + x.inh
    v = s.v + dt * p.tau_mem_inv * (p.v_leak - s.v + i_exc + i_inh)
    z = spike(v - p.v_th, th)
    return z, LIFExcInhState(choose(z, v, p.v_reset),
                             i_exc - dt * p.tau_syn_exc_inv * i_exc,
                             i_inh - dt * p.tau_syn_inh_inv * i_inh)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    a = dt * p.tau_mem_inv
    i_exc = s.i_exc + x.exc
    i_inh = s.i_inh + x.inh
    drive = p.v_leak - s.v + i_exc + i_inh
    v = s.v + a * drive
    u = v - p.v_th
    z = spike(u, th)

    # v' = (1 - z) v + z v_reset,  z = spike(u),  u = v - v_th
    u_bar = (z_bar + (_ONE - stop_reset) * (p.v_reset - v) * s_bar.v) * spike_slope(u, th)
    v_bar = choose(z, s_bar.v, _ZERO) + u_bar
    # v = s.v + a drive,  i_c' = i_c - dt tau_c_inv i_c,  i_c = s.i_c + x.c
    exc_bar = a * v_bar + s_bar.i_exc - dt * p.tau_syn_exc_inv * s_bar.i_exc
    inh_bar = a * v_bar + s_bar.i_inh - dt * p.tau_syn_inh_inv * s_bar.i_inh

    p_bar = LIFExcInhParameters(
        tau_syn_exc_inv=-dt * i_exc * s_bar.i_exc,
        tau_syn_inh_inv=-dt * i_inh * s_bar.i_inh,
        tau_mem_inv=dt * drive * v_bar,
        v_leak=a * v_bar,
        v_th=-u_bar,
        v_reset=choose(z, _ZERO, s_bar.v),
    )
    return LIFExcInhState(v_bar - a * v_bar, exc_bar, inh_bar), ExcInh(exc_bar, inh_bar), p_bar


register_neuron(LIFExcInhParameters, LIFExcInhState, step, step_vjp, inputs=ExcInh,
                rest=lambda p: LIFExcInhState(v=p.v_leak, i_exc=0.0, i_inh=0.0))
