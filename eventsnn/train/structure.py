"""Layers as what JSON can hold, with their arrays apart, and back.

A layer is ``{"layer": <class>, "arguments": {...}}``, as `eventsnn.layers.arguments` reads them
off. Numbers, strings and None stand for themselves, tuples are lists, and all else is an object
with one name in it, its kind (``tuple`` and ``layer`` with one more):

=============  ===================================================================================
``weight``     name of an array among the weights of the model
``array``      name of one among the other arrays; ``fortran`` if it is in that order
``tuple``      class of a named tuple, parameters or surrogate, with its ``fields``
``sparse``     a sparse matrix, in CSC: ``shape``, ``starts``, ``rows``, ``values``
``named``      a value of `eventsnn.layers` that is known by its name
``again``      a layer that stands in the model before, by its number in the order they were made
=============  ===================================================================================

What is made from a file is of classes that are known here or were given, looked up by their names;
nothing is imported.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from eventsnn import layers, neurons, surrogates
from eventsnn.connect.sparse import Columns, from_columns
from eventsnn.core import check
from eventsnn.layers.arguments import DRAWN
from eventsnn.layers.sparse import SparseWeights

DEEPEST = 32  # layers, lists and tuples within each other
NAMED = {name: getattr(layers, name) for name in layers.__all__
         if isinstance(getattr(layers, name), layers.Accumulator)}


def known(classes: Iterable[type] = ()) -> dict[str, type]:
    """The classes that a file may name: public layers and tuples, and those given."""
    found = {name: cls for package in (layers, neurons) for name in package.__all__
             if isinstance(cls := getattr(package, name), type) and (
                 issubclass(cls, layers.Layer) or hasattr(cls, "_fields"))}
    found |= {cls.__name__: cls for cls in surrogates.SURROGATES}
    for cls in classes:
        if not isinstance(cls, type) or not (issubclass(cls, layers.Layer)
                                             or hasattr(cls, "_fields")):
            raise check.must("classes", "hold classes of layers or named tuples", repr(cls),
                             error=TypeError)
        if found.setdefault(cls.__name__, cls) is not cls:
            raise check.must("classes", "have names of their own", cls.__name__)
    return found


class Describer:
    """Layers to their description; `arrays` are those that are no weights.

    Parameters
    ----------
    weights : dict of arrays
        Those of the model.
    classes : dict of classes
        Which are known.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], classes: Mapping[str, type]) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._classes = classes
        # Of a layer that stands twice the weights have two names each.
        self._names = {id(w): name for name, w in reversed(list(weights.items()))}
        self._done: dict[int, int] = {}  # identity of a layer -> its number

    def layer(self, layer: Any, where: str, depth: int = 0) -> dict[str, Any]:
        """A layer with those in it; `where` it is in the model, for messages."""
        if id(layer) in self._done:
            return {"again": self._done[id(layer)]}
        self._check(layer, where, depth)
        described = {name: self._value(value, f"{where}.{name}", depth + 1)
                     for name, value in layer.arguments().items()}
        self._done[id(layer)] = len(self._done)
        return {"layer": type(layer).__name__, "arguments": described}

    def _check(self, layer: Any, where: str, depth: int) -> None:
        if depth > DEEPEST:
            raise check.must(where, f"not be nested deeper than {DEEPEST}", "more")
        self._check_known(type(layer), where)
        for one in (layer, *getattr(layer, "children", ())):
            if getattr(one, "_hook", None) is not None:
                raise check.must(where, "have no hook, which a file cannot hold", repr(one._hook),
                                 "call remove_forward_state_hooks() before")

    def _check_known(self, cls: type, where: str) -> None:
        if self._classes.get(cls.__name__) is not cls:
            raise check.must(where, "be of a public class of eventsnn or one of classes",
                             f"{cls.__module__}.{cls.__qualname__}",
                             f"give classes=({cls.__name__},), also to load_model", TypeError)

    def _value(self, value: Any, where: str, depth: int) -> Any:
        if depth > DEEPEST:
            raise check.must(where, f"not be nested deeper than {DEEPEST}", "more")
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, layers.Layer):
            return self.layer(value, where, depth)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, SparseWeights):
            places = value.places
            return {"sparse": {"shape": list(places.shape), "starts": self._array(places.starts),
                               "rows": self._array(places.rows),
                               "values": self._array(value.values)}}
        for name, one in NAMED.items():
            if value is one:
                return {"named": name}
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            return [self._value(part, f"{where}[{i}]", depth + 1) for i, part in enumerate(value)]
        if not isinstance(value, tuple) or isinstance(value, layers.Accumulator):
            raise check.must(where, "be what a file can hold", repr(value), error=TypeError)
        self._check_known(type(value), where)
        return {"tuple": type(value).__name__, "fields": {
            name: self._value(part, f"{where}.{name}", depth + 1)
            for name, part in value._asdict().items()}}  # type: ignore[attr-defined]

    def _array(self, array: np.ndarray) -> dict[str, Any]:
        if id(array) in self._names:
            return {"weight": self._names[id(array)]}
        name = str(len(self.arrays))
        self.arrays[name] = array
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        return {"array": name} | ({"fortran": True} if fortran else {})


class Maker:
    """Descriptions to layers, with the weights and the other arrays of a file.

    What cannot be is a ValueError, or whatever a constructor makes of its arguments.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray],
                 classes: Mapping[str, type]) -> None:
        self._weights, self._arrays, self._classes = weights, arrays, classes
        self._made: list[Any] = []
        self._kinds: dict[frozenset, Callable] = {frozenset(names): maker for maker, names in (
            (self._layer, ("layer", "arguments")), (self._tuple, ("tuple", "fields")),
            (self._sparse, ("sparse",)), (self._array, ("array",)),
            (self._array, ("array", "fortran")), (self._weight, ("weight",)),
            (self._named, ("named",)), (self._again, ("again",)))}

    def value(self, described: Any, depth: int = 0) -> Any:
        """What a description is of."""
        if depth > 2 * DEEPEST:
            raise check.must("the structure", "not be so deep", f"{depth} levels")
        if described is None or isinstance(described, (bool, int, float, str)):
            return described
        if isinstance(described, list):
            return tuple(self.value(part, depth + 1) for part in described)
        maker = self._kinds.get(frozenset(described))
        if maker is None:
            raise check.must("the structure", "hold objects of known kinds", sorted(described))
        return maker(described, depth + 1)

    def _layer(self, described: dict, depth: int) -> Any:
        cls = self._class(described["layer"], layers.Layer)
        given = described["arguments"]
        if given.keys() != set(cls.argument_names()):
            raise check.must(f"arguments of {cls.__name__}",
                             f"be {', '.join(cls.argument_names())}", sorted(given))
        arguments = {name: self.value(given[name], depth) for name in cls.argument_names()}
        for name in DRAWN:
            if arguments.get(name, self) is None:
                raise check.must(f"{name} of {cls.__name__}", "be given", None)
        made = cls.made(**arguments)
        self._made.append(made)
        return made

    def _class(self, name: Any, base: type) -> Any:
        cls = self._classes.get(name) if isinstance(name, str) else None
        if cls is None or not issubclass(cls, base):
            raise check.must("the structure", "name classes of eventsnn or of classes", repr(name))
        return cls

    def _tuple(self, described: dict, depth: int) -> Any:
        cls = self._class(described["tuple"], tuple)
        return cls(**{name: self.value(part, depth)
                      for name, part in described["fields"].items()})

    def _sparse(self, described: dict, depth: int) -> Any:
        parts = {name: self.value(part, depth) for name, part in described["sparse"].items()}
        rows, columns = (check.integer("shape", n, least=1) for n in parts["shape"])
        starts, places = check.whole("starts", parts["starts"]), check.whole("rows", parts["rows"])
        return from_columns(Columns((rows, columns), starts, places), parts["values"])

    def _array(self, described: dict, depth: int) -> np.ndarray:
        array = self._arrays[described["array"]]
        return np.array(array, order="F" if described.get("fortran") else "C")

    def _weight(self, described: dict, depth: int) -> np.ndarray:
        return self._weights[described["weight"]]

    def _named(self, described: dict, depth: int) -> Any:
        return NAMED[described["named"]]

    def _again(self, described: dict, depth: int) -> Any:
        return self._made[check.integer("again", described["again"], least=0)]
