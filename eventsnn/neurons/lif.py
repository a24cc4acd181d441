r"""Leaky integrate-and-fire neuron with an exponential synapse.

.. math::
    \dot v = (v_\mathrm{leak} - v + i) / \tau_\mathrm{mem}, \qquad
    \dot i = -i / \tau_\mathrm{syn}, \qquad z = \Theta(v - v_\mathrm{th})

with jumps :math:`i \leftarrow i + x` at the input and :math:`v \leftarrow v_\mathrm{reset}` at a
spike. Forward Euler; order within a step: input, membrane, spike, reset, synaptic decay (the fresh
input acts at once, and decays too). norse's recurrent form stops the gradient at the reset.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 1.3.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.surrogates import choose, spike, spike_slope

_ZERO, _ONE = np.float32(0), np.float32(1)


class LIFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_inv: Any = 200.0  # 1/s, inverse synaptic time constant (5 ms)
    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential; potentials are in units of v_th - v_leak
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike


class LIFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    i: Any  # synaptic current, in units of potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    i = s.i + x
    v = s.v + dt * p.tau_mem_inv * (p.v_leak - s.v + i)
    z = spike(v - p.v_th, th)
    return z, LIFState(choose(z, v, p.v_reset), i - dt * p.tau_syn_inv * i)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    a = dt * p.tau_mem_inv
    b = dt * p.tau_syn_inv
    i = s.i + x
    drive = p.v_leak - s.v + i
    v = s.v + a * drive
    u = v - p.v_th
    z = spike(u, th)

    # v' = (1 - z) v + z v_reset,  z = spike(u),  u = v - v_th
    u_bar = (z_bar + (_ONE - stop_reset) * (p.v_reset - v) * s_bar.v) * spike_slope(u, th)
    v_bar = choose(z, s_bar.v, _ZERO) + u_bar
    # v = s.v + a (v_leak - s.v + i),  i' = i - b i,  i = s.i + x
    i_bar = a * v_bar + s_bar.i - b * s_bar.i

    p_bar = LIFParameters(
        tau_syn_inv=-dt * i * s_bar.i,
        tau_mem_inv=dt * drive * v_bar,
        v_leak=a * v_bar,
        v_th=-u_bar,
        v_reset=choose(z, _ZERO, s_bar.v),
    )
    return LIFState(v_bar - a * v_bar, i_bar), i_bar, p_bar


register_neuron(LIFParameters, LIFState, step, step_vjp,
                rest=lambda p: LIFState(v=p.v_leak, i=0.0), recurrent_stops_reset=True)
