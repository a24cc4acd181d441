"""Where values come from that are not finite."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn.core.device import DeviceArray
from eventsnn.core.positions import positions, set_positions
from eventsnn.errors import NumericalError
from eventsnn.layers.containers import SequentialState
from eventsnn.spikes import Events


def origin(model: Any, x: Any) -> str:
    """The end of a message: what is the first not to be finite, the input or a layer of a chain.

    The chain is run once more for that. It is empty if nothing is found.
    """
    if not _finite(x):
        return "; the input is not finite"
    if not isinstance(model, SequentialState):
        return ""
    stood = positions(model)
    try:
        outs, states = SequentialState(*model, return_hidden=True)(x)
    except NumericalError:  # another draw of a layer that draws at random
        return ""
    finally:
        set_positions(stood, model)
    for number, result in enumerate(zip(outs, states, strict=True)):
        if not _finite(result):
            return f"; layer {number}, {model[number].name}, is the first that is not finite"
    return ""


def _finite(value: Any) -> bool:
    """Whether all numbers in nested arrays are."""
    return all(np.isfinite(array).all() for array in _arrays(value))


def _arrays(value: Any) -> Iterator[Any]:
    if isinstance(value, Events):
        value = value.values
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _arrays(part)
    elif isinstance(value, (np.ndarray, DeviceArray)) and value.dtype.kind == "f":
        yield value
