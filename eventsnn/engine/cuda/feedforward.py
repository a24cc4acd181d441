"""Neurons without coupling: a thread runs one neuron of one batch item through all steps.

Its state is in registers; threads of neighbouring neurons lie side by side, so that each access of
a warp is to 128 bytes in a row. Kernels take arrays flat: one index then serves all of them, where
each would have one of its own, and take a register for it, if its shape were its own.

A step of a LIF neuron moves 8 bytes (input and output) and computes 9 operations; with a tape 16
bytes, backward 20 and about 40 operations. At 3 TB/s that is 2.7, 5.3 and 6.7 ms for 10^9
neuron-steps: the memory is the limit, by a factor of 30 or more.
"""

import numpy as np
from numba import cuda

from eventsnn.core.cuda import flat, for_each, for_pairs, kernel, sizes
from eventsnn.core.dispatch import step, step_vjp
from eventsnn.core.fields import accumulate, add, load, pick, store
from eventsnn.surrogates import draw, spike, spike_slope

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@kernel
def _forward(n_steps, n_batch, n, x, s, p, dt, th, first, z, h):
    k, b = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < n:
        p_k = pick(p, k)
        while b < n_batch:
            item = b * n + k
            s_k, t, i = load(s, item), _ZERO, item
            while t < n_steps:
                store(h, i, s_k)
                out, s_k = step(s_k, load(x, i), p_k, dt, draw(th, item, first + t))
                z[i] = out
                t += _ONE
                i += n_batch * n
            store(s, item, s_k)
            b += _U(cuda.gridsize(2)[1])


def forward(order, x, moves, s, p, dt, th, first, z):
    """Run feed-forward neurons; see `eventsnn.engine.cpu.forward`. The input has all steps."""
    forward_taped(order, x, moves, s, p, dt, th, first, z, None)


def forward_taped(order, x, moves, s, p, dt, th, first, z, h):
    """As `forward`, and write the tape; see `eventsnn.engine.cpu.forward_taped`."""
    for_pairs(_forward, *z.shape[1:], *sizes(z), *flat(x, s), p, dt, th, first, *flat(z, h))


@kernel
def _backward(n_steps, n_batch, n, x, h, p, dt, th, first, stop_reset, z_bar, h_bar, s_bar, x_bar,
              p_bar):
    k, b = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < n:
        p_k = pick(p, k)
        while b < n_batch:
            item = b * n + k
            s_bar_k, t, i = load(s_bar, item), n_steps, n_steps * n_batch * n + item
            while t > _ZERO:
                t -= _ONE
                i -= n_batch * n
                s_bar_k, x_bar_k, p_bar_k = step_vjp(
                    load(h, i), load(x, i), p_k, dt, draw(th, item, first + t), stop_reset,
                    z_bar[i], add(s_bar_k, h_bar, i))
                store(x_bar, i, x_bar_k)
                accumulate(p_bar, item, p_bar_k)
            store(s_bar, item, s_bar_k)
            b += _U(cuda.gridsize(2)[1])


def backward(order, x, moves, h, p, dt, th, first, stop_reset, z_bar, h_bar, s_bar, x_bar, x_sum,
             p_bar):
    """Transpose of `forward`; see `eventsnn.engine.cpu.backward`. `x_bar` is what is written."""
    for_pairs(_backward, *z_bar.shape[1:], *sizes(z_bar), *flat(x, h), p, dt, th, first,
              stop_reset, *flat(z_bar, h_bar, s_bar, x_bar, p_bar))


@kernel
def _threshold(u, th, first, z):
    k = _U(cuda.grid(1))
    while k < _U(u.shape[0]):
        z[k] = spike(u[k], draw(th, k, first))
        k += _U(cuda.gridsize(1))


def threshold(u, th, first, z):
    """Spikes of neurons at a distance from their thresholds; see `eventsnn.engine.cpu.threshold`.
    """
    for_each(_threshold, len(u), u, th, first, z)


@kernel
def _threshold_backward(u, th, z_bar, u_bar):
    k = _U(cuda.grid(1))
    while k < _U(u.shape[0]):
        u_bar[k] = z_bar[k] * spike_slope(u[k], th)
        k += _U(cuda.gridsize(1))


def threshold_backward(u, th, z_bar, u_bar):
    """Transpose of `threshold`."""
    for_each(_threshold_backward, len(u), u, th, z_bar, u_bar)
