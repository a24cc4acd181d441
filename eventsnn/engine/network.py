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

from eventsnn.connect.history import FULL, note_spikes
from eventsnn.core.dispatch import MODELS, step
from eventsnn.core.fields import define, load, pick, store
from eventsnn.core.inline import inlined
from eventsnn.core.jit import kernel, scalar
from eventsnn.engine.delivery import deliver_block
from eventsnn.engine.drives import add_inputs
from eventsnn.engine.firing import VISIT, find, fires, sort
from eventsnn.surrogates import draw

_ZERO, _ONE = np.uint64(0), np.uint64(1)


def take_inputs(p: Any, ring: Any, outside: Any, base: Any, slot: Any, k: Any) -> Any:
    """The input of neuron `k`, in the form its model takes it, from the channels of the rings.

    Both slots are left ready for their next turn: the ring's starts from `base`, if there is one,
    the other from 0. Without rings the input is `base`.
    """
    cls: Any = MODELS[type(p)].inputs
    if ring is None:
        n_channels = 1 if cls is None else len(cls._fields)
        values = np.zeros(n_channels, np.float32) if base is None else base[:, k]
        return values[0] if cls is None else cls(*values)
    values = ring[slot, :, k].copy()
    ring[slot, :, k] = 0 if base is None else base[:, k]
    if outside is not None:
        values += outside[slot, :, k]
        outside[slot, :, k] = 0
    return values[0] if cls is None else cls(*values)


@inlined(take_inputs)
def _take_inputs(p, ring, outside, base, slot, k):
    cls = MODELS[p.instance_class].inputs
    channels = [f"c{c}" for c in range(1 if cls is None else len(cls._fields))]
    has_base = not isinstance(base, types.NoneType)
    start = {c: f"base[{c}, k]" if has_base else "nothing" for c in channels}
    alone = isinstance(ring, types.NoneType)
    body = [f"v_{c} = {start[c] if alone else f'ring[slot, {c}, k]'}" for c in channels]
    if not isinstance(outside, types.NoneType):
        body += [f"v_{c} += outside[slot, {c}, k]" for c in channels]
        body += [f"outside[slot, {c}, k] = nothing" for c in channels]
    if not alone:
        body += [f"ring[slot, {c}, k] = {start[c]}" for c in channels]
    values = ", ".join(f"v_{c}" for c in channels)
    return define("p, ring, outside, base, slot, k", *body,
                  f"return {values if cls is None else f'cls({values})'}", cls=cls,
                  nothing=np.float32(0), **{c: np.uint64(n) for n, c in enumerate(channels)})


@scalar
def _run(s_k, ring, outside, base, p, dt, th, number, firing, now, slot, row, k):
    """One step of neuron `k`: notes whether it fires, returns its state."""
    p_k = pick(p, k)
    out, s_k = step(s_k, take_inputs(p, ring, outside, base, slot, k), p_k, dt,
                    draw(th, number + k, now))
    firing.fired[row, k] = fires(p, out)
    return s_k


@scalar
def _update_block(block, size, span, first_step, window, ring, outside, base, s, p, dt, th,
                  poisson, currents, noises, inflow, space, seed, number, firing, spikes, ends):
    """Run one block over a window; ``spikes[block]`` gets the neurons that spiked.

    They lie step after step; those of step `w` end before ``ends[block, w + 1]``.
    """
    n = np.uint64(firing.fired.shape[1])
    depth = _ONE if ring is None else np.uint64(ring.shape[0])
    start = np.uint64(block) * size
    stop = min(start + size, n)
    count, part = _ZERO, _ZERO
    for earliest in range(_ZERO, np.uint64(window), span):
        latest = min(earliest + span, np.uint64(window))
        for w in range(earliest, latest):
            now = first_step + w
            add_inputs(poisson, currents, noises, inflow, seed, ring, now % depth, now, w == _ZERO,
                       start, stop, space, block)
        for first in range(start, stop, firing.part):
            last = min(first + firing.part, stop)
            if latest - earliest == VISIT:
                now = first_step + earliest
                slot, then = now % depth, (now + _ONE) % depth
                for k in range(first, last):
                    s_k = _run(load(s, k), ring, outside, base, p, dt, th, number, firing, now,
                               slot, _ZERO, k)
                    store(s, k, _run(s_k, ring, outside, base, p, dt, th, number, firing,
                                     now + _ONE, then, _ONE, k))
                for j in range(VISIT):
                    count = find(firing, block, j, first, last, count)
                    part += _ONE
                    firing.cuts[block, part] = count
                continue
            for w in range(earliest, latest):
                now = first_step + w
                slot = now % depth
                for k in range(first, last):
                    store(s, k, _run(load(s, k), ring, outside, base, p, dt, th, number, firing,
                                     now, slot, _ZERO, k))
                count = find(firing, block, _ZERO, first, last, count)
                part += _ONE
                firing.cuts[block, part] = count
    sort(firing, block, np.uint64(window), span, spikes, ends)


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


def _advance(size, span, first_step, n_steps, window, ring, outside, base, s, p, dt, th, poisson,
             currents, noises, inflow, space, seed, number, synapses, recipes, drawing, past,
             releases, rules, history, firing, spikes, ends, events, steps, ids):
    """Run one group for `n_steps`, or until there might be no room for the spikes to come.

    `size` is that of a block, `span` the steps whose inputs stay in the cache; `ring` holds the
    input from the group itself and from drives, or is None where there can be none, `outside` that
    from other groups, or is None; `base` (channels, N) is the constant input, or None; `poisson`,
    `currents`, `noises` and `inflow` are inputs from outside the network, each None if there are
    none of the kind, and `space` is their `WorkSpace`;
    `number` is that of the group's first neuron in the network, for random numbers; `recipes` and
    `drawing` are of `eventsnn.connect`, or None where none is procedural; so are `past` and
    `releases`, or None where none of the group's own synapses is plastic, and `rules` and
    `history`, or None where none onto the group learns. Returns the number of steps done and of
    spikes written: their `steps` (the number of the step at whose end the spike is) and `ids`.
    ``events[block]`` is added to what synapses had a spike.
    """
    n_blocks, n = ends.shape[1], firing.fired.shape[1]
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
                if ring is not None:
                    events[block] += deliver_block(
                        block, size, before, late, spikes[1 - turn], ends[1 - turn], synapses,
                        recipes, drawing, past, releases, rules, history, ring)
            if length > 0:
                _update_block(block, size, span, now, length, ring, outside, base, s, p, dt, th,
                              poisson, currents, noises, inflow, space, seed, number, firing,
                              spikes[turn], ends[turn])
        at = _collect(now, length, spikes[turn], ends[turn], at, steps, ids)
        done += length
        late, turn = length, 1 - turn


advance = kernel(_advance, allocates=False)
advance_parallel = kernel(_advance, parallel=True, allocates=False)
