"""The synapses of a network, read out: what `Network.connect` returns."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.simulate.population import View
from eventsnn.simulate.projections import Projection, Wiring

PIECE = 1 << 22  # synapses looked at in one go


class Connection:
    """The synapses that one call of `Network.connect` made.

    Their number and their weights are asked of the built network, so asking builds it.

    Attributes
    ----------
    pre, post : View
        Sources and targets.
    channel : str or None
        Input channel of the targets, where their model has several.
    delay : float
        s; whole steps.

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
        inputs: Any = self.post.population.model.inputs
        self.channel: str | None = None if inputs is None else inputs._fields[projection.channel]
        self.delay: float = projection.delay * network.dt

    def __len__(self) -> int:
        return len(self._wiring()[0].targets)

    def __repr__(self) -> str:
        channel = "" if self.channel is None else f", {self.channel}"
        return f"<connection {self.pre!r} -> {self.post!r}, {self.delay:g} s{channel}>"

    def in_degree(self) -> np.ndarray:
        """Synapses onto each neuron of `post`: (len(post),) int64."""
        wiring, first, size = self._wiring()
        degree = np.zeros(len(wiring.rows) * size, np.int64)
        for block, row in enumerate(wiring.rows):
            for start in range(row[0], row[-1], PIECE):
                piece = wiring.targets[start:min(start + PIECE, row[-1])]
                degree[block * size:(block + 1) * size] += np.bincount(piece, minlength=size)
        return degree[first:first + len(self.post)]

    def synapses(self, start: int = 0,
                 stop: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The synapses onto some of the targets, sorted by target and then by source.

        Takes memory for those alone, so a network with many is read a range of targets at a time.

        Parameters
        ----------
        start, stop : int
            Which targets, numbered within `post`; by default all.

        Returns
        -------
        sources, targets : (m,) int64 arrays
            Numbered within `pre` and `post`.
        weights : (m,) float32 array
        """
        stop = len(self.post) if stop is None else check.integer(
            "stop", stop, least=0, most=len(self.post))
        start = check.integer("start", start, least=0, most=stop)
        wiring, first, size = self._wiring()
        found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))]
        for block in range((first + start) // size, -(-(first + stop) // size)):
            begin = block * size - first  # the block's first target, numbered within `post`
            found.append(_within(wiring, block, start - begin, stop - begin, begin))
        sources, targets, weights = (np.concatenate(part) for part in zip(*found, strict=True))
        return sources, targets, weights

    def to_scipy(self) -> Any:
        """Weights as a scipy CSR array (len(pre), len(post)), float32; row = source."""
        shape = len(self.pre), len(self.post)
        return sparse_array(*self.synapses(), shape).tocsr()

    def _wiring(self) -> tuple[Wiring, int, int]:
        return self._network._built().wiring(self._projection)


def _within(wiring: Wiring, block: int, start: int, stop: int,
            begin: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Synapses of one block onto its targets `start` to `stop`; `begin` is added to targets."""
    row, places = wiring.rows[block], [np.empty(0, np.int64)]
    for at in range(row[0], row[-1], PIECE):
        piece = wiring.targets[at:min(at + PIECE, row[-1])]
        places.append(at + np.flatnonzero((piece >= start) & (piece < stop)))
    where = np.concatenate(places)
    # They lie source after source, so a stable sort leaves sources in order.
    where = where[np.argsort(wiring.targets[where], kind="stable")]
    weights = (np.full(len(where), wiring.weight, np.float32) if wiring.weights is None
               else wiring.weights[where])
    return (np.searchsorted(row, where, "right") - 1,
            wiring.targets[where].astype(np.int64) + begin, weights)


def sparse_array(sources: np.ndarray, targets: np.ndarray, values: np.ndarray,
                 shape: tuple[int, int]) -> Any:
    """A scipy COO array, row = source, of what synapses have each."""
    from scipy import sparse

    return sparse.coo_array((values, (sources, targets)), shape=shape)
