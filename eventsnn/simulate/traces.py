"""What a run keeps in memory, or hands to a recorder: spikes, and variables at an interval."""

from typing import Any

import numpy as np

from eventsnn.core import check
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
    """A variable of a view, sampled; made by `Network.record`."""

    def __init__(self, view: View, variable: str, every: int, dt: float) -> None:
        self.view, self.variable, self.every, self._dt = view, variable, every, dt
        self._steps: list[int] = []
        self._rows: list[np.ndarray] = []

    def sample(self, step: int, values: np.ndarray) -> None:
        """Take the variable's values in the view after `step` steps."""
        self._steps.append(step)
        self._rows.append(values.copy())

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
        """Samples: (n_samples, n_neurons)."""
        return np.array(self._rows).reshape(len(self._rows), len(self.view))


class Sampled:
    """A variable that a recorder wants, sampled at an interval."""

    def __init__(self, network: Any, wanted: Any) -> None:
        if wanted.population not in network.populations:
            raise check.unknown("population", wanted.population, network.populations)
        self._whose = network.populations[wanted.population]
        self._variable = known_variable(self._whose, wanted.variable)
        self._ids = ... if wanted.ids is None else np.asarray(wanted.ids)
        self.every = interval(wanted.every, network.dt)

    def pass_on(self, simulation: Any, step: int, recorder: Any) -> None:
        """Hand on the values after `step` steps, if it is their time."""
        if step % self.every == 0:
            values = getattr(simulation.state(self._whose), self._variable)
            recorder.sample(self._whose.name, self._variable, step, values[self._ids])


def check_recorder(recorder: Any, populations: dict[str, Population], dt: float) -> None:
    """Refuse a recorder that counts other steps, or lacks a population, before the run."""
    its_dt = getattr(recorder, "dt", dt)
    if abs(its_dt - dt) > 1e-9 * dt:
        raise check.must("dt of the recorder", f"be that of the network, {dt:g} s", f"{its_dt:g} s")
    its = getattr(recorder, "populations", None)
    if its is None:
        return
    for name, q in populations.items():
        if name not in its or its[name] != len(q):
            raise check.must("populations of the recorder", f"hold {name!r} of {len(q)} neurons",
                             its.get(name, "none"))


def known_variable(population: Population, variable: str, *others: str) -> str:
    """`variable`, if it is one of the neurons' state; the message names `others` too."""
    known = population.model.state._fields  # type: ignore[attr-defined]
    if variable not in known:
        raise check.unknown("variable", variable, [*others, *known])
    return variable


def interval(every: float | None, dt: float) -> int:
    """A sampling interval, s, in steps; one step if None."""
    steps = 1 if every is None else round(check.number("every", every) / dt)
    if steps < 1:
        raise check.must("every", f"be at least dt = {dt:g} s", f"{every:g} s")
    return steps
