"""From the spikes of a window to the inputs of the steps to come, on a CUDA device.

Two ways; arrays are `eventsnn.engine.delivery.Synapses` in both. In order: a block of threads owns
a tile of some hundred targets, the synapses are split by tiles, and sums are those of the CPU, bit
for bit. The threads look rows and synapses up side by side, put them into shared memory, and then
each goes through them for its own targets. By atomic additions: a block of threads a spike, side by
side along its row; sums come out in any order, so equal to rounding.

Where rows are drawn, a block of threads owns a whole block of targets, by which random numbers are
numbered; each thread draws a row, and they are delivered in order, however the rest is. So it is
where synapses learn: each has its weight changed by the thread that looks it up.

A synaptic event reads 2 bytes of its target, and 4 of its weight where they differ; a row of a
tile 8 to find it, and 32 at least that the memory gives at a time. In order, it takes 8 warps some
5 instructions each to look at: some 2e10 events a second at most, on 132 processors of 1.7 GHz.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from eventsnn.connect.cpu import SHARED
from eventsnn.connect.cuda.drawn import draw_row, drawn_delay, drawn_weight
from eventsnn.connect.drawn import LENGTH, STORED
from eventsnn.connect.procedural import Drawing
from eventsnn.core.cuda import kernel, launch
from eventsnn.core.device import empty
from eventsnn.core.jit import scalar
from eventsnn.engine.cuda.items import (
    THREADS, grid, last_upto, list_items, quotient, threads,
)
from eventsnn.engine.cuda.learning import learn, note_source
from eventsnn.engine.cuda.releases import factor_of, release_all

TILE = 256  # targets
DRAWN = 1 << 21  # synapses that a block of threads has room for, about

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_NEXT = np.int64(1)


class Cut(NamedTuple):
    """How the targets of a group are cut for delivery."""

    size: int  # neurons of a block
    n_blocks: int
    tile: int  # neurons of a tile, or 0 where delivery is by atomic additions
    tiles: int  # of a block, each with rows of its own
    n_tiles: int  # that have neurons


def cut_in_order(n: int, size: int, whole: bool = False) -> Cut:
    """Of a group of `n` neurons in blocks of `size`, into tiles; or each of them left `whole`."""
    tile, n_blocks = size if whole else min(TILE, 8 * threads(), size), -(-n // size)
    tiles, last = -(-size // tile), n - (n_blocks - 1) * size
    return Cut(size, n_blocks, tile, tiles, (n_blocks - 1) * tiles + -(-last // tile))


def cut_for_atomic(n: int, size: int, whole: bool = False) -> Cut:
    """The same into no tiles; blocks that are to be left `whole` are delivered to in order."""
    return cut_in_order(n, size, whole) if whole else Cut(size, -(-n // size), 0, 0, 0)


def drawing_space(drawing: Drawing, cut: Cut) -> Drawing:
    """What `_in_order` needs to draw rows: room for as many at once as it has threads, at most.

    `targets` are uint16 (n_blocks, rows, longest row) and `marks` uint64 (n_blocks, rows, .);
    distributions are None where all synapses of a projection share the value.
    """
    longest = drawing.targets.shape[1]
    shape = cut.n_blocks, min(threads(), max(1, DRAWN // longest))
    return drawing._replace(
        weight_law=drawing.weight_law if drawing.own_weights.any() else None,
        delay_law=drawing.delay_law if drawing.own_delays.any() else None,
        ahead=None, marks=empty((*shape, drawing.marks.shape[1]), np.uint64),
        targets=empty((*shape, longest), np.uint16), weights=None, delays=None)


def events_space(cut: Cut) -> Any:
    """Counts of synaptic events, one a block of threads of `deliver`, of 0."""
    made = empty(cut.n_tiles if cut.tile else cut.n_blocks * grid(), np.uint64)
    made[...] = 0
    return made


@scalar
def _row(synapses, q, source, block):
    """Where the row of a source in a block begins, and its length."""
    row = _U(synapses.rows_at[q]) + block * (_U(synapses.n_pre[q]) + _ONE) + source - _U(
        synapses.pre_start[q])
    start = _U(synapses.rows[row])
    return _U(synapses.block_at[q, block]) + start, _U(synapses.rows[row + _ONE]) - start


@scalar
def _row_or_draw(synapses, recipes, drawing, q, source, block, size, i):
    """`_row`; that of a procedural projection is drawn, and begins at 0."""
    if recipes is None:
        return _row(synapses, q, source, block)
    if recipes.kind[q] == STORED:
        return _row(synapses, q, source, block)
    length = _ZERO
    if recipes.kind[q] == LENGTH:
        _, length = _row(synapses, q, source, block)
    return _ZERO, draw_row(recipes, q, block, size, source, length, drawing.marks[block, i],
                           drawing.targets[block, i])


@scalar
def _weight(synapses, q, place):
    at = synapses.weights_at[q]
    return synapses.weight[q] if at == SHARED else synapses.weights[
        _U(np.int64(place) + at)]


@scalar
def _delay(synapses, q, place):
    at = synapses.delays_at[q]
    return _U(synapses.delay[q] if at == SHARED else synapses.delays[
        _U(np.int64(place) + at)])


@scalar
def _stored(synapses, q, place):
    return _U(synapses.targets[place]), _weight(synapses, q, place), _delay(synapses, q, place)


@scalar
def _synapse(synapses, recipes, drawing, q, source, block, size, row, place):
    """Target, weight and delay of the synapse at a place; a drawn one is in the row `row`."""
    if recipes is None:
        return _stored(synapses, q, place)
    if recipes.kind[q] == STORED:
        return _stored(synapses, q, place)
    target = _U(drawing.targets[block, row, place])
    neuron = block * size + target
    return (target,
            drawn_weight(recipes, drawing.own_weights, drawing.weight_law, q, source, neuron, place,
                         synapses.weight[q]),
            drawn_delay(recipes, drawing.own_delays, drawing.delay_law, q, source, neuron, place,
                        synapses.delay[q]))


@scalar
def _wrapped(slot, depth):
    """A slot within the ring; neither windows nor delays are longer than that is deep."""
    slot -= depth if slot >= depth else _ZERO
    return slot - (depth if slot >= depth else _ZERO)


@scalar
def _left_of_step(items, n_pairs, n_q, at):
    """How many items from that with number `at` on are of its step."""
    both = last_upto(items, n_pairs, at)
    return items[both - (both - quotient(both, n_q) * n_q) + n_q] - at


@scalar
def _up_to_first(flags, n):
    """How many of `n` there are before the next flag that is set."""
    count = _ONE
    while count < n and not flags[count]:
        count += _ONE
    return count


@kernel
def _in_order(synapses, recipes, drawing, past, rules, history, ids, begins, items, factors,
              first_step, slot, length, tile, tiles, size, ring, events):
    """A block of threads goes through all items of a window, as many at a time as it has threads.

    `slot` is the one after that of the window's first step; a tile has `tile` targets, and a block
    of `size` targets has `tiles` of them.
    """
    places = cuda.shared.array(THREADS, np.uint64)  # of the items' rows
    lengths = cuda.shared.array(THREADS, np.uint32)
    sources = cuda.shared.array(THREADS, np.uint32)
    starts = cuda.shared.array(THREADS, np.uint32)  # of the rows among each other
    pairs = cuda.shared.array(THREADS, np.uint32)
    targets = cuda.shared.array(THREADS, np.uint32)  # of synapses
    weights = cuda.shared.array(THREADS, np.float32)
    slots = cuda.shared.array(THREADS, np.uint32)
    channels = cuda.shared.array(THREADS, np.uint32)
    again = cuda.shared.array(THREADS, np.uint8)  # whether a source is there twice in a step
    i, width, t = _U(cuda.threadIdx.x), _U(cuda.blockDim.x), _U(cuda.blockIdx.x)
    n_q, depth, block = _U(synapses.delay.shape[0]), _U(ring.shape[0]), quotient(t, tiles)
    first = block * size + (t - block * tiles) * tile
    n_pairs, mine = length * n_q, width - _ONE  # bits of a target that tell whose it is
    n_items = items[n_pairs]
    at, n_events = _ZERO, _ZERO
    while at < n_items:
        n_rows = min(width, n_items - at)
        if drawing is not None:
            n_rows = min(n_rows, _U(drawing.targets.shape[1]))
        if history is not None:  # no source twice, or its weights would change at once
            n_rows = min(n_rows, _left_of_step(items, n_pairs, n_q, at))
        if i < n_rows:
            both = last_upto(items, n_pairs, at + i)
            q = both - quotient(both, n_q) * n_q
            e = begins[both] + at + i - items[both]
            source = _U(ids[e])
            if history is not None:
                again[i] = e > begins[both] and _U(ids[e - _ONE]) == source
            place, many = _row_or_draw(synapses, recipes, drawing, q, source, t, size, i)
            places[i], lengths[i], pairs[i], sources[i] = place, many, both, source
        cuda.syncthreads()
        if history is not None:
            n_rows = _up_to_first(again, n_rows)
        start, total = _ZERO, _ZERO
        for j in range(n_rows):
            start += _U(lengths[j]) if j < i else _ZERO
            total += _U(lengths[j])
        starts[i] = start
        cuda.syncthreads()
        cut = _ZERO
        while cut < total:
            many = min(width, total - cut)
            if i < many:
                row = last_upto(starts, n_rows, cut + i)
                place, both = places[row] + (cut + i - _U(starts[row])), _U(pairs[row])
                w = quotient(both, n_q)
                q = both - w * n_q
                target, weight, delay = _synapse(
                    synapses, recipes, drawing, q, _U(sources[row]), t, size, row, place)
                if history is not None:
                    weight = learn(synapses, past, rules, history, t, q, _U(sources[row]),
                                   first_step + np.int64(w) + _NEXT, first + target, place, weight,
                                   delay)
                if factors is not None:
                    weight *= factor_of(past, factors, q, at + row)
                targets[i], weights[i], channels[i] = target, weight, synapses.channel[q]
                slots[i] = _wrapped(slot + w + delay, depth)
            cuda.syncthreads()
            for m in range(many):
                if _U(targets[m]) & mine == i:
                    ring[_U(slots[m]), _U(channels[m]), first + _U(targets[m])] += weights[m]
            cuda.syncthreads()
            cut += width
        if history is not None:
            if i < n_rows:
                w = quotient(_U(pairs[i]), n_q)
                note_source(synapses, past, rules, t, _U(pairs[i]) - w * n_q, _U(sources[i]),
                            first_step + np.int64(w) + _NEXT)
        n_events += total
        at += n_rows
    if i == _ZERO:
        events[t] += n_events


@kernel
def _atomic(synapses, past, ids, begins, items, factors, slot, length, size, ring, events):
    """Blocks of threads along x share the items out, those along y the blocks of targets."""
    n_q, depth, block = _U(synapses.delay.shape[0]), _U(ring.shape[0]), _U(cuda.blockIdx.y)
    item, n_events, n_pairs = _U(cuda.blockIdx.x), _ZERO, length * n_q
    while item < items[n_pairs]:
        both = last_upto(items, n_pairs, item)
        w = quotient(both, n_q)
        q = both - w * n_q
        source = _U(ids[begins[both] + item - items[both]])
        place, many = _row(synapses, q, source, block)
        channel, j = _U(synapses.channel[q]), _U(cuda.threadIdx.x)
        n_events += many
        while j < many:
            target, weight, delay = _stored(synapses, q, place + j)
            if factors is not None:
                weight *= factor_of(past, factors, q, item)
            cuda.atomic.add(ring, (_wrapped(slot + w + delay, depth), channel,
                                   block * size + target), weight)
            j += _U(cuda.blockDim.x)
        item += _U(cuda.gridDim.x)
    if cuda.threadIdx.x == 0:
        events[block * _U(cuda.gridDim.x) + _U(cuda.blockIdx.x)] += n_events


def deliver(first_step, done, length, ids, ends, synapses, recipes, drawing, past, releases, rules,
            history, cut, ring, items, events):
    """Deliver the spikes of a window of `length` steps, from `first_step` on, to one group.

    `ids` (m,) uint32 and `ends` (lists, steps + 1) uint64: lists of spikes; the window begins after
    `done` of their steps. `recipes` and `drawing` are None where no row is drawn, `past` and
    `releases` where nothing changes, `rules` and `history` where nothing learns. `cut` says how the
    targets are cut. `events` uint64, a number a block of threads, is added to what synapses had a
    spike.
    """
    slot, length = _U((first_step + 1) % ring.shape[0]), _U(length)
    list_items(synapses, ids, ends, _U(done), length, items.begins, items.numbers)
    if releases is not None:
        release_all(synapses, past, releases, ids, *items, first_step, length)
    if past is None:
        rules = history = None
    if cut.tile:
        launch(_in_order, cut.n_tiles, threads(), synapses, recipes, drawing, past, rules, history,
               ids, *items, np.int64(first_step), slot, length, _U(cut.tile), _U(cut.tiles),
               _U(cut.size), ring, events)
    else:
        launch(_atomic, (grid(), cut.n_blocks), threads(), synapses, past, ids, *items, slot,
               length, _U(cut.size), ring, events)
