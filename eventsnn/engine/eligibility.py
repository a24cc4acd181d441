r"""Eligibility traces of synapses, one step forward in time [1]_, for any neuron and any filter.

With the derivatives within neuron :math:`j`, of its state :math:`s` and output :math:`z`, by its
state before the step and by its input :math:`x`, the eligibility vector of the synapse from
:math:`i` and its trace are

.. math::
    e_{ji} = \frac{\partial z}{\partial s} \cdot \varepsilon_{ji}
        + \frac{\partial z}{\partial x} \, \mathrm{pre}_i, \qquad
    \varepsilon_{ji}' = \frac{\partial s'}{\partial s} \, \varepsilon_{ji}
        + \frac{\partial s'}{\partial x} \, \mathrm{pre}_i

References
----------
.. [1] Bellec et al., "A solution to the learning dilemma for recurrent networks of spiking
   neurons", Nat. Commun. 11, 3625 (2020), methods.
"""

import numpy as np

from eventsnn.core.dispatch import step, step_vjp
from eventsnn.core.fields import accumulate, load, pick, store
from eventsnn.core.jit import kernel
from eventsnn.surrogates import draw

_ZERO = np.uint64(0)


@kernel
def derivatives(x, h, p, dt, th, first, stop_reset, z_bars, s_bars, by_s, by_x):
    """The derivatives of one step within each neuron, by its state before it and by its input.

    For ``R`` rows, ``B`` items and ``N`` neurons: `z_bars` (R,) and `s_bars`, a tuple of (R,), say
    what each row is the derivative of; `by_s`, a tuple of (R, B, N), and `by_x` (R, B, N) are
    written. All else as for `cpu.backward` of one step.
    """
    n_rows, n_batch = np.uint64(by_x.shape[0]), np.uint64(by_x.shape[1])
    n = np.uint64(by_x.shape[2])
    for b in range(n_batch):
        for r in range(n_rows):
            for k in range(n):
                s_bar, x_bar, _ = step_vjp(
                    load(h, (_ZERO, b, k)), load(x, (_ZERO, b, k)), pick(p, k), dt,
                    draw(th, b * n + k, first), stop_reset, z_bars[r], load(s_bars, r))
                store(by_s, (r, b, k), s_bar)
                store(by_x, (r, b, k), x_bar)


@kernel
def advance(by_s, by_x, pre, signal, eps, filtered, p, dt, th, rows, bar, total):
    """One step of all traces, and what learning signals make of them.

    For ``F`` state variables, ``B`` items, ``N`` neurons and ``M`` senders: `by_s` (F, 1 + F, B, N)
    and `by_x` (1 + F, B, N) are the derivatives of the output, then of each state variable after
    the step, by each variable before it and by the input; `pre` (B, M) is what the senders gave,
    `signal` (B, N) the learning signals. `eps` (F, B, N, M), the eligibility vectors, and
    `filtered` (B, N, M), the state of a filter of the traces, a neuron of the parameters `p`, are
    moved on. A learning signal times the filtered trace is added to `bar` (N, M), the trace itself
    to `total`, None or (B, N, M). `rows` (1 + F, M) is scratch.
    """
    n_fields, n_batch, n, n_pre = eps.shape
    trace = rows[0]
    for b in range(n_batch):
        for j in range(n):
            for f in range(1 + n_fields):
                for i in range(n_pre):
                    rows[f, i] = by_x[f, b, j] * pre[b, i]
                for g in range(n_fields):
                    by = by_s[g, f, b, j]
                    if by != 0:
                        for i in range(n_pre):
                            rows[f, i] += by * eps[g, b, j, i]
            for f in range(n_fields):
                for i in range(n_pre):
                    eps[f, b, j, i] = rows[1 + f, i]
            for i in range(n_pre):
                out, s = step(load(filtered, (b, j, i)), trace[i], p, dt, th)
                store(filtered, (b, j, i), s)
                bar[j, i] += signal[b, j] * out
                accumulate(total, (b, j, i), trace[i])
