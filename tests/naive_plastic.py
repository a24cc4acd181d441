"""Plastic synapses one by one, in float64: every trace is a sum over the spikes before."""

import numpy as np


def trace(spikes, now, rate, nearest):
    """The trace at `now` of spikes before it; steps, and a rate a step."""
    before = [t for t in spikes if t < now]
    if nearest:
        before = before[-1:]
    return sum(np.exp(-(now - t) * rate) for t in before)


def weight(w, pre, post, delay, p, dt, until):
    """A weight at the end of step `until`; `pre` and `post` are steps of spikes, `delay` steps."""
    reach = p.w_max - p.w_min
    arrivals = [t + delay for t in post]
    # A spike of the target that arrives with one of the source comes first, and is no pair of it.
    for now, is_pre in sorted([(t, False) for t in arrivals] + [(t, True) for t in pre]):
        if now > until:
            break
        if is_pre:
            change = p.eta_minus * trace(arrivals, now, p.tau_minus_inv * dt, p.nearest)
            w -= change * reach * ((w - p.w_min) / reach)**p.mu_minus
        else:
            change = p.eta_plus * trace(pre, now, p.tau_plus_inv * dt, p.nearest)
            w += change * reach * ((p.w_max - w) / reach)**p.mu_plus
        w = min(max(w, p.w_min), p.w_max)
    return w


def releases(spikes, p, dt):
    """The share released at each of the spikes, in steps: in closed form from one to the next."""
    u, x, last, shares = 0.0, 1.0, 0, []
    for now in spikes:
        u *= np.exp(-(now - last) * dt * p.tau_f_inv)
        x = 1 - (1 - x) * np.exp(-(now - last) * dt * p.tau_d_inv)
        u += p.U * (1 - u)
        shares.append(u * x)
        x -= shares[-1]
        last = now
    return np.array(shares)
