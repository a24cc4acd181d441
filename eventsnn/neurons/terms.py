r"""The terms that neuron models share, each with its transpose beside it.

A model is put together from these. Every function is of one neuron's numbers; a ``_vjp`` takes the
arguments of its function and the gradient of the result, and returns those of the arguments.
"""

import numpy as np

from eventsnn.core.elementary import exp
from eventsnn.core.jit import scalar
from eventsnn.surrogates import choose, heaviside, spike, spike_slope

_ZERO, _ONE, _INF = np.float32(0), np.float32(1), np.float32(np.inf)


@scalar
def relax(y, target, rate, dt):
    """One forward Euler step of ``dy/dt = rate (target - y)``."""
    return y + dt * rate * (target - y)


@scalar
def relax_vjp(y, target, rate, dt, bar):
    """Transpose of `relax`: ``-> y_bar, target_bar, rate_bar``."""
    a = dt * rate
    return bar - a * bar, a * bar, dt * (target - y) * bar


@scalar
def decay(y, rate, dt):
    """`relax` to 0: the same bits, by one operation less."""
    return y - dt * rate * y


@scalar
def decay_vjp(y, rate, dt, bar):
    """Transpose of `decay`: ``-> y_bar, rate_bar``."""
    return bar - dt * rate * bar, dt * -y * bar


@scalar
def kick(y, weight, x, rate, dt):
    """One forward Euler step of ``dy/dt = rate weight x``: what a current adds that lasts it."""
    return y + dt * rate * weight * x


@scalar
def kick_vjp(weight, x, rate, dt, bar):
    """Transpose of `kick`: ``-> weight_bar, x_bar, rate_bar``; that of `y` is `bar`."""
    a = dt * rate
    return a * x * bar, a * weight * bar, dt * weight * x * bar


@scalar
def _above(v, v_th, delta_T):
    """How far above `v_th`, in units of `delta_T`: by its inverse, which a loop takes once."""
    return (v - v_th) * (_ONE / delta_T)


@scalar
def upswing(v, v_th, delta_T):
    """The exponential current of a spike's upswing, at its soft threshold `v_th`."""
    return delta_T * exp(_above(v, v_th, delta_T))


@scalar
def upswing_vjp(v, v_th, delta_T, bar):
    """Transpose of `upswing`: ``-> v_bar, v_th_bar, delta_T_bar``."""
    y = _above(v, v_th, delta_T)
    e = exp(y)
    return e * bar, -e * bar, (e - y * e) * bar


@scalar
def fire(v, v_th, v_reset, th):
    """Spike above `v_th`, and the reset to `v_reset`: ``-> z, v after it``."""
    z = spike(v - v_th, th)
    return z, choose(z, v, v_reset if v < _INF else v)  # a reset must not hide an infinite one


@scalar
def fire_vjp(v, v_th, v_reset, th, stop_reset, z_bar, bar):
    """Transpose of `fire`: ``-> v_bar, v_th_bar, v_reset_bar``.

    `stop_reset` 1 takes the spike in the reset for a constant, 0 does not.
    """
    u = v - v_th
    z = spike(u, th)
    u_bar = (z_bar + (_ONE - stop_reset) * (v_reset - v) * bar) * spike_slope(u, th)
    return choose(z, bar, _ZERO) + u_bar, -u_bar, choose(z, _ZERO, bar)


@scalar
def count_down(rho, m, z, rho_reset):
    """A refractory counter: one less while it counts (`m` 1), and `rho_reset` after a spike."""
    return choose(z, max(rho - m, _ZERO), rho_reset)


@scalar
def count_down_vjp(rho, m, z, rho_reset, bar):
    """Transpose of `count_down`: ``-> rho_bar, m_bar, z_bar, rho_reset_bar``.

    The slope of the maximum at 0 is 0, as norse has it.
    """
    wait = rho - m
    wait_bar = choose(z, bar, _ZERO) * heaviside(wait)
    return wait_bar, -wait_bar, (rho_reset - max(wait, _ZERO)) * bar, choose(z, _ZERO, bar)
