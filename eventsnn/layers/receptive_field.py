"""Receptive fields in space: convolutions with Gaussian kernels and their derivatives.

The kernels are those of `eventsnn.connect.gaussian`. What generates them (scales, angles, ratios,
centres) can be trained; the gradient through the kernels is exact.

References
----------
.. [1] Lindeberg, "Normative theory of visual receptive fields", Heliyon 7, e05897 (2021).
.. [2] Pedersen et al., "Translation and scale invariance for event-based object tracking", NICE
   (2023), doi 10.1145/3584954.3584996.
"""

from typing import Any

import numpy as np

from eventsnn.connect import conv, gaussian
from eventsnn.connect.gaussian import GENERATING, POSITIVE
from eventsnn.core import check
from eventsnn.core.device import to
from eventsnn.layers import arguments
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent


_MOST_POINTS, _MOST_DERIVATIONS = 1 << 27, 100  # of all kernels, of one: in a layer from a file


class _SpatialFields(Layer):
    """What the three share: kernels made of generating values, and the convolution with them.

    On a device the convolutions run there. The kernels, a few hundred numbers, are made on the CPU
    and moved there in each call, and their gradients back.
    """

    # Of the three in common; what the constructors take has been multiplied out.
    _ARGUMENTS = ("in_channels", "size", "index", "orders", "aggregate", "domain", "trainable",
                  "log_space", "stride", "padding", "dilation")
    kept_as = {"index": "_index", "orders": "_orders", "stride": "_window.stride",
               "padding": "_window.padding", "dilation": "_window.dilation"}

    def __init__(self, in_channels: int, size: int, values: dict[str, np.ndarray],
                 index: np.ndarray, orders: np.ndarray, aggregate: bool, domain: float,
                 trainable: tuple[str, ...], log_space: bool, stride: Any, padding: Any,
                 dilation: Any) -> None:
        self.in_channels = check.integer("in_channels", in_channels, least=1)
        self.size, self.domain, self.aggregate = size, domain, bool(aggregate)
        if isinstance(trainable, str):
            raise check.must("trainable", "be a tuple of names", repr(trainable), error=TypeError)
        for name in trainable:
            if name not in GENERATING:
                raise check.unknown("trainable", name, GENERATING)
        self.trainable = tuple(trainable)
        self.log_space = bool(log_space)
        self._in_log = tuple(n for n in POSITIVE if log_space and n in self.trainable)
        self._values = {name: np.log(array) if name in self._in_log else np.array(array)
                        for name, array in values.items()}
        self._index, self._orders = np.array(index), np.array(orders)
        self._window = conv.window(check.integer("size", size, least=1), stride, padding, dilation)
        self._fixed: np.ndarray | None = None
        kernels = self._kernels()
        if not self.trainable:
            self._fixed = kernels
        self.out_channels = len(orders) * (1 if self.aggregate else self.in_channels)

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        return *cls._ARGUMENTS, *GENERATING

    def arguments(self) -> dict[str, Any]:
        values = {name: self._generating(name) for name in GENERATING}
        return arguments.kept(self, self._ARGUMENTS) | values

    @classmethod
    def made(cls, **given: Any) -> Any:
        values = {name: check.real_array(name, given.pop(name)) for name in GENERATING}
        index, orders = given["index"], given["orders"]
        size = check.integer("size", given["size"], least=1)
        if not isinstance(index, np.ndarray) or index.shape != (len(orders), len(GENERATING)):
            raise check.must("index", f"have shape (n, {len(GENERATING)})", np.shape(index))
        if len(index) * size**2 > _MOST_POINTS or np.max(orders, initial=0) > _MOST_DERIVATIONS:
            raise check.must("size and orders", "be of kernels that can be made",
                             (size, np.max(orders, initial=0)))
        layer = cls.__new__(cls)
        _SpatialFields.__init__(layer, values=values, **given)
        return layer

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {self._weight_name(name): self._values[name] for name in self.trainable}

    def _weight_name(self, name: str) -> str:
        return f"log_{name}" if name in self._in_log else name

    def _generating(self, name: str) -> np.ndarray:
        values = to(self._values[name], "cpu")
        return np.exp(values) if name in self._in_log else values

    @property
    def rf_parameters(self) -> np.ndarray:
        """The parameters of the kernels, (n, 7): scale, angle, ratio, x, y, dx, dy."""
        return np.column_stack([self._generating(name)[self._index[:, j]]
                                for j, name in enumerate(GENERATING)]
                               + [to(self._orders, "cpu")])

    def _kernels(self) -> np.ndarray:
        """(n, 1, size, size): one input channel at a time."""
        if self._fixed is not None:
            return self._fixed
        return to(gaussian.spatial_receptive_fields(self.rf_parameters, self.size,
                                                    self.domain)[:, None], self.device)

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Convolve images `x` (..., in_channels, H, W).

        Returns
        -------
        (..., out_channels, H', W') array
            Channel i n + k is kernel k on input i, of n kernels; with `aggregate`, channel k is
            kernel k on the sum of all inputs.
        """
        x = check.real_array("x", x)
        if x.ndim < 3 or x.shape[-3] != self.in_channels:
            raise check.must("x", f"have shape (..., {self.in_channels}, H, W)", x.shape)
        dtype, kernels = check.float_dtype(x), self._kernels()
        seen = x.sum(axis=-3, dtype=dtype)[..., None, :, :] if self.aggregate else (
            x.astype(dtype, copy=False)[..., None, :, :])
        out = conv.conv2d(seen, kernels.astype(dtype, copy=False), *self._window[1:])
        if tape is not None:
            tape.push(self, (seen, kernels, x.shape, out.shape))
        return out.reshape(*x.shape[:-3], self.out_channels, *out.shape[-2:])

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        seen, kernels, shape, out_shape = tape.pop(self)
        out_bar = cotangent("out_bar", out_bar,
                            (*shape[:-3], self.out_channels, *out_shape[-2:]), seen.dtype, seen)
        out_bar = out_bar.reshape(out_shape)
        x_bar = None
        if tape.wants_input:
            x_bar = conv.conv2d_input_bar(out_bar, kernels.astype(seen.dtype, copy=False),
                                          shape[-2:], *self._window[1:])
            x_bar = np.broadcast_to(x_bar, shape) if self.aggregate else x_bar.reshape(shape)
        weights = {}
        if self.trainable:
            kernels_bar = conv.conv2d_weight_bar(seen, out_bar, *self._window)
            weights = self._values_bar(to(kernels_bar[:, 0].astype(np.float64), "cpu"))
        return Gradients(x_bar, None, weights)

    def _values_bar(self, kernels_bar: np.ndarray) -> dict[str, np.ndarray]:
        """Gradients of the weights: a value that serves several kernels sums over them."""
        rows_bar = gaussian.spatial_receptive_fields_vjp(self.rf_parameters, self.size, self.domain,
                                                         kernels_bar)
        weights = {}
        for name in self.trainable:
            j = GENERATING.index(name)
            bar = np.zeros(len(self._values[name]))
            np.add.at(bar, self._index[:, j], rows_bar[:, j])
            if name in self._in_log:
                bar *= self._generating(name)
            weights[self._weight_name(name)] = to(bar, self.device)
        return weights


class SpatialReceptiveField2d(_SpatialFields):
    """Convolution with Gaussian kernels and their derivatives.

    Parameters
    ----------
    in_channels : int
        Number of input channels.
    size : int
        Points a side of a kernel.
    rf_parameters : (n, 7) array
        Rows (scale, angle, ratio, x, y, dx, dy), as of `spatial_parameters`; copied.
    aggregate : bool
        Whether each kernel looks at the sum of the input channels (n channels out), or at each
        alone (``in_channels * n`` out).
    domain : float
        The kernels cover -domain to domain in both directions.
    trainable : tuple of str
        Names of columns, of the first five, that appear among the layer's weights; by default all.
    log_space : bool
        Train the logarithms of scales and ratios (weights ``log_scale``, ``log_ratio``), so that
        no update makes them negative.
    stride, padding, dilation : int or pair of ints
        Of the convolution.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.connect.gaussian import spatial_parameters
    >>> layer = SpatialReceptiveField2d(2, 5, spatial_parameters([1.0, 2.0], [0.0], [1.0], 1))
    >>> layer(np.ones((4, 2, 9, 9))).shape, sorted(layer.weights)
    ((4, 6, 5, 5), ['angle', 'log_ratio', 'log_scale', 'x', 'y'])
    """

    def __init__(self, in_channels: int, size: int, rf_parameters: Any, aggregate: bool = True,
                 domain: float = 8.0, *, trainable: tuple[str, ...] = GENERATING,
                 log_space: bool = True, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1) -> None:
        rows = gaussian.check_parameters(rf_parameters, size)
        values = {name: rows[:, j] for j, name in enumerate(GENERATING)}
        index = np.tile(np.arange(len(rows))[:, None], len(GENERATING))
        super().__init__(in_channels, size, values, index, rows[:, len(GENERATING):], aggregate,
                         domain, trainable, log_space, stride, padding, dilation)


class SampledSpatialReceptiveField2d(_SpatialFields):
    """Kernels of all combinations of a few values, which are what is trained.

    A scale is shared by all kernels that it is combined into. The combinations are those of the
    values at the start: training a ratio away from 1, or to it, adds and drops none.

    Parameters
    ----------
    in_channels, size
        As for `SpatialReceptiveField2d`.
    scales, angles, ratios, derivatives, x, y, include_replicas
        As for `spatial_parameters`; copied.
    aggregate, domain, trainable, log_space, stride, padding, dilation
        As for `SpatialReceptiveField2d`; each weight has one entry a value.

    Examples
    --------
    >>> import numpy as np
    >>> layer = SampledSpatialReceptiveField2d(1, 5, [1.0, 2.0], [0.0, 0.7], [0.5], 1)
    >>> layer(np.ones((1, 9, 9))).shape, layer.weights["angle"]
    ((12, 5, 5), array([0. , 0.7]))
    """

    def __init__(self, in_channels: int, size: int, scales: Any, angles: Any, ratios: Any,
                 derivatives: Any, x: Any = (0.0,), y: Any = (0.0,), aggregate: bool = True,
                 domain: float = 8.0, *, include_replicas: bool = False,
                 trainable: tuple[str, ...] = GENERATING, log_space: bool = True, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1) -> None:
        super().__init__(in_channels, size, *gaussian.combinations(
            scales, angles, ratios, derivatives, x, y, include_replicas), aggregate, domain,
            trainable, log_space, stride, padding, dilation)


class ParameterizedSpatialReceptiveField2d(SpatialReceptiveField2d):
    """Kernels that start as all combinations of a few values, and are trained one by one.

    Parameters
    ----------
    in_channels, size, scales, angles, ratios, derivatives, x, y, include_replicas
        As for `SampledSpatialReceptiveField2d`.
    **options
        As for `SpatialReceptiveField2d`.

    Examples
    --------
    >>> layer = ParameterizedSpatialReceptiveField2d(1, 5, [1.0, 2.0], [0.0, 0.7], [0.5], 1)
    >>> layer.weights["angle"].shape
    (12,)
    """

    def __init__(self, in_channels: int, size: int, scales: Any, angles: Any, ratios: Any,
                 derivatives: Any, x: Any = (0.0,), y: Any = (0.0,), *,
                 include_replicas: bool = False, **options: Any) -> None:
        rows = gaussian.spatial_parameters(scales, angles, ratios, derivatives, x, y,
                                           include_replicas)
        super().__init__(in_channels, size, rows, **options)
