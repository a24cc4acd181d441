"""Random spikes on a CUDA device; see `eventsnn.engine.drive`."""

import numpy as np
from numba import cuda

from eventsnn.core import random
from eventsnn.core.cuda import for_pairs, kernel

_U = np.uint64
_ENCODER, _NO_ITEM = np.uint64(random.ENCODER), np.uint64(0)


@kernel
def _bernoulli(threshold, sign, seed, first, z):
    k, t = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(z.shape[1]):
        while t < _U(z.shape[0]):
            word, _, _, _ = random.words(seed, _ENCODER, k, first + t, _NO_ITEM)
            z[t, k] = sign[k] if word < threshold[k] else z.dtype.type(0)
            t += _U(cuda.gridsize(2)[1])


def bernoulli(threshold, sign, seed, first, z):
    """Random spikes `z` (T, n); see `eventsnn.engine.drive.bernoulli`."""
    for_pairs(_bernoulli, *z.shape, threshold, sign, seed, first, z)
