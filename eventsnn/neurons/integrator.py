r"""Integrator of its input, as NIR's `I`: it forgets nothing and never spikes.

.. math:: \dot v = r x

The output is the new :math:`v`. Forward Euler.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar

__all__ = ["IntegratorParameters", "IntegratorState"]


class IntegratorParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    r: Any = 1.0  # rise of the potential, per s and unit of input


class IntegratorState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # the integral


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (integral, next state)``."""
    v = s.v + dt * p.r * x
    return v, IntegratorState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    v_bar = z_bar + s_bar.v
    return IntegratorState(v_bar), dt * p.r * v_bar, IntegratorParameters(dt * x * v_bar)


register_neuron(IntegratorParameters, IntegratorState, step, step_vjp, spiking=False,
                converges=False, rest=lambda p: IntegratorState(v=0.0))
