"""Weights and neuron parameters of norse's models, as arrays by norse's names, into our layers."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.layers import (
    ExpFilter, Iterated, Layer, Lift, LILinearCell, RecurrentSequential, SequentialState,
)
from eventsnn.layers.recurrent import RecurrentLayer
from eventsnn.layers.spiking import NeuronLayer

# Parts of norse's names that ours do not have: those of what is in a Lift, a RecurrentSequential or
# an ExpFilter, and of parameters within parameters.
_LEFT_OUT = {"lifted_module", "module", "linear", "p", "lif", "lif_adex"}


def load_norse(arrays: Mapping[str, Any], layer: Layer, *, prefix: str = "") -> None:
    """Copy the weights of a norse model into a layer, or a chain of the same structure.

    Nothing changes unless everything fits. Layers without weights count as positions of a chain, as
    in norse; whether a layer is lifted makes no difference.

    Parameters
    ----------
    arrays : mapping of str to arrays
        A ``state_dict()`` as NumPy arrays, by norse's names: ``0.weight``,
        ``2.lifted_module.weight``, ``4.0.recurrent_weights``. All weights of the layer must be
        there. Parameters of neurons, which are in no ``state_dict()``, may be: ``1.tau_mem_inv``,
        ``3.lif.tau_mem_inv``, ``3.rho_reset``. float64 stays, all else becomes float32.
    layer : layer
        Gets new arrays for its weights, and new parameters for those given.
    prefix : str
        Look at the names that start with it alone, and leave it off: ``"encoder."`` for the
        attribute `encoder` of a model that is a class.

    Raises
    ------
    ValueError, TypeError
        If names, shapes or values do not fit.

    Examples
    --------
    >>> from eventsnn.layers import LIF, Linear
    >>> net = SequentialState(Linear(3, 2), LIF())
    >>> load_norse({"0.weight": np.ones((2, 3)), "0.bias": np.zeros(2),
    ...             "1.tau_mem_inv": 50.0}, net)
    >>> net.weights["0.weight"].dtype, net[1].p.tau_mem_inv
    (dtype('float64'), 50.0)
    """
    if not isinstance(arrays, Mapping):
        raise check.must("arrays", "map names to arrays", type(arrays).__name__, error=TypeError)
    if not isinstance(layer, Layer):
        raise check.must("layer", "be a layer", repr(layer), error=TypeError)
    parts = dict(_parts(layer, ""))
    places = {start + name: place for start, part in parts.items()
              for name, place in _weights(part).items()}
    fields = [start + name for start, part in parts.items()
              for owner in _neurons(part)[:1] for name in owner.p._fields]
    given = _by_our_names(arrays, prefix, [*places, *fields])
    if missing := [name for name in places if name not in given]:
        raise check.must("arrays", f"have {', '.join(missing)}",
                         f"only {', '.join(given)}" if given else "none of them")

    changes: list[tuple[Any, str, Any]] = []  # whose attribute becomes what
    for name, (owner, attribute) in places.items():
        value = _weight(f"arrays[{given[name]!r}]", arrays[given[name]], owner, attribute)
        changes.append((owner, attribute, value))
    for start, part in parts.items():
        for owner in _neurons(part)[:1]:
            new = {name: arrays[given[start + name]] for name in owner.p._fields
                   if start + name in given}
            p = _parameters(owner, new)
            changes += [(sharing, "p", p) for sharing in _neurons(part) if new]
    for owner, attribute, value in changes:
        setattr(owner, attribute, value)


def _parts(layer: Any, start: str) -> Iterator[tuple[str, Any]]:
    """The layers that weights belong to, each with what its names start with."""
    if isinstance(layer, SequentialState):
        for i, child in enumerate(layer):
            yield from _parts(child, f"{start}{i}.")
    elif isinstance(layer, (Lift, RecurrentSequential)):
        for child in layer.children:
            yield from _parts(child, start)
    elif isinstance(layer, Iterated):
        yield from _parts(layer.cell, start)
    elif isinstance(layer, ExpFilter):
        yield from _parts(layer.linear, start)
    else:
        yield start, layer


def _weights(part: Any) -> dict[str, tuple[Any, str]]:
    """Name of a weight -> the object that has it, and as what."""
    if isinstance(part, LILinearCell):
        return {"input_weights": (part.linear, "weight")}
    names = [name for name in part.weights if name not in getattr(part, "trainable", ())]
    for name in names:
        if getattr(part, name, None) is not part.weights[name]:
            raise check.must("layer", "hold weights as norse does", f"{part.name} with {name}",
                             "give its values to the constructor")
    return {name: (part, name) for name in names}


def _neurons(part: Any) -> list[NeuronLayer]:
    """The neurons that share the part's parameters; none if it has no neurons."""
    return [owner for owner in (part, getattr(part, "cell", None))
            if isinstance(owner, NeuronLayer)]


def _by_our_names(arrays: Mapping[str, Any], prefix: str, known: list[str]) -> dict[str, str]:
    """Our name of each array -> the name it was given by."""
    given: dict[str, str] = {}
    for name in arrays:
        if not isinstance(name, str):
            raise check.must("arrays", "have names", repr(name), error=TypeError)
        if not name.startswith(prefix):
            continue
        *start, last = name.removeprefix(prefix).split(".")
        ours = ".".join([*(part for part in start if part not in _LEFT_OUT), last])
        if last in ("method", "alpha"):
            raise check.must("arrays", "hold no method or alpha", repr(name),
                             "a layer takes both as its threshold, as SuperSpike(alpha=100.0)")
        if ours not in known:
            near = [n for n in known if n.rpartition(".")[0] == ours.rpartition(".")[0]]
            raise check.unknown("each name in arrays", name, near or known)
        if ours in given:
            raise check.must("arrays", f"have one array for {ours}",
                             f"{given[ours]!r} and {name!r}")
        given[ours] = name
    return given


def _weight(argument: str, value: Any, owner: Any, attribute: str) -> np.ndarray:
    """A copy of the weight, checked."""
    old = getattr(owner, attribute)
    shape = old.shape
    order: Any = "C" if old.flags.c_contiguous else "F"  # as the layer has it
    value = check.real_array(argument, value)
    if (sorted((value.ndim, len(shape))) == [4, 5] and value.shape[:4] == shape[:4]
            and value.size == np.prod(shape)):
        value = value.reshape(shape)  # the last axis of norse's LConv2d, of one, or its lack
    check.shape(argument, value.shape, shape, "as in the layer")
    check.finite(argument, value)
    if isinstance(owner, RecurrentLayer) and attribute == "recurrent_weights":
        autapses = np.count_nonzero(value.diagonal())
        if autapses and not owner.autapses:
            raise check.must(argument, "have a diagonal of 0", f"{autapses} others",
                             "make the layer with autapses=True")
    return np.array(value, dtype=check.float_dtype(value), order=order)


def _parameters(neurons: NeuronLayer, new: dict[str, Any]) -> Any:
    """The parameters of a layer with some of them new, checked."""
    for name, value in new.items():
        value = check.real_array(name, value)
        n = getattr(neurons, "hidden_size", None)
        if n is not None and value.shape not in ((), (1,), (n,)):
            raise check.must(name, f"have shape () or ({n},)", value.shape)
    p = neurons.p._replace(**{name: neurons._owned(name, value) for name, value in new.items()})
    check.parameters(p, neurons.dt)
    return p
