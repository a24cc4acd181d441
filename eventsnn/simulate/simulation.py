"""A network as it runs: its groups, the synapses between them, and the step from piece to piece."""

from typing import Any

import numba
import numpy as np

from eventsnn.connect import blocks
from eventsnn.core import device
from eventsnn.core.fields import map_fields
from eventsnn.engine import delivery
from eventsnn.simulate import drives, plastic, wiring
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


class Simulation:
    """The arrays of a network, made from what its `Network` collected."""

    def __init__(self, dt: float, seed: np.uint64, populations: list[Population],
                 sources: list[Source], wanted: list[Projection], driven: list[drives.Drive],
                 constant: list[tuple[View, int, np.ndarray]],
                 kind_of_group: type[Group] = Group) -> None:
        kinds: dict[Any, list[Population]] = {}
        for member in populations:
            kind = type(member.p), type(member.threshold), member.threshold
            kinds.setdefault(kind, []).append(member)
        self.groups: list[Group] = []
        for members in kinds.values():
            self.groups.append(kind_of_group(members, dt, seed, sum(g.n for g in self.groups)))
        self._seed = seed
        self._packed: dict[int, tuple[delivery.Synapses, int]] = {}  # by number of the projection
        self._counts: dict[int, int] = {}  # synapses of procedural ones, once they are asked for
        self._of: dict[str, Group] = {name: group for group in self.groups for name in group.starts}
        self.sources = [Sources(source) for source in sources]
        self._sends: dict[str, Group | Sources] = {
            **self._of, **{name: held for held in self.sources for name in held.starts}}
        for view, channel, value in constant:
            group, start = self.place(view)
            group.add_constant(channel, slice(start, start + len(view)), value)

        self.senders: list[Group | Sources] = [*self.groups, *self.sources]
        self._starts = {name: start for held in self.senders
                        for name, start in held.starts.items()}
        wired = [self._wired(group, wanted, dt) for group in self.groups]
        longest = max(w.longest for both in wired for w in both if w is not None)
        self.shortest_between = min((outside.shortest or 1 for _, outside in wired
                                     if outside is not None), default=None)
        for group, (own, outside) in zip(self.groups, wired, strict=True):
            mine = [d for d in driven if self._of[d.post.population.name] is group]
            group.finish(own, outside, mine, longest)

    def _wired(self, group: Group, wanted: list[Projection], dt: float
               ) -> tuple[Wired, Wired | None]:
        """Make the synapses onto a group, from within and from outside, and note where they are."""
        onto = [q for q in wanted if self._of[q.post.population.name] is group]
        rules, made = plastic.rules_of(onto), []
        n_blocks = -(-group.n // blocks.size(group.n))
        own = [q for q in onto if self._sends[q.pre.population.name] is group]
        others = [q for q in onto if self._sends[q.pre.population.name] is not group]
        # A group's own spikes lie in a list for each block; those of others in one for each.
        lists = {id(held): (k, k + 1) for k, held in enumerate(self.senders)} | {
            id(group): (0, n_blocks)}
        senders = {name: lists[id(held)] for name, held in self._sends.items()}
        for several in (own, others):
            wired = wiring.wire(several, self._starts, senders, group.n, self._seed, rules, dt)
            self._packed |= {q.number: (wired.synapses, k) for k, q in enumerate(several)}
            made.append(wired)
        return made[0], made[1] if others else None

    @property
    def synapses(self) -> list[delivery.Synapses]:
        """All synapses that are kept."""
        return [w.synapses for g in self.groups for w in g.all_wired]

    def packed(self, q: Projection) -> Packed:
        """A projection's synapses; those of a procedural one are made for this call."""
        target = self._of[q.post.population.name]
        if q.plasticity is not None:
            target.bring_weights()
        synapses, k = self._packed[q.number]
        if q.procedural:
            kept, nobody = q._replace(procedural=False), {q.pre.population.name: (0, 0)}
            synapses, k = wiring.wire([kept], self._starts, nobody, target.n,
                                      self._seed).synapses, 0
        return Packed(synapses, k, self.place(q.post)[1], target.block)

    def count(self, q: Projection) -> int:
        """The number of synapses of a projection."""
        if not q.procedural:
            return len(self.packed(q))
        target = self._of[q.post.population.name]
        if q.number not in self._counts:
            self._counts[q.number] = wiring.count(q, self._starts, target.n, self._seed)
        return self._counts[q.number]

    @property
    def longest_piece(self) -> int | None:
        """Most steps to advance at once: what groups send each other must not be late."""
        return None if self.shortest_between is None else self.shortest_between + 1

    def deliver_nothing(self) -> None:
        """Compile what delivers spikes between groups, and what settles weights."""
        self._receive(0, 0, {})
        for group in self.groups:
            if group.learning is not None:
                group.learning.settle(int(group.learning.history.settled[0]))

    def settle(self, step: int) -> None:
        """Bring the weights of plastic synapses up to date, after `step` steps."""
        for group in self.groups:
            if group.learning is not None:
                group.learning.settle(step)

    def place(self, view: View) -> tuple[Group, int]:
        """The group of a view, and where in it the view starts."""
        group = self._of[view.population.name]
        return group, group.starts[view.population.name] + view.start

    def state(self, view: View) -> Any:
        """The state of a view: arrays that look into the group's; copies of those of a device."""
        group, start = self.place(view)
        return device.to(map_fields(lambda a: a[start:start + len(view)], group.state), "cpu")

    def variable(self, view: View, name: str) -> np.ndarray:
        """One variable of `state`."""
        group, start = self.place(view)
        return device.to(getattr(group.state, name)[start:start + len(view)], "cpu")

    def advance(self, first: int, n_steps: int, threads: int, spikes_of: list[Spikes],
                recorder: Any) -> tuple[int, int]:
        """Run all groups, hand out their spikes, and return the numbers of spikes and events."""
        before = numba.get_num_threads()
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))  # type: ignore
        try:
            return self._advance(first, n_steps, threads, spikes_of, recorder)
        finally:
            numba.set_num_threads(before)  # the user's other code may want more

    def _advance(self, first: int, n_steps: int, threads: int, spikes_of: list[Spikes],
                 recorder: Any) -> tuple[int, int]:
        n_spikes = n_events = 0
        fired: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for held in self.sources:
            steps, ids = fired[id(held)] = held.populations[0].take(first, n_steps)
            _hand_out(held, steps, ids, spikes_of, None)
        if first == 0:  # what sources send at time 0 may act within this piece
            self._receive(-1, 1, fired)
        for group in self.groups:
            done, chunks = 0, []
            heard = self._is_heard(group, spikes_of, recorder)
            while done < n_steps:
                more, steps, ids = group.advance(first + done, n_steps - done, threads)
                n_spikes += len(ids)
                if heard:
                    chunks.append((steps.copy(), ids.astype(np.int64)))
                done += more
            if heard:
                steps, ids = chunks[0] if len(chunks) == 1 else (
                    np.concatenate(part) for part in zip(*chunks, strict=True))
                fired[id(group)] = steps, ids
                _hand_out(group, steps, ids, spikes_of, recorder)
        self._receive(first, n_steps, fired)
        for group in self.groups:
            n_events += group.take_events()
            if group.learning is not None:
                group.learning.tidy(first + n_steps)
        return n_spikes, n_events

    def _is_heard(self, group: Group, spikes_of: list[Spikes], recorder: Any) -> bool:
        """Whether the spikes of a group are of use outside of it: to others, or to who records."""
        return (recorder is not None or any(g.from_outside is not None for g in self.groups)
                or any(r.view.population.name in group.starts for r in spikes_of))

    def _receive(self, first: int, n_steps: int,
                 fired: dict[int, tuple[np.ndarray, np.ndarray]]) -> None:
        """Deliver spikes between groups: those at the ends of the steps from `first` on.

        Step -1 is before the first.
        """
        receivers = [group for group in self.groups if group.from_outside is not None]
        if not receivers:
            return
        lists = [fired.get(id(held), _NO_SPIKES) for held in self.senders]
        spikes = np.zeros((len(lists), max(len(ids) for _, ids in lists)), np.uint32)
        ends = np.zeros((len(lists), n_steps + 1), np.int64)
        for k, (steps, ids) in enumerate(lists):
            spikes[k, :len(ids)] = ids
            ends[k] = np.searchsorted(steps, np.arange(first + 1, first + n_steps + 2))
        for group in receivers:
            group.receive(first, n_steps, spikes, ends)


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
