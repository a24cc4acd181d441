"""Signed numbers to two input channels, excitation and inhibition, and back.

Neurons with the channels ``exc`` and ``inh`` take signed input and signed weights as well: the
positive part goes to excitation, the negative part to inhibition. Whether inhibition arrives as a
negative current or as a positive conductance is the model's: its `inhibition` is -1 or 1.
"""

from typing import Any

import numpy as np

from eventsnn.core.dispatch import Model


def has_two(model: Model) -> bool:
    """Whether signed input has a meaning for the model."""
    return getattr(model.inputs, "_fields", ()) == ("exc", "inh")


def split(model: Model, signed: np.ndarray) -> Any:
    """The channels of signed numbers."""
    channels: Any = model.inputs
    sign = signed.dtype.type(model.inhibition)
    return channels(np.maximum(signed, 0), sign * np.maximum(-signed, 0))


def merge_bar(model: Model, signed: np.ndarray, bar: Any) -> np.ndarray:
    """Transpose of `split`: the gradient of the signed numbers; its slope at 0 is 0."""
    sign = bar.inh.dtype.type(model.inhibition)
    return np.where(signed > 0, bar.exc, 0) - sign * np.where(signed < 0, bar.inh, 0)
