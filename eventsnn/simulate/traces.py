"""What a run keeps in memory, or hands to a recorder: spikes, and variables at an interval."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.simulate import weights
from eventsnn.simulate.population import Population, View


class Spikes:
    """Spikes of a view; made by `Network.record`."""

    def __init__(self, view: View, dt: float) -> None:
        self.view, self._dt = view, dt
        self._chunks: list[tuple[np.ndarray, np.ndarray]] = []

    def append(self, steps: np.ndarray, ids: np.ndarray) -> None:
        """Take the spikes of the view's population that are the view's."""
        mine = (ids >= self.view.start) & (ids < self.view.stop)
        self._chunks.append((steps[mine], ids[mine] - self.view.start))

    def __len__(self) -> int:
        return sum(len(steps) for steps, _ in self._chunks)

    @property
    def length(self) -> int:
        """How much it holds, for `cut`."""
        return len(self._chunks)

    def cut(self, length: int) -> None:
        """Forget what came after it held so much."""
        del self._chunks[length:]

    def __repr__(self) -> str:
        return f"<{len(self)} spikes of {self.view!r}>"

    def _joined(self, i: int, dtype: type) -> np.ndarray:
        return np.concatenate([np.empty(0, dtype), *(chunk[i] for chunk in self._chunks)])

    @property
    def times(self) -> np.ndarray:
        """Times, s, ascending: (n_spikes,) float64."""
        return self._joined(0, np.int64) * self._dt

    @property
    def ids(self) -> np.ndarray:
        """Neurons, numbered within the view; ascending among equal times: (n_spikes,) int64."""
        return self._joined(1, np.int64)


class Trace:
    """A variable of a view, or the weights of a connection, sampled; made by `Network.record`."""

    def __init__(self, view: Any, variable: str, every: int, dt: float,
                 look: Callable[[], np.ndarray]) -> None:
        self.view, self.variable, self.every, self._dt = view, variable, every, dt
        self._look = look
        self._steps: list[int] = []
        self._rows: list[np.ndarray] = []

    def sample(self, step: int) -> None:
        """Take the variable's values in the view after `step` steps, if it is their time."""
        if step % self.every == 0:
            self._steps.append(step)
            self._rows.append(self._look().copy())

    @property
    def length(self) -> int:
        """How much it holds, for `cut`."""
        return len(self._steps)

    def cut(self, length: int) -> None:
        """Forget what came after it held so much."""
        del self._steps[length:], self._rows[length:]

    @property
    def times(self) -> np.ndarray:
        """Times of the samples, s: (n_samples,)."""
        return np.array(self._steps, np.int64) * self._dt

    @property
    def values(self) -> np.ndarray:
        """Samples: (n_samples, n_neurons), or of a connection (n_samples, n_synapses)."""
        return np.array(self._rows).reshape(len(self._rows), len(self.view))


class Sampled:
    """A variable that a recorder wants, sampled at an interval."""

    def __init__(self, network: Any, wanted: Any) -> None:
        self._as = wanted.population, wanted.variable
        self.every = interval(wanted.every, network.dt)
        learning = {q.name: q for q in network.connections}
        if wanted.population in network.populations:
            self._look = looker(network, network.populations[wanted.population], wanted.variable)
            self._ids = ... if wanted.ids is None else np.flatnonzero(weights.chosen(
                check.whole("ids", wanted.ids), len(network.populations[wanted.population]), "ids"))
        elif wanted.population in learning:
            _is_weight(wanted.variable)
            self._look = weights.of_sampling(learning[wanted.population], wanted).now
            self._ids = ...
        else:
            raise check.unknown("population", wanted.population, [*network.populations, *learning])

    def pass_on(self, step: int, recorder: Any) -> None:
        """Hand on the values after `step` steps, if it is their time."""
        if step % self.every == 0:
            recorder.sample(*self._as, step, self._look()[self._ids])


def looker(network: Any, whose: Any, variable: str, *others: str) -> Callable[[], np.ndarray]:
    """What gives a variable of a view, or the weights of a connection, as they are now."""
    if not isinstance(whose, View):
        _is_weight(variable)
        return weights.Weights(whose, np.ones(len(whose.post), np.bool_)).now
    known_variable(whose.population, variable, *others)
    return lambda: network._built().variable(whose, variable)


def _is_weight(variable: str) -> None:
    if variable != weights.VARIABLE:
        raise check.unknown("variable", variable, [weights.VARIABLE])


def check_recorder(recorder: Any, populations: dict[str, Population], dt: float) -> None:
    """Refuse a recorder that counts other steps, or lacks a population, before the run."""
    if recorder is not None and not hasattr(recorder, "append"):
        raise check.must("recorder", "have append(population, steps, ids), as Recorder has",
                         type(recorder).__name__, error=TypeError)
    its_dt = check.number("dt of the recorder", getattr(recorder, "dt", dt))
    if abs(its_dt - dt) > 1e-9 * dt:
        raise check.must("dt of the recorder", f"be that of the network, {dt:g} s", f"{its_dt:g} s")
    its = getattr(recorder, "populations", None)
    if its is None:
        return
    for name, q in populations.items():
        if name not in its or its[name] != len(q):
            raise check.must("populations of the recorder", f"hold {name!r} of {len(q)} neurons",
                             its.get(name, "none"))


def check_position(recorder: Any) -> None:
    """Refuse a recorder of which a snapshot cannot tell where it stands."""
    if recorder is not None and not hasattr(recorder, "position"):
        raise check.must("recorder", "tell its position to be kept in a snapshot, as Recorder does",
                         type(recorder).__name__, error=TypeError)


def known_variable(population: Population, variable: str, *others: str) -> str:
    """`variable`, if it is one of the neurons' state; the message names `others` too."""
    known = population.model.state._fields  # type: ignore[attr-defined]
    if variable not in known:
        raise check.unknown("variable", variable, [*others, *known])
    return variable


def interval(every: float | None, dt: float, argument: str = "every") -> int:
    """An interval, s, in steps; one step if None."""
    steps = 1 if every is None else round(check.number(argument, every) / dt)
    if steps < 1:
        raise check.must(argument, f"be at least dt = {dt:g} s", f"{every:g} s")
    return steps
