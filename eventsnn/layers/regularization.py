"""A layer that looks on: it passes spikes through and adds up what a penalty needs."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape


class Accumulator(NamedTuple):
    """What is added up, and the transpose of that."""

    forward: Callable  # (z, s) -> what this call adds
    vjp: Callable  # (z, s, bar) -> (z_bar, s_bar); None for a gradient of zero


def _neuron(s: Any) -> Any:
    """The neurons' state in the state of a layer, recurrent or not."""
    return getattr(s, "neuron", s)


def _voltage_vjp(z: Any, s: Any, bar: Any) -> tuple:
    neuron = _neuron(s)
    neuron_bar = type(neuron)(*(bar if name == "v" else None for name in neuron._fields))
    return None, neuron_bar if neuron is s else type(s)(None, neuron_bar)


# The number of spikes, a scalar.
spike_accumulator = Accumulator(
    forward=lambda z, s: z.sum(), vjp=lambda z, s, bar: (np.full_like(z, bar), None))
# The sum of membrane potentials, one a neuron.
voltage_accumulator = Accumulator(forward=lambda z, s: _neuron(s).v, vjp=_voltage_vjp)


class RegularizationCell(Layer):
    """Adds up spikes, or potentials, for a penalty: ``z, total = cell(z, s, total)``.

    `z` and `s` are the output and the state of the neurons before it. The running value `total`
    goes in and comes out, like any state: start again with None. In a chain it follows the layer
    that it watches, and its total is its entry of the chain's state.

    Parameters
    ----------
    accumulator : Accumulator
        `spike_accumulator` or `voltage_accumulator`.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LIFCell, SequentialState
    >>> net, states = SequentialState(LIFCell(), RegularizationCell()), None
    >>> for _ in range(10):
    ...     z, states = net(np.full(3, 10.0), states)
    >>> float(states[1])
    27.0
    """

    stateful = True
    observes = True

    def __init__(self, accumulator: Accumulator = spike_accumulator) -> None:
        if not isinstance(accumulator, Accumulator):
            raise check.must("accumulator", "be an Accumulator", repr(accumulator), error=TypeError)
        self.accumulator = accumulator

    def __call__(self, z: Any, s: Any = None, state: Any = None, *,  # type: ignore[override]
                 tape: Tape | None = None) -> tuple:
        """Pass `z` on, and return it with the new total."""
        z = check.real_array("z", z)
        if self.accumulator is voltage_accumulator and not hasattr(_neuron(s), "v"):
            raise check.must("s", "be the state of the neurons",
                             None if s is None else type(s).__name__)
        added = self.accumulator.forward(z, s)
        if state is not None:
            state = check.real_array("state", state)
            check.shape("state", state.shape, np.shape(added), "as what is added up")
        if tape is not None:
            tape.push(self, (z, s))
        return z, added if state is None else state + added

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`; `observed` is the gradient of `s`."""
        z, s = tape.pop(self)
        if state_bar is None:
            return Gradients(out_bar, None, {})
        z_bar, s_bar = self.accumulator.vjp(z, s, state_bar)
        if z_bar is None:
            z_bar = out_bar
        elif out_bar is not None:
            z_bar = z_bar + out_bar
        return Gradients(z_bar, state_bar, {}, s_bar)
