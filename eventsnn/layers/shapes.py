"""The four shapes of a neuron as classes, made from its parameters' class."""

from typing import Any

from eventsnn.layers.recurrent import RecurrentCell, RecurrentSequence
from eventsnn.layers.spiking import Cell, Sequence


def four_shapes(parameters: Any, what: str, *mixins: type,
                recurrent: type | None = None, module: str = "eventsnn.layers.neurons") -> Any:
    """Make the layers of a neuron: its cell, its sequence and their recurrent forms.

    Parameters
    ----------
    parameters : type
        Class of the parameters of a registered neuron, called ``<Name>Parameters``.
    what : str
        Begins the docstrings: what these neurons are, in the plural.
    *mixins : types
        Bases of all four, for what is special to them.
    recurrent : type, optional
        One more base of the recurrent two.
    module : str
        ``__name__`` of the module that assigns the classes to their names.

    Returns
    -------
    cell, sequence, recurrent_cell, recurrent_sequence : types
        Called ``<Name>Cell``, ``<Name>``, ``<Name>RecurrentCell`` and ``<Name>Recurrent``.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> [shape.__name__ for shape in four_shapes(LIFParameters, "LIF neurons")]
    ['LIFCell', 'LIF', 'LIFRecurrentCell', 'LIFRecurrent']
    """
    name = parameters.__name__.removesuffix("Parameters")
    more = () if recurrent is None else (recurrent,)
    return tuple(
        type(name + suffix, (*mixins, *(more if base.recurrent else ()), base), {
            "parameters": parameters, "__module__": module,
            "__doc__": f"{what}, {how}.\n\n    Parameters, results and errors as for "
                       f"`{base.__name__}`, with `p` {parameters.__name__}.\n    "})
        for base, suffix, how in (
            (Cell, "Cell", "one step a call"),
            (Sequence, "", "over a sequence"),
            (RecurrentCell, "RecurrentCell", "with recurrent weights, one step a call"),
            (RecurrentSequence, "Recurrent", "with recurrent weights, over a sequence")))
