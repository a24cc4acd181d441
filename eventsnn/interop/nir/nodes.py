"""Layers as nodes."""

import math
from typing import Any

import numpy as np

from eventsnn import layers
from eventsnn.core import check
from eventsnn.interop.nir import described
from eventsnn.interop.nir.conventions import (
    KEY, NODES, check_step, image, package, parameters,
)
from eventsnn.layers.conv import Conv2d
from eventsnn.layers.spiking import NeuronLayer
from eventsnn.surrogates import is_stochastic

# Why some layers are no nodes.
REASONS: dict[Any, str] = {
    layers.Dropout: "it draws at random; leave it out",
    layers.MaxPool2d: "NIR has sums and means alone",
    layers.SparseLinear: "NIR's weights are dense; take Linear with weight=to_scipy().toarray()",
    layers.RecurrentSequential: "recurrent here are neurons with weights; take LIFRecurrent",
}


def refused(layer: Any, reason: str = "") -> ValueError:
    """The exception of a layer that no node is."""
    reason = reason or REASONS.get(type(layer), "NIR has no node for what it computes")
    return check.must("model", "be of layers that NIR has", layer.name, reason)


def node_of(layer: Any, shape: tuple, leading: int, dtype: Any) -> Any:
    """The node that a layer is on samples of `shape`."""
    nir = package()
    if isinstance(layer, NeuronLayer):
        return neuron(layer, shape, dtype)
    kind = type(layer)
    if kind is layers.Linear:
        if layer.bias is None:
            return nir.Linear(weight=layer.weight.copy("C"))
        return nir.Affine(weight=layer.weight.copy("C"), bias=layer.bias.copy())
    if kind in (layers.Conv1d, layers.Conv2d, layers.LConv2d):
        return _conv(layer, shape)
    if kind in (layers.SumPool2d, layers.AvgPool2d):
        node = getattr(nir, kind.__name__)(*map(np.array, layer.window[:3]))
        return typed(node, shape, shape_after(layer, shape, leading))
    if kind is layers.Flatten:
        first, last = _flattened(layer, shape, leading)
        return nir.Flatten({"input": np.array(shape)}, first,
                           layer.end_dim if layer.end_dim < 0 else last)
    if kind is layers.Scale:
        return nir.Scale(scale=_full("scale", layer.scale, shape))
    if kind is layers.Delay:
        delay = layer.steps * layer.dt if layer.nearest else layer.delay
        return nir.Delay(delay=_narrowed(_full("delay", delay, shape), dtype))
    if kind is layers.Threshold:
        if is_stochastic(layer.surrogate):
            raise refused(layer, "it draws at random")
        node = nir.Threshold(threshold=_narrowed(_full("threshold", layer.threshold, shape), dtype))
        node.metadata = {KEY: {"surrogate": described.surrogate(layer.surrogate)}}
        return node
    raise refused(layer)


def shape_after(layer: Any, shape: tuple, leading: int) -> tuple:
    """The shape of a sample after a layer, without running it."""
    if isinstance(layer, layers.Linear):
        if len(shape) != 1:
            raise check.must("Linear", "follow samples of one axis in NIR", f"shape {shape}")
        check.shape("samples before Linear", shape, (layer.in_features,))
        return (layer.out_features,)
    if isinstance(layer, Conv2d):
        flat = isinstance(layer, layers.Conv1d)
        if len(shape) != 3 - flat or shape[0] != layer.in_channels:
            raise check.must(f"samples before {layer.name}",
                             f"have shape ({layer.in_channels}, {'N' if flat else 'H, W'})", shape)
        size = (1, shape[1]) if flat else shape[1:]
        out = layer.out_size(size)
        return (layer.out_channels, *(out[1:] if flat else out))
    if isinstance(layer, (layers.SumPool2d, layers.AvgPool2d)):
        if len(shape) != 3:
            raise check.must(f"samples before {layer.name}", "have shape (C, H, W)", shape)
        return (shape[0], *layer.window.out_size(shape))
    if isinstance(layer, layers.Flatten):
        first, last = _flattened(layer, shape, leading)
        return (*shape[:first], math.prod(shape[first:last + 1]), *shape[last + 1:])
    return shape


def typed(node: Any, shape: tuple, out: tuple) -> Any:
    """A node with the types that NIR cannot infer, or infers wrong for groups and long kernels."""
    node.input_type = {"input": np.array(shape)}
    node.output_type = {"output": np.array(out)}
    return node


def neuron(layer: Any, shape: tuple, dtype: Any) -> Any:
    """The node of neurons, without their weights."""
    if type(layer.p) not in NODES or type(layer) is not described.layer_class(
            type(layer.p), layer.recurrent, not described.is_sequence(layer)):
        raise refused(layer, "NIR has no node for its equations")
    if is_stochastic(layer.threshold):
        raise refused(layer, f"its threshold {layer.threshold} draws at random")
    if np.any(getattr(layer.p, "reset_subtract", 0)):
        raise refused(layer, "NIR resets to a value, and does not subtract")
    kind = NODES[type(layer.p)]
    fields = {name: _full(f"{name} of {layer.name}", v, shape)
              for name, v in image(layer.p, layer.dt).items()}
    check_step(layer.dt, {name: v for name, v in fields.items() if name.startswith("tau")})
    narrow = {name: v.astype(np.float32) for name, v in fields.items()}
    if dtype is None:  # float32 where it says as much
        exact, rounded = parameters(kind, fields), parameters(kind, narrow)
        dtype = np.float32 if all(np.array_equal(getattr(exact, name), getattr(rounded, name))
                                  for name in layer.p._fields if hasattr(exact, name)) \
            else np.float64
    node = getattr(package(), kind)(**{name: v.astype(dtype) for name, v in fields.items()})
    node.metadata = described.of_neuron(layer)
    return node


def _full(name: str, value: Any, shape: tuple) -> np.ndarray:
    """An array of the layer's shape, as NIR's nodes have them."""
    try:
        return np.array(np.broadcast_to(value, shape))
    except ValueError:
        raise check.must(name, f"have the shape {shape} of the samples", np.shape(value)) from None


def _narrowed(value: np.ndarray, dtype: Any) -> np.ndarray:
    """float32 where it says as much, unless a dtype is asked for."""
    if dtype is not None:
        return value.astype(dtype)
    narrow = value.astype(np.float32)
    return narrow if np.array_equal(narrow, value) else value


def _conv(layer: Any, shape: tuple) -> Any:
    nir, flat, out = package(), isinstance(layer, layers.Conv1d), shape_after(layer, shape, 0)
    stride, padding, dilation = layer.window[1:]
    if isinstance(layer.padding, str):
        padding = layer.padding
    weight = np.array(layer.weight.reshape(layer.kernels))
    if flat:
        node = nir.Conv1d(
            input_shape=shape[1], weight=weight[:, :, 0], stride=stride[1], dilation=dilation[1],
            padding=padding if isinstance(padding, str) else padding[1], groups=layer.groups,
            bias=_bias(layer))
    else:
        node = nir.Conv2d(input_shape=shape[1:], weight=weight, stride=stride, padding=padding,
                          dilation=dilation, groups=layer.groups, bias=_bias(layer))
    if layer.bias is None:
        node.metadata = {KEY: {"layer": layer.name, "bias": False}}
    return typed(node, shape, out)


def _bias(layer: Any) -> np.ndarray:
    if layer.bias is None:
        return np.zeros(layer.out_channels, layer.weight.dtype)
    return layer.bias.copy()


def _flattened(layer: Any, shape: tuple, leading: int) -> tuple[int, int]:
    """The axes of a sample that `Flatten` joins, the first and the last."""
    n = len(shape) + leading
    axes = []
    for name in ("start_dim", "end_dim"):
        given = getattr(layer, name)
        if not leading <= given % n or not -n <= given < n:
            raise check.must(f"{name} of Flatten", f"be an axis of the samples of shape {shape}, "
                             f"behind {leading} axes of time and batch", given,
                             "leading= says how many there are")
        axes.append(given % n - leading)
    if axes[0] > axes[1]:
        raise check.must("start_dim of Flatten", "not come after its end_dim", layer.start_dim)
    return axes[0], axes[1]
