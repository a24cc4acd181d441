"""A model as a graph."""

from typing import Any

import numpy as np

from eventsnn import layers
from eventsnn.core import check
from eventsnn.interop.nir import described, nodes
from eventsnn.interop.nir.conventions import package
from eventsnn.layers.recurrent import RecurrentLayer
from eventsnn.layers.spiking import NeuronLayer


def to_nir(model: Any, input_shape: Any = None, *, leading: int = 2, dtype: Any = None) -> Any:
    """A model as a NIR graph, for `nir.write` and other tools.

    `eventsnn.interop.nir.conventions` tells what the nodes mean. `from_nir` makes of the graph a
    chain that runs the same, bit for bit.

    Parameters
    ----------
    model : layer
        A chain, or one layer, of those that NIR has.
    input_shape : tuple of ints, optional
        Of one sample, without time and batch. By default what the first layer says.
    leading : int
        Axes before those of a sample, time and batch: what axes count that `Flatten` numbers from
        the first.
    dtype : float32 or float64, optional
        Of the parameters of neurons, for tools that take one alone. By default float32 where it
        holds them exactly, else float64.

    Returns
    -------
    nir.NIRGraph
        Nodes are called by their position, ``"0"``, ``"1"``, ...; ``"1_recurrent"`` and
        ``"1_input"`` are the weights of a recurrent layer.

    Raises
    ------
    ValueError
        If a layer has no exact image in NIR, or shapes or steps do not fit.
    ImportError
        Without the package `nir`.

    Examples
    --------
    >>> from eventsnn.layers import LIF, Linear, SequentialState
    >>> graph = to_nir(SequentialState(Linear(3, 8, seed=1), LIF()))
    >>> [type(node).__name__ for node in graph.nodes.values()]
    ['Input', 'Affine', 'CubaLIF', 'Output']
    """
    if not isinstance(model, layers.Layer):
        raise check.must("model", "be a layer", type(model).__name__, error=TypeError)
    leading = check.integer("leading", leading, least=0)
    if dtype is not None and np.dtype(dtype) not in (np.float32, np.float64):
        raise check.must("dtype", "be float32 or float64", np.dtype(dtype), error=TypeError)
    package()
    shape = _first_shape(model) if input_shape is None else _given(input_shape)
    if shape is None:
        raise check.must("input_shape", f"be given, since {_leaf(model).name} takes any", "None")
    chain = model if isinstance(model, layers.SequentialState) else layers.SequentialState(model)
    steps = sorted({leaf.dt for leaf in _leaves(chain) if hasattr(leaf, "dt")})
    if len(steps) > 1:
        raise check.must("model", "have one dt", f"{', '.join(f'{dt:g} s' for dt in steps)}")
    graph = _Graph(shape, leading, dtype).chain(chain)
    graph.metadata = {"dt": steps[0]} if steps else {}
    return graph


class _Graph:
    """A graph that grows at its end."""

    def __init__(self, shape: tuple, leading: int, dtype: Any, lifted: bool = False) -> None:
        self.shape, self.leading, self.dtype, self.lifted = shape, leading, dtype, lifted
        self.nodes: dict[str, Any] = {"input": package().Input({"input": np.array(shape)})}
        self.edges: list[tuple[str, str]] = []
        self.end = "input"

    def chain(self, model: Any) -> Any:
        """The graph of a chain."""
        if model.return_hidden:
            raise nodes.refused(model, "NIR has no lists of outputs; return_hidden must be False")
        for position, layer in enumerate(model):
            self.add(str(position), layer)
        self.append("output", package().Output({"output": np.array(self.shape)}))
        return package().NIRGraph(self.nodes, self.edges, type_check=False)

    def append(self, name: str, node: Any) -> None:
        """Add a node behind the last one."""
        self.nodes[name] = node
        self.edges.append((self.end, name))
        self.end = name

    def add(self, name: str, layer: Any) -> None:
        """Add the nodes of a layer."""
        if isinstance(layer, layers.SequentialState):
            inner = _Graph(self.shape, self.leading, self.dtype, self.lifted)
            self.append(name, inner.chain(layer))
            self.shape = inner.shape
        elif isinstance(layer, layers.Lift):
            self._lift(name, layer.layer)
        elif isinstance(layer, layers.Checkpointed):
            self.add(name, layer.layer)
        elif isinstance(layer, layers.LILinearCell):
            self.add(f"{name}_input", layer.linear)
            self.add(name, layer.cell)
        elif isinstance(layer, RecurrentLayer):
            self._recurrent(name, layer)
        else:
            self._single(name, layer)

    def _lift(self, name: str, layer: Any) -> None:
        """Add what is applied to each step: the sequence that a cell makes."""
        if self.lifted:
            raise nodes.refused(layer, "it is lifted twice")
        self.lifted, self.leading = True, self.leading - 1
        self.add(name, layer)
        self.lifted, self.leading = False, self.leading + 1

    def _single(self, name: str, layer: Any) -> None:
        leading = self.leading
        node = nodes.node_of(layer, self.shape, leading, self.dtype)
        self.shape = nodes.shape_after(layer, self.shape, leading)
        self.append(name, self._stepping(layer, node))

    def _stepping(self, layer: Any, node: Any) -> Any:
        """The node of a layer; of a lifted cell, that of its sequence."""
        if self.lifted and isinstance(layer, (layers.Delay, NeuronLayer)):
            if isinstance(layer, layers.Delay) or described.is_sequence(layer):
                raise nodes.refused(layer, "it takes sequences, and is lifted")
            node.metadata[described.KEY]["cell"] = False
        return node

    def _recurrent(self, name: str, layer: Any) -> None:
        nir = package()
        check.shape(f"samples before {layer.name}", self.shape, (layer.input_size,))
        if layer._sparse is not None:
            raise nodes.refused(layer, "NIR's weights are dense, and its recurrent ones are sparse")
        shape = (layer.hidden_size,)
        node = self._stepping(layer, nodes.neuron(layer, shape, self.dtype))
        if not described.is_identity(layer.input_weights):
            self.append(f"{name}_input", nir.Linear(layer.input_weights.copy("C")))
        self.append(name, node)
        self.nodes[f"{name}_recurrent"] = nir.Linear(layer.recurrent_weights.copy("C"))
        self.edges += [(name, f"{name}_recurrent"), (f"{name}_recurrent", name)]
        self.shape = shape


def _leaves(layer: Any) -> Any:
    """The layers in a layer that have none."""
    children = getattr(layer, "children", None) or (
        [layer.linear, layer.cell] if isinstance(layer, layers.LILinearCell) else
        [layer.layer] if isinstance(layer, layers.Checkpointed) else [])
    if not children:
        yield layer
    for child in children:
        yield from _leaves(child)


def _leaf(model: Any) -> Any:
    return next(_leaves(model))


def _first_shape(model: Any) -> tuple | None:
    """The shape of a sample that the first layer asks for, if it does."""
    first = _leaf(model)
    if isinstance(first, layers.Linear):
        return (first.in_features,)
    if isinstance(first, RecurrentLayer):
        return (first.input_size,)
    arrays: dict[Any, str] = {layers.Scale: "scale", layers.Delay: "delay",
                              layers.Threshold: "threshold"}
    values = (first.p if isinstance(first, NeuronLayer)
              else [getattr(first, arrays[type(first)])] if type(first) in arrays else [])
    shape = np.broadcast_shapes(*map(np.shape, values))
    return shape if np.prod(shape) > 1 and 1 not in shape else None


def _given(input_shape: Any) -> tuple:
    if isinstance(input_shape, (int, np.integer)) or not np.iterable(input_shape):
        raise check.must("input_shape", "be a tuple of whole numbers", repr(input_shape),
                         error=TypeError)
    return tuple(check.integer("input_shape", n, least=1) for n in input_shape)
