"""Distributions of weights, delays, parameters and initial values.

What is drawn is a function of the seed and of what it is for, so it is the same for any number of
threads, and whatever else a network holds; see `eventsnn.connect.values`.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from eventsnn.connect import values
from eventsnn.core import check, random

EDGE = 2.0**-53  # the least uniform number there is; the greatest is 1 less it


class Distribution:
    """What numbers are drawn from; its subclasses are the distributions there are."""

    def law(self, unit: float = 1.0) -> np.ndarray:
        """As kernels take it, of numbers counted in `unit`; see `eventsnn.connect.values`."""
        raise NotImplementedError

    def bounds(self, unit: float = 1.0) -> tuple[float, float]:
        """The least and the greatest number that can be drawn, in `unit`."""
        law = self.law(unit)
        with np.errstate(over="ignore"):
            ends = float(_quantile(law, EDGE)), float(_quantile(law, 1.0 - EDGE))
        return min(ends), max(ends)


def _quantile(law: np.ndarray, u: float) -> float:
    try:
        return values.quantile(law, u)
    except OverflowError:  # math.exp in plain Python; compiled it gives infinity
        return math.inf


def _finite(distribution: Any) -> None:
    """Check the fields that have no bounds of their own."""
    for field in dataclasses.fields(distribution):
        value = getattr(distribution, field.name)
        if not (field.name in ("low", "high") and isinstance(value, float) and math.isinf(value)):
            check.number(field.name, value)


@dataclasses.dataclass(frozen=True)
class Normal(Distribution):
    """The normal distribution.

    Attributes
    ----------
    mean, std : float
        In the unit of what is drawn; ``std >= 0``.

    Examples
    --------
    >>> draw(Normal(1.0, 0.1), seed=1, stream=5, ids=range(9999)).mean().round(2)
    np.float64(1.0)
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        _finite(self)
        check.number("std", self.std, least=0.0)

    def law(self, unit: float = 1.0) -> np.ndarray:
        """See `Distribution`."""
        return np.array([values.NORMAL, self.mean / unit, self.std / unit, 0.0, 1.0,
                         -np.inf, np.inf])


@dataclasses.dataclass(frozen=True)
class ClippedNormal(Distribution):
    """The normal distribution within bounds: as if draws outside were drawn again.

    So ``ClippedNormal(-1.0, 0.5, high=0.0)`` keeps inhibition inhibitory.

    Attributes
    ----------
    mean, std : float
        Of the normal distribution before it is cut; ``std > 0``.
    low, high : float
        Bounds; none by default.

    Examples
    --------
    >>> bool(draw(ClippedNormal(-1.0, 2.0, high=0.0), seed=1, stream=5, ids=range(99)).max() <= 0)
    True
    """

    mean: float
    std: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        _finite(self)
        check.number("std", self.std, above=0.0)
        if not self.low < self.high:
            raise check.must("high", f"be above low = {self.low:g}", f"{self.high:g}")
        law = self.law()
        if not law[values.TO] - law[values.FROM] > 0:
            raise check.must("low and high", "lie within 37 std of the mean, as far as numbers go",
                             f"{self.low:g} and {self.high:g}")

    def law(self, unit: float = 1.0) -> np.ndarray:
        """See `Distribution`."""
        a, b = (self.low - self.mean) / self.std, (self.high - self.mean) / self.std
        scale = self.std
        if a > 0:  # probabilities near 0 are told apart, near 1 they are not: take the mirror image
            a, b, scale = -b, -a, -scale
        return np.array([values.NORMAL, self.mean / unit, scale / unit, _below(a), _below(b),
                         self.low / unit, self.high / unit])


@dataclasses.dataclass(frozen=True)
class LogNormal(Distribution):
    """The log-normal distribution: that of ``exp(x)`` with normal `x`.

    Attributes
    ----------
    mean, sigma : float
        Mean and standard deviation of `x`, the logarithm; as in NumPy. The median is ``exp(mean)``.

    Examples
    --------
    >>> import numpy as np
    >>> np.median(draw(LogNormal(0.0, 0.5), seed=1, stream=5, ids=range(9999))).round(1)
    np.float64(1.0)
    """

    mean: float
    sigma: float

    def __post_init__(self) -> None:
        _finite(self)
        check.number("sigma", self.sigma, least=0.0)

    def law(self, unit: float = 1.0) -> np.ndarray:
        """See `Distribution`."""
        return np.array([values.LOG_NORMAL, self.mean - math.log(unit), self.sigma, 0.0, 1.0,
                         0.0, np.inf])


@dataclasses.dataclass(frozen=True)
class Uniform(Distribution):
    """The uniform distribution from `low` to `high`.

    Attributes
    ----------
    low, high : float
        In the unit of what is drawn; ``low <= high``.

    Examples
    --------
    >>> Uniform(-60.0, -50.0).bounds()
    (-60.0, -50.0)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        for field in ("low", "high"):
            check.number(field, getattr(self, field))
        if not self.low <= self.high:
            raise check.must("high", f"be at least low = {self.low:g}", f"{self.high:g}")

    def law(self, unit: float = 1.0) -> np.ndarray:
        """See `Distribution`."""
        return np.array([values.UNIFORM, self.low / unit, (self.high - self.low) / unit, 0.0, 1.0,
                         self.low / unit, self.high / unit])


def _below(x: float) -> float:
    """Probability that a standard normal deviate is below `x`."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def draw(distribution: Distribution, seed: int, stream: int, ids: Any,
         item: int = 0) -> np.ndarray:
    """Draw a number for each of `ids`: a function of seed, stream, item and id alone.

    Parameters
    ----------
    distribution : Distribution
    seed : int
    stream : int
        What is drawn, one of the streams of `eventsnn.core.random`.
    ids : (n,) array of int
        From 0 to ``2^32 - 1``; of neurons, say.
    item : int
        Tells several quantities of one stream apart.

    Returns
    -------
    (n,) float64 array

    Examples
    --------
    >>> a, b = (draw(Uniform(0.0, 1.0), 7, 6, ids) for ids in (range(5), range(3, 5)))
    >>> a[3:].tolist() == b.tolist()
    True
    """
    if not isinstance(distribution, Distribution):
        raise check.must("distribution", "be one of eventsnn.simulate, such as Normal",
                         type(distribution).__name__, error=TypeError)
    numbers = check.whole("ids", ids)
    if numbers.ndim != 1:
        raise check.must("ids", "have one axis", numbers.shape)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < 2**32:
        raise check.must("ids", "lie in 0 ... 2^32 - 1", f"{numbers.min()} ... {numbers.max()}")
    out = np.empty(len(numbers))
    values.draw_each(random.seed(seed), np.uint64(check.integer("stream", stream, least=0)),
                     np.uint64(check.integer("item", item, least=0)), distribution.law(),
                     numbers.astype(np.uint64), out)
    return out
