"""What synapses that tire release at the spikes of a window, on a CUDA device.

The twin of `eventsnn.connect.learning.release`, before delivery: what a source's past amounts to is
the same for all its synapses. A thread goes through all spikes of one source in the window, in
their order; that of the first spike does it.
"""

import numpy as np
from numba import cuda

from eventsnn.connect.learning import STATIC, release
from eventsnn.core.cuda import kernel, launch
from eventsnn.core.jit import scalar
from eventsnn.engine.cuda.items import first_from, grid, last_upto, quotient, threads

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_NEXT, _UNCHANGED = np.int64(1), np.float32(1)


@scalar
def _stop(begins, items, both):
    """Where the spikes of a step and a projection end."""
    return begins[both] + items[both + _ONE] - items[both]


@scalar
def _spikes(ids, begins, items, both, source):
    """Whether a source is among the spikes of a step and a projection."""
    stop = _stop(begins, items, both)
    at = first_from(ids, begins[both], stop, source)
    return at < stop and _U(ids[at]) == source


@scalar
def _is_first(ids, begins, items, both, q, n_q, e, source):
    """Whether spike `e` of a source is its first in the window."""
    if e > begins[both] and _U(ids[e - _ONE]) == source:  # a list may have it twice in a step
        return False
    earlier = q
    while earlier < both and not _spikes(ids, begins, items, earlier, source):
        earlier += n_q
    return earlier >= both


@scalar
def _follow(past, releases, ids, begins, items, factors, first_step, n_pairs, n_q, both, q, source,
            column):
    """Let the synapses of a source tire with its spikes, from those of a step on."""
    w, last = quotient(both, n_q), past.last[_ZERO, column]
    while both < n_pairs:
        now, stop = first_step + np.int64(w) + _NEXT, _stop(begins, items, both)
        at = first_from(ids, begins[both], stop, source)
        while at < stop and _U(ids[at]) == source:
            factors[items[both] + at - begins[both]] = release(
                past, releases, _ZERO, q, column, now)
            past.last[_ZERO, column] = now
            at += _ONE
        both += n_q
        w += _ONE
    if past.learns_by[q] != STATIC:  # it is noted where they learn, by what was before
        past.last[_ZERO, column] = last


@kernel
def _release(synapses, past, releases, ids, begins, items, factors, first_step, length):
    n_q, item = _U(synapses.delay.shape[0]), _U(cuda.grid(1))
    n_pairs = length * n_q
    while item < items[n_pairs]:
        both = last_upto(items, n_pairs, item)
        q = both - quotient(both, n_q) * n_q
        if past.tires_by[q] != STATIC:
            e = begins[both] + item - items[both]
            source = _U(ids[e])
            if _is_first(ids, begins, items, both, q, n_q, e, source):
                column = _U(past.at[q]) + source - _U(synapses.pre_start[q])
                _follow(past, releases, ids, begins, items, factors, first_step, n_pairs, n_q, both,
                        q, source, column)
                for block in range(_ONE, _U(past.last.shape[0])):  # each keeps a copy
                    if past.learns_by[q] == STATIC:
                        past.last[block, column] = past.last[_ZERO, column]
                    past.u[block, column] = past.u[_ZERO, column]
                    past.x[block, column] = past.x[_ZERO, column]
        item += _U(cuda.gridsize(1))


@scalar
def factor_of(past, factors, q, item):
    """The factor of an item's weights."""
    return _UNCHANGED if past.tires_by[q] == STATIC else factors[item]


def release_all(synapses, past, releases, ids, begins, items, factors, first_step, length):
    """Write to ``factors[item]`` what synapses that tire release, and note the spikes in `past`.

    `first_step` is that of the window; items are those of `eventsnn.engine.cuda.items`.
    """
    launch(_release, grid(), threads(), synapses, past, releases, ids, begins, items, factors,
           np.int64(first_step), length)
