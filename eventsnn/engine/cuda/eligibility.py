"""Derivatives of a step, and traces, on a CUDA device; see `eventsnn.engine.eligibility`.

A thread moves a synapse's traces on, item by item: it holds them, and adds to the gradient, in
registers. For the current-based LIF and its read-out that is 32 bytes a synapse and item, with some
20 operations: the memory is the limit.
"""

import functools

import numpy as np
from numba import cuda

from eventsnn.core.cuda import Kernel, flat, for_pairs, kernel, sizes
from eventsnn.core.dispatch import step, step_vjp
from eventsnn.core.fields import accumulate, define, load, pick, store
from eventsnn.surrogates import draw

_U = np.uint64
_ZERO, _ONE = np.uint64(0), np.uint64(1)


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


@functools.lru_cache(maxsize=None)
def _advance(n_fields: int) -> Kernel:
    """For so many state variables: each has a register, and each pair of them a product."""
    every, rows = range(n_fields), range(1 + n_fields)
    body = [f"e_{g} = eps[u64({g}) * items * n_pre + at]" for g in every]
    for f in rows:
        body.append(f"row_{f} = by_x[u64({f}) * items + item] * pre[b * n_pre + i]")
        for g in every:
            body += [f"by = by_s[u64({g * len(rows) + f}) * items + item]",
                     "if by != 0:",
                     f" row_{f} += by * e_{g}"]
    body += [f"eps[u64({g}) * items * n_pre + at] = row_{g + 1}" for g in every]
    function = define(
        "n_batch, n, n_pre, by_s, by_x, pre, signal, eps, filtered, p, dt, th, bar, total",
        "i, j, items = u64(cuda.grid(2)[0]), u64(cuda.grid(2)[1]), n_batch * n",
        "if i < n_pre:",
        " while j < n:",
        "  b, gradient = zero, bar[j * n_pre + i]",
        "  while b < n_batch:",
        "   item = b * n + j",
        "   at = item * n_pre + i",
        *(f"   {line}" for line in body),
        "   out, s = step(load(filtered, at), row_0, p, dt, th)",
        "   store(filtered, at, s)",
        "   accumulate(total, at, row_0)",
        "   gradient += signal[item] * out",
        "   b += one",
        "  bar[j * n_pre + i] = gradient",
        "  j += u64(cuda.gridsize(2)[1])",
        cuda=cuda, u64=_U, zero=_ZERO, one=_ONE, step=step, load=load, store=store,
        accumulate=accumulate)
    function.__name__, function.__module__ = "_advance", __name__
    return Kernel(function)


def advance(by_s, by_x, pre, signal, eps, filtered, p, dt, th, rows, bar, total):
    """One step of all traces; see `eventsnn.engine.eligibility.advance`. `rows` is not used."""
    n_fields, n_batch, n, n_pre = sizes(eps)
    for_pairs(_advance(int(n_fields)), int(n), int(n_pre), n_batch, n, n_pre,
              *flat(by_s, by_x, pre, signal, eps, filtered), p, dt, th, *flat(bar, total))
