"""The time loop of a network, for any neuron.

All neurons of one model are one group. They run a window of steps, as many as the shortest delay
allows; then their spikes are delivered to the ring of inputs to come. Threads own blocks of
neurons, of a size that depends on nothing, and each neuron adds up its inputs in a fixed order: the
result is the same for any number of threads. They meet once a window: each block takes what all
sent in the last one, and goes on with the next.
"""

from typing import Any

import numpy as np
from numba import prange
from numba.core import types
from numba.extending import overload

from eventsnn.connect.history import FULL, note_spikes
from eventsnn.core.dispatch import INLINED, MODELS, step
from eventsnn.core.fields import define, load, pick, store
from eventsnn.core.jit import kernel, scalar
from eventsnn.engine.delivery import deliver_block
from eventsnn.engine.drives import add_inputs
from eventsnn.surrogates import draw

_ZERO, _ONE, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)


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
def _update_block(block, size, first_step, window, ring, outside, base, nothing, s, p, dt, th,
                  poisson, currents, noises, inflow, space, seed, number, fired, spikes, ends):
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
        add_inputs(poisson, currents, noises, inflow, seed, ring, slot, now, w == _ZERO, start,
                   stop, space, block)
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
def _collect(first_step, window, spikes, ends, at, steps, ids):
    """Append a window's spikes to `steps` and `ids`, by step and then by neuron; return the end."""
    for w in range(window):
        for block in range(ends.shape[0]):
            for e in range(ends[block, w], ends[block, w + 1]):
                steps[at], ids[at] = first_step + np.uint64(w + 1), spikes[block, e]
                at += 1
    return at


@scalar
def _has_room(history):
    """Whether the spikes of another window fit into the memory that plastic synapses need."""
    if history is None:
        return True
    for block in range(history.filled.shape[0]):
        if history.filled[block] == FULL:
            return False
    return True


def _advance(size, first_step, n_steps, window, ring, outside, base, nothing, s, p, dt, th, poisson,
             currents, noises, inflow, space, seed, number, synapses, recipes, drawing, past,
             releases, rules, history, fired, spikes, ends, events, steps, ids):
    """Run one group for `n_steps`, or until there might be no room for the spikes to come.

    `size` is that of a block; `ring` holds the input from the group itself, `outside` that from
    other groups, or is None; `base` (channels, N) is the constant input, `nothing` zeros of that
    shape; `poisson`, `currents`, `noises` and `inflow` are inputs from outside the network, each
    None if there are none of the kind, and `space` is their `WorkSpace`; `number` is that of the
    group's first neuron in the network, for random numbers; `recipes` and `drawing` are of
    `eventsnn.connect`, or None where none is procedural; so are `past` and `releases`, or None
    where none of the group's own synapses is plastic, and `rules` and `history`, or None where none
    onto the group learns. Returns the number of steps done and of spikes written: their `steps`
    (the number of the step at whose end the spike is) and `ids`. ``events[block]`` is added to what
    synapses had a spike.
    """
    n_blocks, n = ends.shape[1], fired.shape[0]
    done, at, late, turn = 0, 0, 0, 0  # `late` steps, done last, are yet to be delivered
    while True:
        now = first_step + np.uint64(done)
        length = 0
        if at + window * n <= steps.shape[0] and _has_room(history):
            length = min(window, n_steps - done)
        if late == 0 and length == 0:
            return done, at
        for block in prange(n_blocks):
            if late > 0:
                before = now - np.uint64(late)
                if history is not None:
                    note_spikes(history, rules, block, before, late, spikes[1 - turn],
                                ends[1 - turn])
                events[block] += deliver_block(
                    block, size, before, late, spikes[1 - turn], ends[1 - turn], synapses, recipes,
                    drawing, past, releases, rules, history, ring)
            if length > 0:
                _update_block(block, size, now, length, ring, outside, base, nothing, s, p, dt, th,
                              poisson, currents, noises, inflow, space, seed, number, fired,
                              spikes[turn], ends[turn])
        at = _collect(now, length, spikes[turn], ends[turn], at, steps, ids)
        done += length
        late, turn = length, 1 - turn


advance = kernel(_advance, allocates=False)
advance_parallel = kernel(_advance, parallel=True, allocates=False)
