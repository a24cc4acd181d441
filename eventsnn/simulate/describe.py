"""What a network is made of, as JSON can hold it: for those who find its recordings."""

import dataclasses
import math
from typing import Any

import numpy as np

from eventsnn.simulate.currents import Current, Noise
from eventsnn.simulate.distributions import Distribution
from eventsnn.simulate.drives import Drive
from eventsnn.simulate.poisson import Poisson
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.projections import Projection
from eventsnn.simulate.source import Source
from eventsnn.simulate.spike_lists import SpikeList


def network(dt: float, seed: int, populations: dict[str, Population], sources: dict[str, Source],
            projections: list[Projection], drives: list[Drive],
            constant: list[tuple[View, int, np.ndarray]]) -> dict[str, Any]:
    """All of a network; times in s."""
    found: dict[str, list[Any]] = {"poisson": [], "currents": [], "noises": [], "spikes": []}
    for one in drives:
        found[_KIND[type(one)]].append(drive(one, dt))
    return {"dt": dt, "seed": seed,
            "populations": {name: population(q) for name, q in populations.items()},
            "sources": {name: {"size": len(q)} for name, q in sources.items()},
            "projections": [projection(q, dt) for q in projections],
            "constant": [{"post": _part(view), "channel": channel, "value": number(value)}
                         for view, channel, value in constant], **found}


_KIND = {Poisson: "poisson", Current: "currents", Noise: "noises", SpikeList: "spikes"}


def drive(d: Drive, dt: float) -> dict[str, Any]:
    """What an input from outside the network is, and to which neurons."""
    to: dict[str, Any] = {"post": _part(d.post), "channel": d.channel}
    if isinstance(d, Poisson):
        return to | _pieces("events_per_step", d.means, dt) | {"weight": _each(d.weight)}
    if isinstance(d, Current):
        return to | _pieces("value", d.pieces, dt)
    if isinstance(d, Noise):
        return to | {"mean": _each(d.mean), "std": _each(d.std), "every": d.every * dt}
    return to | {"spikes": len(d.ids), "weight": _each(d.weight)}


def _pieces(name: str, pieces: Any, dt: float) -> dict[str, Any]:
    """Values that hold piece by piece; of many pieces, what sums them up."""
    values = [_each(row) for row in pieces.values]
    if len(values) == 1:
        return {name: values[0]}
    if len(values) > 100:
        return {name: number(pieces.values), "times": number(pieces.steps * dt)}
    return {name: values, "times": (pieces.steps * dt).tolist()}


def _each(values: np.ndarray) -> Any:
    """One number, or one a neuron."""
    return number(values[0] if len(values) == 1 else values)


def population(q: Population) -> dict[str, Any]:
    """Size, model and parameters."""
    return {"size": len(q), "model": f"{type(q.p).__module__}.{type(q.p).__qualname__}",
            "parameters": {name: _values(given if isinstance(given, Distribution) else value)
                           for (name, value), given
                           in zip(q.p._asdict().items(), q.given, strict=True)}}


def projection(q: Projection, dt: float) -> dict[str, Any]:
    """From where to where, by what rule; delay in s."""
    delay = q.delay[0] if isinstance(q.delay, tuple) else np.asarray(q.delay) * dt
    found = {"name": q.name, "pre": _part(q.pre), "post": _part(q.post), "channel": q.channel,
             "weight": _values(q.weight), "delay": _values(delay), **q.rule.describe()}
    for kind, p in (("plasticity", q.plasticity), ("short_term", q.short_term)):
        if p is not None:
            found[kind] = {"rule": type(p).__name__, **p._asdict()}
    return found


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
