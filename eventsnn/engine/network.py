"""The time loop of a network, for any neuron.

All neurons of one model are one group. They run a window of steps, as many as the shortest delay
allows; then their spikes are delivered to the ring of inputs to come. Threads own blocks of
neurons, of a size that depends on nothing, and each neuron adds up its inputs in a fixed order: the
result is the same for any number of threads.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numba.extending import overload

from eventsnn.connect.cpu import BLOCK, deliver_row
from eventsnn.core import random
from eventsnn.core.dispatch import INLINED, MODELS, step
from eventsnn.core.fields import define, load, pick, store
from eventsnn.core.jit import kernel, scalar
from eventsnn.surrogates import draw

_DRIVE = np.uint64(random.DRIVE)
_BLOCK, _ZERO, _ONE, _EIGHT = np.uint64(BLOCK), np.uint64(0), np.uint64(1), np.uint64(8)


class Synapses(NamedTuple):
    """Projections onto one group, their synapses concatenated; see `eventsnn.connect.cpu`."""

    rows: Any  # int64, the block-split row starts of all projections, one after the other
    targets: Any  # uint16 (n_synapses,)
    weights: Any  # float, of the projections whose synapses differ in weight
    rows_at: Any  # int64 (Q,): where a projection's rows start
    pre_start: Any  # int64 (Q,): first source, a number within its group
    n_pre: Any  # int64 (Q,)
    delay: Any  # int64 (Q,), steps
    channel: Any  # int64 (Q,), of the targets' input
    weight: Any  # float (Q,), where all synapses share it
    weights_at: Any  # int64 (Q,): place of a synapse's weight less its own place, or SHARED


class Drives(NamedTuple):
    """Poisson inputs of one group."""

    start: Any  # int64 (R,): neurons start to stop
    stop: Any  # int64 (R,)
    channel: Any  # int64 (R,)
    weight: Any  # float (R,)
    tails: Any  # uint64 (R, M): 2^32 P(count <= m); the count of events is how many a word reaches


def inputs(p: Any, ring: Any, slot: Any, k: Any) -> Any:
    """The input of neuron `k`, in the form its model takes it, from the channels of the ring."""
    cls = MODELS[type(p)].inputs
    values = ring[slot, :, k]
    return values[0] if cls is None else cls(*values)


@overload(inputs, target="generic", jit_options=INLINED)
def _inputs(p, ring, slot, k):
    cls = MODELS[p.instance_class].inputs
    if cls is None:
        return define("p, ring, slot, k", "return ring[slot, zero, k]", zero=_ZERO)
    values = ", ".join(f"ring[slot, c{c}, k]" for c in range(len(cls._fields)))
    return define("p, ring, slot, k", f"return cls({values})", cls=cls,
                  **{f"c{c}": np.uint64(c) for c in range(len(cls._fields))})


@scalar
def _drive(drives, seed, ring, slot, step_number, start, stop):
    """Add this step's Poisson events of the neurons from `start` to `stop`."""
    for r in range(drives.start.shape[0]):
        lower, upper = max(start, np.uint64(drives.start[r])), min(stop, np.uint64(drives.stop[r]))
        channel, weight, item = np.uint64(drives.channel[r]), drives.weight[r], np.uint64(r)
        for k in range(lower, upper):
            word, _, _, _ = random.words(seed, _DRIVE, k, step_number, item)
            events = np.float32(0)
            for m in range(drives.tails.shape[1]):
                events += np.float32(1) if word >= drives.tails[r, m] else np.float32(0)
            ring[slot, channel, k] += weight * events


@scalar
def _update_block(block, first_step, window, ring, base, s, p, dt, th, drives, seed, fired, spikes,
                  counts):
    """Run one block over a window; ``spikes[block]`` gets its spikes: (step in window, neuron)."""
    n, depth = np.uint64(fired.shape[0]), np.uint64(ring.shape[0])
    start = np.uint64(block) * _BLOCK
    stop = min(start + _BLOCK, n)
    count = _ZERO
    for w in range(np.uint64(window)):
        now = first_step + w
        slot = now % depth
        _drive(drives, seed, ring, slot, now, start, stop)
        for k in range(start, stop):
            z, s_k = step(load(s, k), inputs(p, ring, slot, k), pick(p, k), dt, draw(th, k, now))
            store(s, k, s_k)
            fired[k] = z > np.float32(0)
        # The input was used: the slot's next turn starts from the constant input.
        for c in range(np.uint64(ring.shape[1])):
            for k in range(start, stop):
                ring[slot, c, k] = base[c, k]
        # Spikes are rare: look at eight neurons at once.
        whole = start + (stop - start) // _EIGHT * _EIGHT
        eights = fired[start:whole].view(np.uint64)
        for e in range(np.uint64(eights.shape[0])):
            if eights[e] != _ZERO:
                for k in range(start + e * _EIGHT, start + (e + _ONE) * _EIGHT):
                    if fired[k]:
                        spikes[block, count, 0], spikes[block, count, 1] = w, k
                        count += _ONE
        for k in range(whole, stop):
            if fired[k]:
                spikes[block, count, 0], spikes[block, count, 1] = w, k
                count += _ONE
    counts[block] = count


@scalar
def deliver_block(block, first_step, spikes, counts, synapses, ring):
    """Deliver the spikes of a window to the neurons of one block.

    A spike at the end of step `n` with a delay of `d` steps acts at the start of step
    ``n + 1 + d``.
    """
    depth, first = np.uint64(ring.shape[0]), np.uint64(block) * _BLOCK
    for q in range(synapses.delay.shape[0]):
        n_pre, pre_start = synapses.n_pre[q], synapses.pre_start[q]
        channel, ahead = np.uint64(synapses.channel[q]), np.uint64(synapses.delay[q] + 1)
        rows = synapses.rows_at[q] + block * (n_pre + 1) - pre_start
        for source_block in range(counts.shape[0]):
            for e in range(np.int64(counts[source_block])):
                source = np.int64(spikes[source_block, e, 1])
                if pre_start <= source < pre_start + n_pre:
                    slot = (first_step + np.uint64(spikes[source_block, e, 0]) + ahead) % depth
                    deliver_row(ring, slot, channel, first, synapses.targets,
                                synapses.rows[rows + source], synapses.rows[rows + source + 1],
                                synapses.weights, synapses.weights_at[q], synapses.weight[q])


@scalar
def _collect(first_step, window, spikes, counts, at, steps, ids):
    """Append a window's spikes to `steps` and `ids`, by step and then by neuron; return the end."""
    n_blocks = counts.shape[0]
    done = np.zeros(n_blocks, np.int64)
    for w in range(window):
        for block in range(n_blocks):
            e = done[block]
            while e < counts[block] and spikes[block, e, 0] == w:
                steps[at], ids[at] = first_step + np.uint64(w + 1), spikes[block, e, 1]
                at += 1
                e += 1
            done[block] = e
    return at


def _advance(first_step, n_steps, window, ring, base, s, p, dt, th, drives, seed, synapses, fired,
             spikes, counts, steps, ids):
    """Run one group for `n_steps` or until `steps` and `ids` might not hold what comes.

    Returns the number of steps done and of spikes written: their `steps` (the number of the step at
    whose end the spike is) and `ids`.
    """
    n_blocks = counts.shape[0]
    done, at = 0, 0
    while done < n_steps and at + window * fired.shape[0] <= steps.shape[0]:
        now, length = first_step + np.uint64(done), min(window, n_steps - done)
        for block in prange(n_blocks):
            _update_block(block, now, length, ring, base, s, p, dt, th, drives, seed, fired, spikes,
                          counts)
        for block in prange(n_blocks):
            deliver_block(block, now, spikes, counts, synapses, ring)
        at = _collect(now, length, spikes, counts, at, steps, ids)
        done += length
    return done, at


advance = kernel(_advance)
advance_parallel = kernel(_advance, parallel=True)


@kernel
def deliver(first_step, spikes, counts, synapses, ring):
    """Deliver the spikes of another group's window."""
    for block in range((ring.shape[2] + BLOCK - 1) // BLOCK):
        deliver_block(block, first_step, spikes, counts, synapses, ring)
