"""The spikes of a window as items of delivery, on a CUDA device.

An item is a pair of a spike and a projection of its neuron. They are numbered in the order of
delivery: by step, projection, source.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from eventsnn.core import cuda as device
from eventsnn.core.cuda import kernel, launch
from eventsnn.core.device import empty
from eventsnn.core.jit import scalar

THREADS = 256  # of a block, at most
GRID = 1024  # blocks that items are shared out among, about

_U, _U32 = np.uint64, np.uint32
_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Items(NamedTuple):
    """Work space: the pairs of a spike and a projection of its neuron, numbered."""

    begins: Any  # uint64 (n_steps * Q,): first spike of a step and a projection
    numbers: Any  # uint64 (n_steps * Q + 1,): its number among all
    factors: Any  # float32 (n_items,): of the item's weights; None where no synapse tires


def space(synapses: Any, n_steps: int, n_items: int = 0) -> Items | None:
    """What `deliver` needs for windows of `n_steps`; `n_items` at most, where synapses tire."""
    if synapses is None:
        return None
    n = n_steps * synapses.delay.shape[0]
    return Items(empty(max(n, 1), np.uint64), empty(n + 1, np.uint64),
                 empty(n_items, np.float32) if n_items else None)


def threads() -> int:
    """Of a block that delivers: a power of two."""
    return min(THREADS, device.backend.threads)


def grid() -> int:
    """Blocks that items are shared out among, where a block has no targets of its own."""
    return min(GRID, 4 * device.backend.threads)


@scalar
def first_from(ids, begin, end, neuron):
    """The first of ``begin ... end`` whose neuron is not below `neuron`; those ascend."""
    while begin < end:
        middle = (begin + end) >> _ONE
        if _U(ids[middle]) < neuron:
            begin = middle + _ONE
        else:
            end = middle
    return begin


@scalar
def last_upto(starts, end, item):
    """The last of the first `end` parts that starts at `item` or before; the first starts at 0."""
    begin = _ZERO
    while begin + _ONE < end:
        middle = (begin + end) >> _ONE
        if _U(starts[middle]) <= item:
            begin = middle
        else:
            end = middle
    return begin


@scalar
def quotient(a, b):
    """``a // b`` of numbers of 32 bits: the device divides those faster."""
    return _U(_U32(a) // _U32(b))


@kernel
def _list_items(synapses, ids, ends, done, length, begins, items):
    """Number the pairs of a spike and a projection of its neuron, in the order of delivery.

    Those of step `w` and projection `q` begin with number ``items[w * Q + q]``, and their spikes
    with ``begins[w * Q + q]``. One block.
    """
    parts = cuda.shared.array(THREADS, np.uint32)
    i, width, n_q = _U(cuda.threadIdx.x), _U(cuda.blockDim.x), _U(synapses.delay.shape[0])
    n = length * n_q
    each = quotient(n + width - _ONE, width)
    begin = min(i * each, n)
    end = min(begin + each, n)
    count = _ZERO
    for both in range(begin, end):
        w = quotient(both, n_q)
        q = _U(both) - w * n_q
        sender, neuron = _U(synapses.senders[q, _ZERO]), _U(synapses.pre_start[q])
        stop = ends[sender, done + w + _ONE]
        low = first_from(ids, ends[sender, done + w], stop, neuron)
        high = first_from(ids, low, stop, neuron + _U(synapses.n_pre[q]))
        begins[both] = low
        items[both] = high - low
        count += high - low
    parts[i] = count
    cuda.syncthreads()
    at, total = _ZERO, _ZERO
    for j in range(width):
        at += _U(parts[j]) if j < i else _ZERO
        total += _U(parts[j])
    for both in range(begin, end):
        count = items[both]
        items[both] = at
        at += count
    if i == _ZERO:
        items[n] = total


def list_items(synapses: Any, ids: Any, ends: Any, done: Any, length: Any, begins: Any,
               items: Any) -> None:
    """Number the items of a window of `length` steps, after `done` of those that are listed."""
    launch(_list_items, 1, threads(), synapses, ids, ends, done, length, begins, items)
