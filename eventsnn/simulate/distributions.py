"""Distributions of what differs from neuron to neuron.

A value is a function of (seed, stream, item, number), by inversion of the distribution at a random
number of 52 bits.
"""

import dataclasses
from typing import Any

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.jit import kernel

_HIGH_BITS, _LOW_BITS = np.uint64(20), np.uint64(12)


class Distribution:
    """What numbers are drawn from; its subclasses are the distributions there are."""


def _numbers(d: Any, spread: str = "") -> None:
    for field in dataclasses.fields(d):
        check.number(field.name, getattr(d, field.name),
                     least=0.0 if field.name == spread else None)


@dataclasses.dataclass(frozen=True)
class Normal(Distribution):
    """The normal distribution."""

    mean: float
    std: float

    def __post_init__(self) -> None:
        _numbers(self, "std")


@dataclasses.dataclass(frozen=True)
class ClippedNormal(Distribution):
    """The normal distribution within bounds: as if draws outside were drawn again."""

    mean: float
    std: float
    low: float
    high: float

    def __post_init__(self) -> None:
        _numbers(self)
        check.number("std", self.std, above=0.0)
        if not self.low < self.high:
            raise check.must("high", f"be above low = {self.low:g}", f"{self.high:g}")


@dataclasses.dataclass(frozen=True)
class LogNormal(Distribution):
    """The distribution of ``exp(x)`` with normal `x` of this mean and standard deviation."""

    mean: float
    sigma: float

    def __post_init__(self) -> None:
        _numbers(self, "sigma")


@dataclasses.dataclass(frozen=True)
class Uniform(Distribution):
    """The uniform distribution between two bounds."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _numbers(self)
        if not self.low <= self.high:
            raise check.must("high", f"be at least low = {self.low:g}", f"{self.high:g}")


@kernel
def _uniforms(seed, stream, item, ids, out):
    """Random numbers in (0, 1), to `out` float64 (n,); `ids` (n,) uint64."""
    for k in range(np.uint64(ids.shape[0])):
        high, low, _, _ = random.words(seed, stream, ids[k], np.uint64(0), item)
        out[k] = (np.float64((high << _HIGH_BITS) | (low >> _LOW_BITS)) + 0.5) * 2.0**-52


def draw(distribution: Distribution, seed: int, stream: int, ids: Any, item: int = 0) -> np.ndarray:
    """One number for each of `ids`, float64 (n,).

    Parameters
    ----------
    distribution : Distribution
    seed : int
    stream : int
        What is drawn, one of the streams of `eventsnn.core.random`.
    ids : (n,) int array
        From 0 to ``2^32 - 1``; of neurons, say.
    item : int
        Tells several quantities of one stream apart; below 2^32.

    Examples
    --------
    >>> values = draw(Uniform(-60.0, -50.0), 1, random.INITIAL_STATE, range(1000))
    >>> bool(values.min() > -60), values.mean().round(0)
    (True, np.float64(-55.0))
    """
    from scipy.special import ndtr, ndtri

    d: Any = distribution
    u = np.empty(len(ids))
    _uniforms(np.uint64(seed), np.uint64(stream), np.uint64(item), np.asarray(ids, np.uint64), u)
    if isinstance(d, Uniform):
        return d.low + (d.high - d.low) * u
    if isinstance(d, LogNormal):
        return np.exp(d.mean + d.sigma * ndtri(u))
    if isinstance(d, Normal):
        return d.mean + d.std * ndtri(u)
    # In the lower half of the distribution, where small tails are exact.
    a, b = (d.low - d.mean) / d.std, (d.high - d.mean) / d.std
    sign = -1.0 if a > 0 else 1.0
    a, b = sorted((sign * a, sign * b))
    z = ndtri(ndtr(a) + (ndtr(b) - ndtr(a)) * u)
    return np.clip(d.mean + sign * d.std * z, d.low, d.high)
