"""Neurons in continuous time on a CUDA device; see `eventsnn.engine.exact_lif`.

A thread runs one neuron of one batch item from event to event, in float64 as on the CPU; threads of
neighbouring neurons read the weights of one event side by side. What two threads would add to is
kept apart and summed up afterwards.
"""

import math

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_pairs, kernel
from eventsnn.core.device import empty
from eventsnn.engine.exact_lif import _crossing, _decay, _slope

_U, _U32 = np.uint64, np.uint32
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_NONE, _START = np.int64(-1), np.float64(0)


@kernel
def _sort(x, n_in, times, sources, order):
    """Each event counts those before it; there are a few thousand an item at most."""
    e, b = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if e < _U(x.shape[1]):
        while b < _U(x.shape[0]):
            t, rank = x[b, e], _ZERO
            for other in range(_U(x.shape[1])):
                at = x[b, other]
                if at < t or at == t and other < e:
                    rank += _ONE
            times[b, rank] = t
            sources[b, rank] = _U32(e) % _U32(n_in)
            order[b, rank] = e
            b += _U(cuda.gridsize(2)[1])


def in_order(x, n_in):
    """Times (B, E) of events in ascending order, their inputs, and their places before."""
    times, sources, order = (empty(x.shape, t) for t in (np.float64, np.uint32, np.uint32))
    for_pairs(_sort, *x.shape, x, _U(n_in), times, sources, order)
    return times, sources, order


@kernel
def _forward(times, sources, w, v_th, tau_m, tau_s, end, out, currents, counts):
    j, b = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    n_events = _U(times.shape[1])
    if j < _U(w.shape[1]):
        while b < _U(times.shape[0]):
            v, i, t, count = _START, _START, _START, _ZERO
            for e in range(n_events + _ONE):
                until = min(times[b, e], end) if e < n_events else end
                s = _crossing(v, i, until - t, v_th, tau_m, tau_s)
                while s >= 0:
                    t += s
                    i *= math.exp(-s / tau_s)
                    v = _START
                    if count < _U(out.shape[0]):
                        out[count, b, j], currents[count, b, j] = t, i
                    count += _ONE
                    s = _crossing(v, i, until - t, v_th, tau_m, tau_s)
                v = _decay(v, i, until - t, tau_m, tau_s)
                i *= math.exp(-(until - t) / tau_s)
                t = until
                if until >= end:
                    break
                i += w[_U(sources[b, e]), j]
            counts[b, j] = count
            b += _U(cuda.gridsize(2)[1])


def forward(times, sources, w, v_th, tau_m, tau_s, end, out, currents):
    """Spike times and currents; see `eventsnn.engine.exact_lif.forward`. `w` is (inputs, N)."""
    counts = empty(out.shape[1:], np.int64)
    for_pairs(_forward, *out.shape[1:], times, sources, w, *map(np.float64, (
        v_th, tau_m, tau_s, end)), out, currents, counts)
    return int(counts.max()) if counts.size else 0


@kernel
def _backward(times, sources, order, w, v_th, tau_m, tau_s, end, out, currents, out_bar, w_bar,
              times_bar):
    j, b = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if j < _U(w.shape[1]):
        while b < _U(times.shape[0]):
            e, k = np.int64(times.shape[1]) + _NONE, np.int64(out.shape[0]) + _NONE
            while e >= 0 and not times[b, _U(e)] < end:
                e += _NONE
            while k >= 0 and not out[_U(k), b, j] < end:
                k += _NONE
            p_v, p_i, t = _START, _START, end
            while e >= 0 or k >= 0:
                spike = k >= 0 and (e < 0 or out[_U(k), b, j] >= times[b, _U(e)])
                now = out[_U(k), b, j] if spike else times[b, _U(e)]
                s = t - now
                p_i = _decay(p_i, p_v * tau_s / tau_m, s, tau_s, tau_m)
                p_v *= math.exp(-s / tau_m)
                t = now
                if spike:
                    before = _slope(v_th, currents[_U(k), b, j], tau_m)
                    after = _slope(_START, currents[_U(k), b, j], tau_m)
                    p_v = (after * p_v - out_bar[_U(k), b, j]) / before
                    k += _NONE
                else:
                    i = _U(sources[b, _U(e)])
                    w_bar[b, i, j] += p_i
                    times_bar[b, _U(order[b, _U(e)]), j] = w[i, j] * (p_i / tau_s - p_v / tau_m)
                    e += _NONE
            b += _U(cuda.gridsize(2)[1])


def backward(times, sources, order, w, v_th, tau_m, tau_s, end, out, currents, out_bar):
    """Gradients of the weights (N, inputs) and of the events' times (B, E), in their old places."""
    n_batch, n_events = times.shape
    w_bar = np.zeros((n_batch, *w.shape), np.float64, like=w)
    times_bar = np.zeros((n_batch, n_events, w.shape[1]), np.float64, like=w)
    for_pairs(_backward, *out.shape[1:], times, sources, order, w, *map(np.float64, (
        v_th, tau_m, tau_s, end)), out, currents, out_bar, w_bar, times_bar)
    return w_bar.sum(axis=0).T, times_bar.sum(axis=2)
