"""A chain whose outputs come back as input one step later."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape, add_states
from eventsnn.layers.containers import SequentialState


class RecurrentSequentialState(NamedTuple):
    """State of a `RecurrentSequential`."""

    cache: Any = None  # what is fed back: an output of the step before, or a list of several
    state: Any = None  # list with one state a layer, as in a chain


class RecurrentSequential(Layer):
    """Layers in a chain, one step a call, that is also fed with its outputs of the step before.

    ``out, state = net(x, state)``: the first layer takes `x` plus the sum of what the chosen layers
    gave in the step before, in the first step `x` alone. So their outputs have the shape of `x`.
    Weights are named as in a chain.

    Parameters
    ----------
    *layers : layers
        Cells, or layers without state.
    output_modules : int or sequence of ints
        Positions of the layers whose outputs are returned and fed back; negative ones count from
        the last. For an int `out` is an array, for a sequence a list of arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LIFCell, Lift, Linear
    >>> net = RecurrentSequential(LIFCell(), Linear(4, 4, seed=1), output_modules=[0, 1])
    >>> (spikes, currents), state = Lift(net)(np.ones((20, 5, 4)))
    >>> spikes.shape, currents.shape, len(state.cache), sorted(net.weights)
    ((20, 5, 4), (20, 5, 4), 2, ['1.bias', '1.weight'])
    """

    stateful = True
    kept_as = {"layers": "chain.layers", "output_modules": "_chosen"}

    def __init__(self, *layers: Any, output_modules: int | Sequence[int] = -1) -> None:
        self.chain = SequentialState(*layers, return_hidden=True)
        self.several = not isinstance(output_modules, (int, np.integer))
        n = len(layers)
        given = output_modules if self.several else [output_modules]
        if not isinstance(given, (list, tuple, range, np.ndarray)) or not len(given):
            raise check.must("output_modules", "be a whole number or a sequence of them",
                             repr(output_modules), error=TypeError)
        self.output_modules = [check.integer("output_modules", i, least=-n, most=n - 1) % n
                               for i in given]
        if len(set(self.output_modules)) < len(given):
            raise check.must("output_modules", "name different layers", output_modules)

    @property
    def children(self) -> list[Any]:
        """The layer that this one calls."""
        return [self.chain]

    @property
    def _chosen(self) -> Any:
        """`output_modules` as it was given, but for the sign."""
        return self.output_modules if self.several else self.output_modules[0]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return self.chain.weights

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """One step; see the class.

        Parameters
        ----------
        x : (...) array
            Input of the first layer.
        state : RecurrentSequentialState, optional
            As returned by the step before; by default nothing is fed back.
        tape : Tape, optional
            Records what `backward` needs.

        Returns
        -------
        out : (...) array or list of them
            Outputs of the chosen layers.
        state : RecurrentSequentialState
            For the next step.
        """
        x = check.real_array("x", x)
        state = _checked("state", state)
        fed_back = [check.real_array("state.cache", a)
                    for a in self._listed("state.cache", state.cache) if a is not None]
        for a in fed_back:
            check.shape("x", x.shape, a.shape, "as what is fed back")
        if fed_back:
            dtype = check.float_dtype(x, *fed_back)
            total = sum((a.astype(dtype, copy=False) for a in fed_back), x.astype(dtype))
        else:
            total = x
        if tape is not None and fed_back:
            # With a record before it, the first layer's input is no input of the network to it,
            # and it gives the gradient that goes to the step before.
            tape.push(self, None)
        hidden, states = self.chain(total, state.state, tape=tape)
        outs = [hidden[i] for i in self.output_modules]
        for i, out in zip(self.output_modules, outs, strict=True):
            if np.shape(out) != x.shape:
                raise check.must("output_modules", "choose layers whose outputs have the shape "
                                 f"{x.shape} of x", f"{np.shape(out)} of layer {i}")
        if tape is not None:
            tape.push(self, (len(fed_back) > 0, x.shape))
        if self.several:
            return outs, RecurrentSequentialState(list(outs), states)
        return outs[0], RecurrentSequentialState(outs[0], states)

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`.

        Gradients of several outputs, in `out_bar` and in ``state_bar.cache``, are lists; their
        entries may be None.
        """
        fed_back, shape = tape.pop(self)
        state_bar = _checked("state_bar", state_bar)
        hidden_bar: list[Any] = [None] * len(self.chain)
        for name, bars in (("out_bar", out_bar), ("state_bar.cache", state_bar.cache)):
            for i, bar in zip(self.output_modules, self._listed(name, bars), strict=True):
                if bar is not None:
                    check.shape(name, np.shape(bar), shape, "as what it is the gradient of")
                hidden_bar[i] = add_states(hidden_bar[i], bar)
        g = self.chain.backward(hidden_bar, tape, state_bar.state)
        x_bar, cache_bar = g.x, None
        if fed_back:
            tape.pop(self)
            # x and all that is fed back are terms of one sum
            cache_bar = [x_bar] * len(self.output_modules) if self.several else x_bar
            x_bar = x_bar if tape.wants_input else None
        return Gradients(x_bar, RecurrentSequentialState(cache_bar, g.state), g.weights)

    def _listed(self, argument: str, value: Any) -> list[Any]:
        """One entry for each chosen layer."""
        n = len(self.output_modules)
        if value is None:
            return [None] * n
        if not self.several:
            return [value]
        if not isinstance(value, (list, tuple)) or len(value) != n:
            raise check.must(argument, f"be a list of {n}, one for each of output_modules",
                             type(value).__name__)
        return list(value)


def _checked(argument: str, state: Any) -> RecurrentSequentialState:
    if state is None:
        return RecurrentSequentialState()
    if type(state) is not RecurrentSequentialState:
        raise check.must(argument, "be RecurrentSequentialState", type(state).__name__,
                         error=TypeError)
    return state
