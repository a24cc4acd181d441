"""Delays of whole steps on a CUDA device; see `eventsnn.layers.delay`.

``known`` (longest + T, n) are the inputs from the longest delay before the first step on.
"""

from typing import Any

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_pairs, kernel

_U = np.uint64


@kernel
def _delayed(known, steps, longest, out):
    k, t = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(out.shape[1]):
        later = longest - _U(steps[k])
        while t < _U(out.shape[0]):
            out[t, k] = known[later + t, k]
            t += _U(cuda.gridsize(2)[1])


def delayed(known: Any, steps: Any, longest: int, out: Any) -> None:
    """Write `out` (T, n), of element `k` the input ``steps[k]`` steps ago."""
    for_pairs(_delayed, *out.shape, known, steps, _U(longest), out)


@kernel
def _delayed_bar(out_bar, steps, longest, known_bar):
    k, t = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    if k < _U(out_bar.shape[1]):
        later = longest - _U(steps[k])
        while t < _U(out_bar.shape[0]):
            known_bar[later + t, k] += out_bar[t, k]
            t += _U(cuda.gridsize(2)[1])


def delayed_bar(out_bar: Any, steps: Any, longest: int, known_bar: Any) -> None:
    """Transpose of `delayed`: adds to `known_bar`, to each place once."""
    for_pairs(_delayed_bar, *out_bar.shape, out_bar, steps, _U(longest), known_bar)
