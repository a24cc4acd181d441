"""Long sequences in little memory: states are kept every few steps, the rest is computed again.

References
----------
.. [1] Griewank, Walther, "Algorithm 799: revolve", ACM Trans. Math. Softw. 26, 19 (2000).
.. [2] Chen et al., "Training deep nets with sublinear memory cost", arXiv:1604.06174 (2016).
"""

import math
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import DeviceArray
from eventsnn.core.fields import map_fields
from eventsnn.core.positions import drawing, positions, set_positions
from eventsnn.layers.arriving import arriving
from eventsnn.layers.base import Gradients, Layer, Tape, has_steps, time_axis
from eventsnn.spikes import Events


class Checkpointed(Layer):
    """A layer over sequences that keeps its states every few steps [1]_, [2]_.

    The results are those of the layer itself to rounding: products of matrices are of fewer rows at
    a time, and gradients of weights are added up in another order. Backward runs forward once more,
    part by part but for the last one, and needs the memory of the states between the parts and of
    all that one part keeps.

    Parameters
    ----------
    layer : layer
        With state, over sequences: a chain of sequences.
    every : int, optional
        Steps of a part; by default the root of the number of steps.
    memory_budget : int, optional
        Bytes that a call may keep for backward, in place of `every`: parts are as long as that
        allows. Where the whole sequence fits nothing is computed twice.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LIF, Linear, SequentialState
    >>> net = Checkpointed(SequentialState(Linear(3, 8, seed=1), LIF()))
    >>> tape = Tape()
    >>> out, state = net(np.ones((400, 5, 3)), tape=tape)
    >>> net.backward(np.ones_like(out), tape).x.shape
    (400, 5, 3)
    """

    stateful = True

    def __init__(self, layer: Any, every: int | None = None, *,
                 memory_budget: int | None = None) -> None:
        if not isinstance(layer, Layer) or not layer.stateful:
            raise check.must("layer", "be a layer with state", repr(layer), error=TypeError)
        if every is not None and memory_budget is not None:
            raise check.must("every and memory_budget", "not both be given", "both",
                             error=TypeError)
        self.layer = layer
        self.every = None if every is None else check.integer("every", every, least=1)
        self.memory_budget = None if memory_budget is None else check.integer(
            "memory_budget", memory_budget, least=1)
        for one in _within(layer):
            if getattr(one, "record_states", False):
                raise check.must("layer", "return its last state to go on from",
                                 f"{one.name} with record_states")

    @property
    def children(self) -> list[Any]:
        """The layer that this one calls."""
        return [self.layer]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return self.layer.weights

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """Run the layer on `x` (T, ...), an array, `Events` or a tuple of input channels."""
        x = x if isinstance(x, Events) else map_fields(lambda a: check.real_array("x", a), x)
        time_axis(some := x[0] if isinstance(x, tuple) else x, 1, "(T, ...)")
        n_steps = len(some)
        if tape is None:
            return self.layer(x, state)
        every = self._every(x, state, n_steps)
        if every >= n_steps:
            last = Tape()
            out, end = self.layer(x, state, tape=last)
            tape.push(self, (last, None))
            return out, end
        draws = any(True for _ in drawing(self.layer))  # and some only where there is a tape
        starts, stands, outs = [], [], []
        if self.layer.event_outputs and check.float_dtype(x) == np.float32:
            x = arriving(x, self.layer.event_outputs)
        parts, last = _parts(n_steps, every), Tape()
        for part in parts:
            starts.append(state)
            stands.append(positions(self.layer))
            kept = last if part is parts[-1] else Tape() if draws else None
            out, state = self.layer(_steps(x, part), state, tape=kept)
            outs.append(out)
        tape.push(self, (last, (x, starts, stands, parts)))
        return _joined(outs), state

    def _every(self, x: Any, state: Any, n_steps: int) -> int:
        """Steps of a part."""
        if self.memory_budget is None:
            return self.every or math.isqrt(n_steps - 1) + 1
        stand, kept = positions(self.layer), Tape()
        _, end = self.layer(_steps(x, slice(1)), state, tape=kept)
        set_positions(stand, self.layer)
        step, states = max(kept.nbytes(without=x), 1), nbytes(end)

        def needed(every: int) -> int:
            return step * every + (states * math.ceil(n_steps / every) if every < n_steps else 0)

        # Of the parts that fit, the longest: the last one is not computed twice.
        every = min(self.memory_budget // step, n_steps)
        thrifty = min(max(1, round(math.sqrt(n_steps * states / step))), n_steps)
        while every > thrifty and needed(every) > self.memory_budget:
            every -= 1
        every = max(every, thrifty)
        if needed(every) > self.memory_budget:
            raise check.must("memory_budget",
                             f"be at least {needed(every)} bytes for {n_steps} steps",
                             self.memory_budget, "or train with smaller batches")
        return every

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        last, record = tape.pop(self)
        last._input_gradient = tape.wants_input
        if record is None:
            return self.layer.backward(out_bar, last, state_bar)
        x, starts, stands, parts = record
        for bar in out_bar if isinstance(out_bar, list) else [out_bar]:
            has_steps("out_bar", bar, parts[-1].stop)
        end = positions(self.layer)
        x_bars: list[Any] = []
        total: dict[str, np.ndarray] = {}
        for part, start, stand in zip(parts[::-1], starts[::-1], stands[::-1], strict=True):
            kept = last
            if part is not parts[-1]:
                set_positions(stand, self.layer)
                kept = Tape(input_gradient=tape.wants_input)
                self.layer(_steps(x, part), start, tape=kept)
            g = self.layer.backward(_steps(out_bar, part), kept, state_bar)
            state_bar = g.state
            x_bars.append(g.x)
            for name, bar in g.weights.items():
                total[name] = total[name] + bar if name in total else bar
        set_positions(end, self.layer)
        return Gradients(None if x_bars[0] is None else _joined(x_bars[::-1]), state_bar, total)


def _within(layer: Any) -> Any:
    yield layer
    for child in getattr(layer, "children", ()):
        yield from _within(child)


def _parts(n_steps: int, every: int) -> list[slice]:
    """Parts of a sequence, the first of which may be shorter."""
    cuts = range(n_steps, 0, -every)
    return [slice(max(0, stop - every), stop) for stop in cuts[::-1]]


def _steps(value: Any, part: slice) -> Any:
    """Some steps of what has them first; of None, None."""
    if value is None:
        return None
    if isinstance(value, list):
        return [_steps(one, part) for one in value]
    return map_fields(lambda a: a[part], value)


def _joined(parts: list[Any]) -> Any:
    """Parts of a sequence as one."""
    if isinstance(parts[0], list):
        return [_joined(list(layer)) for layer in zip(*parts, strict=True)]
    if isinstance(parts[0], tuple):
        return map_fields(lambda *arrays: np.concatenate(arrays), *parts)
    return np.concatenate(parts)


def nbytes(value: Any) -> int:
    """Memory of arrays in tuples, lists and dictionaries."""
    if isinstance(value, (np.ndarray, DeviceArray)):
        return value.nbytes
    if isinstance(value, dict):
        value = list(value.values())
    return sum(map(nbytes, value)) if isinstance(value, (tuple, list)) else 0
