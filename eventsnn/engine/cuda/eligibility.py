"""Derivatives of a step on a CUDA device; see `eventsnn.engine.eligibility`."""

import numpy as np
from numba import cuda

from eventsnn.core.cuda import for_pairs, kernel
from eventsnn.core.dispatch import step_vjp
from eventsnn.core.fields import load, pick, store
from eventsnn.surrogates import draw

_U = np.uint64
_ZERO = np.uint64(0)


@kernel
def _derivatives(x, h, p, dt, th, first, stop_reset, z_bars, s_bars, by_s, by_x):
    k, b = _U(cuda.grid(2)[0]), _U(cuda.grid(2)[1])
    n = _U(by_x.shape[2])
    if k < n:
        while b < _U(by_x.shape[1]):
            h_k, x_k, p_k = load(h, (_ZERO, b, k)), load(x, (_ZERO, b, k)), pick(p, k)
            th_k = draw(th, b * n + k, first)
            for r in range(_U(by_x.shape[0])):
                s_bar, x_bar, _ = step_vjp(h_k, x_k, p_k, dt, th_k, stop_reset, z_bars[r],
                                           load(s_bars, r))
                store(by_s, (r, b, k), s_bar)
                store(by_x, (r, b, k), x_bar)
            b += _U(cuda.gridsize(2)[1])


def derivatives(x, h, p, dt, th, first, stop_reset, z_bars, s_bars, by_s, by_x):
    """Derivatives of one step; see `eventsnn.engine.eligibility.derivatives`."""
    for_pairs(_derivatives, *by_x.shape[1:], x, h, p, dt, th, first, stop_reset, z_bars, s_bars,
              by_s, by_x)
