"""Regularisers: what a loss adds for rates, potentials and weights that are not wished for.

A `Rate` looks at what a layer of a `SequentialState` gives out, a `Voltage` at the potentials that
it returns (its `record_states` must be set), a `Weight` at the weights. Each gives its value and
gradient; ``train.fit(..., penalties=[Rate(1, most=0.1)])`` adds them to the loss.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn.core import check


@dataclass(frozen=True, slots=True)
class Rate:
    r"""Mean over items and neurons of the square of what a rate is too high or too low.

    .. math:: s \left( \max(r - r_\mathrm{most}, 0)^2 + \max(r_\mathrm{least} - r, 0)^2 \right)

    with `r` the mean of a neuron's output over time: spikes a step.

    Parameters
    ----------
    layer : int
        Position of the layer in the chain.
    strength : float
        Factor `s`.
    least, most : float
        Bounds within which a rate costs nothing, spikes a step.
    """

    layer: int
    strength: float = 1.0
    least: float = 0.0
    most: float = 1.0

    def __post_init__(self) -> None:
        check.integer("layer", self.layer, least=0)
        check.number("strength", self.strength, least=0)
        check.number("least", self.least, least=0)
        check.number("most", self.most, least=self.least)

    def of_output(self, out: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient for an output (T, ...)."""
        value, bar = self.of_rate(out.mean(0, dtype=np.float64), len(out), out.dtype)
        return value, np.broadcast_to(bar, out.shape)

    def of_rate(self, rate: np.ndarray, n_steps: int, dtype: Any) -> tuple[float, np.ndarray]:
        """Value for a rate (...) over so many steps, and the gradient of each step's output."""
        excess = np.maximum(rate - self.most, 0) - np.maximum(self.least - rate, 0)
        scale = 2 * self.strength / excess.size / n_steps
        return self.strength * float(np.mean(excess**2)), (scale * excess).astype(dtype)


@dataclass(frozen=True, slots=True)
class Voltage:
    """Mean over steps, items and neurons of the square of what a potential is out of bounds [1]_.

    Parameters
    ----------
    layer : int
        Position of the layer in the chain; its `record_states` must be set.
    strength : float
        Factor.
    least, most : float
        Bounds within which a potential costs nothing, in its unit.
    variable : str
        Field of the neurons' state.

    References
    ----------
    .. [1] Bellec et al., "A solution to the learning dilemma for recurrent networks of spiking
       neurons", Nat. Commun. 11, 3625 (2020), methods.
    """

    layer: int
    strength: float = 1.0
    least: float = -1.0
    most: float = 1.0
    variable: str = "v"

    def __post_init__(self) -> None:
        check.integer("layer", self.layer, least=0)
        check.number("strength", self.strength, least=0)
        check.number("most", self.most, least=check.number("least", self.least))

    def of_states(self, states: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient for potentials (T, ...)."""
        excess = np.maximum(states - self.most, 0) - np.maximum(self.least - states, 0)
        value = self.strength * float(np.mean(np.square(excess, dtype=np.float64)))
        return value, excess * states.dtype.type(2 * self.strength / states.size)


@dataclass(frozen=True, slots=True)
class Weight:
    """``strength`` times the sum of the squares of weights, or with `power` 1 of their sizes.

    Parameters
    ----------
    strength : float
        Factor.
    power : int
        2 or 1.
    names : tuple of str, optional
        Weights that count; all by default.
    """

    strength: float = 1e-4
    power: int = 2
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check.number("strength", self.strength, least=0)
        check.integer("power", self.power, least=1, most=2)

    def of_weights(self, weights: Mapping[str, np.ndarray]) -> tuple[float, dict[str, np.ndarray]]:
        """Value, and a gradient for each weight that counts."""
        names = weights if self.names is None else check.names("names", self.names, weights)
        value, bars = 0.0, {}
        for name in names:
            w = weights[name]
            factor = w.dtype.type(self.strength * self.power)
            if self.power == 2:
                value += float(np.sum(np.square(w, dtype=np.float64)))
                bars[name] = factor * w
            else:
                value += float(np.sum(np.abs(w), dtype=np.float64))
                bars[name] = factor * np.sign(w)
        return self.strength * value, bars


def add(penalties: Any, model: Any, result: tuple, out_bar: np.ndarray) -> tuple:
    """Values of `penalties` in all, and what a chain's `backward` takes for them and the loss.

    `result` is what the chain returned with `return_hidden`, `out_bar` the gradient of the loss.
    Returns ``value, out_bar (a list), state_bar (a list), gradients of weights``.
    """
    hidden, states = result
    if not isinstance(hidden, list):  # a model that is no chain: penalties of weights alone
        hidden, states = [hidden], [states]
    value, outs = 0.0, [None] * (len(hidden) - 1) + [out_bar]
    state_bars: list[Any] = [None] * len(hidden)
    weights: dict[str, np.ndarray] = {}
    for penalty in penalties:
        if isinstance(penalty, Weight):
            cost, bars = penalty.of_weights(model.weights)
            for name, bar in bars.items():
                weights[name] = weights[name] + bar if name in weights else bar
        elif isinstance(penalty, Rate):
            cost, bar = penalty.of_output(hidden[penalty.layer])
            before = outs[penalty.layer]
            outs[penalty.layer] = bar if before is None else before + bar
        else:
            cost = _add_voltage(penalty, model, states, state_bars)
        value += cost
    if not isinstance(result[0], list):
        return value, out_bar, None, weights
    return value, outs, state_bars, weights


def _add_voltage(penalty: Voltage, model: Any, states: list[Any], state_bars: list[Any]) -> float:
    """The cost of potentials; its gradient is added to those of the states."""
    layer, state = model[penalty.layer], states[penalty.layer]
    if not getattr(layer, "record_states", False):
        raise check.must(f"layer {penalty.layer}", "have record_states set for a Voltage penalty",
                         layer.name)
    inner = getattr(state, "neuron", state)
    if penalty.variable not in inner._fields:
        raise check.unknown("variable", penalty.variable, inner._fields)
    cost, bar = penalty.of_states(getattr(inner, penalty.variable))
    old = state_bars[penalty.layer]
    old = getattr(old, "neuron", old)
    if old is None:
        old = type(inner)(*[None] * len(inner))
    before = getattr(old, penalty.variable)
    new = old._replace(**{penalty.variable: bar if before is None else before + bar})
    state_bars[penalty.layer] = new if inner is state else state._replace(z=None, neuron=new)
    return cost


def check_penalties(penalties: Any, model: Any) -> None:
    """Refuse what is no penalty, or names no layer of the model."""
    if not isinstance(penalties, Iterable):
        raise check.must("penalties", "be a list", repr(penalties), error=TypeError)
    for penalty in penalties:
        if not isinstance(penalty, (Rate, Voltage, Weight)):
            raise check.must("penalties", "be Rate, Voltage or Weight", repr(penalty),
                             error=TypeError)
        if isinstance(penalty, Weight):
            continue
        if not hasattr(model, "return_hidden"):
            raise check.must("model", "be a SequentialState for penalties of a layer",
                             type(model).__name__, error=TypeError)
        if penalty.layer >= len(model):
            raise check.must("layer", f"be below the {len(model)} layers of the model",
                             penalty.layer)
