"""Edges in memory: the synapses from one population to another, as arrays."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.interop.sonata.nodes import NOTHING, array_of
from eventsnn.simulate.connection import sparse_array


class Edges(NamedTuple):
    """The edges from one population to another; two of one pair are two edges."""

    source: str  # name of the population that they start in
    target: str  # and of that which they end in
    shape: tuple[int, int]  # nodes in these populations
    sources: Any  # (m,) int64, nodes from 0 on
    targets: Any  # (m,) int64
    weights: Any = None  # (m,) floats, or one for all, or None where there are none
    delays: Any = None  # s, likewise
    attributes: Mapping[str, Any] = NOTHING  # by name (m,) numbers or strings, or one for all

    @classmethod
    def from_scipy(cls, source: str, target: str, weights: Any, delays: Any = None) -> "Edges":
        """Edges of scipy sparse matrices.

        Parameters
        ----------
        source, target : str
            Populations.
        weights : scipy sparse matrix (n_sources, n_targets)
            Row = source. Entries that are 0 are edges too, and so is each of several in one place.
        delays : float or scipy sparse matrix, optional
            s; a matrix has entries where `weights` has them.

        Examples
        --------
        >>> from scipy import sparse
        >>> edges = Edges.from_scipy("a", "b", sparse.csr_array([[0.0, 2.0], [3.0, 0.0]]), 1e-3)
        >>> edges.sources, edges.targets, edges.weights
        (array([1, 0]), array([0, 1]), array([3., 2.]))
        """
        sources, targets, values = _entries("weights", weights)
        given = delays
        if hasattr(delays, "tocoo"):
            check.shape("delays", delays.shape, weights.shape, "to match the weights")
            delay_sources, delay_targets, given = _entries("delays", delays)
            if not (np.array_equal(delay_sources, sources)
                    and np.array_equal(delay_targets, targets)):
                raise check.must("delays", "have entries where weights has them", "others")
        return cls(source, target, tuple(weights.shape), sources, targets, values, given)

    def to_scipy(self) -> tuple[Any, Any]:
        """Weights and delays (s) as scipy COO arrays of shape `shape`, row = source.

        Edges of one pair are entries of their own; ``tocsr()`` adds them up. None where there are
        no weights or no delays.
        """
        first, second = (
            None if values is None else sparse_array(
                self.sources, self.targets, np.broadcast_to(values, np.shape(self.sources)),
                self.shape) for values in (self.weights, self.delays))
        return first, second


def _entries(argument: str, matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries of a matrix sorted by column and then row; those of one place keep their order."""
    if not hasattr(matrix, "tocoo"):
        raise check.must(argument, "be a scipy sparse matrix", type(matrix).__name__,
                         error=TypeError)
    coo = matrix.tocoo()
    order = np.lexsort((coo.row, coo.col))
    return (coo.row[order].astype(np.int64), coo.col[order].astype(np.int64), coo.data[order])


def checked_edges(name: str, edges: Any) -> Edges:
    """`edges`, all of whose values are arrays (m,); weights are floats."""
    if not isinstance(edges, Edges):
        raise check.must(f"populations[{name!r}]", "be Edges", type(edges).__name__,
                         error=TypeError)
    shape = tuple(check.integer(f"shape of {name!r}", size, least=0) for size in edges.shape)
    ends = []
    for which, nodes, n in (("sources", edges.sources, shape[0]),
                            ("targets", edges.targets, shape[1])):
        nodes = check.real_array(f"{which} of {name!r}", nodes)
        if nodes.ndim != 1 or nodes.dtype.kind == "f" and nodes.size:
            raise check.must(f"{which} of {name!r}", "be a list of whole numbers",
                             f"shape {nodes.shape}, dtype {nodes.dtype}")
        if nodes.size and (nodes.min() < 0 or nodes.max() >= n):
            raise check.must(f"{which} of {name!r}", f"lie in 0 ... {n - 1}",
                             f"{nodes.min()} ... {nodes.max()}")
        ends.append(nodes.astype(np.int64, copy=False))
    check.shape(f"targets of {name!r}", ends[1].shape, ends[0].shape, "to match the sources")
    m = len(ends[0])
    weights, delays = (
        None if values is None else array_of(f"{which} of {name!r}", values, m, strings=False)
        for which, values in (("weights", edges.weights), ("delays", edges.delays)))
    if weights is not None:
        weights = weights.astype(weights.dtype if weights.dtype.kind == "f" else np.float64,
                                 copy=False)
        check.finite(f"weights of {name!r}", weights)
    if delays is not None:
        delays = delays.astype(np.float64, copy=False)
        check.finite(f"delays of {name!r}", delays)
        if delays.size and delays.min() < 0:
            raise check.must(f"delays of {name!r}", "be at least 0 s", f"{delays.min():g} s")
    return Edges(edges.source, edges.target, (shape[0], shape[1]), ends[0], ends[1], weights,
                 delays, {key: array_of(f"{key} of {name!r}", values, m)
                          for key, values in edges.attributes.items()})
