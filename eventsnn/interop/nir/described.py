"""What a node's metadata say of the layer it was: written here, and read here."""

from typing import Any

import numpy as np

from eventsnn import layers, surrogates
from eventsnn.interop.nir.conventions import KEY, NODES, image
from eventsnn.layers.recurrent import RecurrentLayer
from eventsnn.layers.spiking import NeuronLayer, Sequence

SURROGATES = {cls.__name__: cls for cls in (
    surrogates.Heaviside, surrogates.EventAdjoint, surrogates.SuperSpike, surrogates.HeaviErfc,
    surrogates.HeaviTanh, surrogates.Triangle, surrogates.HeaviCirc)}


def surrogate(th: Any) -> dict[str, Any]:
    """A surrogate as metadata."""
    return {"type": type(th).__name__} | {name: float(v) for name, v in th._asdict().items()}


def of_neuron(layer: NeuronLayer) -> dict[str, Any]:
    """The metadata of a neuron's node."""
    about = {
        "layer": family(type(layer.p)), "cell": not is_sequence(layer),
        "surrogate": surrogate(layer.threshold), "stop_reset": layer.stop_reset,
        "trainable": ",".join(layer.trainable),
        "p": {name: value if np.ndim(value) else float(value)
              for name, value in layer.p._asdict().items()},
    }
    if hasattr(layer, "record_states"):
        about["record_states"] = layer.record_states
    if isinstance(layer, RecurrentLayer):
        about["autapses"] = layer.autapses
        about["input_weights"] = not is_identity(layer.input_weights)
        about["float64_input"] = layer.input_weights.dtype == np.float64
    return {KEY: about}


def is_sequence(layer: Any) -> bool:
    """Whether a neuron's layer takes whole sequences."""
    return isinstance(layer, (Sequence, layers.RecurrentSequence))


def is_identity(weights: np.ndarray) -> bool:
    """Whether weights change nothing."""
    return np.array_equal(weights, np.eye(*weights.shape)) and len(set(weights.shape)) == 1


def family(parameters: type) -> str:
    """What the layers of a neuron are called."""
    return parameters.__name__.removesuffix("Parameters")


def layer_class(parameters: type, recurrent: bool, cell: bool) -> Any:
    """One of the four layers of a neuron."""
    name = family(parameters) + "Recurrent" * recurrent + "Cell" * cell
    return getattr(layers, name)


def read(node: Any) -> dict[str, Any]:
    """Our metadata of a node; empty if there are none."""
    metadata = node.metadata if isinstance(node.metadata, dict) else {}
    about = metadata.get(KEY)
    return about if isinstance(about, dict) else {}


def p_of(about: dict[str, Any], kind: str, fields: dict[str, np.ndarray], dt: float) -> Any:
    """The parameters that metadata describe, if a node's fields are their image; else None."""
    parameters: Any = next((cls for cls in NODES if family(cls) == about.get("layer")), None)
    values = about.get("p")
    if parameters is None or not isinstance(values, dict) or set(values) != set(parameters._fields):
        return None
    p = parameters(**{name: np.asarray(v, np.float64)[()] for name, v in values.items()})
    if NODES[parameters] != kind:
        return None
    with np.errstate(all="ignore"):  # rates of 0 are the image of no node
        expected = image(p, dt)
    for name, value in fields.items():
        try:
            given = np.broadcast_to(expected[name].astype(value.dtype), value.shape)
        except ValueError:
            return None
        if not np.array_equal(value, given):
            return None
    return p


def surrogate_of(about: dict[str, Any]) -> Any:
    """The surrogate that metadata describe; None if they do not."""
    described = about.get("surrogate")
    if not isinstance(described, dict) or described.get("type") not in SURROGATES:
        return None
    values = {name: float(v) for name, v in described.items() if name != "type"}
    cls = SURROGATES[described["type"]]
    return cls(**values) if set(values) == set(cls._fields) else None
