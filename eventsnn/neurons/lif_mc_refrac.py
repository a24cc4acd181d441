r"""Compartment of a multi-compartment leaky integrate-and-fire neuron with a refractory period.

.. math::
    v_1 = v + (1 - m)\, dt\, (v_\mathrm{leak} - v + i) / \tau_\mathrm{mem} + c, \quad
    z = \Theta(v_1 - v_\mathrm{th}), \quad m = \Theta(\rho)

with the coupling :math:`c = \sum_j G_j v_j` from the potentials of the compartments before the
step, as a second input channel (the matrix G is a connection, and belongs to the layer), the reset
:math:`v \leftarrow v_\mathrm{reset}` and the counter :math:`\rho` of `refractory`. As in norse, the
coupling is not scaled by dt, so it does not get weaker with a smaller step, and neither it nor the
spikes are masked by :math:`m`: a refractory compartment may spike through its neighbours. Order
within a step: membrane, spike, reset, synaptic decay, input last, so that it acts one step later.
No gradient is stopped unless asked for.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import (
    count_down, count_down_vjp, decay, decay_vjp, fire, fire_vjp, relax, relax_vjp,
)
from eventsnn.surrogates import choose, heaviside, spike_slope

__all__ = ["Compartment", "LIFMCRefracParameters", "LIFMCRefracState"]

_ZERO = np.float32(0)


class Compartment(NamedTuple):
    """Input channels: the synaptic input, and the coupling to other compartments."""

    synapse: Any
    coupling: Any


class LIFMCRefracParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike
    rho_reset: Any = 5.0  # steps that a spike blocks


class LIFMCRefracState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential
    rho: Any  # steps still to wait


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    m = heaviside(s.rho)
    v = choose(m, relax(s.v, p.v_leak + s.i, p.tau_mem_inv, dt), s.v) + x.coupling
    z, v = fire(v, p.v_th, p.v_reset, th)
    return z, LIFMCRefracState(v, decay(s.i, p.tau_syn_inv, dt) + x.synapse,
                               count_down(s.rho, m, z, p.rho_reset))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    m = heaviside(s.rho)
    target = p.v_leak + s.i
    free = relax(s.v, target, p.tau_mem_inv, dt)
    v = choose(m, free, s.v) + x.coupling
    z, _ = fire(v, p.v_th, p.v_reset, th)

    rho_bar, m_bar, z_counted_bar, rho_reset_bar = count_down_vjp(
        s.rho, m, z, p.rho_reset, s_bar.rho)
    c_bar, v_th_bar, v_reset_bar = fire_vjp(v, p.v_th, p.v_reset, th, stop_reset,
                                            z_bar + z_counted_bar, s_bar.v)
    v_bar, target_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt,
                                               choose(m, c_bar, _ZERO))
    v_bar = v_bar + choose(m, _ZERO, c_bar)
    i_bar, tau_syn_bar = decay_vjp(s.i, p.tau_syn_inv, dt, s_bar.i)
    rho_bar = rho_bar + (m_bar + (s.v - free) * c_bar) * spike_slope(s.rho, th)

    p_bar = LIFMCRefracParameters(tau_syn_bar, tau_mem_bar, target_bar, v_th_bar, v_reset_bar,
                                  rho_reset_bar)
    return (LIFMCRefracState(v_bar, i_bar + target_bar, rho_bar), Compartment(s_bar.i, c_bar),
            p_bar)


register_neuron(LIFMCRefracParameters, LIFMCRefracState, step, step_vjp, inputs=Compartment,
                rest=lambda p: LIFMCRefracState(v=p.v_leak, i=0.0, rho=0.0))
