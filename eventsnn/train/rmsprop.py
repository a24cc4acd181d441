"""RMSprop."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eventsnn.core import check
from eventsnn.core.jit import kernel, scalar
from eventsnn.train.optimise import State, each, fraction, match, zeros_like


@dataclass(frozen=True, slots=True)
class RMSprop:
    r"""RMSprop [1]_: gradients over the root of their mean square, with momentum if asked for.

    .. math::
        v &\leftarrow \alpha v + (1 - \alpha) g^2 \\
        m &\leftarrow \mu m + \frac{g}{\sqrt v + \epsilon} \\
        w &\leftarrow w - \eta m

    with :math:`v = 0`, :math:`m = 0` before the first step.

    Parameters
    ----------
    learning_rate : float
        Step size, :math:`\eta`.
    decay : float
        Of the mean square, a step, :math:`\alpha` in [0, 1).
    eps : float
        Keeps the quotient finite where gradients vanish, :math:`\epsilon`; outside of the root.
    momentum : float
        Weight of the earlier steps, :math:`\mu` in [0, 1).

    References
    ----------
    .. [1] Tieleman, Hinton, "Neural networks for machine learning", lecture 6.5 (2012).

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"w": np.array([1.0, -2.0])}
    >>> rmsprop = RMSprop(learning_rate=0.1, decay=0.75)
    >>> rmsprop.update(weights, {"w": np.array([1e3, -1e-3])}, rmsprop.init(weights))
    >>> weights["w"].round(3).tolist()
    [0.8, -1.8]
    """

    learning_rate: float = 1e-2
    decay: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0

    def __post_init__(self) -> None:
        check.number("learning_rate", self.learning_rate, least=0)
        check.number("eps", self.eps, least=0)
        fraction("decay", self.decay)
        fraction("momentum", self.momentum)

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """State before the first step: no step done, no mean square."""
        state: State = {"step": 0, "mean_square": zeros_like(weights)}
        if self.momentum:
            state["momentum"] = zeros_like(weights)
        return state

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""
        parts = ["mean_square", "momentum"] if self.momentum else ["mean_square"]
        match(weights, gradients, state, parts)
        state["step"] += 1
        for name, w in weights.items():
            arrays = [state[part][name] for part in parts]
            scalars = [*map(w.dtype.type, (self.decay, 1 - self.decay, self.eps, self.momentum,
                                           self.learning_rate))]
            each(_rmsprop, "rmsprop", scalars, gradients[name], w, arrays[0],
                 arrays[1] if self.momentum else None)


@scalar
def change(v, g, decay, rest, eps):
    """What a weight changes by without momentum, over the learning rate; its mean square."""
    v = decay * v + rest * g * g
    return g / (math.sqrt(v) + eps), v


@kernel
def _rmsprop(w, v, m, g, decay, rest, eps, momentum, learning_rate):
    """One pass over ``(n,)`` arrays; writes `w`, `v` and `m`, if there is one."""
    for k in range(np.uint64(w.size)):
        by, v[k] = change(v[k], g[k], decay, rest, eps)
        if m is not None:
            by = momentum * m[k] + by
            m[k] = by
        w[k] -= learning_rate * by
