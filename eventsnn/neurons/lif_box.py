r"""Leaky integrate-and-fire neuron without synaptic current (a "boxed" LIF).

.. math::
    \dot v = (v_\mathrm{leak} - v + x) / \tau_\mathrm{mem}, \qquad z = \Theta(v - v_\mathrm{th})

The input :math:`x` is the current itself. A spike resets :math:`v` to :math:`v_\mathrm{reset}`, or
subtracts :math:`v_\mathrm{th}` from it. Forward Euler; norse stops no gradient at the reset.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 1.3.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import fire, fire_vjp, relax, relax_vjp

__all__ = ["LIFBoxParameters", "LIFBoxState"]

_ZERO, _ONE = np.float32(0), np.float32(1)


class LIFBoxParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_mem_inv: Any = 100.0  # 1/s, inverse membrane time constant (10 ms)
    v_leak: Any = 0.0  # resting potential; potentials are in units of v_th - v_leak
    v_th: Any = 1.0  # threshold
    v_reset: Any = 0.0  # potential after a spike
    reset_subtract: Any = 0.0  # a switch: 1 resets by subtracting v_th instead; has no gradient


class LIFBoxState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential


@scalar
def _reset_to(v, p):
    return (_ONE - p.reset_subtract) * p.v_reset + p.reset_subtract * (v - p.v_th)


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = relax(s.v, p.v_leak + x, p.tau_mem_inv, dt)
    z, v = fire(v, p.v_th, _reset_to(v, p), th)
    return z, LIFBoxState(v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    target = p.v_leak + x
    v = relax(s.v, target, p.tau_mem_inv, dt)
    v_bar, v_th_bar, to_bar = fire_vjp(v, p.v_th, _reset_to(v, p), th, stop_reset, z_bar, s_bar.v)
    distance_bar = p.reset_subtract * to_bar  # of v - v_th
    v_bar, x_bar, tau_mem_bar = relax_vjp(s.v, target, p.tau_mem_inv, dt, v_bar + distance_bar)

    p_bar = LIFBoxParameters(
        tau_mem_inv=tau_mem_bar,
        v_leak=x_bar,
        v_th=v_th_bar - distance_bar,
        v_reset=to_bar - distance_bar,
        reset_subtract=_ZERO * to_bar,
    )
    return LIFBoxState(v_bar), x_bar, p_bar


register_neuron(LIFBoxParameters, LIFBoxState, step, step_vjp,
                rest=lambda p: LIFBoxState(v=p.v_leak))
