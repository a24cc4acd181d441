r"""Izhikevich's simple model: a quadratic membrane and a recovery variable.

.. math::
    \dot v = \tau^{-1} (s v^2 + m v + k - u + x), \qquad
    \dot u = \tau^{-1} a (b v - u), \qquad z = \Theta(v - v_\mathrm{th})

with :math:`v \leftarrow c` and :math:`u \leftarrow u + d` at a spike; s, m, k are `sq`, `mn`,
`bias`. Potentials are in mV; the model's time is in ms, and one step takes ``tau_inv * dt`` of them
(0.25 ms by default). The input is a current that acts at once. Forward Euler, both variables from
the old ones. No gradient is stopped unless asked for.

References
----------
.. [1] Izhikevich, IEEE Trans. Neural Networks 14, 1569 (2003), equations 1 to 3.
.. [2] Izhikevich, IEEE Trans. Neural Networks 15, 1063 (2004).
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.terms import fire, fire_vjp, relax, relax_vjp

__all__ = ["IzhikevichParameters", "IzhikevichState"]

_ONE, _TWO = np.float32(1), np.float32(2)


class IzhikevichParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons.

    The defaults are a tonically spiking neuron; `neurons.behaviors` has twenty sets.
    """

    a: Any = 0.02  # rate of the recovery variable, relative to tau_inv
    b: Any = 0.2  # coupling of the recovery variable to the potential, 1/mV
    c: Any = -65.0  # mV, potential after a spike
    d: Any = 6.0  # jump of the recovery variable at a spike
    sq: Any = 0.04  # quadratic term of the membrane, 1/mV
    mn: Any = 5.0  # linear term
    bias: Any = 140.0  # constant term
    v_th: Any = 30.0  # mV, the peak of a spike
    tau_inv: Any = 250.0  # 1/s, ms of model time a second of dt


class IzhikevichState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential, mV
    u: Any  # recovery variable


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    v = s.v + p.tau_inv * dt * _current(s, x, p)
    u = relax(s.u, p.b * s.v, p.tau_inv * p.a, dt)
    z, v = fire(v, p.v_th, p.c, th)
    return z, IzhikevichState(v, u + z * p.d)


@scalar
def _current(s, x, p):
    return p.sq * s.v * s.v + p.mn * s.v + p.bias - s.u + x


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    current = _current(s, x, p)
    v = s.v + p.tau_inv * dt * current
    z, _ = fire(v, p.v_th, p.c, th)
    z_bar = z_bar + (_ONE - stop_reset) * p.d * s_bar.u
    v_bar, v_th_bar, c_bar = fire_vjp(v, p.v_th, p.c, th, stop_reset, z_bar, s_bar.v)
    x_bar = p.tau_inv * dt * v_bar
    u_bar, target_bar, rate_bar = relax_vjp(s.u, p.b * s.v, p.tau_inv * p.a, dt, s_bar.u)

    p_bar = IzhikevichParameters(
        a=p.tau_inv * rate_bar,
        b=s.v * target_bar,
        c=c_bar,
        d=z * s_bar.u,
        sq=s.v * s.v * x_bar,
        mn=s.v * x_bar,
        bias=x_bar,
        v_th=v_th_bar,
        tau_inv=dt * current * v_bar + p.a * rate_bar,
    )
    v_bar = v_bar + (_TWO * p.sq * s.v + p.mn) * x_bar + p.b * target_bar
    return IzhikevichState(v_bar, u_bar - x_bar), x_bar, p_bar


def rest(p: IzhikevichParameters) -> IzhikevichState:
    """The lower fixed point without input; where there is none, the lowest of the parabola."""
    slope = np.positive(p.mn) - p.b  # at a fixed point sq v^2 + slope v + bias = 0
    root = np.sqrt(np.maximum(slope * slope - 4 * np.positive(p.sq) * p.bias, 0.0))
    v = -(slope + root) / (2 * np.positive(p.sq))
    return IzhikevichState(v, p.b * v)


register_neuron(IzhikevichParameters, IzhikevichState, step, step_vjp, rest=rest, rests=False)
