"""A cell iterated over a sequence, as a layer with the options of a sequence."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape, add_states, has_steps, time_axis


class Iterated(Layer):
    """``out, state = layer(x, state)`` with `x` of shape (T, ...), by calls of a cell.

    Subclasses say in `cell` which. Arguments are those of the cell, and

    Parameters
    ----------
    record_states : bool
        Return the state after each step, stacked over time, in place of the final one.
    """

    stateful = True
    cell_class: Callable[..., Any]

    def __init__(self, *arguments: Any, record_states: bool = False, **options: Any) -> None:
        self.cell = type(self).cell_class(*arguments, **options)
        self.record_states = check.flag("record_states", record_states)

    @property
    def children(self) -> list[Any]:
        """The layer that this one calls."""
        return [self.cell]

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        return "record_states", *cls.cell_class.argument_names()  # type: ignore[attr-defined]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return self.cell.weights

    def __getattr__(self, name: str) -> Any:
        """What the layer has not, its cell may have: parameters, matrices, the step."""
        if name == "cell":  # not there yet
            raise AttributeError(name)
        return getattr(self.cell, name)

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """Run the cell over the steps of `x`."""
        x = check.real_array("x", x)
        time_axis(x, 1, "(T, ...)")
        outs, states = [], []
        for x_t in x:
            out, state = self.cell(x_t, state, tape=tape)
            outs.append(out)
            states.append(state)
        if tape is not None:
            tape.push(self, len(x))
        return np.stack(outs), _stacked(states) if self.record_states else state

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`; `state_bar` is shaped as the state it returned."""
        n_steps = tape.pop(self)
        has_steps("out_bar", out_bar, n_steps)
        if self.record_states:
            has_steps("state_bar", state_bar, n_steps)
        recorded, bar = (state_bar, None) if self.record_states else (None, state_bar)
        xs: list[np.ndarray] = []
        total: dict[str, np.ndarray] = {}
        for t in reversed(range(n_steps)):
            bar = add_states(bar, _step(recorded, t))
            g = self.cell.backward(None if out_bar is None else out_bar[t], tape, bar)
            bar = g.state
            xs.append(g.x)
            total = {name: array + total[name] if total else array
                     for name, array in g.weights.items()}
        return Gradients(np.stack(xs[::-1]), bar, total)


def _stacked(states: list[Any]) -> Any:
    """States as one state with a time axis."""
    if isinstance(states[0], tuple):
        return type(states[0])(*map(_stacked, map(list, zip(*states, strict=True))))
    return np.stack(states)


def _step(state: Any, t: int) -> Any:
    """Step `t` of a state with a time axis."""
    if isinstance(state, tuple):
        return type(state)(*(_step(part, t) for part in state))
    return None if state is None else state[t]
