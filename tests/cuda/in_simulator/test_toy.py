"""The simulator runs a kernel: threads that share memory and wait for each other."""

import numpy as np
from numba import config, cuda, float32

THREADS = 8


@cuda.jit
def sums(x, out):
    """The sum of each block's values."""
    shared = cuda.shared.array(THREADS, float32)
    i = cuda.threadIdx.x
    shared[i] = x[cuda.grid(1)]
    cuda.syncthreads()
    step = THREADS // 2
    while step:
        if i < step:
            shared[i] += shared[i + step]
        cuda.syncthreads()
        step //= 2
    if i == 0:
        out[cuda.blockIdx.x] = shared[0]


def test_simulator__is_on():
    assert config.ENABLE_CUDASIM


def test_toy_kernel__sums():
    x, out = np.arange(24, dtype=np.float32), np.zeros(3, np.float32)

    sums[3, THREADS](x, out)

    assert out.tolist() == x.reshape(3, THREADS).sum(axis=1).tolist()
