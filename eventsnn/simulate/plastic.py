"""What plastic synapses keep in memory, as the compiled loop takes it."""

from typing import Any

import numpy as np

from eventsnn.connect import history, learning
from eventsnn.connect.history import History
from eventsnn.connect.learning import STATIC, Sources
from eventsnn.engine.delivery import Synapses
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.simulate.projections import Projection

LEAST, MOST = 8, 32  # spikes of a neuron that wait, at first
SHARE = 8  # ... in about this part of the memory that the synapses take
SPIKE_BYTES = 12


def sources(projections: list[Projection], rules: list[PairSTDP], n_blocks: int, dt: float
            ) -> tuple[Sources | None, TsodyksMakramParameters | None]:
    """The past of the sources of several projections onto a group, before the first spike.

    `rules` is what is learned by in the group. Returned with the parameters of the releases; None
    where nothing is plastic.
    """
    kinds = list({q.short_term: None for q in projections if q.short_term is not None})
    plastic = [q.plasticity is not None or q.short_term is not None for q in projections]
    if not any(plastic):
        return None, None
    sizes = [len(q.pre) if changes else 0 for q, changes in zip(projections, plastic, strict=True)]
    shape = n_blocks, sum(sizes)
    return Sources(
        learns_by=np.array([STATIC if q.plasticity is None else rules.index(q.plasticity)
                            for q in projections], np.int64),
        tires_by=np.array([STATIC if q.short_term is None else kinds.index(q.short_term)
                           for q in projections], np.int64),
        at=np.cumsum([0, *sizes], dtype=np.int64)[:-1],
        last=np.zeros(shape, np.int64), trace=np.zeros(shape, np.float32),
        u=np.zeros(shape, np.float32), x=np.ones(shape, np.float32)), _columns(kinds, dt)


def rules_of(projections: list[Projection]) -> list[PairSTDP]:
    """The rules that projections learn by, each once."""
    return list({q.plasticity: None for q in projections if q.plasticity is not None})


def _columns(rules: list[Any], dt: float) -> Any:
    """Rules as one tuple of arrays, with rates a step; None if there are none."""
    if not rules:
        return None
    columns = {name: np.array([getattr(rule, name) for rule in rules]) for name in rules[0]._fields}
    return type(rules[0])(**{
        name: values if values.dtype == np.bool_ else
        (values * dt if name.startswith("tau_") else values).astype(np.float32)
        for name, values in columns.items()})


class Learning:
    """The spikes of a group's neurons that its plastic synapses have yet to learn from."""

    # `most` spikes of a neuron can come in a window.
    def __init__(self, rules: list[PairSTDP], n: int, block: int, n_synapses: int, longest: int,
                 most: int, dt: float) -> None:
        self.rules: PairSTDP = _columns(rules, dt)
        self.wired: list[tuple[Synapses, Sources]] = []  # what learns
        self._block, self._longest, self._most = np.uint64(block), longest, most
        depth = n_synapses * 6 // (SHARE * SPIKE_BYTES * n)
        depth = 1 << int(np.ceil(np.log2(max(min(depth, MOST), LEAST, 4 * most))))
        self.history = History(
            np.zeros((n, depth), np.int64), np.zeros((len(rules), n, depth), np.float32),
            np.zeros((n, 2), np.int64), np.zeros(1, np.int64), np.array([most]),
            np.zeros(-(-n // block), np.uint8))

    def settle(self, step: int) -> None:
        """Bring all weights up to date; all spikes up to `step` must have been delivered."""
        for synapses, past in self.wired:
            learning.settle(self._block, step, synapses, past, self.rules, self.history)
        self._let_go(history.forget(self.history, step, self._longest))

    def _let_go(self, most: int) -> None:
        """Older spikes were forgotten; a neuron holds `most` at most."""
        self.history.filled[...] = 0
        while 4 * max(most, self._most) > self.history.steps.shape[1]:
            self.grow()

    def tidy(self, step: int) -> None:
        """`settle`, if there is little room left."""
        if self.history.filled.any():
            self.settle(step)

    def make_room(self) -> None:
        """Let one more window's spikes fit, when weights cannot be settled now."""
        if (self.history.filled == history.FULL).any():
            self.grow()

    def grow(self) -> None:
        """Make room for twice as many spikes a neuron."""
        depth, old = self.history.steps.shape[1], self.history
        newest = old.span[:, 1:] - 1  # what lies at each place is the last spike that came there
        number = newest - (newest - np.arange(depth)) % depth
        place = number % (2 * depth)

        def spread(array: np.ndarray) -> np.ndarray:
            made = np.zeros((*array.shape[:-1], 2 * depth), array.dtype)
            np.put_along_axis(made, np.broadcast_to(place, array.shape), array, -1)
            return made

        self.history = old._replace(steps=spread(old.steps), traces=spread(old.traces))
        self.history.filled[:] = np.minimum(self.history.filled, history.HALF)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What changes, by name."""
        return {f"history/{name}": array for name, array in self.history._asdict().items()}

    def put(self, kept: dict[str, np.ndarray]) -> None:
        """Set what changes to what `arrays` was."""
        self.history = History(*(kept[f"history/{name}"].copy() for name in History._fields))
