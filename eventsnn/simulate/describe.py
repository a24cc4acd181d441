"""What a network is made of, as JSON can hold it: for those who find its recordings."""

import dataclasses
import math
from typing import Any

import numpy as np

from eventsnn.simulate.distributions import Distribution
from eventsnn.simulate.population import Population
from eventsnn.simulate.projections import Projection


def population(q: Population) -> dict[str, Any]:
    """Size, model and parameters."""
    return {"size": len(q), "model": f"{type(q.p).__module__}.{type(q.p).__qualname__}",
            "parameters": {name: number(value) for name, value in q.p._asdict().items()}}


def projection(q: Projection, dt: float) -> dict[str, Any]:
    """From where to where, by what rule; delay in s."""
    delay = q.delay[0] if isinstance(q.delay, tuple) else np.asarray(q.delay) * dt
    return {"pre": _part(q.pre), "post": _part(q.post), "channel": q.channel,
            "weight": _values(q.weight), "delay": _values(delay), **q.rule.describe()}


def _values(given: Any) -> Any:
    """A number, what sums up several, or the distribution."""
    if isinstance(given, Distribution):
        fields = {k: v if math.isfinite(v) else None for k, v in dataclasses.asdict(
            given).items()}  # type: ignore[call-overload]
        return {"distribution": type(given).__name__, **fields}
    return number(given)


def _part(view: Any) -> list[Any]:
    return [view.population.name, view.start, view.stop]


def number(value: Any) -> Any:
    """A number; of an array with one a neuron, what sums it up."""
    array = np.asarray(value)
    if array.ndim == 0:
        return array.item()
    if array.size == 0:
        return {"shape": list(array.shape)}
    return {"shape": list(array.shape), "min": float(array.min()), "mean": float(array.mean()),
            "max": float(array.max())}
