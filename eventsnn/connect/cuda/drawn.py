"""Rows that are kept nowhere, drawn by threads of a CUDA device; see `eventsnn.connect.drawn`.

A thread draws one row. Gaps under a fixed probability are looked up among limits of random words,
and rows of a given length are whole numbers throughout: they are those of the CPU to the bit.
Distances, and weights and delays with a distribution, are float64 as there, whose logarithms and
exponentials a device may round otherwise.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect import drawn
from eventsnn.connect.distance import distant_row
from eventsnn.connect.drawn import DISTANCE, PROBABILITY
from eventsnn.connect.out_degree import drawn_row
from eventsnn.connect.probability import gap_limits
from eventsnn.connect.values import quantile, synapse_uniforms
from eventsnn.connect.words import word
from eventsnn.core.jit import scalar

_U = np.uint64
_ZERO, _ONE, _ITEM_BITS = np.uint64(0), np.uint64(1), np.uint64(16)
_NONE, _NOT_ONE, _LEAST = np.int64(0), np.int64(-1), np.int64(1)


class Distances(NamedTuple):
    """What rules of distance draw from: fields of `eventsnn.connect.drawn.Recipes`."""

    profile: Any
    period: Any
    sources: Any
    sources_at: Any
    order: Any
    positions: Any
    places_at: Any
    boxes: Any
    chunks: Any
    chunk_at: Any


class Recipes(NamedTuple):
    """How projections draw their rows: `eventsnn.connect.drawn.Recipes` as a device takes it."""

    kind: Any  # int64 (Q,)
    seed: Any  # uint64
    item: Any  # uint64 (Q,)
    start: Any  # int64 (Q,)
    stop: Any  # int64 (Q,)
    no_autapses: Any  # bool (Q,)
    multapses: Any  # bool (Q,)
    gaps: Any  # uint32: see `eventsnn.connect.probability.gap_limits`
    gaps_at: Any  # uint64 (Q + 1,): where those of a projection start
    distances: Distances | None  # where a rule is one of distance


def recipes(of_cpu: drawn.Recipes, size: int) -> Recipes:
    """Recipes as a device takes them, for blocks of `size` targets."""
    limits = []
    for kind, log_miss in zip(of_cpu.kind, of_cpu.log_miss, strict=True):
        made = np.empty(size if kind == PROBABILITY else 0, np.uint32)
        limits.append(made[:int(gap_limits(log_miss, made))])
    has_distances = (of_cpu.kind == DISTANCE).any()
    return Recipes(
        **{name: getattr(of_cpu, name) for name in Recipes._fields[:7]},
        gaps=np.concatenate(limits),
        gaps_at=np.cumsum([0, *map(len, limits)], dtype=np.uint64),
        distances=Distances(*(getattr(of_cpu, name) for name in Distances._fields))
        if has_distances else None)


@scalar
def _probable_row(recipes, q, item, source, start, stop, left_out, targets):
    gaps, q_next = recipes.gaps, q + _ONE
    count, draw, target = _ZERO, _ZERO, _U(start)
    while True:
        chosen = word(None, recipes.seed, source, item, draw)
        draw += _ONE
        low, high = recipes.gaps_at[q], recipes.gaps_at[q_next]
        while low < high:  # they fall
            middle = (low + high) >> _ONE
            if chosen <= _U(gaps[middle]):
                low = middle + _ONE
            else:
                high = middle
        target += low - recipes.gaps_at[q]
        if target >= _U(stop):
            return count
        if target != _U(left_out):
            targets[count] = target
            count += _ONE
        target += _ONE


@scalar
def _distant_row(distances, seed, q, block, item, source, left_out, targets):
    """`distances` is None where no rule is one of distance: nothing is float64 then."""
    if distances is None:
        return _ZERO
    next_block = block + _ONE
    return distant_row(
        None, seed, item, source, left_out, distances.sources,
        _U(distances.sources_at[q]) + source, distances.order, distances.positions,
        distances.boxes, distances.chunks, distances.chunk_at[q, block],
        distances.chunk_at[q, next_block], distances.places_at[q], distances.profile[q],
        distances.period[q], targets, _ZERO)


@scalar
def draw_row(recipes, q, block, size, source, length, marks, targets):
    """Draw the row of a source in a block into `targets`; return how long it is.

    All numbers are uint64. `length` is its length, under a rule that gives that beforehand; `marks`
    has a bit a target of the block.
    """
    first = np.int64(block * size)
    start = max(recipes.start[q] - first, _NONE)
    stop = min(recipes.stop[q] - first, np.int64(size))
    if start >= stop:
        return _ZERO
    left_out = np.int64(source) - first if recipes.no_autapses[q] else _NOT_ONE
    item = recipes.item[q] | block
    if recipes.kind[q] == PROBABILITY:
        return _probable_row(recipes, q, item, source, start, stop, left_out, targets)
    if recipes.kind[q] == DISTANCE:
        return _distant_row(recipes.distances, recipes.seed, q, block, item, source, left_out,
                            targets)
    drawn_row(None, marks, recipes.seed, item, source, start, stop, left_out, length,
              recipes.multapses[q], targets, _ZERO)
    return length


@scalar
def _uniforms(recipes, q, source, target, place):
    return synapse_uniforms(recipes.seed, recipes.item[q] >> _ITEM_BITS, source, target,
                            place if recipes.multapses[q] else _ZERO)


@scalar
def drawn_weight(recipes, own_weights, weight_law, q, source, target, place, weight):
    """The weight of the synapse at a place of its row; `weight` where all share it.

    `weight_law` is None where no projection's synapses differ in weight.
    """
    if weight_law is None:
        return weight
    if not own_weights[q]:
        return weight
    u, _ = _uniforms(recipes, q, source, target, place)
    return np.float32(quantile(weight_law[q], u))


@scalar
def drawn_delay(recipes, own_delays, delay_law, q, source, target, place, delay):
    """The same of the delay, in steps."""
    if delay_law is None:
        return _U(delay)
    if not own_delays[q]:
        return _U(delay)
    _, u = _uniforms(recipes, q, source, target, place)
    return _U(max(np.int64(round(quantile(delay_law[q], u))), _LEAST))
