"""Networks: populations, projections, drives, recordings, and the run."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from eventsnn.core import check, random
from eventsnn.engine import network as engine
from eventsnn.simulate import drives, projections
from eventsnn.simulate.group import Group, pack
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.projections import Projection, Wiring
from eventsnn.simulate.traces import Spikes, Trace
from eventsnn.surrogates import Heaviside

CHUNK = 1000  # most steps between looks at the state, at the clock and for Ctrl-C


class Cost(NamedTuple):
    """What a network took so far; times in s of the clock."""

    build: float
    compile: float
    run: float
    spikes: int
    synaptic_events: int


class _Between(NamedTuple):
    """Synapses from one group to another."""

    source: Group
    target: Group
    synapses: engine.Synapses
    delay: int


class Network:
    """A network of spiking neurons with delays, simulated with a fixed step.

    Parameters
    ----------
    dt : float
        Step, s.
    seed : int
        Of all that is drawn: connections and Poisson input. The same seed gives the same spikes for
        any number of threads.
    threads : int
        Most threads to use. A network whose steps are too short to share runs on one.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> net = Network(dt=1e-4, seed=1)
    >>> cells = net.population("cells", 100, LIFParameters(), refractory=2e-3)
    >>> net.connect(cells, cells, probability=0.1, weight=0.1, delay=1e-3)
    >>> net.poisson(cells, rate=2000.0, weight=0.5)
    >>> spikes, v = net.record(cells, "spikes"), net.record(cells[:3], "v", every=1e-3)
    >>> net.run(0.1)
    >>> len(spikes.times) > 100, v.values.shape
    (True, (100, 3))
    """

    def __init__(self, dt: float = 1e-4, seed: int = 0, threads: int = 1) -> None:
        self.dt = check.number("dt", dt, above=0.0)
        self.seed = random.seed(seed)
        self.threads = check.integer("threads", threads, least=1)
        self.populations: dict[str, Population] = {}
        self.step = 0  # steps done
        self._projections: list[Projection] = []
        self._poisson: list[drives.Poisson] = []
        self._constant: list[tuple[View, int, np.ndarray]] = []
        self._records: list[Spikes | Trace] = []
        self._groups: list[Group] | None = None
        self._between: list[_Between] = []
        self._cost = Cost(0.0, 0.0, 0.0, 0, 0)

    @property
    def time(self) -> float:
        """Model time, s."""
        return self.step * self.dt

    @property
    def cost(self) -> Cost:
        """What the network took so far."""
        return self._cost

    def population(self, name: str, size: int, p: Any, *, refractory: float | None = None,
                   initial: dict[str, Any] | None = None,
                   threshold: Any = Heaviside()) -> Population:
        """Add neurons.

        Parameters
        ----------
        name : str
            Name, unique in the network.
        size : int
            Number of neurons.
        p : named tuple
            Parameters of the model; each a number or an array (size,).
        refractory : float, optional
            Refractory period, s; rounded to whole steps.
        initial : dict, optional
            Start values of state variables by name, each a number or an array (size,); the other
            variables start at rest.
        threshold : surrogate
            Matters where it draws at random.

        Returns
        -------
        Population
            To connect, drive and record; ``population[:10]`` is a part of it.
        """
        self._open()
        if not isinstance(name, str) or not name:
            raise check.must("name", "be a string that is not empty", repr(name), error=TypeError)
        if name in self.populations:
            raise check.must("name", "be new in the network", repr(name))
        made = Population(name, size, p, self.dt, refractory, initial, threshold)
        self.populations[name] = made
        return made

    def connect(self, pre: View, post: View, *, weight: float = 1.0, delay: float,
                probability: float | None = None, matrix: Any = None, channel: str | None = None,
                autapses: bool = False) -> None:
        """Add synapses from `pre` to `post`: each pair with a probability, or those of a matrix.

        Parameters
        ----------
        weight : float
            What a spike adds to the target's input channel; a factor of the matrix.
        delay : float
            Time from the end of the step of the spike to its effect, s; at least one step, rounded
            to whole steps.
        probability : float
            Of each ordered pair of neurons.
        matrix : scipy sparse matrix (len(pre), len(post))
            Weights; row = source.
        channel : str, optional
            Input channel of the target, where its model has several.
        autapses : bool
            Whether a rule may connect a neuron to itself.
        """
        self._open()
        self._mine(pre, "pre")
        self._mine(post, "post")
        weight = check.number("weight", weight)
        steps = round(check.number("delay", delay) / self.dt)
        if steps < 1:
            raise check.must("delay", f"be at least dt = {self.dt:g} s", f"{delay:g} s")
        if (probability is None) == (matrix is None):
            raise check.must("connect", "be given a probability or a matrix",
                             "neither" if matrix is None else "both", error=TypeError)
        if probability is not None:
            check.number("probability", probability, least=0.0, most=1.0)
        else:
            matrix, weight = projections.check_matrix(matrix, pre, post, weight), 1.0
        self._projections.append(Projection(
            pre, post, post.population.channel(channel), steps, weight, probability, matrix,
            bool(autapses), len(self._projections)))

    def poisson(self, post: View, *, rate: float, weight: float,
                channel: str | None = None) -> None:
        """Drive each neuron of `post` with its own Poisson input of `rate` (1/s) and `weight`."""
        self._open()
        self._mine(post, "post")
        self._poisson.append(
            drives.poisson(post, post.population.channel(channel), rate, weight, self.dt))

    def constant(self, post: View, value: Any, *, channel: str | None = None) -> None:
        """Add `value`, a number or an array (len(post),), to the input of `post` in every step.

        What an input is follows from the model: of a neuron with a synaptic current it is added to
        that current, of one without it is the current.
        """
        self._open()
        self._mine(post, "post")
        value = check.real_array("value", value)
        check.finite("value", value)
        if value.shape not in ((), (len(post),)):
            raise check.must("value", f"have shape () or ({len(post)},)", value.shape)
        self._constant.append((post, post.population.channel(channel), value))

    def record(self, view: View, variable: str, every: float | None = None) -> Any:
        """Keep ``"spikes"`` or a state variable in memory.

        Parameters
        ----------
        view : Population or a part of it
        variable : str
            ``"spikes"``, or a field of the neuron's state, sampled each `every` s.
        every : float, optional
            Sampling interval, s, rounded to whole steps; by default one step.

        Returns
        -------
        Spikes or Trace
            With `times` (s) and `ids`, or `times` and `values`; they grow as the network runs.
        """
        self._mine(view, "view")
        made: Spikes | Trace
        if variable == "spikes":
            if every is not None:
                raise check.must("every", "be None for spikes", every)
            made = Spikes(view, self.dt)
        else:
            known = view.population.model.state._fields  # type: ignore[attr-defined]
            if variable not in known:
                raise check.unknown("variable", variable, ["spikes", *known])
            steps = 1 if every is None else round(check.number("every", every) / self.dt)
            if steps < 1:
                raise check.must("every", f"be at least dt = {self.dt:g} s", f"{every:g} s")
            made = Trace(view, variable, steps, self.dt)
        self._records.append(made)
        return made

    def build(self) -> None:
        """Make the synapses and the arrays of the run; `run` does it if it was not done."""
        if self._groups is not None:
            return
        began = time.perf_counter()
        if not self.populations:
            raise check.must("network", "have a population before it runs", "none")
        kinds: dict[Any, list[Population]] = {}
        for member in self.populations.values():
            kind = type(member.p), type(member.threshold), member.threshold
            kinds.setdefault(kind, []).append(member)
        groups = [Group(members, self.dt, self.seed) for members in kinds.values()]
        of = {name: group for group in groups for name in group.starts}
        for view, channel, value in self._constant:
            group = of[view.population.name]
            start = group.starts[view.population.name] + view.start
            group.base[channel, start:start + len(view)] += value.astype(group.base.dtype)

        within: dict[int, list[tuple[Projection, Wiring]]] = {id(g): [] for g in groups}
        between: list[tuple[Group, Group, Projection, Wiring]] = []
        for q in self._projections:
            source, target = of[q.pre.population.name], of[q.post.population.name]
            wired = projections.wire(q, source.starts[q.pre.population.name],
                                     target.starts[q.post.population.name], target.n, self.seed)
            if source is target:
                within[id(source)].append((q, wired))
            else:
                between.append((source, target, q, wired))
        longest = max((q.delay for q in self._projections), default=1)
        for group in groups:
            mine = [d for d in self._poisson if of[d.post.population.name] is group]
            group.finish(within[id(group)], mine, longest)
        for source, target, q, wired in between:
            source.count_out(q, wired)
            self._between.append(
                _Between(source, target, pack([(q, wired)], source.starts), q.delay))
        self._groups = groups
        self._cost = self._cost._replace(build=time.perf_counter() - began)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return sum(len(s.targets) for s in self._all_synapses())

    @property
    def synapse_bytes(self) -> int:
        """Memory that the synapses take, with their rows."""
        return sum(s.targets.nbytes + s.weights.nbytes + s.rows.nbytes
                   for s in self._all_synapses())

    def _all_synapses(self) -> list[engine.Synapses]:
        self.build()
        assert self._groups is not None
        return [g.synapses for g in self._groups] + [b.synapses for b in self._between]

    def compile(self, announce: Callable[[str], None] | None = None) -> None:
        """Compile the run's loops, as `run` does; `announce` is told before that takes time."""
        self.build()
        assert self._groups is not None
        began = time.perf_counter()
        if announce and not all(g.is_compiled(self.threads) for g in self._groups):
            announce("compiling the network's loop for this machine; the next run finds it on disk")
        for group in self._groups:
            group.advance(self.step, 0, self.threads)
        self._cost = self._cost._replace(compile=self._cost.compile + time.perf_counter() - began)

    def run(self, seconds: float, *, recorder: Any = None, progress: bool | None = None) -> None:
        """Simulate; any number of times, each going on where the last one ended.

        Parameters
        ----------
        seconds : float
            Model time, s, rounded to whole steps.
        recorder : optional
            Anything with ``append(population, steps, ids)``, for example
            `eventsnn.record.Recorder`. It is given each population's spikes as they come, sorted by
            step and then by neuron. A spike at the end of step `n` has step ``n + 1``, its time is
            ``step * dt``.
        progress : bool, optional
            Show a bar on standard error; by default if that is a terminal.

        Raises
        ------
        NumericalError
            If a state variable became NaN or infinite; what was recorded until then is kept.
        """
        last = self.step + round(check.number("seconds", seconds, least=0.0) / self.dt)
        self.compile()
        began = time.perf_counter()
        with tqdm(total=round((last - self.step) * self.dt, 9), unit="s", disable=not progress
                  if progress is not None else None, desc="model time",
                  bar_format="{desc}: {n:.2f}/{total:.2f} s |{bar}| {elapsed}<{remaining}") as bar:
            while self.step < last:
                n_steps = self._chunk(last)
                self._advance(n_steps, recorder)
                bar.update(n_steps * self.dt)
        self._cost = self._cost._replace(run=self._cost.run + time.perf_counter() - began)

    def state(self, view: View) -> Any:
        """The state of a view now: a copy, as a named tuple of arrays (len(view),)."""
        self._mine(view, "view")
        self.build()
        group, start = self._place(view)
        return type(group.state)(*(a[start:start + len(view)].copy() for a in group.state))

    def _chunk(self, last: int) -> int:
        """Steps until something must be looked at."""
        stops = [self.step + CHUNK, last]
        stops += [(self.step // r.every + 1) * r.every for r in self._records
                  if isinstance(r, Trace)]
        stops += [self.step + b.delay + 1 for b in self._between]
        return min(stops) - self.step

    def _advance(self, n_steps: int, recorder: Any) -> None:
        assert self._groups is not None
        first, n_spikes, n_events = self.step, 0, 0
        fired: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for group in self._groups:
            done, chunks = 0, []
            while done < n_steps:
                more, steps, ids = group.advance(first + done, n_steps - done, self.threads)
                chunks.append((steps.copy(), ids.astype(np.int64)))
                done += more
            steps, ids = (np.concatenate(part) for part in zip(*chunks, strict=True))
            fired[id(group)] = steps, ids
            n_spikes += len(ids)
            n_events += int(group.out_degree[ids].sum())
            self._hand_out(group, steps, ids, recorder)
        for b in self._between:
            steps, ids = fired[id(b.source)]
            spikes = np.stack([steps - 1 - first, ids], axis=-1).astype(np.uint32)[None]
            engine.deliver(np.uint64(first), spikes, np.array([len(ids)]), b.synapses,
                           b.target.ring)
        self.step += n_steps
        for r in self._records:
            if isinstance(r, Trace) and self.step % r.every == 0:
                group, start = self._place(r.view.population)
                values = getattr(group.state, r.variable)
                r.sample(self.step, values[start:start + len(r.view.population)])
        self._cost = self._cost._replace(spikes=self._cost.spikes + n_spikes,
                                         synaptic_events=self._cost.synaptic_events + n_events)

    def _hand_out(self, group: Group, steps: np.ndarray, ids: np.ndarray, recorder: Any) -> None:
        for q in group.populations:
            start = group.starts[q.name]
            mine = (ids >= start) & (ids < start + len(q)) if len(group.populations) > 1 else ...
            q_steps, q_ids = steps[mine], ids[mine] - start
            if recorder is not None:
                recorder.append(q.name, q_steps, q_ids)
            for r in self._records:
                if isinstance(r, Spikes) and r.view.population is q:
                    r.append(q_steps, q_ids)

    def _place(self, view: View) -> tuple[Group, int]:
        assert self._groups is not None
        group = next(g for g in self._groups if view.population.name in g.starts)
        return group, group.starts[view.population.name] + view.start

    def _open(self) -> None:
        if self._groups is not None:
            raise check.must("a network", "be complete before it is built or run",
                             "an addition after that", error=RuntimeError)

    def _mine(self, view: Any, argument: str) -> None:
        if not isinstance(view, View):
            raise check.must(argument, "be a population or a part of one", type(view).__name__,
                             error=TypeError)
        if self.populations.get(view.population.name) is not view.population:
            raise check.must(argument, "belong to this network", f"one of {view.population.name!r}")
