"""Filters and decoders over time on a CUDA device: a thread runs one element through all steps."""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_each, kernel

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@kernel
def _decaying(decay, y):
    k = _U(cuda.grid(1))
    while k < _U(y.shape[1]):
        last, t = y[_ZERO, k], _ONE
        while t < _U(y.shape[0]):
            last = y[t, k] + decay * last
            y[t, k] = last
            t += _ONE
        k += _U(cuda.gridsize(1))


def decaying(decay: Any, y: Any) -> None:
    """Add to each step of `y` (T, n) the one before it, times `decay`."""
    for_each(_decaying, y.shape[1], decay, y)


@kernel
def _decaying_bar(decay, y_bar):
    k = _U(cuda.grid(1))
    while k < _U(y_bar.shape[1]):
        t = _U(y_bar.shape[0]) - _ONE
        last = y_bar[t, k]
        while t > _ZERO:
            t -= _ONE
            last = y_bar[t, k] + decay * last
            y_bar[t, k] = last
        k += _U(cuda.gridsize(1))


def decaying_bar(decay: Any, y_bar: Any) -> None:
    """Transpose of `decaying`, in place."""
    for_each(_decaying_bar, y_bar.shape[1], decay, y_bar)


@kernel
def _spike_times(x, unit, times):
    k = _U(cuda.grid(1))
    while k < _U(x.shape[1]):
        t, count = _ZERO, _ZERO
        while t < _U(x.shape[0]) and count < _U(times.shape[0]):
            if x[t, k] != 0:
                times[count, k] = times.dtype.type(t) * unit
                count += _ONE
            t += _ONE
        k += _U(cuda.gridsize(1))


def spike_times(x: Any, unit: Any, times: Any) -> None:
    """Write the steps of the first spikes of `x` (T, n), times `unit`, to `times` (K, n)."""
    for_each(_spike_times, x.shape[1], x, unit, times)


@kernel
def _spike_times_bar(x, unit, times_bar, x_bar):
    k = _U(cuda.grid(1))
    while k < _U(x.shape[1]):
        t, count = _ZERO, _ZERO
        while t < _U(x.shape[0]):
            bar = x_bar.dtype.type(0)
            if x[t, k] != 0 and count < _U(times_bar.shape[0]):
                bar = -unit * times_bar[count, k]
                count += _ONE
            x_bar[t, k] = bar
            t += _ONE
        k += _U(cuda.gridsize(1))


def spike_times_bar(x: Any, unit: Any, times_bar: Any, x_bar: Any) -> None:
    """Write the gradients of the spikes: minus those of their times, times `unit`."""
    for_each(_spike_times_bar, x.shape[1], x, unit, times_bar, x_bar)


@kernel
def _first_spikes(x, out):
    k = _U(cuda.grid(1))
    while k < _U(x.shape[1]):
        kept, t = np.float64(0), _ZERO
        while t < _U(x.shape[0]):
            value = x[t, k] if kept <= 0 else x.dtype.type(0)
            out[t, k] = value
            kept += np.float64(value)
            t += _ONE
        k += _U(cuda.gridsize(1))


def first_spikes(x: Any, out: Any) -> None:
    """Write the spikes of `x` (T, n) that come while the sum of those before is not above 0."""
    for_each(_first_spikes, x.shape[1], x, out)
