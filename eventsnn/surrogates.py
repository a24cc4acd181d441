r"""Spike functions: a threshold forward, a smooth slope backward. The type selects, as with models.

Forward, the deterministic ones are the step function :math:`\Theta(u)` with :math:`\Theta(0) = 0`.
The slopes peak near 1 whatever their width, as in norse (so they are not derivatives of a smoothed
step: SuperSpike lacks a factor :math:`\alpha`). No gradient goes to the width. With a margin a
slope counts as 0 at that distance from the threshold and beyond, as in [4]_.

==============  =============================================  =====
type            slope                                          width
==============  =============================================  =====
`Heaviside`     0                                              none
`EventAdjoint`  0, but some neurons have rules for it          none
`SuperSpike`    :math:`1 / (\alpha |u| + 1)^2`                 100
`HeaviErfc`     :math:`2 / \sqrt\pi \; e^{-(\alpha u)^2}`      100
`HeaviTanh`     :math:`1 - \tanh^2(\alpha u)`                  100
`Triangle`      :math:`\alpha \max(0, 1 - |u|)`                0.3
`HeaviCirc`     :math:`\alpha^3 / (\alpha^2 + u^2)^{3/2}`      100
`Logistic`      as `HeaviTanh`; fires with probability         100
                :math:`1/2 + \tanh(\alpha u) / 2`
`CircDist`      as `HeaviCirc`; fires with probability         100
                :math:`1/2 + u / (2 \sqrt{u^2 + \alpha^2})`
==============  =============================================  =====

References
----------
.. [1] Zenke, Ganguli, Neural Computation 30, 1514 (2018), equation 2.5 (SuperSpike).
.. [2] Neftci, Mostafa, Zenke, IEEE Signal Processing Magazine 36, 51 (2019).
.. [3] Bellec et al., NeurIPS 31 (2018), section 2 (Triangle).
.. [4] Perez-Nieves, Goodman, NeurIPS 34 (2021), section 3: the membranes that are active.
"""

import math
from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.dispatch import INLINED_FOR, RULES
from eventsnn.core.elementary import exp
from eventsnn.core.fields import define
from eventsnn.core.inline import inlined
from eventsnn.core.jit import scalar

_ZERO, _HALF, _ONE, _TWO, _FOUR = (np.float32(c) for c in (0, 0.5, 1, 2, 4))
_TWO_OVER_ROOT_PI = 2 / np.sqrt(np.pi)
_STREAM, _NO_ITEM = np.uint64(random.THRESHOLD), np.uint64(0)


class Heaviside(NamedTuple):
    """The step function alone: no gradient passes."""


class EventAdjoint(NamedTuple):
    """No slope: backward goes by jumps at the spikes, see `eventsnn.neurons.adjoint`.

    For LIF, LIFRefrac, LSNN, CobaLIF, LIFMC and LIFMCRefrac.
    """


class SuperSpike(NamedTuple):
    """Slope of the fast sigmoid [1]_; norse's "super"."""

    alpha: float = 100.0


class HeaviErfc(NamedTuple):
    """Slope of the error function; norse's "heavi_erfc"."""

    alpha: float = 100.0


class HeaviTanh(NamedTuple):
    """Slope of the hyperbolic tangent; norse's "tanh"."""

    alpha: float = 100.0


class Triangle(NamedTuple):
    """Triangular slope of compact support [3]_; norse's "triangle"."""

    alpha: float = 0.3


class HeaviCirc(NamedTuple):
    """Slope of ``u / sqrt(u^2 + alpha^2)``; norse's "circ"."""

    alpha: float = 100.0


class Logistic(NamedTuple):
    """Fires at random, with probability ``1/2 + tanh(alpha u) / 2``."""

    alpha: float = 100.0
    seed: int = 0
    uniform: float = 0.5  # this step's random number; the loops fill it in


class CircDist(NamedTuple):
    """Fires at random, with probability ``1/2 + u / (2 sqrt(u^2 + alpha^2))``."""

    alpha: float = 100.0
    seed: int = 0
    uniform: float = 0.5  # this step's random number; the loops fill it in


@scalar
def heaviside(u):
    """1 if `u` is above 0, else 0."""
    return _ONE if u > _ZERO else _ZERO


@scalar
def _step_forward(u, th):
    return heaviside(u)


@scalar
def _no_slope(u, th):
    return _ZERO * u


@scalar
def _super_slope(u, th):
    d = th.alpha * abs(u) + _ONE
    return _ONE / (d * d)


@scalar
def _erfc_slope(u, th):
    ku = th.alpha * u
    return type(ku)(_TWO_OVER_ROOT_PI) * exp(-(ku * ku))


@scalar
def _tanh_slope(u, th):
    # 1 - tanh^2(y) = 4 e / (1 + e)^2 with e = exp(-2 |y|): no cancellation, no overflow
    e = exp(-_TWO * abs(th.alpha * u))
    return _FOUR * e / ((_ONE + e) * (_ONE + e))


@scalar
def _triangle_slope(u, th):
    return th.alpha * max(_ZERO, _ONE - abs(u))


@scalar
def _circ_slope(u, th):
    a2 = th.alpha * th.alpha
    d = a2 + u * u
    return a2 * th.alpha / (d * math.sqrt(d))


@scalar
def _logistic_probability(u, th):
    # 1/2 + tanh(y)/2 = 1 / (1 + exp(-2 y))
    return _ONE / (_ONE + exp(-_TWO * th.alpha * u))


@scalar
def _circ_probability(u, th):
    return _HALF + _HALF * u / math.sqrt(u * u + th.alpha * th.alpha)


@scalar
def _logistic_forward(u, th):
    return _ONE if th.uniform < _logistic_probability(u, th) else _ZERO


@scalar
def _circ_forward(u, th):
    return _ONE if th.uniform < _circ_probability(u, th) else _ZERO


class Surrogate(NamedTuple):
    """What the type of a threshold selects."""

    spike: Callable  # (u, th) -> z
    slope: Callable  # (u, th) -> dz/du, as backward takes it


SURROGATES: dict[type, Surrogate] = {
    Heaviside: Surrogate(_step_forward, _no_slope),
    SuperSpike: Surrogate(_step_forward, _super_slope),
    HeaviErfc: Surrogate(_step_forward, _erfc_slope),
    HeaviTanh: Surrogate(_step_forward, _tanh_slope),
    Triangle: Surrogate(_step_forward, _triangle_slope),
    HeaviCirc: Surrogate(_step_forward, _circ_slope),
    Logistic: Surrogate(_logistic_forward, _tanh_slope),
    CircDist: Surrogate(_circ_forward, _circ_slope),
    EventAdjoint: Surrogate(_step_forward, _no_slope),
}


# With a margin: the class that `prepare` makes one of, for each class that has a width, and what
# such a class selects. They are flat, since loops take no nested tuples.
WITHIN: dict[type, type] = {}
_CUT: dict[type, Surrogate] = {}


def _within(cls: Any, spike: Callable, slope: Callable) -> None:
    """Make the form of a surrogate known whose slope is 0 from a margin on."""
    within: Any = namedtuple(f"_{cls.__name__}Within",  # type: ignore[misc]
                             (*cls._fields, "margin"), module=__name__)

    @scalar
    def cut(u, th):
        return slope(u, th) * (_ONE if abs(u) < th.margin else _ZERO)

    globals()[within.__name__] = within  # the cache of kernels looks it up by its name
    WITHIN[cls], _CUT[within] = within, Surrogate(spike, cut)


for _cls, _functions in SURROGATES.items():
    if _cls._fields:  # type: ignore[attr-defined]
        _within(_cls, *_functions)
INLINED_FOR.update(SURROGATES | _CUT)


def _of(cls: type) -> Surrogate:
    return _CUT[cls] if cls in _CUT else SURROGATES[cls]


def spike(u: Any, th: Any) -> Any:
    """The spike of the surrogate `th` at distance `u` from the threshold."""
    return _of(type(th)).spike(u, th)


@inlined(spike)
def _spike(u, th):
    impl = _of(th.instance_class).spike
    return lambda u, th: impl(u, th)


def spike_slope(u: Any, th: Any) -> Any:
    """The slope that backward takes for `spike`."""
    return _of(type(th)).slope(u, th)


@inlined(spike_slope)
def _spike_slope(u, th):
    impl = _of(th.instance_class).slope
    return lambda u, th: impl(u, th)


def choose(z: Any, off: Any, on: Any) -> Any:
    """``(1 - z) off + z on``: `on` at a spike, else `off`.

    Compiled it is a selection, half the instructions and equal for the 0 or 1 that `z` is; plain
    Python keeps the products, so that tests may put a smooth function in a spike's place.
    """
    return (_ONE - z) * off + z * on


@inlined(choose)
def _choose(z, off, on):
    return lambda z, off, on: on if z > _ZERO else off


def has_slope(th: Any) -> None:
    """Refuse a threshold that has rules for some neurons in place of a slope."""
    if type(th) in RULES:
        raise check.must("threshold", "have a slope here", repr(th),
                         "for example SuperSpike(alpha=100.0)", error=TypeError)


def is_stochastic(th: Any) -> bool:
    """Whether the surrogate draws its spikes at random."""
    return hasattr(th, "uniform")


def draw(th: Any, neuron: Any, step: Any) -> Any:
    """`th` with the random number of this neuron and step in it, if it needs one."""
    if not is_stochastic(th):
        return th
    return th._replace(uniform=_uniform(th.seed, np.uint64(neuron), np.uint64(step)))


@inlined(draw)
def _draw(th, neuron, step):
    if "uniform" not in th.fields:
        return lambda th, neuron, step: th
    values = ", ".join("uniform(th.seed, neuron, step)" if field == "uniform" else f"th.{field}"
                       for field in th.fields)
    return define("th, neuron, step", f"return cls({values})", cls=th.instance_class,
                  uniform=_uniform)


@scalar
def _uniform(seed, neuron, step):
    first, _, _, _ = random.words(seed, _STREAM, neuron, step, _NO_ITEM)
    return random.uniform(first)


def prepare(th: Any, dtype: np.dtype, margin: float | None = None) -> Any:
    """`th` checked, its width in `dtype`, as the loops take it; its slope cut at a `margin`."""
    if type(th) not in SURROGATES:
        raise check.must("threshold", f"be one of {', '.join(c.__name__ for c in SURROGATES)}",
                         repr(th), "for example SuperSpike(alpha=100.0)", error=TypeError)
    if not th:
        return th
    with np.errstate(over="ignore"):
        alpha = dtype.type(check.number("alpha", th.alpha, above=0.0))
    if not 0 < alpha < np.inf:
        raise check.must("alpha", f"be within the range of {dtype}", f"{th.alpha:g}")
    made = (type(th)(alpha, random.seed(th.seed), np.float32(th.uniform)) if is_stochastic(th)
            else type(th)(alpha))
    if margin is None:
        return made
    with np.errstate(over="ignore"):  # one beyond the range holds all that is in it
        return WITHIN[type(th)](*made, dtype.type(margin))
