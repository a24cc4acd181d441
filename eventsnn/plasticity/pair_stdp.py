r"""Pair-based spike-timing-dependent plasticity, from spike to spike: the rule of networks.

Either side of a synapse carries a trace of its spikes, which decays exponentially; a weight grows
when a postsynaptic spike arrives, by the presynaptic trace, and shrinks when a presynaptic spike
arrives, by the postsynaptic one [1]_. With :math:`r = w_\mathrm{max} - w_\mathrm{min}`:

.. math::
    w &\to w + \eta_+ r \left(\frac{w_\mathrm{max} - w}{r}\right)^{\mu_+} t_\mathrm{pre}
        \quad \text{at a postsynaptic spike} \\
    w &\to w - \eta_- r \left(\frac{w - w_\mathrm{min}}{r}\right)^{\mu_-} t_\mathrm{post}
        \quad \text{at a presynaptic spike}

and is then clipped to its bounds. Exponents of 0 make the rule additive [3]_, exponents of 1
multiplicative, and it may be anything between [2]_. A spike adds 1 to its trace, so that all pairs
of spikes count; or sets it to 1, so that each spike pairs with the last of the other side alone
(the symmetric nearest-neighbour scheme of [1]_).

References
----------
.. [1] Morrison, Diesmann, Gerstner, Biological Cybernetics 98, 459 (2008).
.. [2] Guetig, Aharonov, Rotter, Sompolinsky, Journal of Neuroscience 23, 3697 (2003).
.. [3] Song, Miller, Abbott, Nature Neuroscience 3, 919 (2000).
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.core.elementary import exp
from eventsnn.core.jit import scalar

_ZERO, _ONE = np.float32(0), np.float32(1)


class PairSTDP(NamedTuple):
    """Parameters, all numbers.

    NEST's ``stdp_synapse`` has ``lambda`` for `eta_plus`, ``lambda * alpha`` for `eta_minus`,
    ``Wmax`` for `w_max`, and 0 for `w_min`.
    """

    eta_plus: Any = 0.01  # growth at a pair of coinciding spikes, share of w_max - w_min
    eta_minus: Any = 0.0105  # shrinkage, likewise
    tau_plus_inv: Any = 50.0  # 1/s, inverse time constant of the presynaptic trace (20 ms)
    tau_minus_inv: Any = 50.0  # 1/s, that of the postsynaptic trace
    w_min: Any = 0.0  # least weight
    w_max: Any = 1.0  # greatest weight
    mu_plus: Any = 0.0  # 0 additive to 1 multiplicative
    mu_minus: Any = 0.0  # likewise
    nearest: Any = False  # whether a spike pairs with the last of the other side, not with all


@scalar
def decayed(trace, elapsed, rate):
    """A trace after `elapsed` steps, at a rate per step."""
    return trace * exp(-np.float32(elapsed) * rate)


@scalar
def risen(trace, nearest):
    """A trace after a spike; `trace` is that just before it."""
    return _ONE if nearest else trace + _ONE


@scalar
def _share(room, reach, mu):
    """The dependence on the room that is left to the bound; no call where `mu` is 0 or 1."""
    if mu == _ZERO:
        return _ONE
    return room / reach if mu == _ONE else (room / reach)**mu


@scalar
def grown(w, trace, p):
    """The weight after a postsynaptic spike arrived, at a presynaptic `trace`."""
    reach = p.w_max - p.w_min
    w = w + p.eta_plus * reach * _share(p.w_max - w, reach, p.mu_plus) * trace
    return min(max(w, p.w_min), p.w_max)


@scalar
def shrunk(w, trace, p):
    """The weight after a presynaptic spike arrived, at a postsynaptic `trace`."""
    reach = p.w_max - p.w_min
    w = w - p.eta_minus * reach * _share(w - p.w_min, reach, p.mu_minus) * trace
    return min(max(w, p.w_min), p.w_max)


def checked(p: Any) -> PairSTDP:
    """Parameters of numbers that make sense."""
    if not isinstance(p, PairSTDP):
        raise check.must("plasticity", "be a PairSTDP", type(p).__name__, error=TypeError)
    found = {name: check.number(name, value) for name, value in p._asdict().items()
             if name != "nearest"}
    for name in ("tau_plus_inv", "tau_minus_inv"):
        check.number(name, found[name], above=0.0)
    for name in ("mu_plus", "mu_minus"):
        check.number(name, found[name], least=0.0)
    for name, value in found.items():
        check.finite(name, value, np.float32)
    if not np.float32(found["w_min"]) < np.float32(found["w_max"]):
        raise check.must("w_min", f"be below w_max = {p.w_max:g}", f"{p.w_min:g}")
    return PairSTDP(**found, nearest=check.flag("nearest", p.nearest))
