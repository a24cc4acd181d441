"""Distributions of what differs from neuron to neuron or from synapse to synapse.

A value is a function of (seed, stream, item, number), by inversion of the distribution at a random
number of 53 bits.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.jit import kernel

_LOW = np.uint64(21)


class Normal(NamedTuple):
    """Normal."""

    mean: float
    std: float


class ClippedNormal(NamedTuple):
    """Normal, given that it lies from `low` to `high` (as if drawn again until it does)."""

    mean: float
    std: float
    low: float
    high: float


class LogNormal(NamedTuple):
    """The exponential of a normal number: its logarithm has this mean and standard deviation."""

    mean: float
    sigma: float


class Uniform(NamedTuple):
    """Uniform between two bounds."""

    low: float
    high: float


def is_distribution(value: Any) -> bool:
    """Whether `value` is one of the distributions."""
    return isinstance(value, (Normal, ClippedNormal, LogNormal, Uniform))


def check_distribution(name: str, distribution: Any) -> None:
    """Refuse a distribution whose numbers make none."""
    d = type(distribution)(*(check.number(f"{field} of {name}", value)
                             for field, value in distribution._asdict().items()))
    for field in ("std", "sigma"):
        check.number(f"{field} of {name}", getattr(d, field, 0.0), least=0.0)
    if "low" in d._fields and not d.low <= d.high:
        raise check.must(f"low of {name}", "be at most high", f"{d.low:g} and {d.high:g}")


@kernel
def _uniforms(seed, stream, item, ids, out):
    """Random numbers in (0, 1), to `out` float64 (n,); `ids` (n,) uint64."""
    for k in range(np.uint64(ids.shape[0])):
        high, low, _, _ = random.words(seed, stream, ids[k], np.uint64(0), item)
        out[k] = (np.float64(high << _LOW | low >> np.uint64(11)) + 0.5) * 2.0**-53


def draw(distribution: Any, seed: int, stream: int, item: int, ids: Any) -> np.ndarray:
    """One value for each of the numbers `ids` (n,), float64 (n,).

    Parameters
    ----------
    distribution : Normal, ClippedNormal, LogNormal or Uniform
    seed : int
    stream : int
        What for, see `eventsnn.core.random`.
    item : int
        Which of that kind, below 2^32.
    ids : (n,) int array
        Below 2^32.

    Examples
    --------
    >>> draw(Uniform(-60.0, -50.0), 1, random.INITIAL_STATE, 0, [4, 7]).round(3).tolist()
    [-57.212, -59.535]
    """
    from scipy.special import ndtr, ndtri

    u = np.empty(len(ids))
    _uniforms(np.uint64(seed), np.uint64(stream), np.uint64(item), np.asarray(ids, np.uint64), u)
    d = distribution
    if isinstance(d, Uniform):
        return d.low + (d.high - d.low) * u
    if isinstance(d, LogNormal):
        return np.exp(d.mean + d.sigma * ndtri(u))
    if isinstance(d, Normal) or d.std == 0:
        z = d.mean + d.std * ndtri(u)
        return z if isinstance(d, Normal) else np.clip(z, d.low, d.high)
    # In the lower half of the distribution, where small tails are exact.
    a, b = (d.low - d.mean) / d.std, (d.high - d.mean) / d.std
    sign = -1.0 if a > 0 else 1.0
    a, b = sorted((sign * a, sign * b))
    z = ndtri(ndtr(a) + (ndtr(b) - ndtr(a)) * u)
    return np.clip(d.mean + sign * d.std * z, d.low, d.high)
