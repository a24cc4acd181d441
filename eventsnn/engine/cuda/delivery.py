"""From the spikes of a window to the inputs of the steps to come, on a CUDA device.

Two ways; arrays are `eventsnn.engine.delivery.Synapses` in both. In order: a block of threads owns
a tile of some hundred targets, the synapses are split by tiles, and sums are those of the CPU, bit
for bit. The threads look rows and synapses up side by side, put them into shared memory, and then
each goes through them for its own target. By atomic additions: a block of threads a spike, side by
side along its row; sums come out in any order, so equal to rounding.

A synaptic event reads 2 bytes of its target, and 4 of its weight where they differ; a row of a
tile 8 to find it, and 32 at least that the memory gives at a time. In order, it takes 8 warps some
5 instructions each to look at: some 2e10 events a second at most, on 132 processors of 1.7 GHz.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from eventsnn.connect.cpu import SHARED
from eventsnn.core.cuda import kernel, launch
from eventsnn.core.device import empty
from eventsnn.core.jit import scalar
from eventsnn.engine.cuda.items import (
    THREADS, grid, last_upto, list_items, quotient, threads,
)
from eventsnn.engine.cuda.releases import factor_of, release_all

TILE = 256  # targets

_U, _U32 = np.uint64, np.uint32
_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Cut(NamedTuple):
    """How the targets of a group are cut for delivery."""

    size: int  # neurons of a block
    n_blocks: int
    tile: int  # neurons of a tile, or 0 where delivery is by atomic additions
    tiles: int  # of a block, each with rows of its own
    n_tiles: int  # that have neurons


def cut_in_order(n: int, size: int) -> Cut:
    """Of a group of `n` neurons in blocks of `size`, into tiles."""
    tile, n_blocks = min(TILE, 8 * threads(), size), -(-n // size)  # a thread may have several
    tiles, last = -(-size // tile), n - (n_blocks - 1) * size
    return Cut(size, n_blocks, tile, tiles, (n_blocks - 1) * tiles + -(-last // tile))


def cut_for_atomic(n: int, size: int) -> Cut:
    """The same into no tiles."""
    return Cut(size, -(-n // size), 0, 0, 0)


def events_space(cut: Cut) -> Any:
    """Counts of synaptic events, one a block of threads of `deliver`, of 0."""
    made = empty(cut.n_tiles if cut.tile else cut.n_blocks * grid(), np.uint64)
    made[...] = 0
    return made


@scalar
def _row(synapses, ids, begins, items, both, q, item, block):
    """Where the row of an item in a block begins, and its length."""
    source = _U(ids[begins[both] + item - items[both]]) - _U(synapses.pre_start[q])
    row = _U(synapses.rows_at[q]) + block * (_U(synapses.n_pre[q]) + _ONE) + source
    start = _U(synapses.rows[row])
    return _U(synapses.block_at[q, block]) + start, _U(synapses.rows[row + _ONE]) - start


@scalar
def _weight(synapses, q, place):
    at = synapses.weights_at[q]
    return synapses.weight[q] if at == SHARED else synapses.weights[
        _U(np.int64(place) + at)]


@scalar
def _slot(synapses, q, place, slot, depth):
    """The slot of the ring in which a spike acts that would act in `slot` without delay."""
    at = synapses.delays_at[q]
    later = slot + _U(synapses.delay[q] if at == SHARED else synapses.delays[
        _U(np.int64(place) + at)])
    return later - quotient(later, depth) * depth


@kernel
def _in_order(synapses, past, ids, begins, items, factors, slot, length, tile, tiles, size, ring,
              events):
    """A block of threads goes through all items of a window, as many at a time as it has threads.

    `slot` is the one after that of the window's first step; a tile has `tile` targets, and a block
    of `size` targets has `tiles` of them.
    """
    places = cuda.shared.array(THREADS, np.uint64)  # of the items' rows
    lengths = cuda.shared.array(THREADS, np.uint32)
    starts = cuda.shared.array(THREADS, np.uint32)  # of the rows among each other
    pairs = cuda.shared.array(THREADS, np.uint32)
    targets = cuda.shared.array(THREADS, np.uint32)  # of synapses
    weights = cuda.shared.array(THREADS, np.float32)
    slots = cuda.shared.array(THREADS, np.uint32)
    channels = cuda.shared.array(THREADS, np.uint32)
    i, width, t = _U(cuda.threadIdx.x), _U(cuda.blockDim.x), _U(cuda.blockIdx.x)
    n_q, depth, block = _U(synapses.delay.shape[0]), _U(ring.shape[0]), quotient(t, tiles)
    first = block * size + (t - block * tiles) * tile
    n_own = min(min(first + tile, (block + _ONE) * size), _U(ring.shape[2])) - first
    n_pairs = length * n_q
    n_items = items[n_pairs]
    at, n_events = _ZERO, _ZERO
    while at < n_items:
        n_rows = min(width, n_items - at)
        if i < n_rows:
            both = last_upto(items, n_pairs, at + i)
            q = both - quotient(both, n_q) * n_q
            place, many = _row(synapses, ids, begins, items, both, q, at + i, t)
            places[i], lengths[i], pairs[i] = place, many, both
        cuda.syncthreads()
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
                targets[i] = synapses.targets[place]
                weights[i] = _weight(synapses, q, place)
                if factors is not None:
                    weights[i] *= factor_of(past, factors, q, at + row)
                slots[i] = _slot(synapses, q, place, slot + w, depth)
                channels[i] = synapses.channel[q]
            cuda.syncthreads()
            k = i
            while k < n_own:
                for m in range(many):
                    if _U(targets[m]) == k:
                        ring[_U(slots[m]), _U(channels[m]), first + k] += weights[m]
                k += width
            cuda.syncthreads()
            cut += width
        n_events += total
        at += width
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
        place, many = _row(synapses, ids, begins, items, both, q, item, block)
        channel, j = _U(synapses.channel[q]), _U(cuda.threadIdx.x)
        n_events += many
        while j < many:
            target, weight = block * size + _U(synapses.targets[place + j]), _weight(
                synapses, q, place + j)
            if factors is not None:
                weight *= factor_of(past, factors, q, item)
            cuda.atomic.add(ring, (_slot(synapses, q, place + j, slot + w, depth), channel, target),
                            weight)
            j += _U(cuda.blockDim.x)
        item += _U(cuda.gridDim.x)
    if cuda.threadIdx.x == 0:
        events[block * _U(cuda.gridDim.x) + _U(cuda.blockIdx.x)] += n_events


def deliver(first_step, done, length, ids, ends, synapses, past, releases, cut, ring, items,
            events):
    """Deliver the spikes of a window of `length` steps, from `first_step` on, to one group.

    `ids` (m,) uint32 and `ends` (lists, steps + 1) uint64: lists of spikes; the window begins after
    `done` of their steps. `past` and `releases` are None where nothing changes. `cut` says how the
    targets are cut. `events` uint64, a number a block of threads, is added to what synapses had a
    spike.
    """
    slot, length = _U((first_step + 1) % ring.shape[0]), _U(length)
    list_items(synapses, ids, ends, _U(done), length, items.begins, items.numbers)
    if releases is not None:
        release_all(synapses, past, releases, ids, *items, first_step, length)
    if cut.tile:
        launch(_in_order, cut.n_tiles, threads(), synapses, past, ids, *items, slot, length,
               _U(cut.tile), _U(cut.tiles), _U(cut.size), ring, events)
    else:
        launch(_atomic, (grid(), cut.n_blocks), threads(), synapses, past, ids, *items, slot,
               length, _U(cut.size), ring, events)
