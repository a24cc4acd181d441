"""Random spikes, compiled."""

import numpy as np

from eventsnn.core import random
from eventsnn.core.jit import kernel

_ENCODER, _NO_ITEM = np.uint64(random.ENCODER), np.uint64(0)


@kernel
def bernoulli(threshold, sign, seed, first, z):
    """Write ``sign[k]`` to `z` (T, n) with probability ``threshold[k] / 2^32``, else 0.

    `threshold` (n,) uint64 is compared with a random word: integers, so that every device agrees.
    """
    for t in range(np.uint64(z.shape[0])):
        for k in range(np.uint64(z.shape[1])):
            word, _, _, _ = random.words(seed, _ENCODER, k, first + t, _NO_ITEM)
            z[t, k] = sign[k] if word < threshold[k] else np.float32(0)
