r"""Integrate-and-fire neuron without leak: it counts its input, and knows no time.

.. math:: v \leftarrow v + x, \qquad z = \Theta(v - v_\mathrm{th})

and :math:`v \leftarrow v_\mathrm{reset}` at a spike. norse stops no gradient at the reset.

References
----------
.. [1] Lapicque, J. Physiol. Pathol. Gen. 9, 620 (1907); the perfect integrator, section 1.3.1 of
   Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import fire, fire_vjp

__all__ = ["IAFParameters", "IAFState"]


class IAFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    v_th: Any = 1.0  # threshold; potentials are in units of it
    v_reset: Any = 0.0  # potential after a spike, and at rest

    @classmethod
    def bio_default(cls) -> "IAFParameters":
        """A set in mV, as norse's."""
        return cls(v_th=-55.0, v_reset=-70.0)


class IAFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def step(s, x, p, dt, th):
    """One step: ``-> (spike, next state)``; `dt` has no part in it."""
    z, v = fire(s.v + x, p.v_th, p.v_reset, th)
    return z, IAFState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    v_bar, v_th_bar, v_reset_bar = fire_vjp(
        s.v + x, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    return IAFState(v_bar), v_bar, IAFParameters(v_th_bar, v_reset_bar)


register_neuron(IAFParameters, IAFState, step, step_vjp, converges=False,
                rest=lambda p: IAFState(v=p.v_reset))
