"""Optimisers: pairs of `init` and `update` around frozen hyper-parameters.

``state = optimiser.init(weights)``, then ``optimiser.update(weights, gradients, state)`` after each
backward pass, which changes `weights` and `state` in place. Weights and gradients are dictionaries
of arrays with the same names, as layers give them; a subset of both trains only those. The state
is a dictionary of arrays and the number of steps done, which a checkpoint can hold. The
hyper-parameters are not in it, so another optimiser object may go on with the same state:
``dataclasses.replace(optimiser, learning_rate=1e-4)``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from eventsnn.core import check
from eventsnn.core.jit import kernel

State = dict[str, Any]


class Optimiser(Protocol):
    """What `eventsnn.train.loop.fit` asks of an optimiser."""

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """State before the first step."""

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""


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
        _fraction("momentum", self.momentum)

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """State before the first step: no step done, no momentum."""
        state: State = {"step": 0}
        if self.momentum:
            state["momentum"] = _zeros_like(weights)
        return state

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""
        _match(weights, gradients, state, ["momentum"] if self.momentum else [])
        state["step"] += 1
        for name, w in weights.items():
            g = gradients[name]
            if self.momentum:
                m = state["momentum"][name]
                np.multiply(m, w.dtype.type(self.momentum), out=m)
                g = np.add(m, g, out=m)
            np.subtract(w, w.dtype.type(self.learning_rate) * g, out=w)


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
            _fraction("betas", beta)

    def init(self, weights: Mapping[str, np.ndarray]) -> State:
        """State before the first step: no step done, moments zero."""
        return {"step": 0, "mean": _zeros_like(weights), "mean_square": _zeros_like(weights)}

    def update(self, weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray],
               state: State) -> None:
        """One step, in place on `weights` and `state`."""
        _match(weights, gradients, state, ["mean", "mean_square"])
        state["step"] += 1
        beta_1, beta_2 = self.betas
        step_size = self.learning_rate / (1 - beta_1**state["step"])
        root = math.sqrt(1 - beta_2**state["step"])
        for name, w in weights.items():
            scalars = map(w.dtype.type, (1 - beta_1, beta_2, 1 - beta_2, step_size, root, self.eps))
            arrays = (w, state["mean"][name], state["mean_square"][name])
            flat = [_flat(array) for array in arrays]
            _adam(*flat, _flat(np.asarray(gradients[name], w.dtype)), *scalars)
            for array, values in zip(arrays, flat, strict=True):
                if not np.may_share_memory(array, values):  # not contiguous: it was a copy
                    array[...] = values.reshape(array.shape)


@kernel
def _adam(w, m, v, g, one_minus_beta_1, beta_2, one_minus_beta_2, step_size, root, eps):
    """One pass over ``(n,)`` arrays; writes `w`, `m`, `v`. Roundings in torch's order."""
    for k in range(np.uint64(w.size)):
        m[k] += one_minus_beta_1 * (g[k] - m[k])
        v[k] = beta_2 * v[k] + one_minus_beta_2 * g[k] * g[k]
        w[k] -= step_size * m[k] / (np.sqrt(v[k]) / root + eps)


def _flat(array: np.ndarray) -> np.ndarray:
    """`array` with one axis: a view if it is contiguous, else a copy."""
    return np.ascontiguousarray(array).reshape(-1)


def _fraction(argument: str, value: Any) -> None:
    if check.number(argument, value, least=0) >= 1:
        raise check.must(argument, "be below 1", value)


def _zeros_like(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    for name, w in weights.items():
        if not isinstance(w, np.ndarray) or w.dtype not in (np.float32, np.float64):
            raise check.must(f"weights[{name!r}]", "be a float32 or float64 array",
                             getattr(w, "dtype", type(w).__name__), error=TypeError)
    return {name: np.zeros(w.shape, w.dtype) for name, w in weights.items()}


def _match(weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray], state: State,
           parts: list[str]) -> None:
    """Refuse gradients or a state that do not belong to the weights, before any is changed."""
    if missing := {"step", *parts} - state.keys():
        raise check.must("state", f"hold {', '.join(sorted(missing))}", sorted(state),
                         "make it with this optimiser's init")
    for name, w in weights.items():
        if not w.flags.writeable:
            raise check.must(f"weights[{name!r}]", "be writeable", "a read-only array")
    given = {"gradients": gradients} | {f"state[{part!r}]": state[part] for part in parts}
    for argument, arrays in given.items():
        if arrays.keys() != weights.keys():
            raise check.must(argument, f"have the names of the weights, {sorted(weights)}",
                             sorted(arrays))
        for name, w in weights.items():
            check.shape(f"{argument}[{name!r}]", np.shape(arrays[name]), w.shape, "as its weight")
