r"""Leaky integrate-and-fire neuron with an adaptive threshold: the neuron of the LSNN.

.. math::
    \dot v = (v_\mathrm{leak} - v + i) / \tau_\mathrm{mem}, \quad
    \dot i = -i / \tau_\mathrm{syn}, \quad
    \dot b = (v_\mathrm{th} - b) / \tau_\mathrm{adapt}, \quad z = \Theta(v - b)

with jumps :math:`i \leftarrow i + x` at the input, and :math:`v \leftarrow v_\mathrm{reset}`,
:math:`b \leftarrow b + \beta` at a spike. Here :math:`b` is the whole threshold, and relaxes to
:math:`v_\mathrm{th}`. Forward Euler; order within a step: membrane and threshold, spike, reset and
jump, synaptic decay, input last, so that it acts one step later (norse's order). norse's recurrent
form stops the gradient at the reset and at the jump.

References
----------
.. [1] Bellec, Salaj, Subramoney, Legenstein, Maass, NeurIPS 31 (2018), section 2. Their threshold
   relaxes within hundreds of milliseconds; norse's default of 800 s hardly does.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import decay, decay_vjp, fire, fire_vjp, relax, relax_vjp

__all__ = ["LSNNParameters", "LSNNState"]

_ZERO, _ONE = np.float32(0), np.float32(1)


class LSNNParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    tau_adapt_inv: Any = 1 / 800  # 1/s, inverse time constant of the threshold (norse's: 800 s)
    v_leak: Any = 0.0  # resting potential
    v_th: Any = 1.0  # threshold at rest
    v_reset: Any = 0.0  # potential after a spike
    beta: Any = 1.8  # jump of the threshold at a spike, in units of potential

    @classmethod
    def bio_default(cls) -> "LSNNParameters":
        """A set in mV and 1/s, as norse's."""
        return cls(tau_syn_inv=500.0, tau_mem_inv=100.0, tau_adapt_inv=10.0, v_leak=-70.0,
                   v_th=-55.0, v_reset=-70.0, beta=0.5)


class LSNNState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential
    b: Any  # threshold


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = relax(s.v, p.v_leak + s.i, p.tau_mem_inv, dt)
    b = relax(s.b, p.v_th, p.tau_adapt_inv, dt)
    z, v = fire(v, b, p.v_reset, th)
    return z, LSNNState(v, decay(s.i, p.tau_syn_inv, dt) + x, b + p.beta * z)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    target = p.v_leak + s.i
    v = relax(s.v, target, p.tau_mem_inv, dt)
    b = relax(s.b, p.v_th, p.tau_adapt_inv, dt)
    z, _ = fire(v, b, p.v_reset, th)
    z_bar = z_bar + (_ONE - stop_reset) * p.beta * s_bar.b
    v_bar, b_bar, v_reset_bar = fire_vjp(v, b, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar)
    b_bar, v_th_bar, tau_adapt_bar = relax_vjp(s.b, p.v_th, p.tau_adapt_inv, dt, b_bar + s_bar.b)
    i_bar, tau_syn_bar = decay_vjp(s.i, p.tau_syn_inv, dt, s_bar.i)

    p_bar = LSNNParameters(tau_syn_bar, tau_mem_bar, tau_adapt_bar, target_bar, v_th_bar,
                           v_reset_bar, z * s_bar.b)
    return LSNNState(v_bar, i_bar + target_bar, b_bar), s_bar.i, p_bar


register_neuron(LSNNParameters, LSNNState, step, step_vjp, recurrent_stops_reset=True,
                rest=lambda p: LSNNState(v=p.v_leak, i=0.0, b=p.v_th))
