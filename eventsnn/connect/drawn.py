"""Rules whose rows are drawn by themselves, so that any row can be drawn at any time.

A row comes from random numbers of its source and its block alone. Projections of such rules are
either stored, or procedural: their rows are drawn again whenever the source spikes.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.distance import Places, distant_row
from eventsnn.connect.out_degree import drawn_row
from eventsnn.connect.probability import probable_row
from eventsnn.connect.rows import Site
from eventsnn.connect.words import AHEAD
from eventsnn.core.jit import kernel, scalar

STORED, PROBABILITY, LENGTH, DISTANCE = range(4)  # STORED: not among these, or not procedural

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_ITEM_BITS = np.uint64(16)


class Recipe(NamedTuple):
    """How one projection draws its rows."""

    kind: int
    autapses: bool
    multapses: bool = False
    log_miss: float = 0.0  # logarithm of the probability that a pair is not connected
    profile: tuple = (0.0, 0.0, 0.0, 0.0)  # p_0, kind, scale, cutoff^2
    period: tuple = (0.0,)  # of the box, an axis; 0 is none
    sources: Any = None  # float64 (n_pre, d): positions
    places: Places | None = None  # of the targets


class Recipes(NamedTuple):
    """Those of several projections; positions have as many axes as those with the most have."""

    kind: Any  # int64 (Q,)
    seed: Any  # uint64
    item: Any  # uint64 (Q,): of the random numbers, without the block
    start: Any  # int64 (Q,): targets start to stop, numbers within their group
    stop: Any  # int64 (Q,)
    no_autapses: Any  # bool (Q,): whether equal numbers of source and target are left out
    multapses: Any  # bool (Q,)
    log_miss: Any  # float64 (Q,)
    profile: Any  # float64 (Q, 4)
    period: Any  # float64 (Q, d)
    sources: Any  # float64 (., d)
    sources_at: Any  # int64 (Q,): place in `sources` less the source's number in its group
    order: Any  # uint16
    positions: Any  # float64 (., d)
    places_at: Any  # int64 (Q,): where `order` and `positions` of a projection start
    boxes: Any  # float64 (., 2, d)
    chunks: Any  # int64: places, counted from `places_at`
    chunk_at: Any  # int64 (Q, n_blocks + 1)


def recipes(several: list[tuple[Recipe, Site]], n_blocks: int) -> Recipes:
    """Recipes as arrays."""
    dimensions = max((len(r.period) for r, _ in several), default=1)

    def wide(a: Any) -> np.ndarray:
        """With axes added on which all coordinates are 0."""
        a = np.asarray(a, np.float64)
        return np.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, dimensions - a.shape[-1])])

    none = Places(np.empty(0, np.uint16), np.empty((0, 1)), np.empty((0, 2, 1)),
                  np.empty(0, np.int64), np.zeros(n_blocks + 1, np.int64))
    found = [none if r.places is None else r.places for r, _ in several]
    sources = [np.empty((0, 1)) if r.sources is None else r.sources for r, _ in several]
    chunks_at = _before([len(p.chunks) for p in found])
    # A projection has one entry more in `chunks`, for the end: pad its boxes alike.
    boxes = [wide(np.pad(p.boxes, [(0, len(p.chunks) - len(p.boxes)), (0, 0), (0, 0)]))
             for p in found]
    return Recipes(
        kind=np.array([r.kind for r, _ in several], np.int64),
        seed=several[0][1].seed if several else np.uint64(0),
        item=np.array([s.projection << 16 for _, s in several], np.uint64),
        start=np.array([s.post_start for _, s in several], np.int64),
        stop=np.array([s.post_stop for _, s in several], np.int64),
        no_autapses=np.array([s.same and not r.autapses for r, s in several], np.bool_),
        multapses=np.array([r.multapses for r, _ in several], np.bool_),
        log_miss=np.array([r.log_miss for r, _ in several], np.float64),
        profile=np.array([r.profile for r, _ in several], np.float64).reshape(-1, 4),
        period=np.array([wide(r.period) for r, _ in several], np.float64).reshape(-1, dimensions),
        sources=np.concatenate([wide(np.empty((0, 1))), *map(wide, sources)]),
        sources_at=_before(list(map(len, sources)))
        - np.array([s.pre_start for _, s in several], np.int64),
        order=np.concatenate([none.order, *(p.order for p in found)]),
        positions=np.concatenate([wide(none.positions), *(wide(p.positions) for p in found)]),
        places_at=_before([len(p.order) for p in found]),
        boxes=np.concatenate([wide(none.boxes), *boxes]),
        chunks=np.concatenate([none.chunks, *(p.chunks for p in found)]),
        chunk_at=np.array([p.chunk_at + at for p, at in zip(found, chunks_at, strict=True)],
                          np.int64).reshape(-1, n_blocks + 1))


def _before(sizes: list[int]) -> np.ndarray:
    return np.cumsum([0, *sizes], dtype=np.int64)[:-1]


@scalar
def draw_row(recipes, q, block, size, source, length, ahead, marks, targets, at):
    """Draw the row of a source (a number in its group) in a block; return how long it is.

    Written to `targets` from `at` on; if it is None, only counted. `length` is its length, under a
    rule that gives that beforehand.
    """
    first = block * size
    start = max(recipes.start[q] - first, 0)
    stop = min(recipes.stop[q] - first, size)
    if start >= stop:
        return _ZERO
    left_out = source - first if recipes.no_autapses[q] else -1
    item, neuron = recipes.item[q] | np.uint64(block), np.uint64(source)
    if recipes.kind[q] == PROBABILITY:
        return probable_row(ahead, recipes.seed, item, neuron, start, stop, left_out,
                            recipes.log_miss[q], targets, at)
    if recipes.kind[q] == DISTANCE:
        return distant_row(
            ahead, recipes.seed, item, neuron, left_out, recipes.sources,
            np.uint64(recipes.sources_at[q] + source), recipes.order, recipes.positions,
            recipes.boxes, recipes.chunks, recipes.chunk_at[q, block],
            recipes.chunk_at[q, block + 1], recipes.places_at[q], recipes.profile[q],
            recipes.period[q], targets, at)
    if targets is not None:
        drawn_row(ahead, marks, recipes.seed, item, neuron, start, stop, left_out, length,
                  recipes.multapses[q], targets, at)
    return np.uint64(length)


@kernel
def draw_rows(recipes, site, block_at, rows, targets):
    """Draw all rows of the one projection that `recipes` holds; see `eventsnn.connect.rows`."""
    ahead, marks = np.empty(AHEAD, np.uint64), np.empty(site.size // 64 + 1, np.uint64)
    for block in range(rows.shape[0]):
        base = np.uint64(block_at[block])
        for i in range(site.n_pre):
            source = site.pre_start + i
            if targets is None:
                rows[block, i] = draw_row(recipes, 0, block, site.size, source, _ZERO, ahead, marks,
                                          None, _ZERO)
            else:
                start = np.uint64(rows[block, i])
                length = np.uint64(rows[block, i + 1]) - start
                draw_row(recipes, 0, block, site.size, source, length, ahead, marks, targets,
                         base + start)
