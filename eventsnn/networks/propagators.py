r"""Parameters with which a step of a linear neuron is exact, not first order.

The neurons step by forward Euler: a variable loses the part ``dt * rate`` of itself. Between spikes
a leaky neuron is linear, so a rate a little below :math:`1/\tau` makes that part the one lost in
truth, :math:`1 - e^{-\mathrm{dt}/\tau}`. What a decaying current does to the potential within a
step is then off by one factor, the same for all steps, which the weights take. The step is exact
for any `dt` this way, as that of [1]_; spikes and resets stay on the grid.

References
----------
.. [1] Rotter, Diesmann, Biol. Cybern. 81, 381 (1999).
"""

import math

from eventsnn.core import check


def exact_rate(tau: float, dt: float) -> float:
    """The rate, 1/s, whose Euler step is the decay of `tau` (s) over `dt` (s).

    Raises
    ------
    ValueError
        If a step is longer than the time constant: exact, but blind to what happens within.

    Examples
    --------
    >>> 1 - 1e-4 * exact_rate(20e-3, 1e-4) == math.exp(-1e-4 / 20e-3)
    True
    """
    if dt > tau:
        raise check.must("dt", f"be at most {tau:g} s, a time constant of the network", f"{dt:g} s",
                         "time is in seconds; did you pass milliseconds?")
    return -math.expm1(-dt / tau) / dt


def exact_weight(tau_mem: float, tau_syn: float, dt: float) -> float:
    """The factor of weights of an exponential current, in units of potential.

    A current that decays with `tau_syn` moves the potential within a step of `dt` (all in s) by
    this times what it does in a step of `exact_rate`, where it keeps its first value.

    Examples
    --------
    >>> round(exact_weight(10e-3, 0.5e-3, 1e-4), 4)
    0.9062
    """
    mem, syn = math.exp(-dt / tau_mem), math.exp(-dt / tau_syn)
    if tau_mem == tau_syn:
        within = dt / tau_mem * mem
    else:
        within = tau_syn / (tau_mem - tau_syn) * (mem - syn)
    return within / (1 - mem)


def mean_weight(tau_syn: float, dt: float) -> float:
    """The factor of weights of a conductance that acts on the membrane after its decay.

    With it, what acts in a step of `dt` is the mean over the step of a conductance that decays with
    `tau_syn` (both in s), not what is left at its end.

    Examples
    --------
    >>> round(mean_weight(5e-3, 1e-4), 4)
    1.0101
    """
    return tau_syn / dt * math.expm1(dt / tau_syn)
