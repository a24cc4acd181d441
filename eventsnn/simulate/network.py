"""Networks: populations, projections, drives, recordings, and the run."""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.fields import map_fields
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.simulate import describe, drives, places, projections, running
from eventsnn.simulate.connection import Connection
from eventsnn.simulate.cost import Cost
from eventsnn.simulate.driven import Driven
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.projections import Projection
from eventsnn.simulate.resumable import Resumable
from eventsnn.simulate.rules import Rule
from eventsnn.simulate.simulation import Simulation
from eventsnn.simulate.source import Source, source
from eventsnn.simulate.traces import Spikes, Trace, interval, looker
from eventsnn.surrogates import Heaviside


class Network(Driven, Resumable):
    """A network of spiking neurons with delays, simulated with a fixed step.

    Parameters
    ----------
    dt : float
        Step, s.
    seed : int
        Of all that is drawn: connections, parameters and start values, Poisson input, noise, random
        thresholds. The same seed gives the same spikes for any number of threads.
    threads : int
        Most threads to use. A network whose steps are too short to share runs on one.
    device : {"cpu", "cuda"}
        Where to run: the same spikes on both, but for rounding. What a CUDA device holds comes to
        the host when it is asked for.
    delivery : {"ordered", "atomic"}
        How a CUDA device adds up what spikes bring: in the order of the CPU, or, for speed, as it
        comes, so that sums differ by rounding from run to run. Onto a group some of whose synapses
        learn or are procedural it is in order in either case.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> net = Network(dt=1e-4, seed=1)
    >>> cells = net.population("cells", 100, LIFParameters(), refractory=2e-3)
    >>> synapses = net.connect(cells, cells, probability=0.1, weight=0.1, delay=1e-3)
    >>> net.poisson(cells, rate=2000.0, weight=0.5)
    >>> spikes, v = net.record(cells, "spikes"), net.record(cells[:3], "v", every=1e-3)
    >>> net.run(0.1)
    >>> len(spikes.times) > 100, v.values.shape
    (True, (100, 3))
    """

    def __init__(self, dt: float = 1e-4, seed: int = 0, threads: int = 1, device: str = "cpu",
                 delivery: str = "ordered") -> None:
        super().__init__()
        self.dt = check.number("dt", dt, above=0.0)
        self.seed = random.seed(seed)
        self.threads = check.integer("threads", threads, least=1)
        self.device, self.delivery = places.checked(device, delivery)
        self.populations: dict[str, Population] = {}
        self.step = 0  # steps done
        self._whole = True  # whether all groups, records and recorders stand at `step`
        self._projections: list[Projection] = []
        self.sources: dict[str, Source] = {}
        self._drives: list[drives.Drive] = []
        self._constant: list[tuple[View, int, np.ndarray]] = []
        self._records: list[Spikes | Trace] = []
        self._simulation: Simulation | None = None
        self._cost = Cost(0.0, 0.0, 0.0, 0, 0)

    def __repr__(self) -> str:
        held = ", ".join(f"{q.name}: {len(q)}" for q in self.populations.values())
        return f"Network(dt={self.dt:g}, seed={self.seed}, time={self.time:g} s, {{{held}}})"

    @property
    def time(self) -> float:
        """Model time, s."""
        return self.step * self.dt

    @property
    def cost(self) -> Cost:
        """What the network took so far."""
        return self._cost

    @property
    def connections(self) -> list[Connection]:
        """What the calls of `connect` returned, in their order."""
        return [Connection(self, q) for q in self._projections]

    def describe(self) -> dict[str, Any]:
        """What the network is made of, as JSON can hold it: for the `attributes` of a recorder.

        Parameters given neuron by neuron, and weights of matrices, are summed up.
        """
        return describe.network(self.dt, int(self.seed), self.populations, self.sources,
                                self._projections, self._drives, self._constant)

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
            Parameters of the model; each a number, an array (size,), or a distribution of
            `eventsnn.simulate.distributions` such as ``Normal(100.0, 10.0)``.
        refractory : float, optional
            Refractory period, s; rounded to whole steps. It may be an array or a distribution, too.
        initial : dict, optional
            Start values of state variables by name, each a number, an array (size,), or a
            distribution; the other variables start at rest.
        threshold : surrogate
            Matters where it draws at random.

        Returns
        -------
        Population
            To connect, drive and record; ``population[:10]`` is a part of it.

        Notes
        -----
        What is drawn is a function of (seed, number of the population, field, neuron).
        """
        self._open()
        self._new_name(name)
        made = Population(name, size, p, self.dt, refractory, initial, threshold,
                          int(self.seed), len(self.populations))
        self.populations[name] = made
        return made

    def source(self, name: str, size: int | None = None, times: Any = None, ids: Any = None, *,
               recording: Any = None, population: str | None = None) -> Source:
        """Add neurons that only spike, at given times, to connect like any population.

        Give `times` and `ids`, or a `recording`.

        Parameters
        ----------
        name : str
            Name, unique in the network.
        size : int
            Number of neurons; of a recording by default what it says.
        times : (m,) array
            s, from 0 on, in any order; rounded to whole steps.
        ids : (m,) int array
            Neurons, counted from 0. Several spikes of one neuron in one step all count.
        recording : Recording or path
            A recording, in place of times and ids. It is read as the run goes on, so it may be of
            any length, and must stay as it is until then.
        population : str, optional
            Which one, where a recording has several.

        Returns
        -------
        Source
            To connect and to `record` the spikes of in memory. A recorder is not given them: they
            are on record.
        """
        self._open()
        self._new_name(name)
        made = source(name, size, times, ids, recording, population, self.dt)
        self.sources[name] = made
        return made

    def connect(self, pre: View, post: View, rule: Rule | None = None, *, weight: Any = 1.0,
                delay: Any, probability: float | None = None, matrix: Any = None,
                channel: str | None = None, autapses: bool = False,
                procedural: bool = False, plasticity: PairSTDP | None = None,
                short_term: TsodyksMakramParameters | None = None,
                name: str | None = None) -> Connection:
        """Add synapses from `pre` to `post`, by a rule or from a matrix.

        One of `rule`, `probability` and `matrix` is given.

        Parameters
        ----------
        pre, post : Population or a part of one
        rule : rule of eventsnn.simulate
            Such as ``FixedInDegree(100)``.
        weight : float or distribution; of a matrix, float or array
            What a spike adds to the target's input channel; a factor of the matrix. Of a neuron
            with a synaptic current that is a jump of the current; of an IAF neuron, of the
            potential; of a LIFBox neuron a current for one step, which moves the potential by
            ``weight * dt * tau_mem_inv``. An array has one value an entry of the matrix, in the
            order of ``matrix.tocoo()``. Kept in float32.
        delay : float or distribution; of a matrix also array or scipy sparse matrix
            Time from the end of the step of the spike to its effect, s, rounded to whole steps; at
            least one step, and what is drawn below it becomes one step. An array is as for
            `weight`; a matrix has the entries that `matrix` has. Where synapses differ in it, at
            most 65,535 steps.
        probability : float
            Short for ``FixedProbability(probability, autapses)``.
        matrix : scipy sparse matrix (len(pre), len(post))
            Weights; row = source. Several entries of one pair (and delay) are summed up to one
            synapse. Zeros that the matrix stores are synapses.
        channel : str, optional
            Input channel of the target, where its model has several.
        autapses : bool
            Whether `probability` may connect a neuron to itself. Rules say it themselves.
        procedural : bool
            Keep no synapses: draw those of a neuron again whenever it spikes. The network is the
            same, takes no memory a synapse, and is slower. For fixed probability, out-degree and
            total number, and distance.
        plasticity : PairSTDP, optional
            How each weight changes with the spikes of source and target. The delay is taken to be
            dendritic: the target's spikes reach the synapse that much later, the source's at once.
        short_term : TsodyksMakramParameters, optional
            How much of its weight a spike brings, after those before it. `tau_s_inv` is not used:
            the target has the synaptic current.
        name : str, optional
            For recordings; by default made from those of the populations.

        Returns
        -------
        Connection
            To look at the synapses; they are drawn when the network is built.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.

        Examples
        --------
        >>> from eventsnn.neurons import LIFParameters
        >>> from eventsnn.simulate import ClippedNormal, FixedInDegree, Network
        >>> net = Network(dt=1e-4, seed=1)
        >>> cells = net.population("cells", 100, LIFParameters())
        >>> made = net.connect(cells, cells[:50], FixedInDegree(10), weight=0.1,
        ...                    delay=ClippedNormal(1.5e-3, 5e-4, low=1e-4))
        >>> len(made)
        500
        """
        self._open()
        self._mine(pre, "pre")
        self._target(post)
        self._projections.append(projections.make(
            pre, post, rule, weight, delay, probability, matrix, channel, autapses, procedural,
            plasticity, short_term, name, self.dt, len(self._projections), self._names()))
        return Connection(self, self._projections[-1])

    def record(self, view: View | Connection, variable: str, every: float | None = None) -> Any:
        """Keep ``"spikes"``, a state variable or weights in memory.

        Parameters
        ----------
        view : Population or a part of it, or Connection
        variable : str
            ``"spikes"``, or a field of the neuron's state, sampled each `every` s; of a connection
            ``"weight"``, in the order of its `synapses`.
        every : float, optional
            Sampling interval, s, rounded to whole steps; by default one step.

        Returns
        -------
        Spikes or Trace
            With `times` (s) and `ids`, or `times` and `values`; they grow as the network runs.
        """
        made: Spikes | Trace
        if isinstance(view, Connection):
            view = view.of(self)
        else:
            self._mine(view, "view")
        if variable == "spikes" and isinstance(view, View):
            if every is not None:
                raise check.must("every", "be None for spikes", every)
            made = Spikes(view, self.dt)
        else:
            if isinstance(view, View):
                self._target(view, "view")
            made = Trace(view, variable, interval(every, self.dt), self.dt,
                         looker(self, view, variable, "spikes"))
        self._records.append(made)
        return made

    def build(self) -> None:
        """Make the synapses and the arrays of the run; `run` does it if it was not done."""
        self._built()

    def _built(self) -> Simulation:
        if self._simulation is not None:
            return self._simulation
        began = time.perf_counter()
        if not self.populations:
            raise check.must("network", "have a population before it runs", "none")
        self._simulation = Simulation(
            self.dt, self.seed, list(self.populations.values()), list(self.sources.values()),
            self._projections, self._drives, self._constant,
            places.kind_of_group(self.device, self.delivery))
        self._cost = self._cost._replace(build=time.perf_counter() - began)
        return self._simulation

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return sum(self._built().count(q) for q in self._projections)

    @property
    def synapse_bytes(self) -> int:
        """Memory that the synapses take, with their rows; procedural ones take next to none."""
        return sum(s.targets.nbytes + s.weights.nbytes + s.delays.nbytes + s.rows.nbytes
                   for s in self._built().synapses)

    def compile(self, announce: Callable[[str], None] | None = None) -> None:
        """Compile the run's loops, as `run` does; `announce` is told before that takes time."""
        groups = self._built().groups
        began = time.perf_counter()
        if announce and not all(g.is_compiled(self.threads) for g in groups):
            announce("compiling the network's loop for this machine; the next run finds it on disk")
        for group in groups:
            group.advance(self.step, 0, self.threads)
        self._built().deliver_nothing()
        self._cost = self._cost._replace(compile=self._cost.compile + time.perf_counter() - began)

    def run(self, seconds: float, *, recorder: Any = None, progress: bool | None = None,
            checkpoint: str | os.PathLike | None = None, checkpoint_every: float | None = None,
            overwrite: bool = False) -> None:
        """Simulate; any number of times, each going on where the last one ended.

        Parameters
        ----------
        seconds : float
            Model time, s, rounded to whole steps.
        recorder : optional
            Anything with ``append(population, steps, ids)``, for example
            `eventsnn.record.Recorder`. It is given each population's spikes as they come, sorted by
            step and then by neuron. A spike at the end of step `n` has step ``n + 1``, its time is
            ``step * dt``. If it has `samplings`, its ``sample(population, variable, step, values)``
            is given those state variables after each whole number of their intervals.
        progress : bool, optional
            Show a bar on standard error, with the model time, the time of the clock for a second of
            it (real-time factor) and the time left; by default if that is a terminal.
        checkpoint : path, optional
            A file for snapshots, as `save` writes them, with where the recorder stands: one when
            the run is interrupted, by Ctrl-C or SIGTERM, and those that `checkpoint_every` asks
            for. The one before the last is kept, too: of ``snap.h5`` as ``snap.previous.h5``. If
            the run breaks off after one, but for NumericalError, the recorder is suspended: another
            one goes on, ``resume=Network.load("snap.h5").recording``.
        checkpoint_every : float, optional
            Interval between snapshots, s of model time, rounded to whole steps.
        overwrite : bool
            Whether a file that is none of this network's own may be replaced by its snapshots.

        Raises
        ------
        NumericalError
            If a state variable became NaN or infinite; what was recorded until then is kept.
        """
        running.run(self, seconds, recorder, progress,
                    running.snapshots(self, checkpoint, checkpoint_every, overwrite, recorder))

    def state(self, view: View) -> Any:
        """The state of a view now: a copy, as a named tuple of arrays (len(view),)."""
        self._target(view, "view")
        return map_fields(np.copy, self._built().state(view))

    def _open(self) -> None:
        if self._simulation is not None:
            raise check.must("a network", "be complete before it is built or run",
                             "an addition after that", error=RuntimeError)

    def _new_name(self, name: Any) -> None:
        check.new_name("name", name, self._names())

    def _names(self) -> list[str]:
        """Those that are taken: a recording tells by them what is whose."""
        return [*self.populations, *self.sources, *(q.name for q in self._projections)]

    def _mine(self, view: Any, argument: str) -> None:
        if not isinstance(view, View):
            raise check.must(argument, "be a population or a part of one", type(view).__name__,
                             error=TypeError)
        name = view.population.name
        if (self.populations | self.sources).get(name) is not view.population:
            raise check.must(argument, "belong to this network", f"one of {name!r}")

    def _target(self, view: Any, argument: str = "post") -> None:
        self._mine(view, argument)
        if isinstance(view.population, Source):
            raise check.must(argument, "be of neurons that take input", repr(view),
                             "a source only sends")
