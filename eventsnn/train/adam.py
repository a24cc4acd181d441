"""Adam, and Adam with decoupled weight decay."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eventsnn.core import check
from eventsnn.core.jit import kernel, scalar
from eventsnn.train.optimise import State, each, fraction, match, zeros_like


@dataclass(frozen=True, slots=True)
class Adam:
    r"""Adam [1]_: steps of about the learning rate, whatever the size of the gradient.

    .. math::
        t &\leftarrow t + 1 \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        w &\leftarrow w - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    with :math:`t = 0`, :math:`m = 0`, :math:`v = 0` before the first step.

    Parameters
    ----------
    learning_rate : float
        Step size, :math:`\eta`.
    betas : tuple of float
        Decay of the mean and of the mean square of the gradients, a step; each in [0, 1).
    eps : float
        Keeps the quotient finite where gradients vanish, :math:`\epsilon`; outside of the root.

    References
    ----------
    .. [1] Kingma, Ba, "Adam: a method for stochastic optimization", ICLR (2015), algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"w": np.array([1.0, -2.0])}
    >>> adam = Adam(learning_rate=0.1)
    >>> adam.update(weights, {"w": np.array([1e3, -1e-3])}, adam.init(weights))
    >>> weights["w"].round(4).tolist()
    [0.9, -1.9]
    """

    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check.number("learning_rate", self.learning_rate, least=0)
        check.number("eps", self.eps, least=0)
        if np.shape(self.betas) != (2,):
            raise check.must("betas", "be two numbers", repr(self.betas))
        for beta in self.betas:
            fraction("betas", beta)

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """State before the first step: no step done, moments zero."""
        return {"step": 0, "mean": zeros_like(weights), "mean_square": zeros_like(weights)}

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""
        match(weights, gradients, state, ["mean", "mean_square"])
        state["step"] += 1
        beta_1, beta_2 = self.betas
        step_size = self.learning_rate / (1 - beta_1**state["step"])
        root = math.sqrt(1 - beta_2**state["step"])
        for name, w in weights.items():
            scalars = [*map(w.dtype.type, (1 - beta_1, beta_2, 1 - beta_2, step_size, root,
                                           self.eps))]
            each(_adam, "adam", scalars, gradients[name], w, state["mean"][name],
                 state["mean_square"][name])


@dataclass(frozen=True, slots=True)
class AdamW(Adam):
    r"""Adam with decoupled weight decay [1]_: before its step, weights shrink.

    .. math::
        w \leftarrow (1 - \eta \lambda) w

    Parameters
    ----------
    learning_rate, betas, eps
        As for `Adam`.
    weight_decay : float
        Share of a weight that it loses in a step, over the learning rate, :math:`\lambda`.

    References
    ----------
    .. [1] Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR (2019), algorithm 2,
       with a schedule multiplier of 1 and the decay multiplied by the learning rate.

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"w": np.array([1.0, -2.0])}
    >>> adam = AdamW(learning_rate=0.1, weight_decay=0.5)
    >>> adam.update(weights, {"w": np.array([0.0, 0.0])}, adam.init(weights))
    >>> weights["w"].tolist()
    [0.95, -1.9]
    """

    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        Adam.__post_init__(self)  # super() does not know its class in one with slots
        check.number("weight_decay", self.weight_decay, least=0)

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""
        match(weights, gradients, state, ["mean", "mean_square"])
        for w in weights.values():
            np.multiply(w, w.dtype.type(1 - self.learning_rate * self.weight_decay), out=w)
        Adam.update(self, weights, gradients, state)


@scalar
def moved(w, m, v, g, one_minus_beta_1, beta_2, one_minus_beta_2, step_size, root, eps):
    """A weight and its moments after a step. Roundings in torch's order."""
    m += one_minus_beta_1 * (g - m)
    v = beta_2 * v + one_minus_beta_2 * g * g
    return w - step_size * m / (math.sqrt(v) / root + eps), m, v


@kernel
def _adam(w, m, v, g, one_minus_beta_1, beta_2, one_minus_beta_2, step_size, root, eps):
    """One pass over ``(n,)`` arrays; writes `w`, `m`, `v`."""
    for k in range(np.uint64(w.size)):
        w[k], m[k], v[k] = moved(w[k], m[k], v[k], g[k], one_minus_beta_1, beta_2,
                                 one_minus_beta_2, step_size, root, eps)
