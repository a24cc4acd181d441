"""Layers made of layers: a chain, and a layer applied to each step of a sequence."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.fields import map_fields
from eventsnn.layers.base import Gradients, Layer, Tape, time_axis
from eventsnn.layers.regularization import add_states


class SequentialState(Layer):
    """Layers in a chain, each fed with the output of the one before.

    ``out, states = chain(x, states)``: `states` is a list with one entry a layer, None for a layer
    without state. Weights are named ``<position>.<name>``.

    Parameters
    ----------
    *layers : layers
        Cells for one step a call, or sequences for whole sequences; chains nest.
    return_hidden : bool
        Return the list of all layers' outputs in place of the last one.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LI, LIF, Linear, SequentialState
    >>> net = SequentialState(Linear(3, 8, seed=1), LIF(), Linear(8, 2, seed=2), LI())
    >>> out, states = net(np.ones((20, 5, 3)))
    >>> out.shape, len(states), sorted(net.weights)
    ((20, 5, 2), 4, ['0.bias', '0.weight', '2.bias', '2.weight'])
    """

    stateful = True

    def __init__(self, *layers: Any, return_hidden: bool = False) -> None:
        self.layers: list[Any] = []
        self.return_hidden = bool(return_hidden)
        for layer in layers:
            self.append(layer)

    def append(self, layer: Any) -> None:
        """Add a layer at the end."""
        if not isinstance(layer, Layer):
            raise check.must("layer", "be a layer", repr(layer), error=TypeError)
        self.layers.append(layer)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {f"{i}.{name}": array for i, layer in enumerate(self.layers)
                for name, array in layer.weights.items()}

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """Run the chain; see the class."""
        if state is None:
            state = [None] * len(self.layers)
        if not isinstance(state, (list, tuple)) or hasattr(state, "_fields"):
            raise check.must("state", "be a list with one entry a layer", type(state).__name__,
                             error=TypeError)
        if len(state) != len(self.layers):
            raise check.must("state", f"have {len(self.layers)} entries, one a layer", len(state))
        states: list[Any] = []
        hidden: list[Any] = []
        for layer, s in zip(self.layers, state, strict=True):
            if layer.observes:
                x, s = layer(x, states[-1] if states else None, s, tape=tape)
            elif layer.stateful:
                x, s = layer(x, s, tape=tape)
            else:
                x = layer(x, tape=tape)
            states.append(s)
            hidden.append(x)
        return hidden if self.return_hidden else x, states

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`.

        With `return_hidden`, `out_bar` is a list with one gradient, or None, a layer.
        """
        n = len(self.layers)
        hidden_bar = list(out_bar) if self.return_hidden else [None] * (n - 1) + [out_bar]
        state_bar = [None] * n if state_bar is None else list(state_bar)
        if not len(hidden_bar) == len(state_bar) == n:
            raise check.must("out_bar and state_bar", f"have {n} entries, one a layer",
                             (len(hidden_bar), len(state_bar)))
        states: list[Any] = []
        weights: dict[str, np.ndarray] = {}
        x_bar = None
        for i in reversed(range(n)):
            g = self.layers[i].backward(add_states(x_bar, hidden_bar[i]), tape, state_bar[i])
            if i and g.observed is not None:
                state_bar[i - 1] = add_states(state_bar[i - 1], g.observed)
            x_bar = g.x
            states.append(g.state)
            weights |= {f"{i}.{name}": array for name, array in g.weights.items()}
        return Gradients(x_bar, states[::-1], weights)


class Lift(Layer):
    """A layer applied to each step of a sequence; its state goes from step to step.

    ``out, state = Lift(cell)(x, state)`` for a layer with state, ``out = Lift(layer)(x)`` for one
    without. Inside a chain it is a layer like any other.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import Lift, LIFCell
    >>> out, state = Lift(LIFCell())(np.ones((20, 5, 3)))
    >>> out.shape, state.v.shape
    ((20, 5, 3), (5, 3))
    """

    def __init__(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise check.must("layer", "be a layer", repr(layer), error=TypeError)
        self.layer = layer
        self.stateful = layer.stateful

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return self.layer.weights

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> Any:
        """Apply the layer to ``x[0], x[1], ...``."""
        x = map_fields(lambda a: check.real_array("x", a), x)
        time_axis(some := x[0] if isinstance(x, tuple) else x, 1, "(T, ...)")
        n_steps = len(some)
        outs = []
        for t in range(n_steps):
            x_t = map_fields(lambda a: a[t], x)
            if self.stateful:
                out, state = self.layer(x_t, state, tape=tape)
            else:
                out = self.layer(x_t, tape=tape)
            outs.append(out)
        if tape is not None:
            tape.push(self, n_steps)
        stacked = np.stack(outs)
        return (stacked, state) if self.stateful else stacked

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`; gradients of weights are summed over the steps."""
        n_steps = tape.pop(self)
        if out_bar is not None and len(out_bar) != n_steps:
            raise check.must("out_bar", f"have {n_steps} steps", len(out_bar))
        xs: list[Any] = []
        total: dict[str, np.ndarray] = {}
        for t in reversed(range(n_steps)):
            g = self.layer.backward(None if out_bar is None else out_bar[t], tape, state_bar)
            state_bar = g.state
            xs.append(g.x)
            total = {name: array + total[name] if total else array
                     for name, array in g.weights.items()}
        return Gradients(_stacked(xs[::-1]), state_bar, total)


def _stacked(steps: list[Any]) -> Any:
    """The gradients of the inputs of all steps; None if that of the first call is not wanted."""
    if steps[0] is None:
        return None
    if isinstance(steps[0], tuple):
        return type(steps[0])(*map(np.stack, zip(*steps, strict=True)))
    return np.stack(steps)
