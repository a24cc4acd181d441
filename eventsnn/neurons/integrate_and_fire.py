r"""Integrate-and-fire neuron in continuous time, as NIR's `IF`.

.. math:: \dot v = r x, \qquad z = \Theta(v - v_\mathrm{th})

and :math:`v \leftarrow v_\mathrm{reset}` at a spike. Forward Euler. It is `iaf`, which counts its
input whatever the step, where :math:`r = 1 / dt`.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import fire, fire_vjp

__all__ = ["IFParameters", "IFState"]


class IFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    r: Any = 1.0  # rise of the potential, per s and unit of input
    v_th: Any = 1.0  # threshold; potentials are in units of it
    v_reset: Any = 0.0  # potential after a spike, and at rest


class IFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    z, v = fire(s.v + dt * p.r * x, p.v_th, p.v_reset, th)
    return z, IFState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    v_bar, v_th_bar, v_reset_bar = fire_vjp(
        s.v + dt * p.r * x, p.v_th, p.v_reset, th, stop_reset, z_bar, s_bar.v)
    return IFState(v_bar), dt * p.r * v_bar, IFParameters(dt * x * v_bar, v_th_bar, v_reset_bar)


register_neuron(IFParameters, IFState, step, step_vjp, converges=False,
                rest=lambda p: IFState(v=p.v_reset))
