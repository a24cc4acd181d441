"""Linear maps, alone and with a leaky integrator behind them."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.layers.arriving import arriving, product, weight_bar, weighted
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, own_weights, rng
from eventsnn.layers.neurons import LICell
from eventsnn.neurons import LIParameters
from eventsnn.spikes import Events


class Linear(Layer):
    """``y = x W^T + b`` on the last axis; all other axes (time, batch, ...) are kept.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last axis.
    bias : bool, None or (out_features,) array
        Whether there is a bias (None: no), or the bias (copied).
    weight : (out_features, in_features) array, optional
        Copied. By default, like the bias, uniform in ``+-1 / sqrt(in_features)``.
    seed : int, optional
        Of what is drawn.
    dtype : dtype
        Of what is drawn; arrays given keep float64, else become float32.

    Examples
    --------
    >>> import numpy as np
    >>> Linear(3, 2, seed=1)(np.ones((10, 4, 3))).shape
    (10, 4, 2)
    """

    takes_sums = True

    def __init__(self, in_features: int, out_features: int, bias: Any = True, *, weight: Any = None,
                 seed: int | None = None, dtype: Any = np.float32) -> None:
        self.in_features = check.integer("in_features", in_features, least=1)
        self.out_features = check.integer("out_features", out_features, least=1)
        draw, bound = rng(seed), 1 / np.sqrt(in_features)

        def uniform(shape: tuple) -> np.ndarray:
            return draw.uniform(-bound, bound, shape)

        self.weight = own_weights("weight", weight, uniform, (out_features, in_features), dtype)
        self.bias: np.ndarray | None = None
        if bias is not None and not isinstance(bias, (bool, np.bool_)):
            self.bias = own_weights("bias", bias, uniform, (out_features,), dtype)
        elif bias:
            self.bias = own_weights("bias", None, uniform, (out_features,), self.weight.dtype)

    @property
    def event_outputs(self) -> int:
        return self.out_features

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Map `x` (..., in_features), an array or `Events`, to (..., out_features).

        Where few of its elements are not 0, only their weights are looked at. An `x` that
        `np.broadcast_to` made, repeating one input along the first axis, is multiplied once; the
        result repeats likewise.
        """
        x = x if isinstance(x, Events) else check.real_array("x", x)
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise check.must("x", f"have shape (..., {self.in_features}) to match the weight",
                             x.shape)
        dtype = check.float_dtype(x, self.weight)
        repeats = 0
        if not isinstance(x, Events) and x.ndim > 1 and len(x) > 1 and x.strides[0] == 0:
            x, repeats = x[:1], len(x)
        x = arriving(x, self.out_features)
        y = weighted(x, self.weight, dtype)
        if self.bias is not None:
            y += self.bias
        if tape is not None:
            tape.push(self, (x, repeats, dtype))
        return np.broadcast_to(y[0], (repeats, *y.shape[1:])) if repeats else y

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        x, repeats, dtype = tape.pop(self)
        lead = (tape.steps_of(out_bar, repeats), *x.shape[1:-1]) if repeats else x.shape[:-1]
        out_bar = cotangent("out_bar", out_bar, (*lead, self.out_features), dtype, self)
        x_bar = None
        if tape.wants_input:
            x_bar = product(out_bar, self.weight.astype(dtype, copy=False))
        if repeats:
            out_bar = out_bar.sum(axis=0, keepdims=True)
        weights = {"weight": weight_bar(x, out_bar)}
        if self.bias is not None:
            weights["bias"] = out_bar.reshape(-1, self.out_features).sum(axis=0)
        return Gradients(x_bar, None, weights)


class LILinearCell(Layer):
    """A linear map without bias, then leaky integrators: a read-out, one step a call.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of inputs and of integrators.
    p, dt, trainable
        As for `LICell`.
    input_weights : (hidden_size, input_size) array, optional
        Copied. By default normal with standard deviation ``1 / sqrt(input_size)``, as in norse.
    seed, dtype
        As for `Linear`.
    """

    stateful = True
    kept_as = {"input_size": "linear.in_features", "hidden_size": "linear.out_features",
               "p": "cell.p", "dt": "cell.dt", "trainable": "cell.trainable",
               "input_weights": "linear.weight"}

    def __init__(self, input_size: int, hidden_size: int, p: LIParameters | None = None,
                 dt: float = 1e-3, *, input_weights: Any = None, trainable: tuple[str, ...] = (),
                 seed: int | None = None, dtype: Any = np.float32) -> None:
        self.cell = LICell(p, dt=dt, trainable=trainable)
        input_size = check.integer("input_size", input_size, least=1)
        hidden_size = check.integer("hidden_size", hidden_size, least=1)
        weights = own_weights("input_weights", input_weights,
                              lambda shape: rng(seed).standard_normal(shape) / np.sqrt(input_size),
                              (hidden_size, input_size), dtype)
        self.linear = Linear(input_size, hidden_size, bias=False, weight=weights)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"input_weights": self.linear.weight} | self.cell.weights

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """One step: `x` (..., input_size) to potentials (..., hidden_size), and the state."""
        return self.cell(self.linear(x, tape=tape), state, tape=tape)

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        cell = self.cell.backward(out_bar, tape, state_bar)
        linear = self.linear.backward(cell.x, tape)
        weights = {"input_weights": linear.weights["weight"]} | cell.weights
        return Gradients(linear.x, cell.state, weights)
