"""Populations of naive neurons whose spikes are smooth, and what they and layers are given."""

import numpy as np

from eventsnn.core.dispatch import MODELS
from tests.naive import surrogates as naive_surrogates
from tests.neuron_contract import DT, at, mapped, n_steps_of, twin_of


class Relaxed:
    """A naive population in which spikes are smooth; holds the resets' spikes if asked to.

    Features are the last axis. `weights` couple it: row = receiver.
    """

    def __init__(self, cls, th, stop_reset):
        self.cls, self.th, self.stop_reset, self.held = cls, th, stop_reset, None

    def __call__(self, p, s, x, z_before=None, weights=None):
        twin, shape, n_steps = twin_of(self.cls), np.shape(next(iter(s.values()))), n_steps_of(x)
        out, first_calls = np.empty((n_steps, *shape)), {}
        states = {f: np.empty((n_steps, *shape)) for f in s}
        now = {f: np.array(v, float) for f, v in s.items()}
        z = z_before
        for t in range(n_steps):
            drive = mapped(lambda a: a[t], x)
            if weights is not None:
                drive = both(lambda a, w: a + z @ w.T, drive, weights)
            for index in np.ndindex(shape):
                calls = []

                def fire(u):
                    calls.append(naive_surrogates.primitive(u, self.th))
                    return calls[-1]

                held = self.held[t, index] if self.held and twin.fires else None
                p_k = {f: float(v[index[-1]] if np.ndim(v) else v) for f, v in p.items()}
                s_k = {f: float(v[index]) for f, v in now.items()}
                out[t, *index], s_k = twin.step(s_k, at(drive, index), p_k, DT, fire, held)
                first_calls[t, index] = calls[twin.reset_call] if calls else None
                for f in s:
                    states[f][t, *index] = s_k[f]
            z, now = out[t], {f: states[f][t] for f in s}
        if self.stop_reset and self.held is None:
            self.held = first_calls
        return out, states


def both(function, a, b):
    if isinstance(a, tuple):
        return type(a)(*map(function, a, b))
    return function(a, b)


def mixed(cls, p, neurons):
    """Parameters with every other field a scalar; switches stay as they are."""
    fields = list(twin_of(cls).p)
    return p._replace(**{f: float(getattr(p, f)[0]) for f in fields[::2]}), tuple(fields)


def split(cls, w):
    """Weights, or of a model with two channels those of each."""
    model = MODELS[cls]
    if model.inputs is None:
        return w
    return model.inputs(np.maximum(w, 0), model.inhibition * np.maximum(-w, 0))
