"""Synapses from scipy sparse matrices."""

import dataclasses
from typing import Any

import numpy as np

from eventsnn.connect import listed
from eventsnn.connect.rows import Site
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


def is_sparse(matrix: Any) -> bool:
    """Whether it is a scipy sparse matrix or array."""
    from scipy import sparse

    return sparse.issparse(matrix)


def checked(name: str, matrix: Any, pre: View, post: View) -> Any:
    """A scipy sparse matrix of real numbers with a row a source and a column a target."""
    if not is_sparse(matrix):
        raise check.must(name, "be a scipy sparse matrix", type(matrix).__name__, error=TypeError)
    check.shape(name, matrix.shape, (len(pre), len(post)), "(sources, targets)")
    check.real_array(name, np.empty(0, matrix.dtype))
    _check_indices(name, matrix)
    return matrix


def _check_indices(name: str, matrix: Any) -> None:
    """Refuse places outside the matrix: scipy's compiled code, and ours, trust them."""
    def within(what: str, values: np.ndarray, n: int) -> None:
        if len(values) and not 0 <= values.min() <= values.max() < n:
            raise check.must(name, f"have {what} in 0 ... {n - 1}",
                             values.min() if values.min() < 0 else values.max())

    if matrix.format == "coo":
        if not len(matrix.row) == len(matrix.col) == len(matrix.data):
            raise check.must(name, "have a row and a column for each entry",
                             f"{len(matrix.row)}, {len(matrix.col)} and {len(matrix.data)}")
        within("rows", matrix.row, matrix.shape[0])
        within("columns", matrix.col, matrix.shape[1])
    elif matrix.format in ("csr", "csc", "bsr"):
        height, width = matrix.blocksize if matrix.format == "bsr" else (1, 1)
        shape = matrix.shape[0] // height, matrix.shape[1] // width
        rows, columns = shape[::-1] if matrix.format == "csc" else shape
        indptr, n = matrix.indptr, len(matrix.data)
        if len(indptr) != rows + 1 or indptr[0] != 0 or (np.diff(indptr) < 0).any():
            raise check.must(name, f"have an indptr of {rows + 1} numbers that rise from 0",
                             f"{indptr.tolist()[:9]}")
        if not indptr[-1] <= n == len(matrix.indices):
            raise check.must(name, "have data and indices for all that indptr counts, "
                             f"{indptr[-1]}", f"{n} and {len(matrix.indices)}")
        within("indices", matrix.indices[:indptr[-1]], columns)


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
