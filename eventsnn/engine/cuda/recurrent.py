"""Neurons whose outputs come back: a block of threads runs one batch item through all steps.

Its threads share the neurons out among them, and meet after each step. Forward is event-driven: the
block lists the sources that spiked, in their order, and a thread adds up what these bring to its
neuron, reading a row of weights beside its neighbours. Backward a thread adds up what all targets
send back to its neuron.

With N neurons and a share `a` of them active, a step of an item reads ``4 a N^2`` bytes of weights
forward and ``4 N^2`` backward, from the caches: they are the same for all items. 256 neurons at
10 %, 256 items, 100 steps: 0.7 GB and 6.7 GB from the L2 cache, and 0.1 GB each from the memory,
which 3 TB/s move in 0.04 ms.
"""

import numpy as np
from numba import cuda

from eventsnn.connect.cuda import back_to, gathered
from eventsnn.core import cuda as device
from eventsnn.core.cuda import flat, kernel, launch, sizes
from eventsnn.core.device import empty
from eventsnn.core.dispatch import step, step_vjp
from eventsnn.core.fields import accumulate, add, load, magnitude, pick, store
from eventsnn.surrogates import draw

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_UNIT = np.float32(1)
_MOST = 1024  # threads of a block


@kernel
def _forward(n_steps, n_batch, n, each, x, s, z_before, w, p, dt, th, first, ids, z, h):
    """A thread looks at `each` sources; `ids` (B * N,) uint32 is work space: which spiked."""
    counts = cuda.shared.array(_MOST, np.uint32)
    thread, width, t = _U(cuda.threadIdx.x), _U(cuda.blockDim.x), _ZERO
    start = _U(cuda.blockIdx.x) * n  # of this item, among those of a step
    begin = min(thread * each, n)
    end = min(begin + each, n)
    source, before = z_before, start
    while t < n_steps:
        count = _ZERO
        for j in range(begin, end):
            count += _ONE if source[before + j] != 0 else _ZERO
        counts[thread] = count
        cuda.syncthreads()
        at, count = start, _ZERO
        for j in range(width):
            at += _U(counts[j]) if j < thread else _ZERO
            count += _U(counts[j])
        for j in range(begin, end):
            if source[before + j] != 0:
                ids[at] = j
                at += _ONE
        cuda.syncthreads()
        k, now = thread, t * n_batch * n + start
        while k < n:
            i, item = now + k, start + k
            x_k = gathered(load(x, i), w, n, source, before, ids, start, count, k)
            s_k = load(s, item)
            store(x, i, x_k)
            store(h, i, s_k)
            out, s_k = step(s_k, x_k, pick(p, k), dt, draw(th, item, first + t))
            store(s, item, s_k)
            z[i] = out
            k += width
        cuda.syncthreads()
        source, before = z, now
        t += _ONE


def forward_recurrent(order, x, s, z_before, w, p, dt, th, first, z, h):
    """Run coupled neurons; see `eventsnn.engine.cpu.forward_recurrent`."""
    n_batch, n = z.shape[1:]
    if z.size:
        width = _width(n)
        launch(_forward, n_batch, width, *sizes(z), _U(-(-n // width)), *flat(x, s, z_before, w),
               p, dt, th, first, empty(n_batch * n, np.uint32), *flat(z, h))


@kernel
def _backward(n_steps, n_batch, n, x, h, w, p, dt, th, first, stop_reset, no, z_bar, h_bar, s_bar,
              x_bar, p_bar, seen):
    width, start, t = _U(cuda.blockDim.x), _U(cuda.blockIdx.x) * n, n_steps
    while t > _ZERO:
        t -= _ONE
        k, now = _U(cuda.threadIdx.x), t * n_batch * n + start
        while k < n:
            i, item = now + k, start + k
            h_k, x_k, p_k = load(h, i), load(x, i), pick(p, k)
            th_k, total = draw(th, item, first + t), z_bar[i]
            wanted = t + _ONE < n_steps
            if no is not None:
                s_reach, x_reach, p_reach = step_vjp(h_k, x_k, p_k, dt, th_k, stop_reset,
                                                     no[0] + _UNIT, no)
                wanted = wanted and (magnitude(s_reach) + magnitude(x_reach)
                                     + magnitude(p_reach)) != 0
            if wanted:
                total += back_to(w, n, x_bar, now + n_batch * n, k)
            s_bar_k = add(load(s_bar, item), h_bar, i)
            store(seen, i, s_bar_k)
            s_bar_k, x_bar_k, p_bar_k = step_vjp(h_k, x_k, p_k, dt, th_k, stop_reset, total,
                                                 s_bar_k)
            store(s_bar, item, s_bar_k)
            store(x_bar, i, x_bar_k)
            accumulate(p_bar, item, p_bar_k)
            k += width
        cuda.syncthreads()


def backward_recurrent(order, x, h, w, p, dt, th, first, stop_reset, no, z_bar, h_bar, s_bar,
                       x_bar, p_bar, seen=None):
    """Transpose of `forward_recurrent`; see `eventsnn.engine.cpu.backward_recurrent`.

    With `no` gradients are fetched through the weights only for outputs that have a use for them.
    `seen`, None or a state of arrays (T, B, N), gets the gradient of the state after each step.
    """
    if z_bar.size:
        launch(_backward, z_bar.shape[1], _width(z_bar.shape[2]), *sizes(z_bar), *flat(x, h, w), p,
               dt, th, first, stop_reset, no, *flat(z_bar, h_bar, s_bar, x_bar, p_bar, seen))


def _width(n):
    """Threads of a block for `n` neurons: whole warps."""
    return min(-(-n // 32) * 32, device.backend.most_threads)
