"""Files of NIR, of which nothing is trusted."""

import pathlib
from typing import Any

import h5py

from eventsnn.interop.nir.conventions import package
from eventsnn.interop.nir.layers import KINDS
from eventsnn.record.untrusted import Untrusted

DEEPEST = 32  # groups within groups: a graph within a graph takes two


def read(path: pathlib.Path) -> Any:
    """The graph of a file, after a look at its links, sizes and types.

    Raises
    ------
    FormatError
        If it is no file of NIR, is damaged, or has nodes of unknown type.
    """
    file = Untrusted(path, "NIR file", verify=False)
    try:
        with file.read("its structure"):
            _look(file, file.child(file.root, "node", h5py.Group), 0)
    finally:
        file.close()
    with file.read("its nodes"):
        try:
            # Types are checked here: NIR takes groups and long kernels for errors.
            return package().read(path, type_check=False)
        except AssertionError as error:
            raise ValueError(error) from error


def _look(file: Untrusted, group: h5py.Group, depth: int) -> None:
    if depth > DEEPEST:
        raise file.refuse(f"a NIR file of at most {DEEPEST} groups within groups", "more")
    for name in group:
        if isinstance(group.get(name, getclass=True), type) and \
                group.get(name, getclass=True) is h5py.Group:
            _look(file, file.child(group, name, h5py.Group), depth + 1)
            continue
        dataset = file.child(group, name, h5py.Dataset)
        if h5py.check_string_dtype(dataset.dtype) is None:
            file.column(group, name, "biuf", "numbers", dataset.ndim)
        elif name == "type" and "metadata" not in group.name.split("/"):
            kind = dataset[()]
            kind = kind.decode("utf8", "replace") if isinstance(kind, bytes) else str(kind)
            if kind not in KINDS:
                raise file.refuse(f"a NIR file with nodes of {', '.join(KINDS)}",
                                  f"{kind[:50]!r} at {group.name}")
