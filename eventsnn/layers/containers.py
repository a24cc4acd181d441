"""Layers made of layers: a chain, and a layer applied to each step of a sequence."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.fields import map_fields
from eventsnn.errors import NumericalError
from eventsnn.layers.base import Gradients, Layer, Tape, add_states, has_steps, time_axis


class SequentialState(Layer):
    """Layers in a chain, each fed with the output of the one before.

    ``out, states = chain(x, states)``: `states` is a list with one entry a layer, None for a layer
    without state. Weights are named ``<position>.<name>``. ``chain[i]`` is a layer, ``chain[i:j]``
    a chain of some.

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
        self._hook: Callable | None = None
        for layer in layers:
            self.append(layer)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return SequentialState(*self.layers[index])
        return self.layers[index]

    @property
    def children(self) -> list[Any]:
        """The layers that this one calls."""
        return self.layers

    @property
    def event_outputs(self) -> int:
        return self.layers[0].event_outputs if self.layers else 0

    def append(self, layer: Any) -> None:
        """Add a layer at the end."""
        if not isinstance(layer, Layer):
            raise check.must("layer", "be a layer", repr(layer), error=TypeError)
        if self.layers and layer.device != self.device:
            raise check.must("layer", f"be on the chain's device, {self.device!r}",
                             repr(layer.device), f"move it with layer.to({self.device!r})")
        self.device = layer.device
        self.layers.append(layer)
        if self._hook is not None:
            for chain in _chains(layer):
                chain._hook = self._hook

    def register_forward_state_hooks(self, hook: Callable) -> None:
        """Have ``hook(layer, x, (out, state))`` called after each call of a layer with state.

        Chains within this one, however deep, take the hook as well; in their place their own layers
        are reported. There is one hook at a time.

        Examples
        --------
        >>> import numpy as np
        >>> from eventsnn.layers import LIF, Linear
        >>> rates = []
        >>> net = SequentialState(Linear(3, 8, seed=1), LIF())
        >>> net.register_forward_state_hooks(lambda layer, x, result: rates.append(
        ...     (type(layer).__name__, float(result[0].mean()))))
        >>> _ = net(np.zeros((20, 5, 3)))
        >>> rates
        [('LIF', 0.025)]
        """
        if not callable(hook):
            raise check.must("hook", "be a function", repr(hook), error=TypeError)
        chains = list(_chains(self))
        if any(chain._hook is not None for chain in chains):
            raise check.must("hook", "be the only one", "a second",
                             "call remove_forward_state_hooks() before")
        for chain in chains:
            chain._hook = hook

    def remove_forward_state_hooks(self) -> None:
        """Take the hook away, here and in the chains within; nothing if there is none."""
        for chain in _chains(self):
            chain._hook = None

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
        for i, (layer, s) in enumerate(zip(self.layers, state, strict=True)):
            if s is not None and not layer.stateful:
                raise check.must(f"state[{i}]", f"be None for {layer.name}, which has none",
                                 type(s).__name__, error=TypeError)
        states: list[Any] = []
        hidden: list[Any] = []
        for layer, s in zip(self.layers, state, strict=True):
            if hidden and isinstance(x, list):
                raise check.must(f"layer {len(hidden) - 1}", "return one array, which the next "
                                 "layer takes", f"a list of {len(x)}", error=TypeError)
            taken = x
            try:
                if layer.observes:
                    x, s = layer(x, states[-1] if states else None, s, tape=tape)
                elif layer.stateful:
                    x, s = layer(x, s, tape=tape, **self._form_after(len(hidden)))
                else:
                    x = layer(x, tape=tape)
            except NumericalError as error:  # it knows its name, and the chain its place
                raise NumericalError(f"layer {len(hidden)}, {error}") from error
            if self._hook is not None and layer.stateful and next(_chains(layer), None) is None:
                self._hook(layer, taken, (x, s))
            states.append(s)
            hidden.append(x)
        return hidden if self.return_hidden else x, states

    def _form_after(self, i: int) -> dict[str, bool]:
        """How a layer is asked for events: if it can give some, and only the next one gets them."""
        following = self.layers[i + 1:i + 2]
        seen = self.return_hidden or self._hook is not None
        if seen or not self.layers[i].gives_events or not following:
            return {}
        return {"events": following[0].event_outputs > 0}

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`.

        With `return_hidden`, `out_bar` is a list with one gradient, or None, a layer.
        """
        n = len(self.layers)
        if state_bar is not None and (not isinstance(state_bar, (list, tuple))
                                      or hasattr(state_bar, "_fields")):
            raise check.must("state_bar", "be a list with one entry a layer",
                             type(state_bar).__name__, error=TypeError)
        if self.return_hidden and out_bar is None:
            out_bar = [None] * n
        hidden_bar = list(out_bar) if self.return_hidden else [None] * (n - 1) + [out_bar]
        state_bar = [None] * n if state_bar is None else list(state_bar)
        if not len(hidden_bar) == len(state_bar) == n:
            raise check.must("out_bar and state_bar", f"have {n} entries, one a layer",
                             (len(hidden_bar), len(state_bar)))
        states: list[Any] = []
        weights: dict[str, np.ndarray] = {}
        x_bar = None
        for i in reversed(range(n)):
            layer, summed = self.layers[i], {}
            before = self.layers[i - 1] if i and hidden_bar[i - 1] is None else None
            if layer.gives_sums and before is not None and before.takes_sums:
                summed = {"summed": tape.wants_sums}
            g = layer.backward(add_states(x_bar, hidden_bar[i]), tape, state_bar[i], **summed)
            if i and g.observed is not None:
                state_bar[i - 1] = add_states(state_bar[i - 1], g.observed)
            x_bar = g.x
            states.append(g.state)
            weights |= {f"{i}.{name}": array for name, array in g.weights.items()}
        return Gradients(x_bar, states[::-1], weights)


def _chains(layer: Any) -> Iterator[SequentialState]:
    """The chains in a layer, itself if it is one, and those within them."""
    if isinstance(layer, SequentialState):
        yield layer
    for child in getattr(layer, "children", ()):
        yield from _chains(child)


class Lift(Layer):
    """A layer applied to each step of a sequence; its state goes from step to step.

    ``out, state = Lift(cell)(x, state)`` for a layer with state, ``out = Lift(layer)(x)`` for one
    without. Inside a chain it is a layer like any other. The outputs of a layer that returns a list
    of them are a list of sequences, and so are their gradients.

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
    def children(self) -> list[Any]:
        """The layer that this one calls."""
        return [self.layer]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return self.layer.weights

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> Any:
        """Apply the layer to ``x[0], x[1], ...``."""
        x = map_fields(lambda a: check.real_array("x", a), x)
        if state is not None and not self.stateful:
            raise check.must("state", f"be None for {self.layer.name}, which has none",
                             type(state).__name__, error=TypeError)
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
            tape.push(self, (n_steps, isinstance(outs[0], list)))
        stacked = _stacked(outs)
        return (stacked, state) if self.stateful else stacked

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`; gradients of weights are summed over the steps."""
        n_steps, several = tape.pop(self)
        for bar in out_bar if several and out_bar is not None else [out_bar]:
            has_steps("out_bar", bar, n_steps)
        xs: list[Any] = []
        total: dict[str, np.ndarray] = {}
        for t in reversed(range(n_steps)):
            g = self.layer.backward(_step(out_bar, t, several), tape, state_bar)
            state_bar = g.state
            xs.append(g.x)
            total = {name: array + total[name] if total else array
                     for name, array in g.weights.items()}
        return Gradients(_stacked(xs[::-1]), state_bar, total)


def _step(out_bar: Any, t: int, several: bool) -> Any:
    """The gradient of the output of step `t`, or of its outputs."""
    if out_bar is None:
        return None
    return [_step(bar, t, False) for bar in out_bar] if several else out_bar[t]


def _stacked(steps: list[Any]) -> Any:
    """What all steps gave, stacked over time; None if it is not wanted of the first."""
    if steps[0] is None:
        return None
    if isinstance(steps[0], list):
        return [_stacked(list(parts)) for parts in zip(*steps, strict=True)]
    if isinstance(steps[0], tuple):
        return type(steps[0])(*map(np.stack, zip(*steps, strict=True)))
    return np.stack(steps)
