r"""Short-term plasticity: synapses that tire and facilitate (Tsodyks and Markram).

.. math::
    u' &= u - dt \, \tau_f^{-1} u + U (1 - u) z \\
    y &= u' x z \\
    x' &= x + dt \, \tau_d^{-1} (1 - x) - y

A spike :math:`z` raises the utilisation :math:`u` first, then uses up that share of the resources
:math:`x`; :math:`y` is what it releases. Between spikes :math:`u` decays to 0 and :math:`x` to 1:
networks go from spike to spike (`at_spike`), where no step makes an error.

References
----------
.. [1] Tsodyks, Pawelzik, Markram, Neural Computation 10, 821 (1998).
.. [2] Tsodyks, Wu, Scholarpedia 8, 3153 (2013).
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.core.elementary import exp
from eventsnn.core.jit import scalar
from eventsnn.plasticity import arguments

_ONE = np.float32(1)


class TsodyksMakramParameters(NamedTuple):
    """Parameters; numbers, or arrays that broadcast against the spikes."""

    tau_f_inv: Any = 20.0  # 1/s, inverse time constant of facilitation (50 ms)
    tau_s_inv: Any = 50.0  # 1/s, that of the synaptic current (20 ms), which is not modelled here
    tau_d_inv: Any = 1 / 0.75  # 1/s, inverse time constant of recovery from depression (750 ms)
    U: Any = 0.45  # jump of the utilisation at a spike


class TsodyksMakramState(NamedTuple):
    """State; scalars inside a step, arrays shaped as the spikes outside."""

    u: Any  # utilisation, the share of the resources that a spike releases; 0 at rest
    x: Any  # share of the resources that is available; 1 at rest


@scalar
def step(s, z, p, dt):
    """One Euler step: ``-> (share released, next state)``."""
    u = s.u - dt * p.tau_f_inv * s.u + p.U * (_ONE - s.u) * z
    released = u * s.x * z
    return released, TsodyksMakramState(u, s.x + dt * p.tau_d_inv * (_ONE - s.x) - released)


@scalar
def at_spike(s, elapsed, p):
    """As `step`, from one spike to the next: ``-> (share released, state after the spike)``.

    `elapsed` is the time since the last spike, in steps; the rates of `p` are per step here.
    """
    time = np.float32(elapsed)
    u = s.u * exp(-time * p.tau_f_inv)
    x = _ONE - (_ONE - s.x) * exp(-time * p.tau_d_inv)
    u = u + p.U * (_ONE - u)
    return u * x, TsodyksMakramState(u, x - u * x)


def stp_step(z: Any, state: TsodyksMakramState | None = None,
             p: TsodyksMakramParameters = TsodyksMakramParameters(),
             dt: float = 1e-3) -> tuple[np.ndarray, TsodyksMakramState]:
    """One step of short-term plasticity.

    Parameters
    ----------
    z : array
        Spikes of this step, of any shape.
    state : TsodyksMakramState, optional
        Before the step; by default at rest, u = 0 and x = 1.
    p : TsodyksMakramParameters
    dt : float
        Step, s.

    Returns
    -------
    out : array of the shape of `z`
        Share of the resources released: the factor of the synaptic weight.
    state : TsodyksMakramState

    Examples
    --------
    >>> import numpy as np
    >>> state = None
    >>> for _ in range(3):  # spikes in quick succession release less and less
    ...     out, state = stp_step(np.array([1.0]), state)
    ...     print(out.round(3))
    [0.45]
    [0.379]
    [0.14]
    """
    arguments.given_class("p", p, TsodyksMakramParameters)
    dtype, (z,) = arguments.arrays(state, z=z)
    p, dt = arguments.parameters(p, dt, dtype)
    _share(p.U)
    rest = {"u": (z.shape, 0.0), "x": (z.shape, 1.0)}
    return step(arguments.state(TsodyksMakramState, state, rest, dtype, z), z, p, dt)


def checked(p: Any) -> TsodyksMakramParameters:
    """Parameters of a projection: numbers that make sense."""
    arguments.given_class("short_term", p, TsodyksMakramParameters)
    for name in ("tau_f_inv", "tau_d_inv"):
        check.finite(name, check.number(name, getattr(p, name), above=0.0), np.float32)
    _share(check.number("U", p.U))
    return p


def _share(value: Any) -> None:
    if not np.all((value >= 0) & (value <= 1)):
        raise check.must("U", "be a share, from 0 to 1", value)
