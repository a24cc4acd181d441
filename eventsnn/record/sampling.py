"""Which variables to record, of which neurons, at what interval."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.record.names import name_of_population, name_of_variable


class Sampling(NamedTuple):
    """A variable to record of a population.

    Parameters
    ----------
    variable : str
        Its name; that of the neuron's state, in a run of `eventsnn.simulate.Network`.
    population : str
        Whose it is. Of synapses: the name of their projection.
    every : float
        Interval, s, rounded to whole steps.
    ids : (n,) int array, optional
        Neurons, ascending; all by default. Of synapses: their targets.
    units : str
        Of the values, for those who read the file.
    pointers : (n + 1,) int array, optional
        Where the values of each neuron start within a sample, and where the last ones end: for
        variables of which a neuron has several, as it has synapses. By default it has one.
    elements : (k,) int array, optional
        What each value belongs to within its neuron: of synapses, their sources. 0 by default.
    """

    variable: str
    population: str
    every: float
    ids: Any = None
    units: str = "1"
    pointers: Any = None
    elements: Any = None


class Axis(NamedTuple):
    """What the values of a sample are of, checked."""

    ids: np.ndarray  # (n,) uint64
    pointers: np.ndarray  # (n + 1,) uint64
    elements: np.ndarray  # (k,) uint32
    every: int  # steps
    units: str

    @property
    def columns(self) -> np.ndarray:
        """The neuron of each value: (k,) int64 array."""
        counts: np.ndarray = np.diff(self.pointers.astype(np.int64))
        return np.repeat(self.ids.astype(np.int64), counts)

    @property
    def n_values(self) -> int:
        """Values of a sample."""
        return len(self.elements)


def axes(samplings: Iterable[Sampling], populations: Mapping[str, int], dt: float
         ) -> dict[str, dict[str, Axis]]:
    """What is recorded of each variable and population."""
    found: dict[str, dict[str, Axis]] = {}
    for one in samplings:
        if not isinstance(one, Sampling):
            raise check.must("samplings", "be a list of Sampling", repr(one), error=TypeError)
        of_variable = found.setdefault(name_of_variable(one.variable), {})
        if one.population in of_variable:
            raise check.must("samplings", "name each variable of a population once",
                             f"{one.variable!r} of {one.population!r} twice")
        of_variable[name_of_population(one.population)] = _axis(one, populations, dt)
    return found


def _axis(one: Sampling, populations: Mapping[str, int], dt: float) -> Axis:
    every = round(check.number("every", one.every, above=0.0) / dt)
    if every < 1:
        raise check.must("every", f"be at least dt = {dt:g} s", f"{one.every:g} s")
    if not isinstance(one.units, str) or len(one.units) > 100:
        raise check.must("units", "be a string of at most 100 letters", repr(one.units),
                         error=TypeError)
    size = populations.get(one.population)
    if one.ids is None:
        if size is None:
            raise check.unknown("population", one.population, populations)
        ids = np.arange(size)
    else:
        ids = check.whole("ids", one.ids)
        if ids.size and ids.min() < 0 or (np.diff(ids) <= 0).any():
            raise check.must("ids", "ascend from 0 on, each once", ids.tolist()[:5])
        if size is not None and ids.size and ids[-1] >= size:
            raise check.must("ids", f"lie in 0 ... {size - 1}, the neurons of {one.population!r}",
                             ids[-1])
    if not ids.size:
        raise check.must("ids", "name at least one neuron", "none")
    pointers = (np.arange(ids.size + 1) if one.pointers is None
                else check.whole("pointers", one.pointers))
    check.shape("pointers", pointers.shape, (ids.size + 1,), "one more than ids")
    if pointers[0] != 0 or (np.diff(pointers) < 0).any():
        raise check.must("pointers", "rise from 0", pointers.tolist()[:5])
    n = int(pointers[-1])
    elements = np.zeros(n, np.int64) if one.elements is None \
        else check.whole("elements", one.elements)
    check.shape("elements", elements.shape, (n,), "to match pointers")
    if n and (elements.min() < 0 or elements.max() >= 2**32):
        raise check.must("elements", "lie in 0 ... 2**32 - 1",
                         f"{elements.min()} ... {elements.max()}")
    return Axis(ids.astype(np.uint64), pointers.astype(np.uint64), elements.astype(np.uint32),
                every, one.units)
