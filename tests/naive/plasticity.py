"""The plasticity rules as plain loops over Python numbers, sharing nothing with the package."""

import numpy as np


def reach(algorithm, distance, mu):
    if algorithm == "additive":
        return 1.0
    if algorithm == "additive_step":
        return 1.0 if distance > 0 else 0.0
    if algorithm == "multiplicative_pow":
        return distance**mu
    return distance if distance > 0 else 0.0


def decayed(t, z, a, tau_inv, dt):
    out = np.empty(t.shape)
    for k in np.ndindex(t.shape):
        out[k] = t[k] + dt * tau_inv * (-t[k] + a * z[k])
    return out


def new_weight(w, plus, minus, p):
    up = p.eta_plus * reach(p.stdp_algorithm, p.w_max - w, p.mu) * plus
    down = p.eta_minus * reach(p.stdp_algorithm, w - p.w_min, p.mu) * minus
    w = w + up - down
    return min(max(w, p.w_min), p.w_max) if p.hardbound else w


def stdp_linear(z_pre, z_post, w, t_pre, t_post, p, dt):
    """z (B, n), t likewise, w (n_post, n_pre): ``-> w, t_pre, t_post``."""
    t_pre = decayed(t_pre, z_pre, p.a_pre, p.tau_pre_inv, dt)
    t_post = decayed(t_post, z_post, p.a_post, p.tau_post_inv, dt)
    out = np.empty(w.shape)
    for i, j in np.ndindex(w.shape):
        plus = sum(z_post[b, i] * t_pre[b, j] for b in range(len(z_pre)))
        minus = sum(t_post[b, i] * z_pre[b, j] for b in range(len(z_pre)))
        out[i, j] = new_weight(w[i, j], plus, minus, p)
    return out, t_pre, t_post


def stdp_conv2d(z_pre, z_post, w, t_pre, t_post, p, dt):
    """z_pre (B, C, H, W), z_post (B, O, H', W'), w (O, C, kh, kw); pairs in p."""
    t_pre = decayed(t_pre, z_pre, p.a_pre, p.tau_pre_inv, dt)
    t_post = decayed(t_post, z_post, p.a_post, p.tau_post_inv, dt)
    (s0, s1), (p0, p1), (d0, d1) = p.stride, p.padding, p.dilation
    height, width = z_pre.shape[2:]
    out = np.empty(w.shape)
    for o, c, i, j in np.ndindex(w.shape):
        plus = minus = 0.0
        for b, _, row, column in np.ndindex(len(z_post), 1, *z_post.shape[2:]):
            y, x = s0 * row + d0 * i - p0, s1 * column + d1 * j - p1
            if 0 <= y < height and 0 <= x < width:
                plus += z_post[b, o, row, column] * t_pre[b, c, y, x]
                minus += t_post[b, o, row, column] * z_pre[b, c, y, x]
        out[o, c, i, j] = new_weight(w[o, c, i, j], plus, minus, p)
    return out, t_pre, t_post


def stdp_sensor(z, trace, eta, tau_inv, dt):
    return trace - dt * tau_inv * trace + eta * z


def correlation_sensor(z_pre, z_post, state, p, dt):
    """z_pre (I), z_post (O), state three (I, O) arrays; one sample."""
    last, c, ac = (np.array(field, float) for field in state)
    for i, o in np.ndindex(c.shape):
        q = last[i, o]
        if q == 0:
            c[i, o] -= dt * p.tau_c_inv * c[i, o]
        else:
            ac[i, o] -= dt * p.tau_ac_inv * ac[i, o]
        c[i, o] += p.eta_p * z_pre[i]
        ac[i, o] += p.eta_m * z_post[o]
        last[i, o] = 1.0 if q + z_post[o] - z_pre[i] > 0 else 0.0
    return last, c, ac


def tsodyks_makram(z, u, x, p, dt):
    """One synapse: ``-> out, u, x``."""
    jumped = u + dt * -p.tau_f_inv * u + p.U * (1 - u) * z
    out = jumped * x * z
    return out, jumped, x + dt * p.tau_d_inv * (1 - x) - out
