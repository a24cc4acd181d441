"""A network as it runs: its groups, the synapses between them, and the step from piece to piece."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.engine import delivery
from eventsnn.simulate import drives, wiring
from eventsnn.simulate.group import Group
from eventsnn.simulate.packed import Packed
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.projections import Projection
from eventsnn.simulate.source import Source
from eventsnn.simulate.traces import Spikes
from eventsnn.simulate.wiring import Wired

_NO_SPIKES = np.empty(0, np.int64), np.empty(0, np.int64)


class Sources:
    """One spike source, in the place of a group that spikes."""

    def __init__(self, source: Source) -> None:
        self.populations, self.starts = [source], {source.name: 0}
        self.n = len(source)


class Between(NamedTuple):
    """Synapses from one group, or a source, to another group."""

    source: Group | Sources
    target: Group
    wired: Wired


class Simulation:
    """The arrays of a network, made from what its `Network` collected."""

    def __init__(self, dt: float, seed: np.uint64, populations: list[Population],
                 sources: list[Source], wanted: list[Projection], driven: list[drives.Drive],
                 constant: list[tuple[View, int, np.ndarray]]) -> None:
        kinds: dict[Any, list[Population]] = {}
        for member in populations:
            kind = type(member.p), type(member.threshold), member.threshold
            kinds.setdefault(kind, []).append(member)
        self.groups: list[Group] = []
        for members in kinds.values():
            self.groups.append(Group(members, dt, seed, sum(g.n for g in self.groups)))
        self._seed = seed
        self._packed: dict[int, tuple[delivery.Synapses, int]] = {}  # by number of the projection
        self._counts: dict[int, int] = {}  # synapses of procedural ones, once they are asked for
        self._of = {name: group for group in self.groups for name in group.starts}
        self.sources = [Sources(source) for source in sources]
        self._sends: dict[str, Group | Sources] = {
            **self._of, **{name: held for held in self.sources for name in held.starts}}
        for view, channel, value in constant:
            group, start = self.place(view)
            group.base[channel, start:start + len(view)] += value.astype(group.base.dtype)

        within: dict[int, list[Projection]] = {id(group): [] for group in self.groups}
        between: list[tuple[Group | Sources, Group, Projection]] = []
        for q in wanted:
            name, target = q.pre.population.name, self._of[q.post.population.name]
            source = self._sends[name]
            if source is target:
                within[id(source)].append(q)
            else:
                between.append((source, target, q))
        own = [self._wired(within[id(group)], group, group) for group in self.groups]
        self.between = [Between(source, target, self._wired([q], source, target))
                        for source, target, q in between]
        longest = max(w.longest for w in [*own, *(b.wired for b in self.between)])
        for group, wired in zip(self.groups, own, strict=True):
            mine = [d for d in driven if self._of[d.post.population.name] is group]
            group.finish(wired, mine, longest,
                         from_outside=any(b.target is group for b in self.between))

    def _wired(self, projections: list[Projection], source: "Group | Sources",
               target: Group) -> Wired:
        """Make synapses from one group, or a source, to a group, and note where they are."""
        wired = wiring.wire(projections, source.starts, target.starts, target.n, self._seed)
        self._packed |= {q.number: (wired.synapses, k) for k, q in enumerate(projections)}
        return wired

    @property
    def synapses(self) -> list[delivery.Synapses]:
        """All synapses that are kept."""
        return [g.synapses for g in self.groups] + [b.wired.synapses for b in self.between]

    def packed(self, q: Projection) -> Packed:
        """A projection's synapses; those of a procedural one are made for this call."""
        source, target = self._sends[q.pre.population.name], self._of[q.post.population.name]
        synapses, k = self._packed[q.number]
        if q.procedural:
            kept = q._replace(procedural=False)
            synapses, k = wiring.wire([kept], source.starts, target.starts, target.n,
                                      self._seed).synapses, 0
        return Packed(synapses, k, self.place(q.post)[1], target.block)

    def count(self, q: Projection) -> int:
        """The number of synapses of a projection."""
        if not q.procedural:
            return len(self.packed(q))
        source, target = self._sends[q.pre.population.name], self._of[q.post.population.name]
        if q.number not in self._counts:
            self._counts[q.number] = wiring.count(q, source.starts, target.starts, target.n,
                                                  self._seed)
        return self._counts[q.number]

    @property
    def longest_piece(self) -> int | None:
        """Most steps to advance at once: what groups send each other must not be late."""
        return min(((b.wired.shortest or 1) + 1 for b in self.between), default=None)

    def deliver_nothing(self) -> None:
        """Compile what delivers spikes between groups."""
        for b in self.between:
            _deliver(b, 0, np.empty(0, np.int64))

    def place(self, view: View) -> tuple[Group, int]:
        """The group of a view, and where in it the view starts."""
        group = self._of[view.population.name]
        return group, group.starts[view.population.name] + view.start

    def state(self, view: View) -> Any:
        """The state of a view: arrays that look into the group's."""
        group, start = self.place(view)
        return type(group.state)(*(a[start:start + len(view)] for a in group.state))

    def advance(self, first: int, n_steps: int, threads: int, spikes_of: list[Spikes],
                recorder: Any) -> tuple[int, int]:
        """Run all groups, hand out their spikes, and return the numbers of spikes and events."""
        n_spikes = n_events = 0
        fired: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for held in self.sources:
            steps, ids = fired[id(held)] = held.populations[0].take(first, n_steps)
            _hand_out(held, steps, ids, spikes_of, None)
        if first == 0:  # what sources send at time 0 may act within this piece
            n_events += self._deliver(-1, fired)
        for group in self.groups:
            done, chunks = 0, []
            while done < n_steps:
                more, steps, ids = group.advance(first + done, n_steps - done, threads)
                chunks.append((steps.copy(), ids.astype(np.int64)))
                done += more
            steps, ids = (np.concatenate(part) for part in zip(*chunks, strict=True))
            fired[id(group)] = steps, ids
            n_spikes += len(ids)
            n_events += int(group.events.sum())
            group.events[:] = 0
            _hand_out(group, steps, ids, spikes_of, recorder)
        # Step by step, so that inputs are added in one order wherever a piece begins.
        for step in range(first, first + n_steps) if self.between else ():
            n_events += self._deliver(step, fired)
        return n_spikes, n_events

    def _deliver(self, step: int, fired: dict[int, tuple[np.ndarray, np.ndarray]]) -> int:
        """Deliver the spikes at the end of a step between groups; -1 is before the first.

        Returns the number of synapses that had one.
        """
        n_events = 0
        for b in self.between:
            steps, ids = fired.get(id(b.source), _NO_SPIKES)
            begin, end = np.searchsorted(steps, [step + 1, step + 2])
            if end > begin:
                n_events += _deliver(b, step, ids[begin:end])
        return n_events


def _deliver(b: Between, step: int, ids: np.ndarray) -> int:
    """Deliver the spikes of one step; returns the number of events."""
    return delivery.deliver(
        np.uint64(b.target.block), np.uint64(step % 2**64), ids[None].astype(np.uint32),
        np.array([[0, len(ids)]], np.int64), *b.wired[:3], b.target.outside)


def _hand_out(group: Group | Sources, steps: np.ndarray, ids: np.ndarray, spikes_of: list[Spikes],
              recorder: Any) -> None:
    for q in group.populations:
        start = group.starts[q.name]
        mine = (ids >= start) & (ids < start + len(q)) if len(group.populations) > 1 else ...
        q_steps, q_ids = steps[mine], ids[mine] - start
        if recorder is not None:
            recorder.append(q.name, q_steps, q_ids)
        for r in spikes_of:
            if r.view.population is q:
                r.append(q_steps, q_ids)
