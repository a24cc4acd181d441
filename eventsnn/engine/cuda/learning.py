"""Synapses that learn, on a CUDA device; see `eventsnn.connect.learning` and `history`.

A weight changes where a spike of its source is delivered, in `eventsnn.engine.cuda.delivery`, by
the thread that looks the synapse up. Before that the spikes of the targets are noted.
"""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.connect.cpu import SHARED
from eventsnn.connect.history import FULL, filled_by, first_needed, note_spike
from eventsnn.connect.learning import STATIC, arrived, learnt, trace_after
from eventsnn.core import device
from eventsnn.core.cuda import for_each, kernel, launch
from eventsnn.core.fields import pick
from eventsnn.core.jit import scalar
from eventsnn.engine.cuda.items import THREADS, grid, threads

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_NEXT, _NOTHING = np.int64(1), np.float32(0)


@kernel
def _note(history, rules, bits, first_step, length, size):
    """A block of threads keeps the spikes of a block of neurons, and says how full that is."""
    levels = cuda.shared.array(THREADS, np.uint8)
    i, width, block = _U(cuda.threadIdx.x), _U(cuda.blockDim.x), _U(cuda.blockIdx.x)
    level = history.filled[block]
    k, stop = block * size + i, min((block + _ONE) * size, _U(bits.shape[0]))
    while k < stop:
        for w in range(length if bits[k] != _ZERO else _ZERO):
            if bits[k] >> w & _ONE != _ZERO:
                held = note_spike(history, rules, k, first_step + np.int64(w) + _NEXT)
                level = max(level, filled_by(history, held))
        k += width
    levels[i] = level
    cuda.syncthreads()
    if i == _ZERO:
        for j in range(width):
            level = max(level, levels[j])
        history.filled[block] = level


def note(history: Any, rules: Any, bits: Any, first_step: int, length: int, size: int) -> None:
    """Keep the spikes of a window in which a group's neurons fired; `bits` as of its update."""
    launch(_note, history.filled.shape[0], threads(), history, rules, bits, np.int64(first_step),
           _U(length), _U(size))


def has_room(history: Any) -> bool:
    """Whether the spikes of two more windows fit: something comes to the host."""
    return not (device.to(history.filled, "cpu") == FULL).any()


@scalar
def column_of(synapses, past, q, source):
    """Where the past of a source is kept."""
    return _U(past.at[q]) + source - _U(synapses.pre_start[q])


@scalar
def learn(synapses, past, rules, history, block, q, source, now, k, place, weight, delay):
    """The weight of a synapse onto neuron `k` at a spike of its source, which it is left at."""
    if past.learns_by[q] == STATIC:
        return weight
    r, column = _U(past.learns_by[q]), column_of(synapses, past, q, source)
    last = past.last[block, column]
    weight = learnt(weight, k, np.int64(delay), max(last, history.settled[_ZERO]), now, last,
                    past.trace[block, column], r, pick(rules, r), history)
    synapses.weights[_U(np.int64(place) + synapses.weights_at[q])] = weight
    return weight


@scalar
def note_source(synapses, past, rules, block, q, source, now):
    """Note a spike of a source after its synapses learned from it."""
    if past.learns_by[q] != STATIC:
        column = column_of(synapses, past, q, source)
        past.trace[block, column] = trace_after(
            past, block, column, now, pick(rules, _U(past.learns_by[q])))
        past.last[block, column] = now


@scalar
def _settle_row(synapses, past, rules, history, block, size, now, q, source):
    """The threads of a block share the synapses of one row."""
    r, column = _U(past.learns_by[q]), _U(past.at[q]) + source
    last, trace = past.last[block, column], past.trace[block, column]
    if trace == _NOTHING:
        return
    row = _U(synapses.rows_at[q]) + block * (_U(synapses.n_pre[q]) + _ONE) + source
    base, p = _U(synapses.block_at[q, block]), pick(rules, r)
    j = base + _U(synapses.rows[row]) + _U(cuda.threadIdx.x)
    while j < base + _U(synapses.rows[row + _ONE]):
        delay = synapses.delay[q]
        if synapses.delays_at[q] != SHARED:
            delay = np.int64(synapses.delays[_U(np.int64(j) + synapses.delays_at[q])])
        at, k = _U(np.int64(j) + synapses.weights_at[q]), block * size + _U(synapses.targets[j])
        weight, _ = arrived(synapses.weights[at], k, delay, max(last, history.settled[_ZERO]), now,
                            last, trace, r, p, history)
        synapses.weights[at] = weight
        j += _U(cuda.blockDim.x)


@kernel
def _settle(size, now, synapses, past, rules, history):
    """Blocks of threads along x share the sources out, those along y the blocks of targets."""
    for q in range(_U(past.learns_by.shape[0])):
        if past.learns_by[q] != STATIC:
            source = _U(cuda.blockIdx.x)
            while source < _U(synapses.n_pre[q]):
                _settle_row(synapses, past, rules, history, _U(cuda.blockIdx.y), size, now, q,
                            source)
                source += _U(cuda.gridDim.x)


def settle(size: int, now: int, synapses: Any, past: Any, rules: Any, history: Any) -> None:
    """Bring all weights up to date; see `eventsnn.connect.learning.settle`."""
    launch(_settle, (grid(), past.last.shape[0]), threads(), _U(size), np.int64(now), synapses,
           past, rules, history)


@kernel
def _forget(history, now, longest, held):
    k = _U(cuda.grid(1))
    while k < _U(history.span.shape[0]):
        first = first_needed(history, k, now, longest)
        history.span[k, _ZERO] = first
        held[k] = history.span[k, _ONE] - first
        if k == _ZERO:
            history.settled[k] = now
        k += _U(cuda.gridsize(1))


def forget(history: Any, now: int, longest: int) -> int:
    """Let go of spikes that no synapse needs; see `eventsnn.connect.history.forget`."""
    held = device.empty(history.span.shape[0], np.int64)
    for_each(_forget, len(held), history, np.int64(now), np.int64(longest), held)
    return int(held.max())
