"""Nodes as layers."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from eventsnn import layers
from eventsnn.core import check
from eventsnn.errors import StabilityWarning
from eventsnn.interop.nir import described, nodes
from eventsnn.interop.nir.conventions import FIELDS, check_step, parameters
from eventsnn.surrogates import SuperSpike


class Options(NamedTuple):
    """What NIR does not say."""

    dt: float | None  # s; None if nobody said
    threshold: Any  # surrogate of nodes that do not tell theirs
    nearest: bool  # whether delays are rounded to steps

    def step(self) -> float:
        """The step, which is needed now."""
        if self.dt is None:
            raise check.must("dt", "be given, since the graph does not tell it", "None",
                             "NIR is in continuous time")
        return self.dt


@contextlib.contextmanager
def naming(path: str) -> Iterator[None]:
    """A block whose refusals say which node they are about."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        text = str(error)
        if not text.startswith(("node ", "dt ")):
            text = f"node {path!r}: {text}"
        raise kind(text) from error


def layer_of(node: Any, shape: tuple | None, options: Options) -> Any:
    """The layer that a node is, on samples of `shape`, if that is known."""
    kind = type(node).__name__
    if kind in FIELDS:
        return neuron(node, shape, options)
    if kind in ("Linear", "Affine"):
        weight = matrix(node)
        return layers.Linear(weight.shape[1], weight.shape[0],
                             _array("bias", node.bias) if kind == "Affine" else False,
                             weight=weight)
    if kind in ("Conv1d", "Conv2d"):
        return _conv(node, shape)
    if kind in ("SumPool2d", "AvgPool2d"):
        return getattr(layers, kind)(*(_sizes(name, getattr(node, name), 2)
                                       for name in ("kernel_size", "stride", "padding")))
    if kind == "Flatten":
        return _flatten(node, shape)
    if kind == "Scale":
        return layers.Scale(_shaped("scale", _array("scale", node.scale), shape))
    if kind == "Delay":
        delay = _shaped("delay", _array("delay", node.delay), shape)
        return layers.Delay(delay, options.step(), nearest=options.nearest)
    if kind == "Threshold":
        surrogate = described.surrogate_of(described.read(node)) or options.threshold
        return layers.Threshold(SuperSpike() if surrogate is None else surrogate,
                                _shaped("threshold", _array("threshold", node.threshold), shape))
    raise check.must("type", f"be one of {', '.join(KINDS)}", kind)


KINDS = sorted([*FIELDS, "Linear", "Affine", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d",
                "Flatten", "Scale", "Delay", "Threshold", "Input", "Output", "NIRGraph"])


def matrix(node: Any) -> np.ndarray:
    """The weight of a `Linear` or an `Affine`."""
    weight = _array("weight", node.weight)
    if weight.ndim != 2 or 0 in weight.shape:
        raise check.must("weight", "have shape (out, in)", weight.shape)
    return weight


def bias(node: Any) -> np.ndarray | None:
    """The bias of an `Affine`, if it does something."""
    if type(node).__name__ != "Affine":
        return None
    value = _array("bias", node.bias)
    check.shape("bias", value.shape, node.weight.shape[:1])
    return value if value.any() else None


def neuron(node: Any, shape: tuple | None, options: Options, recurrent: np.ndarray | None = None,
           input_weights: np.ndarray | None = None) -> Any:
    """The layer of a neuron; with `recurrent` weights, a recurrent one."""
    kind, dt = type(node).__name__, options.step()
    fields = {name: _parameter(name, getattr(node, name), shape) for name in FIELDS[kind]}
    taus = {name: v for name, v in fields.items() if name.startswith("tau")}
    for name, tau in taus.items():
        if tau.size and not tau.min() > 0:
            raise check.must(name, "be positive", f"{tau.min():g} s")
    check_step(dt, taus)
    about = described.read(node)
    p = described.p_of(about, kind, fields, dt)
    known = p is not None
    if not known:
        p = parameters(kind, fields)
    threshold = described.surrogate_of(about) or options.threshold or SuperSpike()
    cell = known and bool(about.get("cell"))
    cls = described.layer_class(type(p), recurrent is not None, cell)
    more = _more(about, p, cell) if known else {}
    sizes: tuple = ()
    if recurrent is not None:
        n = len(recurrent)
        check.shape("weights of the recurrence", recurrent.shape, (n, n))
        if input_weights is None:
            wide = about.get("float64_input") or recurrent.dtype == np.float64
            input_weights = np.eye(n, dtype=np.float64 if wide else np.float32)
        sizes = input_weights.shape[1], n
        autapses = bool(recurrent.diagonal().any()) or bool(known and about.get("autapses"))
        more |= {"recurrent_weights": recurrent, "input_weights": input_weights,
                 "autapses": autapses}
    with warnings.catch_warnings():  # a time constant of one step, rounded to float32
        warnings.simplefilter("ignore", StabilityWarning)
        return cls(*sizes, p, threshold, dt, **more)


def _more(about: dict[str, Any], p: Any, cell: bool) -> dict[str, Any]:
    """Options of a layer that its metadata tell."""
    trainable = about.get("trainable", "")
    more = {"stop_reset": bool(about.get("stop_reset", False)),
            "trainable": tuple(name for name in str(trainable).split(",") if name)}
    return more if cell else more | {"record_states": bool(about.get("record_states", False))}


def _array(name: str, value: Any) -> np.ndarray:
    """Numbers of a node, finite; those of torch too."""
    value = check.real_array(name, value)
    check.finite(name, value)
    return value


def _shaped(name: str, value: np.ndarray, shape: tuple | None) -> np.ndarray:
    """An array of the samples' shape; one number stands for all."""
    if value.size == 1:
        return value.reshape(()) if shape is None or np.prod(shape) != 1 else value.reshape(shape)
    if shape is not None:
        check.shape(name, value.shape, shape, "as its input")
    return value


def _parameter(name: str, value: Any, shape: tuple | None) -> np.ndarray:
    """A parameter of a neuron in a float type; no `v_reset` is 0."""
    if value is None:
        value = np.zeros(())
    value = _array(name, value)
    return _shaped(name, value.astype(check.float_dtype(value) if value.ndim else np.float64,
                                      copy=False), shape)


def _sizes(name: str, value: Any, n: int) -> Any:
    """Sizes of a window: `n` whole numbers, of one that stands for all."""
    value = np.asarray(value)
    if value.dtype.kind not in "iu" or value.size not in (1, n):
        raise check.must(name, f"be {'a whole number' if n == 1 else f'{n} whole numbers'}",
                         value.tolist())
    sizes = np.broadcast_to(value.ravel(), n).tolist()
    return sizes[0] if n == 1 else tuple(sizes)


def _conv(node: Any, shape: tuple | None) -> Any:
    n = 1 if type(node).__name__ == "Conv1d" else 2
    weight = _array("weight", node.weight)
    if weight.ndim != n + 2:
        raise check.must("weight", f"have {n + 2} axes", f"shape {weight.shape}")
    padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
    if not isinstance(padding, str):
        padding = _sizes("padding", padding, n)
    if node.input_shape is not None and shape is not None:
        given = _sizes("input_shape", node.input_shape, n)
        check.shape("input_shape", (given,) if n == 1 else given, shape[1:], "as its input")
    groups = _sizes("groups", node.groups, 1)
    about = described.read(node)
    value = _array("bias", np.zeros(len(weight)) if node.bias is None else node.bias)
    bare = not value.any() and (node.bias is None or about.get("bias") in (False, 0))
    cls = getattr(layers, type(node).__name__)
    kernel_size = weight.shape[2:] if n == 2 else weight.shape[2]
    options = [weight.shape[1] * groups, len(weight), kernel_size, _sizes("stride", node.stride, n),
               padding, _sizes("dilation", node.dilation, n), groups]
    if bare and about.get("layer") == "LConv2d" and n == 2:
        return layers.LConv2d(*options, weight=weight)
    return cls(*options, False if bare else value, weight=weight)


def _flatten(node: Any, shape: tuple | None) -> Any:
    """A `Flatten` that counts from the last axis, whatever comes before a sample."""
    if shape is None:
        raise check.must("input_type", "be known", "None")
    axes = []
    for name in ("start_dim", "end_dim"):
        axis = _sizes(name, getattr(node, name), 1)
        if not -len(shape) <= axis < len(shape):
            raise check.must(name, f"be an axis of samples of shape {shape}", axis)
        axes.append(axis % len(shape) - len(shape))
    nodes.shape_after(layer := layers.Flatten(*axes), shape, 0)
    return layer
