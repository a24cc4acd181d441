"""Learning rates that change: functions of the number of steps done.

``train.fit(..., schedule=Cosine(1e-3, steps=500))`` asks before each step. A schedule is any
function of an int; nothing of it needs to be kept to resume.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from eventsnn.core import check

Schedule = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class StepDecay:
    """``rate * factor**(step // every)``.

    Examples
    --------
    >>> [StepDecay(1.0, every=10, factor=0.5)(step) for step in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check.number("rate", self.rate, least=0)
        check.integer("every", self.every, least=1)
        check.number("factor", self.factor, least=0)

    def __call__(self, step: int) -> float:
        return self.rate * self.factor ** (step // self.every)


@dataclass(frozen=True, slots=True)
class Exponential:
    """``rate * factor**step``.

    Examples
    --------
    >>> [Exponential(1.0, 0.5)(step) for step in (0, 1, 2)]
    [1.0, 0.5, 0.25]
    """

    rate: float
    factor: float

    def __post_init__(self) -> None:
        check.number("rate", self.rate, least=0)
        check.number("factor", self.factor, least=0)

    def __call__(self, step: int) -> float:
        return self.rate * self.factor**step


@dataclass(frozen=True, slots=True)
class Cosine:
    """Half a cosine from `rate` down to `least` within `steps`, and `least` from then on [1]_.

    References
    ----------
    .. [1] Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR (2017),
       equation 5, without the restarts.

    Examples
    --------
    >>> [round(Cosine(1.0, steps=100, least=0.1)(step), 3) for step in (0, 50, 100, 200)]
    [1.0, 0.55, 0.1, 0.1]
    """

    rate: float
    steps: int
    least: float = 0.0

    def __post_init__(self) -> None:
        check.number("rate", self.rate, least=0)
        check.integer("steps", self.steps, least=1)
        check.number("least", self.least, least=0)

    def __call__(self, step: int) -> float:
        share = min(step / self.steps, 1.0)
        return self.least + (self.rate - self.least) * (1 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True, slots=True)
class Warmup:
    """A straight line from 0 to where `then` begins, which follows after `steps`.

    Examples
    --------
    >>> warm = Warmup(10, then=Exponential(1.0, 0.5))
    >>> [warm(step) for step in (0, 4, 9, 10, 11)]
    [0.1, 0.5, 1.0, 1.0, 0.5]
    """

    steps: int
    then: Schedule

    def __post_init__(self) -> None:
        check.integer("steps", self.steps, least=1)
        if not callable(self.then):
            raise check.must("then", "be a schedule", repr(self.then), error=TypeError)

    def __call__(self, step: int) -> float:
        if step < self.steps:
            return self.then(0) * (step + 1) / self.steps
        return self.then(step - self.steps)
