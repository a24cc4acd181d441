"""One step of recurrent neurons and its Jacobian, neuron by neuron: what learning on line needs."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.device import like, on_device, to
from eventsnn.engine import eligibility
from eventsnn.layers.base import Tape
from eventsnn.layers.recurrent import RecurrentLayer, RecurrentState


class Step(NamedTuple):
    """What `step` returns: for B items, N neurons of F state variables.

    Derivatives are those of backward: with the surrogate's slope, and `stop_reset` as the layer has
    it. Their second axis, or first, has the output, and each state variable after the step.
    """

    out: np.ndarray  # (B, N)
    state: RecurrentState  # after the step
    z_before: np.ndarray  # (B, N), what came back through the recurrent weights
    by_s: np.ndarray  # (F, 1 + F, B, N), by each variable before the step
    by_x: np.ndarray  # (1 + F, B, N), by the input


def step(layer: RecurrentLayer, x: np.ndarray, state: RecurrentState | None) -> Step:
    """One step of a recurrent layer of one input channel, with its Jacobian.

    Parameters
    ----------
    layer : recurrent layer
        A cell, or a sequence, of which one step is run.
    x : (B, input_size) array
    state : RecurrentState, optional
        Before the step.
    """
    tape = Tape()
    z, after = layer._run(x[None], state, tape, record=False)
    _, drive, _, h, lay, th, first = tape.pop(layer)
    n, dtype, cls = len(h), z.dtype, type(h)
    ones: Any = to(np.eye(1 + n, dtype=dtype), layer.device)
    by_s = np.empty((n, 1 + n, *z.shape[1:]), dtype, **like(z))
    by_x = np.empty((1 + n, *z.shape[1:]), dtype, **like(z))
    loops: Any = eligibility
    if on_device(z):
        from eventsnn.engine.cuda import eligibility as loops
    loops.derivatives(drive, h, lay.p, dtype.type(layer.dt), th, np.uint64(first),
                      dtype.type(layer.stop_reset), ones[0], cls(*ones[1:]), cls(*by_s), by_x)
    z_before = layer._z_before(None if state is None else state.z, z.shape[1:], dtype, z)
    return Step(z[0], after, z_before, by_s, by_x)
