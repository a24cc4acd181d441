"""The synapses of a network, read out: what `Network.connect` returns."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.simulate import weights
from eventsnn.simulate.packed import PIECE, Packed
from eventsnn.simulate.population import View
from eventsnn.simulate.projections import Projection


class Listing(NamedTuple):
    """Synapses, one an entry; neurons are numbered within `pre` and `post`."""

    sources: np.ndarray  # (m,) int64
    targets: np.ndarray  # (m,) int64
    weights: np.ndarray  # (m,) float32
    delays: np.ndarray  # (m,) float64, s; whole steps


class Connection:
    """The synapses that one call of `Network.connect` made.

    Their number and their weights are asked of the built network, so asking builds it. Those of a
    procedural projection are made for each question, but for their number.

    Attributes
    ----------
    pre, post : View
        Sources and targets.
    name : str
    plasticity, short_term : PairSTDP, TsodyksMakramParameters or None
        How the synapses change.
    channel : str or None
        Input channel of the targets, where their model has several.
    delay : float or None
        s, whole steps, where all synapses were given one; else see `delays`.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> from eventsnn.simulate import Network
    >>> net = Network(dt=1e-4, seed=1)
    >>> cells = net.population("cells", 4, LIFParameters())
    >>> from scipy import sparse
    >>> chain = net.connect(cells[:3], cells[1:], delay=1e-3,
    ...                     matrix=sparse.diags_array([1.0, 2.0, 3.0]))
    >>> chain.to_scipy().toarray().tolist()
    [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]
    """

    def __init__(self, network: Any, projection: Projection) -> None:
        self._network, self._projection = network, projection
        self.pre: View = projection.pre
        self.post: View = projection.post
        self.name = projection.name
        self.plasticity, self.short_term = projection.plasticity, projection.short_term
        inputs: Any = self.post.population.model.inputs
        self.channel: str | None = None if inputs is None else inputs._fields[projection.channel]
        delay = projection.delay
        self.delay: float | None = delay * network.dt if isinstance(delay, int) else None

    def __len__(self) -> int:
        return self._network._built().count(self._projection)

    def __repr__(self) -> str:
        channel = "" if self.channel is None else f", {self.channel}"
        delay = "own delays" if self.delay is None else f"{self.delay:g} s"
        return f"<connection {self.pre!r} -> {self.post!r}, {delay}{channel}>"

    def of(self, network: Any) -> "Connection":
        """This, if it is one of `network`."""
        if self._network is not network:
            raise check.must("view", "belong to this network", f"one of {self.name!r}")
        return self

    def in_degree(self) -> np.ndarray:
        """Synapses onto each neuron of `post`: (len(post),) int64."""
        packed = self._packed()
        size, first = packed.size, packed.first
        degree = np.zeros(len(packed.rows) * size, np.int64)
        for block in range(len(packed.rows)):
            targets = packed.targets(block)
            for start in range(0, len(targets), PIECE):
                piece = targets[start:start + PIECE]
                degree[block * size:(block + 1) * size] += np.bincount(piece, minlength=size)
        return degree[first:first + len(self.post)]

    def synapses(self, start: int = 0, stop: int | None = None) -> Listing:
        """The synapses onto some of the targets, sorted by target and then by source.

        Takes memory for those alone, so a network with many is read a range of targets at a time.

        Parameters
        ----------
        start, stop : int
            Which targets, numbered within `post`; by default all.

        Returns
        -------
        Listing
            A tuple of arrays ``sources, targets, weights, delays``.
        """
        stop = len(self.post) if stop is None else check.integer(
            "stop", stop, least=0, most=len(self.post))
        start = check.integer("start", start, least=0, most=stop)
        wanted = np.zeros(len(self.post), np.bool_)
        wanted[start:stop] = True
        return self._onto(wanted)

    def _onto(self, wanted: np.ndarray) -> Listing:
        packed = self._packed()
        found = [Listing(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32),
                         np.empty(0))]
        for block, where in packed.onto_each(wanted):
            found.append(Listing(
                np.searchsorted(packed.rows[block], where, "right") - 1,
                packed.targets(block)[where].astype(np.int64) + block * packed.size - packed.first,
                packed.of_each("weight", block, where),
                packed.of_each("delay", block, where) * self._network.dt))
        return Listing(*(np.concatenate(part) for part in zip(*found, strict=True)))

    @property
    def weights(self) -> np.ndarray:
        """Weights in the order of `synapses`: (n_synapses,) float32."""
        return self.synapses().weights

    @property
    def delays(self) -> np.ndarray:
        """Delays, s, whole steps, in the order of `synapses`: (n_synapses,) float64."""
        return self.synapses().delays

    def to_scipy(self, values: str = "weights") -> Any:
        """Weights or delays as a scipy CSR array (len(pre), len(post)); row = source.

        Parameters
        ----------
        values : str
            ``"weights"``, float32, where several synapses of one pair are summed up; or
            ``"delays"``, s, float64.

        Raises
        ------
        ValueError
            If delays are asked for and a pair has several synapses: `synapses` lists them.
        """
        if values not in ("weights", "delays"):
            raise check.unknown("values", values, ("weights", "delays"))
        found = self.synapses()
        made = sparse_array(found.sources, found.targets, getattr(found, values),
                            (len(self.pre), len(self.post))).tocsr()
        if values == "delays" and made.nnz < len(found.sources):
            raise check.must("values", "be 'weights' where a pair has several synapses", "'delays'",
                             "see synapses()")
        return made

    def sampling(self, every: float, targets: Any = None) -> Any:
        """The weights as something for a recorder to record: it goes into its `samplings`.

        Parameters
        ----------
        every : float
            Interval, s, rounded to whole steps.
        targets : (n,) int array, optional
            Record the weights of the synapses onto these, ascending, numbered within `post`; by
            default of all.

        Returns
        -------
        eventsnn.record.Sampling
            Of variable ``"weight"``, with the name of the connection for a population. The file has
            the targets for neurons, and the sources for their elements.

        Examples
        --------
        >>> from eventsnn.neurons import LIFParameters
        >>> from eventsnn.plasticity import PairSTDP
        >>> from eventsnn.simulate import AllToAll, Network
        >>> net = Network(seed=1)
        >>> cells = net.population("cells", 3, LIFParameters())
        >>> learning = net.connect(cells, cells, AllToAll(), weight=0.5, delay=1e-3,
        ...                        plasticity=PairSTDP())
        >>> learning.sampling(0.1, targets=[2])[:3]
        ('weight', 'cells_to_cells', 0.1)
        """
        from eventsnn.record import Sampling

        ids = np.arange(len(self.post)) if targets is None else check.whole("targets", targets)
        chosen = weights.chosen(ids, len(self.post))
        listing = self._onto(chosen)
        counts = np.bincount(listing.targets, minlength=len(self.post))[chosen]
        return Sampling(weights.VARIABLE, self.name, check.number("every", every, above=0.0), ids,
                        pointers=np.concatenate([[0], np.cumsum(counts)]),
                        elements=listing.sources)

    def _packed(self) -> Packed:
        """The synapses; of a network that failed within a step, as far as they came."""
        return self.packed(settled=self._network._whole)

    def packed(self, settled: bool = True) -> Packed:
        """The synapses as they are kept, their weights `settled` or as the last spikes left them.

        For the package's own use.
        """
        simulation = self._network._built()
        if settled and self._projection.plasticity is not None:
            simulation.settle(self._network.step)
        return simulation.packed(self._projection)


def sparse_array(sources: np.ndarray, targets: np.ndarray, values: np.ndarray,
                 shape: tuple[int, int]) -> Any:
    """A scipy COO array, row = source, of what synapses have each."""
    from scipy import sparse

    return sparse.coo_array((values, (sources, targets)), shape=shape)
