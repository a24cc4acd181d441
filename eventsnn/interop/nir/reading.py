"""A graph as a model."""

import os
import pathlib
from typing import Any

import numpy as np

from eventsnn import layers
from eventsnn.core import check
from eventsnn.interop.nir import layers as made
from eventsnn.interop.nir import described, nodes
from eventsnn.interop.nir.conventions import FIELDS, package
from eventsnn.interop.nir.layers import Options, naming
from eventsnn.interop.nir.path import Path
from eventsnn.surrogates import prepare


def from_nir(graph: Any, dt: float | None = None, *, threshold: Any = None,
             nearest: bool = False, batch_axes: int = 0) -> layers.SequentialState:
    """A NIR graph as a chain of layers over sequences, (T, ..., shape of a sample).

    `eventsnn.interop.nir.conventions` tells what the nodes become. What cannot be honoured is an
    error: branches and sums, cycles other than a recurrent neuron, steps above a time constant.

    Parameters
    ----------
    graph : nir.NIRGraph or path
        A graph, or a file of one.
    dt : float, optional
        Step, s. By default what `to_nir` wrote to the metadata.
    threshold : surrogate, optional
        From `eventsnn.surrogates`, for nodes that do not tell theirs; by default `SuperSpike()`.
    nearest : bool
        Round delays that are no multiples of `dt`; without, they are refused.
    batch_axes : int
        How many axes of the graph's `Input` and `Output` are none of a sample. NIR knows none, but
        tools of torch write the shape of a batch: 1 reads them.

    Returns
    -------
    SequentialState
        A chain; a graph within the graph is a chain within the chain.

    Raises
    ------
    ValueError, TypeError
        If something cannot be honoured; the message names the node.
    FormatError
        If a file is not one of NIR, or is damaged.
    ImportError
        Without the package `nir`.

    Examples
    --------
    >>> import nir, numpy as np
    >>> lif = nir.LIF(*np.float32([[0.01, 0.02], [2, 1], [0, 0], [1, 1]]))
    >>> from_nir(nir.NIRGraph.from_list(lif), dt=1e-3)[0].p.r
    array([2., 1.])
    """
    nir = package()
    if isinstance(graph, (str, os.PathLike)):
        from eventsnn.interop.nir import files  # it needs h5py, which takes time

        graph = files.read(pathlib.Path(graph))
    if not isinstance(graph, nir.NIRGraph):
        raise check.must("graph", "be a nir.NIRGraph or a path", type(graph).__name__,
                         error=TypeError)
    if dt is None:
        metadata = graph.metadata if isinstance(graph.metadata, dict) else {}
        dt = metadata.get("dt")
    if dt is not None:
        dt = check.number("dt", dt, above=0.0)
    if threshold is not None:
        prepare(threshold, np.dtype(np.float32))
    options = Options(dt, threshold, check.flag("nearest", nearest))
    batch_axes = check.integer("batch_axes", batch_axes, least=0)
    return _chain(graph, options, "", None, batch_axes)[0]


def _chain(graph: Any, options: Options, prefix: str, shape: tuple | None, batch_axes: int = 0
           ) -> tuple[layers.SequentialState, tuple | None]:
    """The chain of a graph, and the shape of its output; `shape` is that of its input."""
    path = Path(graph, prefix)
    made_so_far: list[Any] = []
    for name in path.names:
        node, where = graph.nodes[name], f"{prefix}{name}"
        kind = type(node).__name__
        with naming(where):
            if kind in ("Input", "Output"):
                shape = _agreed(node, kind, shape, batch_axes)
            elif kind == "NIRGraph":
                inner, shape = _chain(node, options, f"{where}.", shape)
                made_so_far.append(inner)
            elif name in path.loops:
                made_so_far += _recurrent(made_so_far, node, graph.nodes[path.loops[name]], shape,
                                          options, _before(path, graph, name))
                shape = (made_so_far[-1].hidden_size,)
            else:
                layer = made.layer_of(node, shape, options)
                shape = _after(layer, node, shape)
                made_so_far.append(layer)
    return layers.SequentialState(*made_so_far), shape


def _agreed(node: Any, kind: str, shape: tuple | None, batch_axes: int) -> tuple | None:
    """The shape that an `Input` or `Output` tells, which is that of what arrives."""
    told = node.input_type["input"] if kind == "Input" else node.output_type["output"]
    if told is None:
        return shape
    told = tuple(int(n) for n in check.whole("shape", told).reshape(-1))
    if len(told) < batch_axes:
        raise check.must("shape", f"have batch_axes = {batch_axes} and those of a sample", told)
    told = told[batch_axes:]
    if any(n < 1 for n in told):
        raise check.must("shape", "be of positive numbers", told)
    if shape is not None:
        check.shape("shape", told, shape, "as what arrives")
    return told


def _after(layer: Any, node: Any, shape: tuple | None) -> tuple | None:
    """The shape of a sample after a layer; None if it is not known."""
    if shape is not None:
        return nodes.shape_after(layer, shape, 0)
    if isinstance(layer, layers.Linear):
        return (layer.out_features,)
    told = node.output_type.get("output") if isinstance(node.output_type, dict) else None
    return None if told is None or type(node).__name__ in FIELDS else tuple(int(n) for n in told)


def _before(path: Path, graph: Any, name: str) -> Any:
    """The node before a recurrent neuron, if it is weights without bias in the same graph."""
    before = graph.nodes[path.names[path.names.index(name) - 1]]
    return before if type(before).__name__ == "Linear" else None


def _recurrent(chain: list[Any], node: Any, loop: Any, shape: tuple | None, options: Options,
               before: Any) -> list[Any]:
    """The layers of a recurrent neuron; weights before it are taken off the chain."""
    weight, bias = made.matrix(loop), made.bias(loop)
    if shape is not None and len(shape) != 1:
        raise check.must("input of a recurrent neuron", "have one axis", f"shape {shape}")
    if shape is not None:
        check.shape("weights of the recurrence", weight.shape, shape * 2)
    shape = weight.shape[:1]
    merged = described.read(node).get("input_weights", True)
    if bias is None and before is not None and merged:
        input_weights = made.matrix(before)
        layer = made.neuron(node, shape, options, weight, input_weights)
        chain.pop()
        return [layer]
    layer = made.neuron(node, shape, options, weight)
    if bias is None:
        return [layer]
    constant = layers.Linear(len(bias), len(bias), bias, weight=layer.input_weights)
    return [constant, layer]
