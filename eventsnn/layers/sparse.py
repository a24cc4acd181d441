"""Linear maps of sparse weights: only those that are stored are there, and only they learn."""

import math
from typing import Any

import numpy as np

from eventsnn.connect import columns
from eventsnn.connect.sparse import from_columns, to_columns
from eventsnn.core import check
from eventsnn.core.device import contiguous, to
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, own_weights
from eventsnn.spikes import Events, to_events, to_raster


class SparseWeights:
    """Entries of a matrix (outputs, inputs), as an array of values that training changes."""

    def __init__(self, name: str, matrix: Any, shape: tuple[int, int] | None = None) -> None:
        self.places, self.values = to_columns(name, matrix, shape or np.shape(matrix))

        self._two_way: Any = None  # on a device, the places once more: by inputs and by outputs

    def move(self, device: str, moved: dict[int, Any]) -> None:
        """Move the values, and what a device needs to find them, as `Layer.move` does."""
        if id(self.values) not in moved:
            moved[id(self.values)] = self.values, to(self.values, device)
        self.values = moved[id(self.values)][1]
        if device == "cpu":
            self._two_way = None
        elif self._two_way is None:
            from eventsnn.connect.cuda.columns import two_way
            self._two_way = two_way(*self.places)

    def to_scipy(self) -> Any:
        """The matrix, in CSC."""
        return from_columns(self.places, to(self.values, "cpu"))

    def as_columns(self, dtype: np.dtype) -> Any:
        """What loops take: `ColumnWeights`, or `TwoWayWeights` on a device."""
        values = self.values.astype(dtype, copy=False)
        if self._two_way is not None:
            return self._two_way._replace(values=values)
        return columns.ColumnWeights(*self.places[1:], values)

    def arriving(self, x: Any) -> Any:
        """An input, an array or `Events`, as the methods below take it: dense on a device."""
        if self._two_way is not None:
            return to_raster(x) if isinstance(x, Events) else x
        return x if isinstance(x, Events) else to_events(x)

    def weighted(self, x: Any, dtype: np.dtype) -> np.ndarray:
        """``x W^T`` (..., outputs)."""
        if self._two_way is not None:
            from eventsnn.connect.cuda import columns as on_device
            rows = _rows(x.astype(dtype, copy=False))
            y = np.empty_like(rows, shape=(len(rows), self.places.shape[0]))
            on_device.gather(rows, self.as_columns(dtype), y)
            return y.reshape(*x.shape[:-1], self.places.shape[0])
        y = np.zeros((len(x.ends) - 1, self.places.shape[0]), dtype)
        columns.gather(x.ends, x.ids, x.values_as(dtype), self.as_columns(dtype), y)
        return y.reshape(*x.shape[:-1], self.places.shape[0])

    def bar(self, x: Any, y_bar: np.ndarray) -> np.ndarray:
        """Gradient of the values."""
        rows = _rows(contiguous(y_bar))
        if self._two_way is not None:
            from eventsnn.connect.cuda import columns as on_device
            return on_device.scatter(_rows(x.astype(rows.dtype, copy=False)), self._two_way, rows)
        bar = np.zeros(len(self.values), rows.dtype)
        columns.scatter(x.ends, x.ids, x.values_as(rows.dtype), *self.places[1:], rows, bar)
        return bar

    def back(self, y_bar: np.ndarray) -> np.ndarray:
        """Gradient of the inputs."""
        rows = _rows(contiguous(y_bar))
        x_bar = np.empty_like(rows, shape=(len(rows), self.places.shape[1]))
        if self._two_way is not None:
            from eventsnn.connect.cuda import columns as on_device
            on_device.back(self.as_columns(rows.dtype), rows, x_bar)
            return x_bar.reshape(*y_bar.shape[:-1], self.places.shape[1])
        columns.back(self.as_columns(rows.dtype), rows, x_bar)
        return x_bar.reshape(*y_bar.shape[:-1], self.places.shape[1])


def _rows(x: Any) -> Any:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


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
        x = self._sparse.arriving(x)
        y = self._sparse.weighted(x, dtype)
        if self.bias is not None:
            y += self.bias
        if tape is not None:
            tape.push(self, (x, dtype))
        return y

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        x, dtype = tape.pop(self)
        out_bar = cotangent("out_bar", out_bar, (*x.shape[:-1], self.out_features), dtype,
                            self)
        weights = {"weight": self._sparse.bar(x, out_bar)}
        if self.bias is not None:
            weights["bias"] = out_bar.reshape(-1, self.out_features).sum(axis=0)
        return Gradients(self._sparse.back(out_bar) if tape.wants_input else None, None, weights)
