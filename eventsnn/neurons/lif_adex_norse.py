r"""The membrane of `lif_adex_box` with the adaptation of norse's current encoder.

norse's `lif_adex_current_encoder` computes

.. math::
    a' = \tau_\mathrm{ada}^{-1} (c (v' - v_\mathrm{leak}) - a) + z b

of the potential :math:`v'` after the reset: neither is the rate multiplied by dt nor the old value
kept, so `a` is no solution of the neuron's equations at any step. It is here for results that have
to be those of norse; `lif_adex_box` is right.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons import lif_adex_box as membrane
from eventsnn.neurons.lif_adex_box import LIFAdExBoxParameters, LIFAdExBoxState

__all__ = ["LIFAdExNorseParameters", "LIFAdExNorseState"]

_ZERO, _ONE = np.float32(0), np.float32(1)
_membrane_step, _membrane_step_vjp = membrane.step, membrane.step_vjp


class LIFAdExNorseParameters(NamedTuple):
    """Parameters, those of `LIFAdExBoxParameters`."""

    adaptation_current: Any = LIFAdExBoxParameters().adaptation_current
    adaptation_spike: Any = LIFAdExBoxParameters().adaptation_spike
    delta_T: Any = LIFAdExBoxParameters().delta_T
    tau_ada_inv: Any = LIFAdExBoxParameters().tau_ada_inv
    tau_mem_inv: Any = LIFAdExBoxParameters().tau_mem_inv
    v_leak: Any = LIFAdExBoxParameters().v_leak
    v_th: Any = LIFAdExBoxParameters().v_th
    v_reset: Any = LIFAdExBoxParameters().v_reset


class LIFAdExNorseState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential
    a: Any  # what norse's encoder calls adaptation


@scalar
def step(s, x, p, dt, th):
    """One step: ``-> (spike, next state)``."""
    z, after = _membrane_step(LIFAdExBoxState(s.v, s.a), x, p, dt, th)
    level = p.adaptation_current * (after.v - p.v_leak) - s.a
    return z, LIFAdExNorseState(after.v, p.tau_ada_inv * level + z * p.adaptation_spike)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    before = LIFAdExBoxState(s.v, s.a)
    z, after = _membrane_step(before, x, p, dt, th)
    above = after.v - p.v_leak
    level_bar = p.tau_ada_inv * s_bar.a
    above_bar = p.adaptation_current * level_bar
    z_bar = z_bar + (_ONE - stop_reset) * p.adaptation_spike * s_bar.a
    bar, x_bar, q = _membrane_step_vjp(before, x, p, dt, th, stop_reset, z_bar,
                                       LIFAdExBoxState(s_bar.v + above_bar, _ZERO * s_bar.a))

    p_bar = LIFAdExNorseParameters(
        adaptation_current=above * level_bar,
        adaptation_spike=z * s_bar.a,
        delta_T=q.delta_T,
        tau_ada_inv=(p.adaptation_current * above - s.a) * s_bar.a,
        tau_mem_inv=q.tau_mem_inv,
        v_leak=q.v_leak - above_bar,
        v_th=q.v_th,
        v_reset=q.v_reset,
    )
    return LIFAdExNorseState(bar.v, bar.a - level_bar), x_bar, p_bar


register_neuron(LIFAdExNorseParameters, LIFAdExNorseState, step, step_vjp, rests=False,
                converges=False, rest=lambda p: LIFAdExNorseState(v=p.v_leak, a=0.0))
