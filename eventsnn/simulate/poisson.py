"""Poisson input from outside the network."""

import math
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.engine.poisson import MOST, PART_BITS, PoissonInputs
from eventsnn.simulate.pieces import Pieces, column, each, pieces
from eventsnn.simulate.population import View

MOST_EVENTS = MOST * 2.0 ** int(PART_BITS)  # a step, about a million


class Poisson(NamedTuple):
    """Independent Poisson input to each neuron of a view."""

    post: View
    channel: int
    item: int  # number among the drives of the network
    weight: np.ndarray  # float64 (1,) or (n,)
    means: Pieces  # events a step


def poisson(post: View, channel: int, item: int, rate: Any, times: Any, weight: Any,
            dt: float) -> Poisson:
    """Check the arguments of a Poisson drive of `rate` (1/s), see `Network.poisson`."""
    rates = pieces("rate", rate, times, len(post), dt)
    if rates.values.size and rates.values.min() < 0:
        raise check.must("rate", "be at least 0", f"{rates.values.min():g}")
    means = rates.values * dt
    if means.size and means.max() > MOST_EVENTS:
        raise check.must("rate", f"be at most {MOST_EVENTS / dt:g} / s at this dt",
                         f"{rates.values.max():g}", "use noise of the same mean and variance")
    if means.shape[1] > 1 and (means == means[:, :1]).all():
        means = means[:, :1]
    return Poisson(post, channel, item, each("weight", weight, len(post)),
                   rates._replace(values=means))


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


def _parts(d: Poisson) -> int:
    return max(1, math.ceil(d.means.values.max(initial=0.0) / MOST))


def _tail_rows(d: Poisson) -> np.ndarray:
    """The tails of each piece (P, M) uint32, as `PoissonInputs` has them."""
    lists = [tails(mean / _parts(d)) for mean in d.means.values[:, 0]]
    rows = np.full((len(lists), max(map(len, lists)) + 1), 2**32 - 1, np.uint32)
    for row, values in zip(rows, lists, strict=True):
        row[:len(values)] = np.array(values, np.int64) - 1
    return rows


def _mean_rows(d: Poisson) -> np.ndarray:
    """The mean of one count, and 2^32 P(none), of all neurons: (P, 2 n) float64."""
    means = d.means.values / _parts(d)
    return np.concatenate([means, 2.0**32 * np.exp(-means)], axis=1)


def pack(drives: list[Poisson], first: list[int], dtype: np.dtype) -> PoissonInputs | None:
    """The drives of one group as arrays; `first` are the first neurons of their views in it."""
    if not drives:
        return None
    differ = [d.means.values.shape[1] > 1 for d in drives]
    rows = [_mean_rows(d) if e else _tail_rows(d) for d, e in zip(drives, differ, strict=True)]
    means = column([r for r, e in zip(rows, differ, strict=True) if e], np.float64)
    tail = column([r for r, e in zip(rows, differ, strict=True) if not e], np.uint32)
    at_means, at_tails = iter(means.at), iter(tail.at)
    steps = column([d.means.steps for d in drives], np.int64)
    own = [d.weight if len(d.weight) > 1 else np.empty(0) for d in drives]
    weights = column(own, dtype)
    return PoissonInputs(
        start=np.array(first, np.int64),
        stop=np.array([f + len(d.post) for f, d in zip(first, drives, strict=True)], np.int64),
        channel=np.array([d.channel for d in drives], np.int64),
        item=np.array([d.item for d in drives], np.uint64),
        parts=np.array([_parts(d) for d in drives], np.int64),
        pieces=steps.at, steps=steps.values, each=np.array(differ, np.bool_),
        at=np.array([next(at_means if e else at_tails) for e in differ], np.int64),
        width=np.array([r.shape[1] for r in rows], np.int64),
        tails=tail.values, means=means.values,
        weight=np.array([d.weight[0] if len(d.weight) else 0 for d in drives], dtype),
        weights_at=np.array([at if len(w) else -1
                             for at, w in zip(weights.at, own, strict=False)], np.int64),
        weights=weights.values)
