r"""LIF neurons with exponential synapses in continuous time: from spike times to spike times.

.. math::
    \tau_m \dot V = I - V, \qquad \tau_s \dot I = -I

An input spike adds its weight to `I`; where `V` reaches the threshold there is a spike, and `V`
starts again from 0. Between events both are known in closed form: spikes are found to rounding.
Backward is EventProp [1]_: the sensitivities of the loss to `V` and `I` run back in time,

.. math::
    \dot p_V = p_V / \tau_m, \qquad \dot p_I = p_I / \tau_s - p_V / \tau_m

jump at output spikes, :math:`p_V^- = (\dot V^+ p_V^+ - \partial L / \partial t) / \dot V^-`, and
are read where input spikes come: :math:`\partial L / \partial w = p_I` and
:math:`\partial L / \partial t = w (p_I / \tau_s - p_V / \tau_m)`.

References
----------
.. [1] Wunderlich, Pehle, "Event-based backpropagation can compute exact gradients for spiking
   neural networks", Sci. Rep. 11, 12829 (2021).
"""

import math

import numpy as np

from eventsnn.core.jit import kernel, scalar

_NEWTON, _TOLERANCE = 60, 1e-15  # most steps; of a spike's time, relative to the time constants
_EQUAL = 1e-6  # relative difference of time constants from which on the closed form would cancel


@scalar
def _decay(y, x, s, tau_y, tau_x):
    """`y` after `s`, where ``tau_y dy/ds = x - y`` and ``tau_x dx/ds = -x``.

    So the current pulls the potential, and the sensitivity to the potential that to the current.
    """
    fast, slow = math.exp(-s / tau_x), math.exp(-s / tau_y)
    if abs(tau_x - tau_y) < _EQUAL * tau_x:
        return (y + x * s / tau_y) * slow
    factor = tau_x / (tau_x - tau_y)
    return (y - x * factor) * slow + x * factor * fast


@scalar
def _slope(v, i, tau_m):
    return (i - v) / tau_m


@scalar
def _crossing(v, i, limit, v_th, tau_m, tau_s):
    """Time until the potential reaches the threshold, at most `limit`; -1 if it does not."""
    if i <= v or i <= v_th:  # it falls, or ends below the threshold
        return -1.0
    # It rises, ever slower, until its only extremum, where I = V.
    if abs(tau_m - tau_s) < _EQUAL * tau_s:
        top = tau_m * (i - v) / i
    else:
        b = i * tau_s / (tau_s - tau_m)
        ratio = -b * tau_m / ((v - b) * tau_s)
        top = math.log(ratio) / (1 / tau_s - 1 / tau_m) if ratio > 0 else limit
    high = min(limit, top)
    if not _decay(v, i, high, tau_m, tau_s) >= v_th:
        return -1.0
    low, s = 0.0, 0.0
    for _ in range(_NEWTON):  # Newton's steps, or halves where they would leave the bracket
        y = _decay(v, i, s, tau_m, tau_s) - v_th
        if y >= 0:
            high = s
        else:
            low = s
        slope = _slope(y + v_th, i * math.exp(-s / tau_s), tau_m)
        following = s - y / slope if slope > 0 else (low + high) / 2
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - s) <= _TOLERANCE * tau_m:
            return following
        s = following
    return s


@kernel
def forward(times, sources, w, v_th, tau_m, tau_s, end, out, currents):
    """Spike times `out` (K, B, N), written where there are spikes, and the currents at them.

    `times` (B, E), ascending, with infinity where there are no more, and `sources` (B, E): the
    input spikes; `w` (N, inputs). Returns the most spikes that a neuron would have had.
    """
    most = 0
    for b in range(times.shape[0]):
        for j in range(w.shape[0]):
            v, i, t, count = 0.0, 0.0, 0.0, 0
            for e in range(times.shape[1] + 1):
                until = min(times[b, e], end) if e < times.shape[1] else end
                s = _crossing(v, i, until - t, v_th, tau_m, tau_s)
                while s >= 0:
                    t += s
                    i *= math.exp(-s / tau_s)
                    v = 0.0
                    if count < out.shape[0]:
                        out[count, b, j], currents[count, b, j] = t, i
                    count += 1
                    s = _crossing(v, i, until - t, v_th, tau_m, tau_s)
                v = _decay(v, i, until - t, tau_m, tau_s)
                i *= math.exp(-(until - t) / tau_s)
                t = until
                if until >= end:
                    break
                i += w[j, sources[b, e]]
            most = max(most, count)
    return most


@kernel
def backward(times, sources, w, v_th, tau_m, tau_s, end, out, currents, out_bar, w_bar, times_bar):
    """Add gradients to `w_bar` (N, inputs) and `times_bar` (B, E), for `out_bar` (K, B, N)."""
    for b in range(times.shape[0]):
        for j in range(w.shape[0]):
            e = np.searchsorted(times[b], end) - 1
            k = np.searchsorted(out[:, b, j], end) - 1
            p_v, p_i, t = 0.0, 0.0, end
            while e >= 0 or k >= 0:
                spike = k >= 0 and (e < 0 or out[k, b, j] >= times[b, e])
                now = out[k, b, j] if spike else times[b, e]
                s = t - now
                p_i = _decay(p_i, p_v * tau_s / tau_m, s, tau_s, tau_m)
                p_v *= math.exp(-s / tau_m)
                t = now
                if spike:
                    before = _slope(v_th, currents[k, b, j], tau_m)
                    after = _slope(0.0, currents[k, b, j], tau_m)
                    p_v = (after * p_v - out_bar[k, b, j]) / before
                    k -= 1
                else:
                    i = sources[b, e]
                    w_bar[j, i] += p_i
                    times_bar[b, e] += w[j, i] * (p_i / tau_s - p_v / tau_m)
                    e -= 1
