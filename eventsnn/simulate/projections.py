"""Synapses between populations: drawn by a rule, or taken from a matrix."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect import cpu
from eventsnn.core import check
from eventsnn.simulate.population import View


class Projection(NamedTuple):
    """Synapses from one view to another, in the form of `eventsnn.connect.cpu`."""

    pre: View
    post: View
    channel: int
    delay: int  # steps
    weight: float  # where all synapses share it
    probability: float | None  # the rule, or None for
    matrix: Any  # scipy CSR (pre, post), its data the weights
    autapses: bool
    number: int  # of the projection in its network: tells its random numbers from others'


class Wiring(NamedTuple):
    """The synapses of a projection, between groups of neurons."""

    rows: np.ndarray  # int64 (n_blocks, n_pre + 1)
    targets: np.ndarray  # uint16
    weights: np.ndarray | None  # float32, or None where all synapses share one weight
    weight: float


def check_matrix(matrix: Any, pre: View, post: View, scale: float) -> Any:
    """A scipy sparse matrix (pre, post) of weights, as canonical CSR with float32 data."""
    from scipy import sparse

    if not sparse.issparse(matrix):
        raise check.must("matrix", "be a scipy sparse matrix", type(matrix).__name__,
                         error=TypeError)
    check.shape("matrix", matrix.shape, (len(pre), len(post)), "(sources, targets)")
    check.real_array("matrix", np.empty(0, matrix.dtype))
    csr = sparse.csr_array(matrix, dtype=np.float64, copy=True)  # the user's stays as it is
    csr.sum_duplicates()
    csr.data *= scale
    check.finite("matrix", csr.data, np.float32)
    return csr


def wire(projection: Projection, pre_start: int, post_start: int, n_post: int,
         seed: np.uint64) -> Wiring:
    """Make the synapses; the groups' neurons are numbered, `n_post` are in the target group."""
    pre, post = projection.pre, projection.post
    first, last = post_start + post.start, post_start + post.stop
    rows = np.zeros((-(-n_post // cpu.BLOCK), len(pre) + 1), np.int64)
    if projection.matrix is not None:
        return _from_matrix(projection.matrix, first, rows, projection.weight)
    p = projection.probability
    assert p is not None
    if p > 0:
        fixed = (seed, projection.number, pre_start + pre.start, first, last)
        with np.errstate(divide="ignore"):
            itself = pre.population is post.population  # else equal numbers are no autapse
            rule = (projection.autapses or not itself, np.log1p(-np.float64(p)))
        cpu.fixed_probability(*fixed, *rule, cpu.BLOCK, rows, None)
        _lengths_to_starts(rows)
        targets = np.empty(int(rows[-1, -1]), np.uint16)
        cpu.fixed_probability(*fixed, *rule, cpu.BLOCK, rows, targets)
    else:
        targets = np.empty(0, np.uint16)
    return Wiring(rows, targets, None, projection.weight)


def _lengths_to_starts(rows: np.ndarray) -> None:
    """From the length of each row to where it starts; the last column closes each block."""
    lengths = rows[:, :-1].copy()
    if lengths.size == 0:
        return
    ends = np.cumsum(lengths.reshape(-1)).reshape(lengths.shape)
    rows[:, :-1] = ends - lengths
    rows[:, -1] = ends[:, -1]


def _from_matrix(csr: Any, post_start: int, rows: np.ndarray, weight: float) -> Wiring:
    targets, weights = np.empty(csr.nnz, np.uint16), np.empty(csr.nnz, np.float32)
    cpu.split_by_block(csr.indptr.astype(np.int64), csr.indices.astype(np.int64),
                       csr.data.astype(np.float32), post_start, cpu.BLOCK, rows, targets, weights)
    if csr.nnz and (weights == weights[0]).all():  # one number in place of one a synapse
        return Wiring(rows, targets, None, float(weights[0]))
    return Wiring(rows, targets, weights, weight)
