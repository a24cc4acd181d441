"""e-prop as the paper writes it (Bellec et al. 2020, methods), synapse by synapse in plain Python.

For the paper's LIF, whose reset carries no gradient, and for a neuron with adaptive threshold and
synaptic current, differentiated by hand. The read-out is one leaky integrator an output, with a
synaptic current.
"""

import math


class LIF:
    """``v' = alpha v + (1 - alpha) I - z v_th``: LIFBox that subtracts its threshold."""

    def __init__(self, p, dt, slope):
        self.alpha, self.v_th, self.slope, self.v = 1 - dt * p.tau_mem_inv, p.v_th, slope, 0.0

    def step(self, current):
        v = self.alpha * self.v + (1 - self.alpha) * current
        z = 1.0 if v > self.v_th else 0.0
        self.psi, self.v = self.slope(v - self.v_th), v - z * self.v_th
        return z

    def start(self):
        return 0.0

    def trace(self, eps, pre):
        """``eps' = alpha eps + pre``, ``e = psi eps'``, with the input scaled as the neuron's."""
        eps = self.alpha * eps + (1 - self.alpha) * pre
        return self.psi * eps, eps


class ALIF:
    """LSNN, with the gradient through its reset and its jump."""

    def __init__(self, p, dt, slope):
        self.p, self.slope = p, slope
        self.a, self.c, self.d = (dt * r for r in (p.tau_mem_inv, p.tau_adapt_inv, p.tau_syn_inv))
        self.v, self.i, self.b = 0.0, 0.0, p.v_th

    def step(self, current):
        p = self.p
        self.before = v = (1 - self.a) * self.v + self.a * self.i
        b = (1 - self.c) * self.b + self.c * p.v_th
        self.z = z = 1.0 if v > b else 0.0
        self.psi = self.slope(v - b)
        self.v, self.b = (p.v_reset if z else v), b + p.beta * z
        self.i = (1 - self.d) * self.i + current
        return z

    def start(self):
        return 0.0, 0.0, 0.0

    def trace(self, eps, pre):
        eps_v, eps_i, eps_b = eps
        moved_v = (1 - self.a) * eps_v + self.a * eps_i
        moved_b = (1 - self.c) * eps_b
        e = self.psi * (moved_v - moved_b)
        return e, ((1 - self.z) * moved_v + (self.p.v_reset - self.before) * e,
                   (1 - self.d) * eps_i + pre, moved_b + self.p.beta * e)


class Filter:
    """The read-out's leaky integrator."""

    def __init__(self, p, dt):
        self.a, self.d, self.v, self.i = dt * p.tau_mem_inv, dt * p.tau_syn_inv, 0.0, 0.0

    def step(self, x):
        i = self.i + x
        self.v = (1 - self.a) * self.v + self.a * i
        self.i = (1 - self.d) * i
        return self.v


def squared_error(y, target):
    return sum((a - b) ** 2 for a, b in zip(y, target)), [2 * (a - b) for a, b in zip(y, target)]


def cross_entropy(y, label):
    total = sum(math.exp(a) for a in y)
    softmax = [math.exp(a) / total for a in y]
    return -math.log(softmax[label]), [s - (k == label) for k, s in enumerate(softmax)]


def gradients(neuron, p, readout_p, dt, slope, w_in, w_rec, w_out, bias, feedback, x, targets,
              loss):
    """Sums, over the steps, of the loss and of the gradients for one item, `x` (T, n_in)."""
    n, n_in, n_out = len(w_in), len(w_in[0]), len(w_out)
    cells = [neuron(p, dt, slope) for _ in range(n)]
    outputs = [Filter(readout_p, dt) for _ in range(n_out)]
    sent, one = [Filter(readout_p, dt) for _ in range(n)], Filter(readout_p, dt)
    eps = [[cells[j].start() for _ in range(n_in + n)] for j in range(n)]
    filters = [[Filter(readout_p, dt) for _ in range(n_in + n)] for _ in range(n)]
    bar = [[0.0] * (n_in + n) for _ in range(n)]
    w_out_bar, bias_bar = [[0.0] * n for _ in range(n_out)], [0.0] * n_out
    z, value = [0.0] * n, 0.0
    for x_t, target in zip(x, targets):
        pre = [*x_t, *z]
        w = [[*w_in[j], *w_rec[j]] for j in range(n)]
        z = [cells[j].step(sum(w[j][i] * pre[i] for i in range(n_in + n))) for j in range(n)]
        y = [outputs[k].step(bias[k] + sum(w_out[k][j] * z[j] for j in range(n)))
             for k in range(n_out)]
        cost, y_bar = loss(y, target)
        value += cost
        one_now = one.step(1.0)
        for k in range(n_out):
            bias_bar[k] += y_bar[k] * one_now
        for j in range(n):
            signal = sum(feedback[k][j] * y_bar[k] for k in range(n_out))
            sent_now = sent[j].step(z[j])
            for k in range(n_out):
                w_out_bar[k][j] += y_bar[k] * sent_now
            for i in range(n_in + n):
                e, eps[j][i] = cells[j].trace(eps[j][i], pre[i])
                bar[j][i] += signal * filters[j][i].step(e)
    return value, [b[:n_in] for b in bar], [b[n_in:] for b in bar], w_out_bar, bias_bar
