"""scipy's sparse matrices, in and out."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check


def is_sparse(matrix: Any) -> bool:
    """Whether it is a scipy sparse matrix or array."""
    from scipy import sparse

    return sparse.issparse(matrix)


def check_sparse(name: str, matrix: Any, shape: tuple[int, int], why: str) -> Any:
    """`matrix`, if it is one of real numbers, of that shape, whose entries lie within it."""
    if not is_sparse(matrix):
        raise check.must(name, "be a scipy sparse matrix", type(matrix).__name__, error=TypeError)
    check.shape(name, matrix.shape, shape, why)
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


class Columns(NamedTuple):
    """Where the entries of a matrix (outputs, inputs) are, those of an input side by side."""

    shape: tuple[int, int]
    starts: np.ndarray  # int64 (inputs + 1,)
    rows: np.ndarray  # uint32 (n_entries,), ascending within an input


def to_columns(name: str, matrix: Any, shape: tuple[int, int]) -> tuple[Columns, np.ndarray]:
    """A scipy matrix (outputs, inputs): its entries' places, and their values (n_entries,).

    Entries of one place are summed up; those that are 0 stay. Values of float64 stay, others are
    float32.
    """
    from scipy import sparse

    check_sparse(name, matrix, shape, "(outputs, inputs)")
    dtype = np.float64 if matrix.dtype == np.float64 else np.float32
    csc = sparse.csc_array(matrix, dtype=dtype, copy=True)
    csc.sum_duplicates()
    check.finite(name, csc.data)
    return Columns((int(csc.shape[0]), int(csc.shape[1])), csc.indptr.astype(np.int64),
                   csc.indices.astype(np.uint32)), csc.data


def from_columns(columns: Columns, values: np.ndarray) -> Any:
    """The scipy matrix (outputs, inputs), in CSC."""
    from scipy import sparse

    made = sparse.csc_array((values.copy(), columns.rows.astype(np.int64), columns.starts.copy()),
                            shape=columns.shape)
    made.has_sorted_indices = True
    return made
