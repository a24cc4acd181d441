"""What a network is made of, as JSON and arrays, and back: no object is stored, no code is run.

Named tuples and frozen dataclasses go by the names of a fixed list of classes and, for neurons, of
the registered models; populations and sources by name.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn import surrogates
from eventsnn.core import check
from eventsnn.core.dispatch import MODELS
from eventsnn.plasticity import pair_stdp, tsodyks_makram
from eventsnn.simulate import (
    currents, distance_rule, distributions, matrices, pieces, poisson, projections, rules,
    spike_lists,
)
from eventsnn.simulate.population import View

_MODULES = (currents, distance_rule, distributions, matrices, pair_stdp, pieces, poisson,
            projections, rules, spike_lists, surrogates, tsodyks_makram)


def _classes() -> dict[str, type]:
    """Classes by name: those defined in the modules above, and parameters of neuron models."""
    found = {f"{module.__name__}.{name}": cls for module in _MODULES
             for name, cls in vars(module).items()
             if isinstance(cls, type) and cls.__module__ == module.__name__
             and (hasattr(cls, "_fields") or dataclasses.is_dataclass(cls))}
    return found | {f"{cls.__module__}.{cls.__qualname__}": cls for cls in MODELS}


def encode(value: Any, keep: Callable[[np.ndarray], int]) -> Any:
    """`value` as JSON can hold it; arrays are handed to `keep`, which numbers them."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}  # to the bit, also infinity
    if isinstance(value, np.generic):
        return {"array": keep(np.asarray(value)), "scalar": True}
    if isinstance(value, np.ndarray):
        return {"array": keep(value)}
    if isinstance(value, View):
        return {"view": [value.population.name, value.start, value.stop]}
    fields = value._asdict() if hasattr(value, "_fields") else None
    if fields is None and dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if fields is not None:
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        if name not in _classes():
            raise check.must("a network to save", "be made of eventsnn's own parts and registered "
                             "neuron models", name, error=TypeError)
        return {"class": name, "fields": {f: encode(v, keep) for f, v in fields.items()}}
    if isinstance(value, (tuple, list)):
        return {"tuple": [encode(v, keep) for v in value]}
    raise check.must("a network to save", "be made of numbers, arrays and eventsnn's own parts",
                     type(value).__name__, error=TypeError)


def decode(value: Any, array: Callable[[int], np.ndarray], views: Callable[..., View]) -> Any:
    """What `encode` was given; `array` gives arrays by number, `views` parts of populations.

    Raises
    ------
    LookupError, TypeError, ValueError
        If it is not what `encode` made.
    """
    if not isinstance(value, dict):
        if value is None or isinstance(value, (bool, int, str)):
            return value
        raise TypeError(value)
    if "float" in value:
        return float.fromhex(value["float"])
    if "array" in value:
        found = array(value["array"])
        return found[()] if value.get("scalar") else found
    if "view" in value:
        return views(*value["view"])
    if "tuple" in value:
        return tuple(decode(v, array, views) for v in value["tuple"])
    name, fields = value["class"], value["fields"]
    classes = _classes()
    if name not in classes:
        raise LookupError(f"{name}; models of your own must be imported first")
    return classes[name](**{f: decode(v, array, views) for f, v in fields.items()})
