"""Stochastic gradient descent, with momentum or without."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eventsnn.core import check
from eventsnn.train.optimise import State, fraction, match, zeros_like


@dataclass(frozen=True, slots=True)
class SGD:
    r"""Stochastic gradient descent, with momentum [1]_ if asked for.

    .. math::
        m &\leftarrow \mu m + g \\
        w &\leftarrow w - \eta m

    with :math:`m = 0` before the first step; neither damped nor Nesterov's.

    Parameters
    ----------
    learning_rate : float
        Step size, :math:`\eta`.
    momentum : float
        Weight of the earlier gradients, :math:`\mu`, in [0, 1).

    References
    ----------
    .. [1] Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in
       deep learning", ICML (2013); their velocity is :math:`-\eta m`.

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"w": np.array([1.0, -2.0])}
    >>> sgd = SGD(learning_rate=0.5)
    >>> sgd.update(weights, {"w": np.array([1.0, 1.0])}, sgd.init(weights))
    >>> weights["w"].tolist()
    [0.5, -2.5]
    """

    learning_rate: float
    momentum: float = 0.0

    def __post_init__(self) -> None:
        check.number("learning_rate", self.learning_rate, least=0)
        fraction("momentum", self.momentum)

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """State before the first step: no step done, no momentum."""
        state: State = {"step": 0}
        if self.momentum:
            state["momentum"] = zeros_like(weights)
        return state

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""
        match(weights, gradients, state, ["momentum"] if self.momentum else [])
        state["step"] += 1
        for name, w in weights.items():
            g = gradients[name]
            if self.momentum:
                m = state["momentum"][name]
                np.multiply(m, w.dtype.type(self.momentum), out=m)
                g = np.add(m, g, out=m)
            np.subtract(w, w.dtype.type(self.learning_rate) * g, out=w)
