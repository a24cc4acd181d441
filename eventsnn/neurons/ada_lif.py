r"""Leaky integrate-and-fire neuron with a spike-triggered adaptation current.

.. math::
    \dot v = (v_\mathrm{leak} - v + i - b) / \tau_\mathrm{mem}, \quad
    \dot i = -i / \tau_\mathrm{syn}, \quad
    \dot b = -b / \tau_\mathrm{adapt}, \quad z = \Theta(v - v_\mathrm{th})

with jumps :math:`i \leftarrow i + x` at the input, and :math:`v \leftarrow v - (v_\mathrm{th} -
v_\mathrm{reset})`, :math:`b \leftarrow b + \beta` at a spike. Forward Euler; order within a step:
membrane and adaptation, spike, jumps, synaptic decay, input last, so that it acts one step later.
It is norse's `ada_lif_step`, a form of the LSNN; no gradient is stopped unless asked for.

References
----------
.. [1] Benda, Herz, Neural Computation 15, 2523 (2003), section 3: adaptation as a current.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import decay, decay_vjp, relax, relax_vjp
from eventsnn.surrogates import spike, spike_slope

__all__ = ["AdaLIFParameters", "AdaLIFState"]

_ZERO, _ONE = np.float32(0), np.float32(1)


class AdaLIFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    tau_adapt_inv: Any = 1 / 800  # 1/s, inverse time constant of adaptation (norse's: 800 s)
    v_leak: Any = 0.0  # resting potential
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # a spike lowers the potential by v_th - v_reset
    beta: Any = 1.8  # jump of the adaptation at a spike, in units of potential


class AdaLIFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential
    b: Any  # adaptation current, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = relax(s.v, p.v_leak + s.i - s.b, p.tau_mem_inv, dt)
    z = spike(v - p.v_th, th)
    return z, AdaLIFState(v - z * (p.v_th - p.v_reset),
                          decay(s.i, p.tau_syn_inv, dt) + x,
                          decay(s.b, p.tau_adapt_inv, dt) + p.beta * z)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    target = p.v_leak + s.i - s.b
    v = relax(s.v, target, p.tau_mem_inv, dt)
    u = v - p.v_th
    z = spike(u, th)

    # v' = v - z (v_th - v_reset),  b' = ... + beta z,  z = spike(u),  u = v - v_th
    jumps_bar = p.beta * s_bar.b - (p.v_th - p.v_reset) * s_bar.v
    u_bar = (z_bar + (_ONE - stop_reset) * jumps_bar) * spike_slope(u, th)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, s_bar.v + u_bar)
    i_bar, tau_syn_bar = decay_vjp(s.i, p.tau_syn_inv, dt, s_bar.i)
    b_bar, tau_adapt_bar = decay_vjp(s.b, p.tau_adapt_inv, dt, s_bar.b)

    p_bar = AdaLIFParameters(tau_syn_bar, tau_mem_bar, tau_adapt_bar, target_bar,
                             -u_bar - z * s_bar.v, z * s_bar.v, z * s_bar.b)
    return AdaLIFState(v_bar, i_bar + target_bar, b_bar - target_bar), s_bar.i, p_bar


register_neuron(AdaLIFParameters, AdaLIFState, step, step_vjp,
                rest=lambda p: AdaLIFState(v=p.v_leak, i=0.0, b=0.0))
