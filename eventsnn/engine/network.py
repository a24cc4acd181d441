"""The time loop of a network, for any neuron.

All neurons of one model are one group. They run a window of steps, as many as the shortest delay
allows; then their spikes are delivered to the ring of inputs to come. Threads own blocks of
neurons, of a size that depends on nothing, and each neuron adds up its inputs in a fixed order: the
result is the same for any number of threads.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numba.core import types
from numba.extending import overload

from eventsnn.connect.cpu import SHARED, deliver_delayed, deliver_row
from eventsnn.connect.drawn import LENGTH, STORED
from eventsnn.connect.procedural import deliver_drawn
from eventsnn.core import random
from eventsnn.core.dispatch import INLINED, MODELS, step
from eventsnn.core.fields import define, load, pick, store
from eventsnn.core.jit import kernel, scalar
from eventsnn.core.prefetch import prefetch
from eventsnn.surrogates import draw

_DRIVE = np.uint64(random.DRIVE)
_ZERO, _ONE, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)


class Synapses(NamedTuple):
    """Projections onto one group, one after the other; rows as in `eventsnn.connect.rows`."""

    rows: Any  # uint32, or uint64 where a block of a projection has 2^32 synapses or more
    targets: Any  # uint16 (n_synapses,)
    weights: Any  # float, of the projections whose synapses differ in weight
    delays: Any  # uint8 or uint16, steps, of the projections whose synapses differ in delay
    rows_at: Any  # int64 (Q,): where a projection's rows start
    block_at: Any  # int64 (Q, n_blocks): where the targets of a block start
    pre_start: Any  # int64 (Q,): first source, a number within its group
    n_pre: Any  # int64 (Q,)
    channel: Any  # int64 (Q,), of the targets' input
    weight: Any  # float (Q,), where all synapses share it
    weights_at: Any  # int64 (Q,): place of a synapse's weight less its own place, or SHARED
    delay: Any  # int64 (Q,), steps, where all synapses share it, else 0
    delays_at: Any  # int64 (Q,): place of a synapse's delay less its own place, or SHARED


class Drives(NamedTuple):
    """Poisson inputs of one group."""

    start: Any  # int64 (R,): neurons start to stop
    stop: Any  # int64 (R,)
    channel: Any  # int64 (R,)
    weight: Any  # float (R,)
    tails: Any  # uint64 (R, M): 2^32 P(count <= m); the count of events is how many a word reaches


def inputs(p: Any, ring: Any, outside: Any, slot: Any, k: Any) -> Any:
    """The input of neuron `k`, in the form its model takes it, from the channels of the rings."""
    cls = MODELS[type(p)].inputs
    values = ring[slot, :, k] + (0 if outside is None else outside[slot, :, k])
    return values[0] if cls is None else cls(*values)


@overload(inputs, target="generic", jit_options=INLINED)
def _inputs(p, ring, outside, slot, k):
    cls = MODELS[p.instance_class].inputs
    channels = {f"c{c}": np.uint64(c) for c in range(1 if cls is None else len(cls._fields))}
    values = [f"ring[slot, {c}, k]" for c in channels]
    if not isinstance(outside, types.NoneType):
        values = [f"{v} + outside[slot, {c}, k]" for v, c in zip(values, channels, strict=True)]
    made = values[0] if cls is None else f"cls({', '.join(values)})"
    return define("p, ring, outside, slot, k", f"return {made}", cls=cls, **channels)


@scalar
def _clear(ring, slot, start, stop, base):
    """Ready a slot that was used for its next turn: it starts from `base`, or from 0."""
    for c in range(np.uint64(ring.shape[1])):
        for k in range(start, stop):
            ring[slot, c, k] = base[c, k]


def fires(p: Any, out: Any) -> Any:
    """Whether the output of a neuron is a spike; that of neurons that do not spike never is."""
    return MODELS[type(p)].spiking and out > 0


@overload(fires, target="generic", jit_options=INLINED)
def _fires(p, out):
    if MODELS[p.instance_class].spiking:
        return lambda p, out: out > np.float32(0)
    return lambda p, out: False


@scalar
def _drive(drives, seed, ring, slot, step_number, start, stop, number):
    """Add this step's Poisson events of the neurons from `start` to `stop`."""
    for r in range(drives.start.shape[0]):
        lower, upper = max(start, np.uint64(drives.start[r])), min(stop, np.uint64(drives.stop[r]))
        channel, weight, item = np.uint64(drives.channel[r]), drives.weight[r], np.uint64(r)
        for k in range(lower, upper):
            word, _, _, _ = random.words(seed, _DRIVE, number + k, step_number, item)
            events = np.float32(0)
            for m in range(drives.tails.shape[1]):
                events += np.float32(1) if word >= drives.tails[r, m] else np.float32(0)
            ring[slot, channel, k] += weight * events


@scalar
def _update_block(block, size, first_step, window, ring, outside, base, nothing, s, p, dt, th,
                  drives, seed, number, fired, spikes, ends):
    """Run one block over a window; ``spikes[block]`` gets the neurons that spiked.

    They lie step after step; those of step `w` end before ``ends[block, w + 1]``.
    """
    n, depth = np.uint64(fired.shape[0]), np.uint64(ring.shape[0])
    start = np.uint64(block) * size
    stop = min(start + size, n)
    whole = start + (stop - start) // _EIGHT * _EIGHT
    count = _ZERO
    for w in range(np.uint64(window)):
        now = first_step + w
        slot = now % depth
        _drive(drives, seed, ring, slot, now, start, stop, number)
        for k in range(start, stop):
            out, s_k = step(load(s, k), inputs(p, ring, outside, slot, k), pick(p, k), dt,
                            draw(th, number + k, now))
            store(s, k, s_k)
            fired[k] = fires(p, out)
        _clear(ring, slot, start, stop, base)
        if outside is not None:
            _clear(outside, slot, start, stop, nothing)
        # Spikes are rare: look at eight neurons at once.
        eights = fired[start:whole].view(np.uint64)
        for e in range(np.uint64(eights.shape[0])):
            if eights[e] != _ZERO:
                for k in range(start + e * _EIGHT, start + (e + _ONE) * _EIGHT):
                    if fired[k]:
                        spikes[block, count] = k
                        count += _ONE
        for k in range(whole, stop):
            if fired[k]:
                spikes[block, count] = k
                count += _ONE
        ends[block, w + _ONE] = count


@scalar
def deliver_block(block, size, first_step, window, spikes, ends, synapses, recipes, drawing, ring):
    """Deliver the spikes of a window to the neurons of one block; return how many synapses had one.

    A spike at the end of step `n` with a delay of `d` steps acts at the start of step
    ``n + 1 + d``. Inputs are added in the order of the spikes' step, projection, source and place
    in the row, which does not depend on where windows begin.
    """
    depth, first = np.uint64(ring.shape[0]), np.uint64(block) * size
    n_events = 0
    for w in range(window):
        now = first_step + np.uint64(w + 1)
        for q in range(synapses.delay.shape[0]):
            n_pre, pre_start = synapses.n_pre[q], synapses.pre_start[q]
            channel, base = np.uint64(synapses.channel[q]), synapses.block_at[q, block]
            delays_at, weights_at = synapses.delays_at[q], synapses.weights_at[q]
            slot, late_slot = now % depth, (now + np.uint64(synapses.delay[q])) % depth
            rows = synapses.rows_at[q] + block * (n_pre + 1) - pre_start
            if recipes is not None:
                if recipes.kind[q] != STORED:
                    for source_block in range(ends.shape[0]):
                        for e in range(ends[source_block, w], ends[source_block, w + 1]):
                            source = np.int64(spikes[source_block, e])
                            if pre_start <= source < pre_start + n_pre:
                                length = _ZERO
                                if recipes.kind[q] == LENGTH:
                                    length = np.uint64(synapses.rows[rows + source + 1]
                                                       - synapses.rows[rows + source])
                                n_events += np.int64(deliver_drawn(
                                    recipes, drawing, q, block, size, source, length, ring, slot,
                                    late_slot, channel, synapses.weight[q]))
                    continue
            for source_block in range(ends.shape[0]):
                for e in range(ends[source_block, w], ends[source_block, w + 1]):
                    source = np.int64(spikes[source_block, e])
                    if pre_start <= source < pre_start + n_pre:
                        start = base + np.int64(synapses.rows[rows + source])
                        prefetch(synapses.targets, start)
                        if weights_at != SHARED:
                            prefetch(synapses.weights, start + weights_at)
                        if delays_at != SHARED:
                            prefetch(synapses.delays, start + delays_at)
            for source_block in range(ends.shape[0]):
                for e in range(ends[source_block, w], ends[source_block, w + 1]):
                    source = np.int64(spikes[source_block, e])
                    if pre_start <= source < pre_start + n_pre:
                        start = base + np.int64(synapses.rows[rows + source])
                        stop = base + np.int64(synapses.rows[rows + source + 1])
                        n_events += stop - start
                        if delays_at == SHARED:
                            deliver_row(ring, late_slot, channel, first, synapses.targets, start,
                                        stop, synapses.weights, weights_at, synapses.weight[q])
                        else:
                            deliver_delayed(ring, slot, channel, first, synapses.targets, start,
                                            stop, synapses.weights, weights_at, synapses.weight[q],
                                            synapses.delays, delays_at)
    return n_events


@scalar
def _collect(first_step, window, spikes, ends, at, steps, ids):
    """Append a window's spikes to `steps` and `ids`, by step and then by neuron; return the end."""
    for w in range(window):
        for block in range(ends.shape[0]):
            for e in range(ends[block, w], ends[block, w + 1]):
                steps[at], ids[at] = first_step + np.uint64(w + 1), spikes[block, e]
                at += 1
    return at


def _advance(size, first_step, n_steps, window, ring, outside, base, nothing, s, p, dt, th, drives,
             seed, number, synapses, recipes, drawing, fired, spikes, ends, events, steps, ids):
    """Run one group for `n_steps` or until `steps` and `ids` might not hold what comes.

    `size` is that of a block; `ring` holds the input from the group itself, `outside` that from
    other groups, or is None; `base` (channels, N) is the constant input, `nothing` zeros of that
    shape; `number` is that of the group's first neuron in the network, for random numbers; `recipes`
    and `drawing` are of `eventsnn.connect`, or None where no projection is procedural. Returns
    the number of steps done and of spikes written: their `steps` (the number of the step at whose
    end the spike is) and `ids`. ``events[block]`` is added to what synapses had a spike.
    """
    n_blocks = ends.shape[0]
    done, at = 0, 0
    while done < n_steps and at + window * fired.shape[0] <= steps.shape[0]:
        now, length = first_step + np.uint64(done), min(window, n_steps - done)
        for block in prange(n_blocks):
            _update_block(block, size, now, length, ring, outside, base, nothing, s, p, dt, th,
                          drives, seed, number, fired, spikes, ends)
        for block in prange(n_blocks):
            events[block] += deliver_block(block, size, now, length, spikes, ends, synapses,
                                           recipes, drawing, ring)
        at = _collect(now, length, spikes, ends, at, steps, ids)
        done += length
    return done, at


advance = kernel(_advance)
advance_parallel = kernel(_advance, parallel=True)


@kernel
def deliver(size, step_number, ids, synapses, recipes, drawing, outside):
    """Deliver the spikes `ids` (1, n) uint32 of another group's neurons in one step.

    Returns how many synapses had one.
    """
    ends, n_events = np.zeros((1, 2), np.int64), 0
    ends[0, 1] = ids.shape[1]
    for block in range((np.uint64(outside.shape[2]) + size - _ONE) // size):
        n_events += deliver_block(np.int64(block), size, step_number, 1, ids, ends, synapses,
                                  recipes, drawing, outside)
    return n_events
