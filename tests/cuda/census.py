"""Which kernels the package launches, with which types: found by launching them, on nothing.

`Recorder` stands for a device whose kernels do nothing; its memory is zero.
"""

import contextlib

import numpy as np

import eventsnn
from eventsnn import layers
from eventsnn.core import cuda as device
from eventsnn.core.dispatch import MODELS, rule
from eventsnn.layers import channels
from eventsnn.surrogates import SuperSpike
from tests.cuda.ptx import argument_types
from tests.neuron_contract import DT, case

B, N, T = 2, 5, 6


class Recorder:
    """A device whose kernels are noted down and not run."""

    threads, most_threads = 256, 1024  # as on a device: which kernel is made can depend on it

    def __init__(self):
        self.launched = {}

    def check(self):
        """There is one."""

    def empty(self, n, dtype):
        return np.zeros(max(n, 1), dtype)

    def from_host(self, array):
        return array.copy()

    def to_host(self, buffer):
        return buffer.copy()

    def ahead(self, move):
        return move(), lambda: None

    def launch(self, one, grid, block, arguments, shared):
        assert 0 < np.prod(block) <= 1024, "a block must have 1 to 1024 threads"
        assert 0 < min(grid) and max(grid[1:]) <= 65535, "a grid must fit the device"
        self.launched.setdefault((one.name, argument_types(*arguments)), one.function)


@contextlib.contextmanager
def recorded():
    """Within, launches are noted down in what this gives."""
    before, device.backend = device.backend, Recorder()
    try:
        yield device.backend.launched
    finally:
        device.backend = before


def sequence(p, threshold=SuperSpike(30.0), **options):
    """A layer of the neurons of parameters `p`, and a tape that wants all gradients."""
    made = type("Under", (layers.Sequence,), {"parameters": type(p)})
    learnt = () if rule(type(threshold), type(p)) else tuple(p._fields)
    return made(p, threshold, DT, trainable=learnt, **options)


def recurrent(p, threshold=SuperSpike(30.0), **options):
    """The same with recurrent weights."""
    made = type("Under", (layers.RecurrentSequence,), {"parameters": type(p)})
    return made(3, N, p, threshold, DT, seed=1, trainable=tuple(p._fields), **options)


def couples(cls):
    """Whether the model has recurrent layers: those of compartments are of another kind."""
    return MODELS[cls].inputs is None or channels.has_two(MODELS[cls])


def neurons(cls, dtype=np.float32):
    """Parameters of a model, one of them an array, with a state and an input (T, B, N)."""
    return case(cls, np.random.default_rng(1), (B, N), T, dtype)


def leaves(value):
    """All arrays in nested tuples, lists and dictionaries."""
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    if isinstance(value, dict):
        return leaves(list(value.values()))
    return [] if value is None else [value]


def passes(layer, x, state=None, where="cuda"):
    """Forward without a tape and with one, and backward: all that comes of them, on the host."""
    layer.to(where)
    x, state = eventsnn.to(x, where), eventsnn.to(state, where)
    tape = layers.Tape()
    if not layer.stateful:
        plain, out, end = layer(x), layer(x, tape=tape), None
    else:
        plain, (out, end) = layer(x, state)[0], layer(x, state, tape=tape)
    if isinstance(out, list):  # of several layers
        return [eventsnn.to(a, "cpu") for a in leaves([plain, out])]
    bar = np.random.default_rng(2).normal(size=out.shape).astype(out.dtype)
    g = layer.backward(eventsnn.to(bar, where), tape)
    return [eventsnn.to(a, "cpu") for a in leaves([plain, out, end, g.x, g.state, g.weights])]
