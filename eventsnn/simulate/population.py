"""Populations, and slices of them."""

from typing import Any

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.dispatch import MODELS, Model
from eventsnn.neurons.refractory import REFRACTORY
from eventsnn.simulate.distributions import Distribution, draw
from eventsnn.surrogates import prepare

MOST = 2**31 - 1  # neurons of a population: they are numbered in 4 bytes
MOST_FIELDS = 64  # of a model's parameters or state: keeps the draws of populations apart


class View:
    """Neurons `start` to `stop` of a population: what is connected, driven and recorded."""

    def __init__(self, population: Any, start: int, stop: int) -> None:
        self.population, self.start, self.stop = population, start, stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __repr__(self) -> str:
        q = self.population
        return f"<{q.name}[{self.start}:{self.stop}] of {q.kind}>"

    def __getitem__(self, part: slice) -> "View":
        if not isinstance(part, slice) or part.step not in (None, 1) or not all(
                end is None or hasattr(end, "__index__") for end in (part.start, part.stop)):
            raise check.must("a part of a population", "be a slice like [:100]", part,
                             "of other neurons give weights, rates or currents that are 0 for the "
                             "rest", error=TypeError)
        start, stop, _ = part.indices(len(self))
        return View(self.population, self.start + start, self.start + max(start, stop))


class Population(View):
    """Neurons of one model; made by `Network.population`, which documents the arguments."""

    def __init__(self, name: str, size: int, p: Any, dt: float, refractory: float | None,
                 initial: dict[str, Any] | None, threshold: Any, seed: int, number: int) -> None:
        super().__init__(self, 0, check.integer("size", size, least=1, most=MOST))
        single = np.finfo(np.float32)
        check.number("dt", dt, least=float(single.tiny), most=float(single.max))
        self.name, self._seed, self._number = name, seed, number
        self.given = _with_refractory(p, refractory)
        self.p = type(self.given)(*(
            self._drawn(value, random.PARAMETER, k) for k, value in enumerate(self.given)))
        if refractory is not None:
            self.p = self.p._replace(rho_reset=_steps(self.p.rho_reset, size, dt))
        check.parameters(self.p, dt)
        for field, value in zip(self.p._fields, self.p, strict=True):
            if np.shape(value) not in ((), (size,)):
                raise check.must(field, f"have shape () or ({size},)", np.shape(value))
        prepare(threshold, np.dtype(np.float32))
        self.threshold = threshold
        if not isinstance(initial, (dict, type(None))):
            raise check.must("initial", "be a dict of state variables by name",
                             type(initial).__name__, error=TypeError)
        self.state = self._initial(initial or {})

    @property
    def model(self) -> Model:
        """The neuron model."""
        return MODELS[type(self.p)]

    @property
    def kind(self) -> str:
        """What its neurons are, for people."""
        return type(self.p).__name__

    def channel(self, name: str | None) -> int:
        """The number of the input channel of that name."""
        channels = () if self.model.inputs is None else self.model.inputs._fields  # type: ignore
        if not channels:
            if name is not None:
                raise check.must("channel", f"be None: {self.name} has one input", repr(name))
            return 0
        if name is None:
            raise check.must("channel", f"be one of {', '.join(channels)}", None)
        if name not in channels:
            raise check.unknown("channel", name, channels)
        return channels.index(name)

    def _drawn(self, value: Any, stream: int, field: int) -> Any:
        """`value`; if it is a distribution, what is drawn from it for each neuron."""
        if not isinstance(value, Distribution):
            return value
        return draw(value, self._seed, stream, np.arange(len(self)),
                    self._number * MOST_FIELDS + field)

    def _initial(self, given: dict[str, Any]) -> Any:
        cls: Any = self.model.state
        values = self.model.rest(self.p)._asdict()
        for name, value in given.items():
            if name not in values:
                raise check.unknown("initial", name, cls._fields)
            value = self._drawn(value, random.INITIAL_STATE, cls._fields.index(name))
            value = check.real_array(f"initial[{name!r}]", value)
            check.finite(f"initial[{name!r}]", value, np.float32)
            if value.shape not in ((), (len(self),)):
                raise check.must(f"initial[{name!r}]", f"have shape () or ({len(self)},)",
                                 value.shape)
            values[name] = value
        return cls(**{f: np.broadcast_to(v, len(self)) for f, v in values.items()})


def _with_refractory(p: Any, refractory: Any) -> Any:
    """`p`, or the parameters of its refractory form with the period, s, in place of its steps."""
    if type(p) not in MODELS:
        raise check.must("p", "be the parameters of a neuron model", type(p).__name__,
                         error=TypeError)
    if refractory is None:
        return p
    if type(p) not in REFRACTORY:
        raise check.must("p", "have a refractory form", type(p).__name__,
                         "make one with eventsnn.neurons.refractory", error=TypeError)
    if not isinstance(refractory, Distribution) and np.ndim(refractory) == 0:
        refractory = check.number("refractory", refractory, least=0.0)
    return REFRACTORY[type(p)](*p, rho_reset=refractory)


def _steps(refractory: Any, n: int, dt: float) -> Any:
    """A period, or one for each of `n` neurons, s, in whole steps."""
    periods = check.real_array("refractory", refractory).astype(np.float64)
    check.finite("refractory", periods)
    if periods.size and periods.min() < 0:
        raise check.must("refractory", "be at least 0", f"{periods.min():g}")
    if periods.shape not in ((), (n,)):
        raise check.must("refractory", f"have shape () or ({n},)", periods.shape)
    with np.errstate(over="ignore"):
        steps = np.rint(periods / dt)
    if periods.size and not steps.max() <= np.finfo(np.float32).max:
        raise check.must("refractory", "be a number of steps that float32 can hold",
                         f"{periods.max():g} s")
    return float(steps) if steps.ndim == 0 else steps
