"""Optimisers: pairs of `init` and `update` around frozen hyper-parameters.

``state = optimiser.init(weights)``, then ``optimiser.update(weights, gradients, state)`` after each
backward pass, which changes `weights` and `state` in place. Weights and gradients are dictionaries
of arrays with the same names, as layers give them; a subset of both trains only those. The state
is a dictionary of arrays and the number of steps done, which a checkpoint can hold. The
hyper-parameters are not in it, so another optimiser object may go on with the same state:
``with_rate(optimiser, 1e-4)``.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import DeviceArray, on_device

State = dict[str, Any]


class Optimiser(Protocol):
    """What `eventsnn.train.loop.fit` asks of an optimiser."""

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """State before the first step."""

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""


def with_rate(optimiser: Any, learning_rate: float) -> Any:
    """The same optimiser with another learning rate, also within one that wraps it."""
    inner = getattr(optimiser, "optimiser", None)
    if inner is not None:
        return dataclasses.replace(optimiser, optimiser=with_rate(inner, learning_rate))
    if not hasattr(optimiser, "learning_rate"):
        raise check.must("optimiser", "have a learning_rate for a schedule to set",
                         type(optimiser).__name__, error=TypeError)
    return dataclasses.replace(optimiser, learning_rate=learning_rate)


def each(function: Callable, twin: str, scalars: list, gradient: Any, *arrays: Any) -> None:
    """Call ``function(*arrays, gradient, *scalars)``, all arrays with one axis or None.

    It changes `arrays` in place. For those on a device, the function called `twin` in
    `eventsnn.train.cuda` stands for it.
    """
    if on_device(arrays[0]):
        from eventsnn.train import cuda
        getattr(cuda, twin)(*(None if array is None else array.reshape(-1) for array in arrays),
                            gradient.astype(arrays[0].dtype, copy=False).reshape(-1),
                            *scalars)
        return
    order: Literal["F", "C"] = "F" if arrays[0].flags.f_contiguous else "C"
    flats: list[Any] = [None if array is None else array.reshape(-1, order=order)
                        for array in arrays]
    function(*flats, np.asarray(gradient, arrays[0].dtype).reshape(-1, order=order), *scalars)
    for array, values in zip(arrays, flats, strict=True):
        if array is not None and not np.may_share_memory(array, values):  # it was a copy
            array[...] = values.reshape(array.shape, order=order)


def fraction(argument: str, value: Any) -> None:
    """Refuse what is not in [0, 1)."""
    if check.number(argument, value, least=0) >= 1:
        raise check.must(argument, "be below 1", value)


def zeros_like(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One array of zeros a weight."""
    for name, w in weights.items():
        if not isinstance(w, (np.ndarray, DeviceArray)) or w.dtype not in (np.float32, np.float64):
            raise check.must(f"weights[{name!r}]", "be a float32 or float64 array",
                             getattr(w, "dtype", type(w).__name__), error=TypeError)
    return {name: np.zeros_like(w) for name, w in weights.items()}


def match(weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray], state: State,
          parts: list[str]) -> None:
    """Refuse gradients or a state that do not belong to the weights, before any is changed."""
    if missing := {"step", *parts} - state.keys():
        raise check.must("state", f"hold {', '.join(sorted(missing))}", sorted(state),
                         "make it with this optimiser's init")
    for name, w in weights.items():
        if not on_device(w) and not w.flags.writeable:
            raise check.must(f"weights[{name!r}]", "be writeable", "a read-only array")
    given = {"gradients": gradients} | {f"state[{part!r}]": state[part] for part in parts}
    for argument, arrays in given.items():
        if arrays.keys() != weights.keys():
            raise check.must(argument, f"have the names of the weights, {sorted(weights)}",
                             sorted(arrays))
        for name, w in weights.items():
            check.shape(f"{argument}[{name!r}]", np.shape(arrays[name]), w.shape, "as its weight")
