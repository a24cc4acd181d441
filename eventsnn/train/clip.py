"""Gradient clipping: an optimiser that shortens what another is given."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eventsnn.core import check
from eventsnn.train.optimise import Optimiser, State


@dataclass(frozen=True, slots=True)
class Clipped:
    """An optimiser whose gradients are clipped: in their common norm [1]_, or one by one.

    Parameters
    ----------
    optimiser : optimiser
        What makes the step.
    norm : float, optional
        All gradients together are scaled down to this length (the root of the sum of squares over
        all weights), if they are longer.
    value : float, optional
        Each element is cut to ``[-value, value]``, before the norm is taken.

    References
    ----------
    .. [1] Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks",
       ICML (2013), algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.train import SGD
    >>> weights = {"a": np.array([0.0]), "b": np.array([0.0])}
    >>> clipped = Clipped(SGD(1.0), norm=1.0)
    >>> clipped.update(weights, {"a": np.array([3.0]), "b": np.array([4.0])}, clipped.init(weights))
    >>> weights["a"].round(3).item(), weights["b"].round(3).item()
    (-0.6, -0.8)
    """

    optimiser: Optimiser
    norm: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        if not hasattr(self.optimiser, "update"):
            raise check.must("optimiser", "be an optimiser", repr(self.optimiser), error=TypeError)
        if self.norm is None and self.value is None:
            raise check.must("norm or value", "be given", "neither", error=TypeError)
        for name in ("norm", "value"):
            if getattr(self, name) is not None:
                check.number(name, getattr(self, name), above=0)

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """The optimiser's state before the first step."""
        return self.optimiser.init(weights)

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`; `gradients` stay as they are."""
        if self.value is not None:
            gradients = {name: np.clip(g, -self.value, self.value) for name, g in gradients.items()}
        if self.norm is not None:
            length = norm(gradients)
            if length > self.norm:
                factor = self.norm / length
                gradients = {name: g * g.dtype.type(factor)
                             for name, g in gradients.items()}
        self.optimiser.update(weights, gradients, state)


def norm(gradients: Mapping[str, np.ndarray]) -> float:
    """Root of the sum of squares of all gradients."""
    return math.sqrt(sum(float(np.sum(np.square(g, dtype=np.float64)))
                         for g in gradients.values()))
