"""A whole model in one HDF5 file: its layers, their arguments, weights, and where they draw.

The file has the container of a checkpoint (`eventsnn.train.checkpoint`): groups ``weights`` and
``arrays``, and JSON objects ``attributes`` and ``structure``: the layers (``model``, as
`eventsnn.train.structure` describes them), how much each that draws at random has drawn
(``positions``), and the version that wrote the file (``eventsnn_version``).
"""

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from eventsnn.core import check, files
from eventsnn.core.positions import positions, set_positions
from eventsnn.core.versions import version
from eventsnn.errors import FormatError, StabilityWarning
from eventsnn.layers import Layer
from eventsnn.train import checkpoint
from eventsnn.train.structure import Describer, Maker, known


def save_model(path: str | os.PathLike, model: Layer, *,
               attributes: Mapping[str, Any] | None = None, classes: Iterable[type] = (),
               overwrite: bool = False) -> None:
    """Write a model, with all that `load_model` needs to make it anew.

    The file is there as a whole or not at all, whenever the program or the machine stops. The same
    model gives the same bytes. A state between calls is no part of a model.

    Parameters
    ----------
    path : path
        File to write, in a folder that exists.
    model : layer
        Of layers of eventsnn. One that stands in it several times does so again when it is loaded.
    attributes : dict, optional
        Anything JSON can hold: what `eventsnn.train.load` gives as `attributes`.
    classes : classes
        Layers and parameters of your own: classes that keep each of their constructor's arguments
        as an attribute of that name.
    overwrite : bool
        Whether an existing file is replaced.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is not set.
    TypeError, ValueError
        If something in the model cannot be kept, such as a function or a hook, or would not come
        back: two layers that share an array, a weight that is no number.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> from eventsnn.layers import LI, LIF, Linear, SequentialState
    >>> net = SequentialState(Linear(3, 8, seed=1), LIF(), Linear(8, 2, seed=2), LI())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(pathlib.Path(folder) / "net.h5", net)
    ...     same = load_model(pathlib.Path(folder) / "net.h5")
    >>> x = np.ones((20, 5, 3))
    >>> np.array_equal(same(x)[0], net(x)[0])
    True
    """
    files.check_new(path, overwrite)  # before any work
    if not isinstance(model, Layer):
        raise check.must("model", "be a layer", repr(model), error=TypeError)
    if getattr(model, "device", "cpu") != "cpu":
        raise check.must("model", "be on the CPU to be saved", model.device,
                         "model.to('cpu') moves it")
    allowed, weights = known(classes), model.weights
    describer = Describer(weights, allowed)
    described = describer.layer(model, "model")
    drawn = positions(model)
    # A file that could not be read is not written.
    _check_same_sharing(weights, _made(described, weights, describer.arrays, drawn,
                                       allowed).weights)
    checkpoint.write(path, checkpoint.MODEL, {
        "weights": weights, "arrays": describer.arrays, "attributes": attributes or {},
        "structure": {"eventsnn_version": version("eventsnn"), "model": described,
                      "positions": drawn}}, overwrite)


def load_model(path: str | os.PathLike, *, classes: Iterable[type] = (),
               verify: bool = True) -> Any:
    """Make the model of a file.

    Nothing in the file is executed or imported: it names public classes of eventsnn, which check
    what they are given, and declared sizes are checked before memory is allocated. So a file from
    anywhere may be read.

    Parameters
    ----------
    path : path
        The file.
    classes : classes
        Those of your own that the file may name.
    verify : bool
        Whether to check that it is as it was written.

    Returns
    -------
    model : layer
        As it was: its outputs and gradients are the same, bit for bit. What draws at random goes on
        where it stood.

    Raises
    ------
    FormatError
        If the file holds no whole model; FileNotFoundError if there is none.
    VersionError
        If it was written by a newer eventsnn.
    """
    allowed = known(classes)
    _, contents = checkpoint.read(path, (checkpoint.MODEL,), verify)
    structure = contents["structure"]
    try:
        return _made(structure["model"], contents["weights"], contents["arrays"],
                     structure["positions"], allowed)
    # Whatever constructors raise on arguments that nobody would give them.
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError,
            ValueError) as error:
        raise check.must(str(path), "hold a model that can be made", " ".join(str(error).split()),
                         error=FormatError) from error


def outline(structure: Mapping[str, Any]) -> str:
    """The classes of a structure's layers, nested as they are.

    Examples
    --------
    >>> outline({"model": {"layer": "SequentialState", "arguments": {
    ...     "layers": [{"layer": "LIF", "arguments": {"dt": 0.001}}, {"again": 0}]}}})
    'SequentialState(LIF, again)'
    """
    return ", ".join(_outlines(structure.get("model")))


def _outlines(described: Any) -> list[str]:
    if isinstance(described, list):
        return [found for part in described for found in _outlines(part)]
    if not isinstance(described, dict):
        return []
    if "again" in described:
        return ["again"]
    parts = described["arguments"] if "layer" in described else {}
    within = [found for part in parts.values() for found in _outlines(part)]
    inner = f"({', '.join(within)})" if within else ""
    return [f"{described['layer']}{inner}"] if "layer" in described else []


def _made(described: Any, weights: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray],
          drawn: Any, classes: Mapping[str, type]) -> Any:
    """A model of its description; its weights are copies."""
    with warnings.catch_warnings():  # whoever chose the step has been told
        warnings.simplefilter("ignore", StabilityWarning)
        model = Maker(weights, arrays, classes).value(described)
    if not isinstance(model, Layer):
        raise check.must("the structure", "be of a layer", type(model).__name__)
    checkpoint.restore(model, weights)  # to the bit: constructors clear a diagonal, for example
    set_positions([check.integer("positions", n, least=0) for n in drawn], model)
    return model


def _check_same_sharing(weights: Mapping[str, np.ndarray],
                        again: Mapping[str, np.ndarray]) -> None:
    """Refuse weights that are one array in the model, and would be two in the one loaded."""
    first, second = ({name: id(w) for name, w in ws.items()} for ws in (weights, again))
    names = list(first)
    for i, name in enumerate(names):
        for other in names[:i]:
            if first[name] == first[other] and second[name] != second[other]:
                raise check.must("model", "have arrays of its own in each layer",
                                 f"one array as {other} and as {name}",
                                 "let the same layer stand in both places")
