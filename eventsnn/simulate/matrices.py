"""Synapses from scipy sparse matrices."""

import dataclasses
from typing import Any

import numpy as np

from eventsnn.connect import listed
from eventsnn.connect.rows import Site
from eventsnn.connect.sparse import check_sparse
from eventsnn.core import check
from eventsnn.simulate.population import View
from eventsnn.simulate.rules import Rule


@dataclasses.dataclass(frozen=True, eq=False)
class Listed(Rule):
    """Synapses that are listed: in CSR, each row sorted by target."""

    indptr: np.ndarray
    indices: np.ndarray
    shape: tuple[int, int]
    multapses: bool

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """See `Rule`."""
        listed.listed(site, self.indptr, self.indices, block_at, rows, targets)

    def place(self, values: np.ndarray, site: Site, block_at: np.ndarray, rows: np.ndarray,
              out: np.ndarray) -> None:
        """Write the value of each entry to `out`, at the place of its synapse."""
        listed.listed_values(site, self.indptr, self.indices, values, block_at, rows, out)

    def describe(self) -> dict[str, Any]:
        """See `Rule`."""
        return {"rule": "matrix", "shape": list(self.shape), "synapses": len(self.indices)}


def checked(name: str, matrix: Any, pre: View, post: View) -> Any:
    """A scipy sparse matrix of real numbers with a row a source and a column a target."""
    return check_sparse(name, matrix, (len(pre), len(post)), "(sources, targets)")


def plain(matrix: Any, scale: float) -> tuple[Listed, np.ndarray]:
    """The synapses of a matrix, entries of one pair summed up, and their weights."""
    from scipy import sparse

    csr = sparse.csr_array(matrix, dtype=np.float64, copy=True)  # the user's stays as it is
    csr.sum_duplicates()
    csr.data *= scale
    check.finite("matrix", csr.data, np.float32)
    return (Listed(csr.indptr, csr.indices, csr.shape, multapses=False),
            csr.data.astype(np.float32))


def with_entries(matrix: Any, scale: Any, steps: np.ndarray
                 ) -> tuple[Listed, np.ndarray, np.ndarray]:
    """The synapses of a matrix whose entries have a delay each: with their weights and delays.

    Entries of one pair and one delay are summed up; of several delays they are several synapses.
    """
    from scipy import sparse

    coo = sparse.coo_array(matrix)
    data = coo.data.astype(np.float64) * scale
    check.finite("matrix", data, np.float32)
    order = np.lexsort((steps, coo.col, coo.row))
    row, col, steps, data = (a[order] for a in (coo.row, coo.col, steps, data))
    new = np.ones(len(row), np.bool_)
    pair = (np.diff(row) != 0) | (np.diff(col) != 0)
    new[1:] = pair | (np.diff(steps) != 0)
    first = np.flatnonzero(new)
    multapses = bool(len(first) > 1 + np.count_nonzero(pair))
    if len(first) < len(row):
        data = np.add.reduceat(data, first)
    check.finite("matrix", data, np.float32)
    indptr = np.zeros(coo.shape[0] + 1, np.int64)
    np.cumsum(np.bincount(row[first], minlength=coo.shape[0]), out=indptr[1:])
    return (Listed(indptr, col[first].astype(np.int64), coo.shape, multapses),
            data.astype(np.float32), steps[first])


def matched(matrix: Any, other: Any) -> np.ndarray:
    """The values of `other`, a matrix of the same entries, in the order of those of `matrix`."""
    from scipy import sparse

    a, b = sparse.coo_array(matrix), sparse.coo_array(other)
    order_a, order_b = (np.lexsort((m.col, m.row)) for m in (a, b))  # stable
    if len(a.data) != len(b.data) or (a.row[order_a] != b.row[order_b]).any() or (
            a.col[order_a] != b.col[order_b]).any():
        raise check.must("delay", "have the entries that matrix has",
                         f"{len(b.data)} entries, not all where the {len(a.data)} are")
    values = np.empty(len(a.data))
    values[order_a] = b.data[order_b]
    return values
