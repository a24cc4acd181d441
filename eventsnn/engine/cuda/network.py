"""The time loop of a network on a CUDA device, for any neuron.

The twin of `eventsnn.engine.network`.

A thread runs one neuron through a whole window of steps, with its state in registers, and leaves
which of them ended with a spike. Then the spikes are listed and delivered to the ring of inputs to
come, and the next window begins. The host launches, and copies nothing, but where synapses learn
whether their memory of spikes has room for more.

A neuron-step of a LIF neuron reads and writes 4 bytes of the ring; its state and its spikes are 8
bytes each a window. With windows of 16 steps that is 10 bytes a step: 3 TB/s run 3e11 a second,
which some 60 operations on each would not slow. A Poisson drive draws 60 products of 64 bits more.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_each, kernel
from eventsnn.core.device import empty
from eventsnn.core.dispatch import MODELS, step
from eventsnn.core.fields import define, load, magnitude, pick, store
from eventsnn.core.inline import inlined
from eventsnn.core.jit import scalar
from eventsnn.engine.cuda.delivery import Cut, deliver
from eventsnn.engine.cuda.drives import add_inputs
from eventsnn.engine.cuda.firing import append_fired, n_lines
from eventsnn.engine.cuda.items import Items
from eventsnn.engine.cuda.learning import has_room, note
from eventsnn.engine.drives import Drives
from eventsnn.engine.firing import fires
from eventsnn.surrogates import draw

MOST_WINDOW = 64  # steps: a bit each
ROOM = 1 << 24  # spikes that there is room for, about
MOST_STEPS = 1024  # that are run before spikes come to the host

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_NOTHING, _SET = np.float32(0), np.uint32(1)


class WorkSpace(NamedTuple):
    """Arrays of a group that a run writes and forgets."""

    bits: Any  # uint64 (N,): in which steps of a window a neuron fired
    counts: Any  # uint32 (window, n_lines)
    totals: Any  # uint32 (window,)
    ids: Any  # uint32 (n_steps * N,): spikes that the host has not seen yet, step by step
    ends: Any  # uint64 (1, n_steps + 1): where those of each step end in it
    bad: Any  # uint32 (1,): whether a state may have become too large


@scalar
def _input(ring, outside, base, poisson, means, currents, noises, inflow, seed, slot, channel, now,
           is_first, k):
    """One channel of the input of neuron `k`; the slots are left ready for their next turn."""
    value = add_inputs(ring[slot, channel, k], poisson, means, currents, noises, inflow, seed,
                       channel, now, is_first, k)
    if outside is not None:
        value += outside[slot, channel, k]
        outside[slot, channel, k] = _NOTHING
    if base is None:
        ring[slot, channel, k] = _NOTHING
    else:
        ring[slot, channel, k] = base[channel, k]
    return value


def take_inputs(p: Any, ring: Any, outside: Any, base: Any, poisson: Any, means: Any, currents: Any,
                noises: Any, inflow: Any, seed: Any, slot: Any, now: Any, is_first: Any,
                k: Any) -> Any:
    """The input of neuron `k` in the form its model takes it; see `eventsnn.engine.network`."""
    cls = MODELS[type(p)].inputs
    values = [_input(ring, outside, base, poisson, means, currents, noises, inflow, seed, slot,
                     np.uint64(c), now, is_first, k) for c in range(ring.shape[1])]
    return values[0] if cls is None else cls(*values)


@inlined(take_inputs)
def _take_inputs(p, ring, outside, base, poisson, means, currents, noises, inflow, seed, slot, now,
                 is_first, k):
    cls = MODELS[p.instance_class].inputs
    channels = [f"c{c}" for c in range(1 if cls is None else len(cls._fields))]
    values = ", ".join(
        "one(ring, outside, base, poisson, means, currents, noises, inflow, seed, slot, "
        f"{c}, now, is_first, k)" for c in channels)
    return define("p, ring, outside, base, poisson, means, currents, noises, inflow, seed, slot, "
                  "now, is_first, k", f"return {values if cls is None else f'cls({values})'}",
                  cls=cls, one=_input, **{c: np.uint64(n) for n, c in enumerate(channels)})


@kernel
def _update(first_step, slot, length, ring, outside, base, s, p, dt, th, poisson, means, currents,
            noises, inflow, seed, number, largest, bits, bad):
    """`slot` is that of the ring for the step `first_step`."""
    k, depth = _U(cuda.grid(1)), _U(ring.shape[0])
    while k < _U(bits.shape[0]):
        p_k, s_k, fired, w, at = pick(p, k), load(s, k), _ZERO, _ZERO, slot
        while w < length:
            now = first_step + w
            x = take_inputs(p, ring, outside, base, poisson, means, currents, noises, inflow, seed,
                            at, now, w == _ZERO, k)
            out, s_k = step(s_k, x, p_k, dt, draw(th, number + k, now))
            fired |= (_ONE if fires(p, out) else _ZERO) << w
            w += _ONE
            at += _ONE
            at = _ZERO if at == depth else at
        store(s, k, s_k)
        bits[k] = fired
        if not magnitude(s_k) <= largest:  # and NaN is not
            bad[0] = _SET
        k += _U(cuda.gridsize(1))


def work_space(n: int, window: int) -> WorkSpace:
    """For a group of `n` neurons; it has room for all of them to fire in each of some steps."""
    n_steps = max(window, min(MOST_STEPS, ROOM // n))
    made = WorkSpace(empty(n, np.uint64), empty((window, n_lines(n)), np.uint32),
                     empty(window, np.uint32), empty(n_steps * n, np.uint32),
                     empty((1, n_steps + 1), np.uint64), empty(1, np.uint32))
    made.ends[...] = made.bad[...] = 0
    return made


def advance(first_step: int, n_steps: int, window: int, ring: Any, outside: Any, base: Any, s: Any,
            p: Any, dt: Any, th: Any, drives: Drives, means: Any, seed: Any, number: Any,
            largest: Any, synapses: Any, recipes: Any, drawing: Any, past: Any, releases: Any,
            rules: Any, history: Any, cut: Cut, items: Items | None, events: Any,
            space: WorkSpace) -> int:
    """Run one group for `n_steps`, or as many as there is room for the spikes of.

    Arguments as in `eventsnn.engine.network`; `means` are those of Poisson drives, or None where
    none has rates neuron by neuron; `synapses` and `items` are None where there are no synapses;
    `largest` is of a state, above which ``space.bad`` is set. Returns the steps done, fewer where
    the history lacks room for the next window; their spikes are in `space`.
    """
    n_steps, done = min(n_steps, space.ends.shape[1] - 1), 0
    while True:
        roomy = history is None or has_room(history)  # for this window and the next
        now, length = first_step + done, min(window, n_steps - done)
        for_each(_update, len(space.bits), _U(now), _U(now % ring.shape[0]), _U(length), ring,
                 outside, base, s, p, dt, th, drives.poisson, means, drives.currents, drives.noises,
                 drives.events, seed, number, largest, space.bits, space.bad)
        if length:
            append_fired(space.bits, length, done, space.counts, space.totals, space.ids,
                         space.ends)
            if history is not None:
                note(history, rules, space.bits, now, length, cut.size)
        if length and synapses is not None:
            deliver(now, done, length, space.ids, space.ends, synapses, recipes, drawing, past,
                    releases, rules, history, cut, ring, items, events)
        done += length
        if done == n_steps or not roomy:
            return done
