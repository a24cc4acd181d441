"""What is trained: inputs, labels and first weights of each case, the same for all; NumPy alone.

Weights are float32, (outputs, inputs). Spikes are float32 rasters (T, B, ...).
"""

from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """One network and its data."""

    x: np.ndarray  # (T, B, ...)
    y: np.ndarray  # (B,)
    weights: dict[str, np.ndarray]


def _normal(rng, scale, *shape):
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def _spikes(rng, share, *shape):
    return (rng.random(shape, np.float32) < share).astype(np.float32)


def recurrent(t, rng):
    """700 inputs at 2 %, 256 recurrent LIF neurons, of which about a tenth spike, 20 outputs."""
    weights = {"input": _normal(rng, 0.55, 256, 700), "recurrent": _normal(rng, 0.05, 256, 256),
               "output": _normal(rng, 0.1, 20, 256)}
    np.fill_diagonal(weights["recurrent"], 0)  # no autapses
    return Case(_spikes(rng, 0.02, t, 256, 700), rng.integers(0, 20, 256), weights)


def held(t, rng):
    """One image for all steps: 784 inputs, 1,000 LIF neurons, 10 outputs."""
    case = changing(1, rng)
    return case._replace(x=np.broadcast_to(case.x[0], (t, *case.x.shape[1:])))


def changing(t, rng):
    """As `held`, with another dense input at every step."""
    return Case(rng.random((t, 128, 784), np.float32), rng.integers(0, 10, 128), {
        "input": _normal(rng, 0.06, 1000, 784), "output": _normal(rng, 0.05, 10, 1000)})


def conv(t, rng):
    """12c5-LIF-p2-32c5-LIF-p2-10 on sparse events of 2 x 34 x 34."""
    return Case(_spikes(rng, 0.02, t, 16, 2, 34, 34), rng.integers(0, 10, 16), {
        "first": _normal(rng, 0.8, 12, 2, 5, 5), "second": _normal(rng, 0.3, 32, 12, 5, 5),
        "output": _normal(rng, 0.1, 10, 32 * 5 * 5)})


def linear(n):
    """`n` inputs at 2 %, a linear map, `n` LIF neurons."""
    def make(t, rng):
        return Case(_spikes(rng, 0.02, t, 16, n), rng.integers(0, n, 16), {
            "input": _normal(rng, 4 / np.sqrt(0.02 * n) / 10, n, n)})
    return make


CASES: dict[str, tuple[Any, int]] = {  # function, steps
    "recurrent": (recurrent, 100), "recurrent-1000": (recurrent, 1000), "dense-held": (held, 25),
    "dense-changing": (changing, 25), "conv": (conv, 16), "linear-512": (linear(512), 500),
    "linear-2048": (linear(2048), 500)}


def make(name, seed=0):
    """A case, and its number of steps."""
    function, t = CASES[name]
    return function(t, np.random.default_rng(seed)), t
