"""Input from outside the network."""

import math
from typing import NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.engine.network import Drives
from eventsnn.simulate.population import View

MOST_EVENTS = 30.0  # mean number of events a step; more would need a normal approximation


class Poisson(NamedTuple):
    """Independent Poisson input to each neuron of a view."""

    post: View
    channel: int
    weight: float
    mean: float  # events a step


def tails(mean: float) -> list[int]:
    """``2^32 P(count <= m)`` for ``m = 0, 1, ...`` of a Poisson count, until rounding gives 2^32.

    A uniform 32-bit word reaches as many of these numbers as the count drawn from it is.
    """
    term = total = math.exp(-mean)
    out: list[int] = []
    while (tail := round(total * 2.0**32)) < 2**32:
        out.append(tail)
        term *= mean / len(out)
        if len(out) > mean and term < 2.0**-40:
            break
        total += term
    return out


def poisson(post: View, channel: int, rate: float, weight: float, dt: float) -> Poisson:
    """Check the arguments of a Poisson drive of `rate` (1/s)."""
    mean = check.number("rate", rate, least=0.0) * dt
    if mean > MOST_EVENTS:
        raise check.must("rate", f"be at most {MOST_EVENTS / dt:g} / s at this dt", f"{rate:g}",
                         "use a constant drive of the same mean")
    check.finite("weight", check.number("weight", weight), np.float32)
    return Poisson(post, channel, weight, mean)


def pack(drives: list[Poisson], starts: dict[str, int], dtype: np.dtype) -> Drives:
    """The drives of one group as arrays; `starts` says where its populations start."""
    lists = [tails(d.mean) for d in drives]
    table = np.full((len(drives), max(map(len, lists), default=0)), 2**32, np.uint64)
    for row, values in zip(table, lists, strict=True):
        row[:len(values)] = values
    first = [starts[d.post.population.name] for d in drives]
    return Drives(
        np.array([f + d.post.start for f, d in zip(first, drives, strict=True)], np.int64),
        np.array([f + d.post.stop for f, d in zip(first, drives, strict=True)], np.int64),
        np.array([d.channel for d in drives], np.int64),
        np.array([d.weight for d in drives], dtype), table)
