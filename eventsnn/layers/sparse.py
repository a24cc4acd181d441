"""Linear maps of sparse weights: only those that are stored are there, and only they learn."""

from typing import Any

import numpy as np

from eventsnn.connect import columns
from eventsnn.connect.sparse import from_columns, to_columns
from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, own_weights
from eventsnn.spikes import Events, to_events


class SparseWeights:
    """Entries of a matrix (outputs, inputs), as an array of values that training changes."""

    def __init__(self, name: str, matrix: Any, shape: tuple[int, int] | None = None) -> None:
        self.places, self.values = to_columns(name, matrix, shape or np.shape(matrix))

    def to_scipy(self) -> Any:
        """The matrix, in CSC."""
        return from_columns(self.places, self.values)

    def as_columns(self, dtype: np.dtype) -> columns.ColumnWeights:
        """What loops take."""
        return columns.ColumnWeights(*self.places[1:], self.values.astype(dtype, copy=False))

    def weighted(self, x: Events, dtype: np.dtype) -> np.ndarray:
        """``x W^T`` (..., outputs)."""
        y = np.zeros((len(x.ends) - 1, self.places.shape[0]), dtype)
        columns.gather(x.ends, x.ids, x.values_as(dtype), self.as_columns(dtype), y)
        return y.reshape(*x.shape[:-1], self.places.shape[0])

    def bar(self, x: Events, y_bar: np.ndarray) -> np.ndarray:
        """Gradient of the values."""
        rows = np.ascontiguousarray(y_bar).reshape(-1, y_bar.shape[-1])
        bar = np.zeros(len(self.values), rows.dtype)
        columns.scatter(x.ends, x.ids, x.values_as(rows.dtype), *self.places[1:], rows, bar)
        return bar

    def back(self, y_bar: np.ndarray) -> np.ndarray:
        """Gradient of the inputs."""
        rows = np.ascontiguousarray(y_bar).reshape(-1, y_bar.shape[-1])
        x_bar = np.empty((len(rows), self.places.shape[1]), rows.dtype)
        columns.back(self.as_columns(rows.dtype), rows, x_bar)
        return x_bar.reshape(*y_bar.shape[:-1], self.places.shape[1])


class SparseLinear(Layer):
    """``y = x W^T + b`` on the last axis, of a sparse matrix.

    Its weight is the array of the matrix's entries (n_entries,), in the order of `to_scipy`; places
    without an entry have no weight, and get none. Work goes with the inputs that are not 0.

    Parameters
    ----------
    matrix : scipy sparse matrix (out_features, in_features)
        Copied; float64 stays, else float32. Entries of one place are summed up.
    bias : bool, None or (out_features,) array
        Whether there is a bias, at first 0 (None: no), or the bias (copied).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> layer = SparseLinear(sparse.csr_array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]))
    >>> layer(np.array([[1.0, 1.0, 1.0], [0.0, 3.0, 0.0]])).tolist()
    [[2.0, 1.0], [6.0, 0.0]]
    >>> layer.weight *= 10
    >>> layer.to_scipy().toarray().tolist()
    [[0.0, 20.0, 0.0], [10.0, 0.0, 0.0]]
    """

    kept_as = {"matrix": "_sparse"}

    def __init__(self, matrix: Any, bias: Any = False) -> None:
        self._sparse = SparseWeights("matrix", matrix)
        self.out_features, self.in_features = self._sparse.places.shape
        self.bias: np.ndarray | None = None
        if bias is not None and not isinstance(bias, (bool, np.bool_)):
            self.bias = own_weights("bias", bias, np.zeros, (self.out_features,), None)
        elif bias:
            self.bias = np.zeros(self.out_features, self.weight.dtype)

    @property
    def weight(self) -> np.ndarray:
        """The entries (n_entries,): changing them in place changes the layer."""
        return self._sparse.values

    @weight.setter
    def weight(self, values: Any) -> None:
        self._sparse.values[...] = values

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def to_scipy(self) -> Any:
        """The matrix (out_features, in_features), in CSC."""
        return self._sparse.to_scipy()

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Map `x` (..., in_features), an array or `Events`, to (..., out_features)."""
        x = x if isinstance(x, Events) else check.real_array("x", x)
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise check.must("x", f"have shape (..., {self.in_features}) to match the matrix",
                             x.shape)
        dtype = check.float_dtype(x, self.weight)
        x = x if isinstance(x, Events) else to_events(x)
        y = self._sparse.weighted(x, dtype)
        if self.bias is not None:
            y += self.bias
        if tape is not None:
            tape.push(self, (x, dtype))
        return y

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        x, dtype = tape.pop(self)
        out_bar = cotangent("out_bar", out_bar, (*x.shape[:-1], self.out_features), dtype)
        weights = {"weight": self._sparse.bar(x, out_bar)}
        if self.bias is not None:
            weights["bias"] = out_bar.reshape(-1, self.out_features).sum(axis=0)
        return Gradients(self._sparse.back(out_bar) if tape.wants_input else None, None, weights)
