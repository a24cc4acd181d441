r"""Integrate-and-fire neuron without leak: it counts its input, and knows no time.

.. math:: v \leftarrow v + x, \qquad z = \Theta(v - v_\mathrm{th})

and :math:`v \leftarrow v_\mathrm{reset}` at a spike. norse stops no gradient at the reset.

References
----------
.. [1] Lapicque, J. Physiol. Pathol. Gen. 9, 620 (1907); the perfect integrator, section 1.3.1 of
   Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.surrogates import choose, spike, spike_slope

_ZERO, _ONE = np.float32(0), np.float32(1)


class IAFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    v_th: Any = 1.0  # threshold; potentials are in units of it
    v_reset: Any = 0.0  # potential after a spike, and at rest


class IAFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def step(s, x, p, dt, th):
    """One step: ``-> (spike, next state)``; `dt` has no part in it."""
    v = s.v + x
    z = spike(v - p.v_th, th)
    return z, IAFState(choose(z, v, p.v_reset))


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    v = s.v + x
    u = v - p.v_th
    z = spike(u, th)

    # v' = (1 - z) v + z v_reset,  z = spike(u),  u = v - v_th,  v = s.v + x
    u_bar = (z_bar + (_ONE - stop_reset) * (p.v_reset - v) * s_bar.v) * spike_slope(u, th)
    v_bar = choose(z, s_bar.v, _ZERO) + u_bar

    return IAFState(v_bar), v_bar, IAFParameters(v_th=-u_bar, v_reset=choose(z, _ZERO, s_bar.v))


register_neuron(IAFParameters, IAFState, step, step_vjp, rest=lambda p: IAFState(v=p.v_reset))
