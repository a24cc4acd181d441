"""All neurons of one model in a network, as the compiled loop takes them."""

from typing import Any

import numpy as np

from eventsnn.connect import blocks
from eventsnn.connect.learning import STATIC
from eventsnn.core import jit
from eventsnn.core.dispatch import MODELS
from eventsnn.core.fields import map_fields
from eventsnn.engine import delivery, firing, network, run
from eventsnn.engine.drives import work_space
from eventsnn.errors import NumericalError
from eventsnn.simulate import drives
from eventsnn.simulate.plastic import Learning
from eventsnn.simulate.population import Population
from eventsnn.simulate.wiring import Wired
from eventsnn.surrogates import is_stochastic, prepare

DTYPE = np.dtype(np.float32)
LONGEST_WINDOW = 64  # steps, where no synapse asks for a shorter one
PARALLEL_WORK = 60_000  # neuron-steps a window; with fewer, threads cost more than they gain
EVENT, RATE = 5, 20.0  # what a synaptic event costs, neuron-steps; and 1/s, a guess of the rate
SPAN = 1 << 16  # inputs of a block that stay in the L2 cache
LARGEST = 2.0**64  # of a state: above it lie numbers whose squares are none of float32
SPIKES = 1 << 20  # least room for the spikes of one call


class Group:
    """Neurons of one model, their state, and the synapses among them."""

    kind_of_learning: type[Learning] = Learning

    def __init__(self, populations: list[Population], dt: float, seed: np.uint64,
                 number: int) -> None:
        self.populations, self.seed = populations, seed
        self.number = np.uint64(number)  # of its first neuron in the network
        self.starts = dict(zip([p.name for p in populations],
                               np.cumsum([0, *map(len, populations)]).tolist(), strict=False))
        self.n = sum(map(len, populations))
        p = map_fields(lambda *values: _merge(values, populations), *(q.p for q in populations))
        self.p = run.layout(p, (self.n,), DTYPE).p
        self.state = map_fields(lambda *values: np.concatenate(values).astype(DTYPE),
                                *(q.state for q in populations))
        threshold = populations[0].threshold
        if is_stochastic(threshold):  # the network's seed has a say in all that is drawn
            threshold = threshold._replace(seed=int(seed) ^ int(threshold.seed))
        self.threshold = prepare(threshold, DTYPE)
        self.dt = DTYPE.type(dt)
        inputs: Any = populations[0].model.inputs
        self._shape = (1 if inputs is None else len(inputs._fields), self.n)
        self.base: np.ndarray | None = None  # constant input

    def add_constant(self, channel: int, neurons: slice, value: np.ndarray) -> None:
        """Add a constant input to some neurons."""
        if self.base is None:
            self.base = np.zeros(self._shape, DTYPE)
        self.base[channel, neurons] += value.astype(DTYPE)

    def finish(self, wired: Wired, outside: Wired | None, driven: list[drives.Drive],
               longest_delay: int) -> None:
        """Take the synapses from within and from outside, and the drives; allocate the rest."""
        self.wired, self.from_outside = wired, outside
        self.drives = drives.pack(driven, self.starts, self.p, self._shape, self.dt)
        self.window = min((wired.shortest or LONGEST_WINDOW) + 1, LONGEST_WINDOW)
        events = len(wired.synapses.targets) * RATE * float(self.dt)  # a step
        self.work = self.window * (self.n + EVENT * events)
        self.block = blocks.size(self.n)
        inputs = min(self.block, self.n) * self._shape[0] * (1 if outside is None else 2)
        self.span = max(1, min(self.window, SPAN // inputs))
        depth = max(longest_delay + 1, self.span)
        self.ring = np.zeros((depth, *self._shape), DTYPE)
        self.outside = None if outside is None else np.zeros_like(self.ring)
        if self.base is not None:
            self.ring[:] = self.base
        self.learning = self._learning()
        self._prepare()

    def _prepare(self) -> None:
        """Allocate what a run writes and forgets."""
        n_blocks = -(-self.n // self.block)
        self.space = work_space(n_blocks)
        most = self.window * min(self.block, self.n)  # spikes of a block in a window
        # Of two windows: of the one that is run, and of the one before, which is delivered.
        self.spikes = np.zeros((2, n_blocks, most), np.uint32)
        self.ends = np.zeros((2, n_blocks, self.window + 1), np.int64)
        self.firing = firing.work_space(self.n, self.block, most, self.window)
        room = max(SPIKES, 2 * self.window * self.n)
        self.steps, self.ids = np.empty(room, np.int64), np.empty(room, np.uint32)
        self.events = np.zeros(n_blocks, np.int64)  # synapses that had a spike

    def _learning(self) -> Learning | None:
        """The memory of what learns onto the group, if something does."""
        wired = self.all_wired
        if not wired[0].rules:
            return None
        made = self.kind_of_learning(
            wired[0].rules, self.n, self.block, sum(len(w.synapses.targets) for w in wired),
            max(w.longest for w in wired), self._most_spikes(), float(self.dt))
        made.wired = [(w.synapses, w.past) for w in wired
                      if w.past is not None and (w.past.learns_by != STATIC).any()]
        return made

    def _call(self, first_step: int, n_steps: int, threads: int) -> tuple:
        parallel = threads > 1 and len(self.events) > 1 and self.work >= PARALLEL_WORK
        return (network.advance_parallel if parallel else network.advance), (
            np.uint64(self.block), np.uint64(self.span), np.uint64(first_step), n_steps,
            self.window, None if self._is_alone else self.ring, self.outside, self.base, self.state,
            self.p, self.dt, self.threshold, *self.drives, self.space, self.seed, self.number,
            *self.wired.kept, *self.learned, self.firing, self.spikes, self.ends, self.events,
            self.steps, self.ids)

    @property
    def _is_alone(self) -> bool:
        """Whether constant input is all that ever reaches it."""
        return (self.outside is None and not len(self.wired.synapses.delay)
                and all(kind is None for kind in self.drives))

    def _most_spikes(self) -> int:
        """Of one neuron in a window, at most."""
        pause = int(np.min(self.p.rho_reset)) if MODELS[type(self.p)].pauses else 0
        return -(-self.window // (pause + 1))

    @property
    def all_wired(self) -> list[Wired]:
        """Synapses from within and, if there are any, from outside."""
        return [self.wired] if self.from_outside is None else [self.wired, self.from_outside]

    @property
    def learned(self) -> tuple:
        """Rules and history, as the loops take them."""
        return (None, None) if self.learning is None else (self.learning.rules,
                                                           self.learning.history)

    def receive(self, first_step: int, window: int, spikes: np.ndarray, ends: np.ndarray) -> None:
        """Deliver spikes of other groups, a list of each, of the steps from `first_step` on."""
        assert self.from_outside is not None
        delivery.deliver(np.uint64(self.block), np.uint64(first_step % 2**64), window, spikes, ends,
                         *self.from_outside.kept, *self.learned, self.outside, self.events)

    def is_compiled(self, threads: int) -> bool:
        """Whether the loop for this group is compiled, in this process or on disk."""
        loop, arguments = self._call(0, 0, threads)
        return jit.is_cached(loop, *arguments)

    def advance(self, first_step: int, n_steps: int,
                threads: int) -> tuple[int, np.ndarray, np.ndarray]:
        """Run up to `n_steps`; return the number done, and the spikes' steps and neurons."""
        if self.learning is not None:
            self.learning.make_room()
        loop, arguments = self._call(first_step, n_steps, threads)
        done, count = loop(*arguments)
        self._check_finite(self.state, first_step, done)
        return done, self.steps[:count], self.ids[:count]

    def bring_weights(self) -> None:
        """Bring weights that changed to where they are looked at."""

    def take_events(self) -> int:
        """How many synapses had a spike since it was last asked for."""
        count = int(self.events.sum())
        self.events[:] = 0
        return count

    def _check_finite(self, state: Any, first_step: int, done: int) -> None:
        for name, values in zip(state._fields, state, strict=True):
            with np.errstate(all="ignore"):
                good = np.abs(values) <= LARGEST  # and NaN is not
            if not good.all():
                bad = int(good.argmin())
                whose, start = next((n, s) for n, s in reversed(self.starts.items()) if s <= bad)
                raise NumericalError(
                    f"{name} of population {whose!r} must stay finite and below {LARGEST:.1e}, got "
                    f"{values[bad]:g} in neuron {bad - start} between {first_step * self.dt:g} s "
                    f"and {(first_step + done) * self.dt:g} s; look for weights that make it run "
                    "away, or halve dt")


def _merge(values: tuple, populations: list[Population]) -> Any:
    """One parameter of several populations: a number where it is one for all."""
    if all(np.ndim(v) == 0 for v in values) and len(set(map(float, values))) == 1:
        return float(values[0])
    return np.concatenate([np.broadcast_to(v, len(q))
                           for v, q in zip(values, populations, strict=True)])
