"""Which neurons fired in a window of steps, as lists on a CUDA device.

The update leaves 64 bits a neuron, one a step. Threads count those of a line of neurons in a step;
sums over the counts before tell each where its part of the list begins; then they write it. So the
lists are in the order of neurons, from run to run.
"""

import numpy as np
from numba import cuda

from eventsnn.core import cuda as device
from eventsnn.core.cuda import for_each, kernel, launch

LINE = 64  # neurons that a thread looks at
THREADS = 128  # of a block that sums, at most

_U, _U32 = np.uint64, np.uint32
_ZERO, _ONE, _LINE = np.uint64(0), np.uint64(1), np.uint64(LINE)


def n_lines(n):
    """Lines of `n` neurons."""
    return -(-n // LINE)


@kernel
def _count(bits, length, counts):
    """To ``counts[w, line]`` the spikes of a line in step `w`."""
    g, n, n_rows = _U(cuda.grid(1)), _U(bits.shape[0]), _U(counts.shape[1])
    while g < n_rows * length:
        # threads side by side look at the same neurons
        line = _U(_U32(g) // _U32(length))
        w, count = g - line * length, _ZERO
        for k in range(line * _LINE, min(line * _LINE + _LINE, n)):
            count += bits[k] >> w & _ONE
        counts[w, line] = count
        g += _U(cuda.gridsize(1))


@kernel
def _sum(counts, totals):
    """From counts to what comes before; a block sums one step's, its threads a part each."""
    parts = cuda.shared.array(THREADS, np.uint32)
    n, w = _U(counts.shape[1]), _U(cuda.blockIdx.x)
    i, width = _U(cuda.threadIdx.x), _U(cuda.blockDim.x)
    each = _U(_U32(n + width - _ONE) // _U32(width))
    begin = min(i * each, n)
    end = min(begin + each, n)
    count = _ZERO
    for line in range(begin, end):
        count += _U(counts[w, line])
    parts[i] = count
    cuda.syncthreads()
    at, total = _ZERO, _ZERO
    for j in range(width):
        at += _U(parts[j]) if j < i else _ZERO
        total += _U(parts[j])
    for line in range(begin, end):
        count = _U(counts[w, line])
        counts[w, line] = at
        at += count
    if i == _ZERO:
        totals[w] = total


@kernel
def _write(bits, length, counts, totals, done, ids, ends):
    g, n, n_rows = _U(cuda.grid(1)), _U(bits.shape[0]), _U(counts.shape[1])
    while g < n_rows * length:
        line = _U(_U32(g) // _U32(length))
        w, at = g - line * length, ends[_ZERO, done]
        for earlier in range(w):
            at += _U(totals[earlier])
        if line == _ZERO:
            ends[_ZERO, done + w + _ONE] = at + _U(totals[w])
        at += _U(counts[w, line])
        for k in range(line * _LINE, min(line * _LINE + _LINE, n)):
            if bits[k] >> w & _ONE != _ZERO:
                ids[at] = k
                at += _ONE
        g += _U(cuda.gridsize(1))


def append_fired(bits, length, done, counts, totals, ids, ends):
    """Append the neurons that fired in a window of `length` steps to `ids`, step by step.

    ``bits`` (N,) uint64, bit `w` of a neuron's for step `w`; `done` are the steps in the list
    before; those of step `w` end before ``ends[0, done + w + 1]``, uint64. `counts` (window,
    n_lines) and `totals` (window,) uint32 are work space.
    """
    items = counts.shape[1] * length
    for_each(_count, items, bits, _U(length), counts)
    launch(_sum, length, min(THREADS, device.backend.threads), counts, totals)
    for_each(_write, items, bits, _U(length), counts, totals, _U(done), ids, ends)
