"""What a layer is made of: the arguments of its constructor, read back from its attributes.

So a layer can be written to a file and made again, and what was changed since it was made counts. A
constructor keeps each argument as the attribute of its name, or its class says in `kept_as` where
it is; those in `unkept` only tell how what the layer holds was drawn at first.
"""

import functools
import inspect
import operator
from typing import Any

# Arguments that, if they are not given, are drawn at random.
DRAWN = ("weight", "input_weights", "recurrent_weights", "g_coupling")


@functools.cache
def constructor(cls: type) -> tuple[tuple[str, ...], str | None]:
    """The names of the constructor's arguments, and which of them stands for any number.

    A constructor with ``**options`` passes them on to the next class that has one, so the names of
    that one count as well.
    """
    names: list[str] = []
    several = None
    for base in cls.__mro__:
        if base is object or "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        kinds = [parameter.kind for parameter in parameters]
        passes_on = inspect.Parameter.VAR_KEYWORD in kinds
        for parameter in parameters:
            if parameter.kind == parameter.VAR_KEYWORD:
                continue
            if parameter.kind == parameter.VAR_POSITIONAL:
                if passes_on:
                    continue
                several = parameter.name
            if parameter.name not in names:
                names.append(parameter.name)
        if not passes_on:
            break
    return tuple(names), several


def names(cls: Any) -> tuple[str, ...]:
    """The names of the arguments that a class keeps."""
    return tuple(name for name in constructor(cls)[0] if name not in cls.unkept)


def kept(layer: Any, wanted: tuple[str, ...]) -> dict[str, Any]:
    """Arguments of a layer, from the attributes where it keeps them."""
    places: dict[str, str] = {}
    for base in reversed(type(layer).__mro__):
        places |= vars(base).get("kept_as", {})
    return {name: operator.attrgetter(places.get(name, name))(layer)
            for name in wanted}


def made(cls: Any, given: dict[str, Any]) -> Any:
    """The layer of these arguments."""
    several = constructor(cls)[1]
    options = {name: value for name, value in given.items() if name != several}
    return cls(*given.get(several, ()) if several else (), **options)
