"""Currents from outside the network: constant piece by piece, or noisy."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check, random
from eventsnn.engine.currents import Currents, Noises
from eventsnn.simulate.pieces import Pieces, column, each, pieces
from eventsnn.simulate.population import View


class Current(NamedTuple):
    """A current into a view, constant piece by piece."""

    post: View
    channel: int
    pieces: Pieces


class Noise(NamedTuple):
    """A noisy current into a view."""

    post: View
    channel: int
    item: int  # number among the drives of the network
    mean: np.ndarray  # float64 (1,) or (n,)
    std: np.ndarray  # float64 (1,) or (n,)
    every: int  # steps


def current(post: View, channel: int, value: Any, times: Any, dt: float) -> Current:
    """Check the arguments of `Network.current`."""
    return Current(post, channel, pieces("value", value, times, len(post), dt))


def noise(post: View, channel: int, item: int, mean: Any, std: Any, every: float | None,
          dt: float) -> Noise:
    """Check the arguments of `Network.noise`."""
    means, stds = each("mean", mean, len(post)), each("std", std, len(post))
    if stds.size and stds.min() < 0:
        raise check.must("std", "be at least 0", f"{stds.min():g}")
    if every is not None and not check.number("every", every) / dt < random.STEP_LIMIT:
        raise check.must("every", "be below 2^48 steps", f"{every:g} s")
    steps = 1 if every is None else round(every / dt)
    if steps < 1:
        raise check.must("every", f"be at least dt = {dt:g} s", f"{every:g} s")
    return Noise(post, channel, item, means, stds, steps)


def decay_of(post: View, channel: int) -> str | None:
    """The parameter, 1/s, with which what comes into a channel decays; None if that acts at once.

    Models name it alike: ``tau_syn_inv``, or ``tau_syn_<channel>_inv`` where they have several.
    """
    model = post.population.model
    names: Any = () if model.inputs is None else model.inputs._fields
    name = names[channel] if names else "synapse"
    field = "tau_syn_inv" if name == "synapse" else f"tau_syn_{name}_inv"
    return field if field in post.population.p._fields else None


def decays(post: View, p: Any, n_channels: int, n: int, dt: np.floating) -> np.ndarray:
    """What is lost in a step of what came into each channel: (n_channels, n); `p` the group's."""
    found = np.zeros((n_channels, n), type(dt))
    for channel, row in enumerate(found):
        field = decay_of(post, channel)
        if field is not None:
            row[:] = dt * np.asarray(getattr(p, field), type(dt))
    return found


def _common(drives: list[Any], first: list[int]) -> dict[str, np.ndarray]:
    return {"start": np.array(first, np.int64),
            "stop": np.array([f + len(d.post) for f, d in zip(first, drives, strict=True)],
                             np.int64),
            "channel": np.array([d.channel for d in drives], np.int64),
            "follows": np.array([decay_of(d.post, d.channel) is not None for d in drives])}


def pack_currents(drives: list[Current], first: list[int], decay: np.ndarray) -> Currents | None:
    """The currents into one group as arrays; `first` as for `poisson.pack`."""
    if not drives:
        return None
    steps = column([d.pieces.steps for d in drives], np.int64)
    values = column([d.pieces.values for d in drives], decay.dtype)
    return Currents(**_common(drives, first), pieces=steps.at, steps=steps.values,
                    at=values.at[:-1],
                    width=np.array([d.pieces.values.shape[1] for d in drives], np.int64),
                    values=values.values, decay=decay)


def pack_noises(drives: list[Noise], first: list[int], decay: np.ndarray) -> Noises | None:
    """The noises into one group as arrays; `first` as for `poisson.pack`."""
    if not drives:
        return None
    rows = [np.stack(np.broadcast_arrays(d.mean, d.std)) for d in drives]
    values = column(rows, decay.dtype)
    return Noises(**_common(drives, first), item=np.array([d.item for d in drives], np.uint64),
                  every=np.array([d.every for d in drives], np.int64), at=values.at[:-1],
                  width=np.array([r.shape[1] for r in rows], np.int64), values=values.values,
                  decay=decay, held=np.zeros((len(drives), decay.shape[1]), decay.dtype))
