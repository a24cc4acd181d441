"""Weights and delays of synapses: where each lies, and what it is."""

import dataclasses
from typing import Any

import numpy as np

from eventsnn.connect import values
from eventsnn.connect.cpu import SHARED
from eventsnn.connect.drawn import Recipe
from eventsnn.connect.rows import Site
from eventsnn.simulate.distributions import Distribution
from eventsnn.simulate.projections import Projection

BYTE = 255  # steps, the longest delay kept in one


@dataclasses.dataclass
class Piece:
    """A projection as it is wired."""

    q: Projection
    site: Site
    recipe: Recipe | None  # of its rows, if it is procedural
    rows: np.ndarray = dataclasses.field(init=False)  # (n_blocks, n_pre + 1)
    totals: np.ndarray = dataclasses.field(init=False)  # (n_blocks,) int64: synapses
    block_at: np.ndarray = dataclasses.field(init=False)  # (n_blocks,) int64: place of the first

    @property
    def stored(self) -> bool:
        """Whether its synapses are kept."""
        return self.recipe is None


def weights(pieces: list[Piece], targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the projections whose synapses differ in weight, and where they lie."""
    out, value_at = _room(pieces, "weight", np.float32)
    for piece, at in zip(pieces, value_at.tolist(), strict=True):
        weight = piece.q.weight
        if at != SHARED and isinstance(weight, Distribution):
            _drawn(piece, weight.law(), False, targets, at, out)
        elif at != SHARED and is_number(weight):  # they start equal, and learn
            first = at + int(piece.block_at[0])
            out[first:first + int(piece.totals.sum())] = weight
        elif at != SHARED:
            piece.q.rule.place(weight, piece.site, piece.block_at + at, piece.rows, out)
    return out, value_at


def delays(pieces: list[Piece], targets: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray, int | None, int]:
    """As `weights`, in steps, with the shortest and the longest of all."""
    ends = [_extremes(piece, targets) for piece in pieces]
    widest = max((end[1] for end, piece in zip(ends, pieces, strict=True)
                  if piece.stored and not is_number(piece.q.delay)), default=0)
    out, value_at = _room(pieces, "delay", np.uint8 if widest <= BYTE else np.uint16)
    for k, (piece, at) in enumerate(zip(pieces, value_at.tolist(), strict=True)):
        if at != SHARED and isinstance(piece.q.delay, np.ndarray):
            piece.q.rule.place(piece.q.delay, piece.site, piece.block_at + at, piece.rows, out)
        elif at != SHARED:
            ends[k] = _drawn(piece, laws(piece.q)[1], True, targets, at, out)
    return (out, value_at, min((least for least, _ in ends), default=None),
            max((most for _, most in ends), default=1))


def _extremes(piece: Piece, targets: np.ndarray) -> tuple[int, int]:
    """The shortest and the longest delay of a projection, or bounds of them."""
    delay = piece.q.delay
    if is_number(delay):
        return delay, delay
    if isinstance(delay, np.ndarray):
        return int(delay.min()), int(delay.max())
    least, most = (max(round(x), 1) for x in delay[0].bounds(delay[1]))
    if most <= BYTE or not piece.stored:
        return least, most
    return _drawn(piece, laws(piece.q)[1], True, targets, 0, None)  # may yet fit in a byte


def _drawn(piece: Piece, law: np.ndarray, is_delay: bool, targets: np.ndarray, at: int,
           out: np.ndarray | None) -> tuple[int, int]:
    """Draw one value a synapse to `out`, if given; returns the extremes of delays."""
    least, most = values.synapse_values(piece.site, law, is_delay, piece.q.rule.multapses,
                                        piece.block_at, piece.rows, targets, at, out)
    return (int(least), int(most)) if is_delay and piece.totals.any() else (1, 1)


def laws(q: Projection) -> tuple[np.ndarray, np.ndarray]:
    """The distributions of weight, and of delay in steps; zeros where there is none."""
    none = np.zeros(values.MOST + 1)
    return (q.weight.law() if isinstance(q.weight, Distribution) else none,
            q.delay[0].law(q.delay[1]) if isinstance(q.delay, tuple) else none)


def _room(pieces: list[Piece], name: str, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Room for one value a synapse of some projections.

    And for each what to add to a synapse's place for the place of its value, or `SHARED`.
    """
    own = [piece.stored and (not is_number(getattr(piece.q, name))
                             or name == "weight" and piece.q.plasticity is not None)
           for piece in pieces]
    sizes = [int(piece.totals.sum()) if mine else 0
             for piece, mine in zip(pieces, own, strict=True)]
    first = np.array([piece.block_at[0] for piece in pieces], np.int64)
    return allocate(sum(sizes), dtype), np.where(own, before(sizes) - first, SHARED)


def allocate(n: int, dtype: Any) -> np.ndarray:
    """Room for one number a synapse: the only place where a network takes memory for that."""
    return np.empty(n, dtype)


def before(sizes: Any) -> np.ndarray:
    """What lies before each of several pieces of these sizes."""
    return np.cumsum(np.concatenate([[0], sizes]), dtype=np.int64)[:-1]


def is_number(value: Any) -> bool:
    """Whether all synapses share it."""
    return isinstance(value, (int, float))


def shared(value: Any) -> Any:
    """The value that all synapses share, else 0."""
    return value if is_number(value) else 0
