"""Nodes in SONATA: populations with attributes and with parameters of a model, out and in."""

import os
import pathlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.core.files import Replacement, check_new
from eventsnn.interop.sonata import groups, type_tables
from eventsnn.interop.sonata.writer import NewFile
from eventsnn.record.untrusted import Untrusted

NOTHING: Mapping[str, Any] = MappingProxyType({})
PARAMETERS = "dynamics_params"
KIND = "SONATA node file"
RESERVED = PARAMETERS, groups.LIBRARY


class Nodes(NamedTuple):
    """The nodes of one population, numbered from 0 on."""

    n: int
    attributes: Mapping[str, Any] = NOTHING  # by name (n,) numbers or strings, or one for all
    dynamics_params: Mapping[str, Any] = NOTHING  # likewise, numbers
    units: Mapping[str, str] = NOTHING  # of attributes and parameters, where they are stated
    type_ids: Any = None  # (n,) int64, or None: one type for the population


def write_sonata_nodes(path: str | os.PathLike, populations: Mapping[str, Nodes], *,
                       overwrite: bool = False) -> pathlib.Path:
    """Write populations of nodes as a SONATA file that libsonata, bluepysnap and bmtk open.

    Parameters
    ----------
    path : path
        The file, by custom ending in .h5.
    populations : dict of str to Nodes
        Attributes that tools know: ``x, y, z``, ``model_type`` (``"point_neuron"``, which is
        written if it is not there), ``model_template``. Numbers keep their dtype.
    overwrite : bool
        Whether an existing file may be replaced.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    ValueError, TypeError
        If shapes or types do not fit.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_sonata_nodes(f"{folder}/nodes.h5", {
    ...         "cells": Nodes(3, {"x": np.arange(3.0)}, {"v_th": 1.0})})
    ...     read_sonata_nodes(path)["cells"].attributes["x"]
    array([0., 1., 2.])
    """
    path = check_new(path, overwrite)
    checked = checked_nodes(populations)
    with Replacement(path, overwrite) as new, NewFile(new) as file:
        fill(file, checked)
    return path


def checked_nodes(populations: Mapping[str, Nodes]) -> dict[str, Nodes]:
    """`populations`, whose values are arrays (n,), of numbers or of strings."""
    if not isinstance(populations, Mapping) or not populations:
        raise check.must("populations", "name at least one", repr(populations))
    found = {}
    for name, nodes in populations.items():
        check_name("populations", name)
        if not isinstance(nodes, Nodes):
            raise check.must(f"populations[{name!r}]", "be Nodes", type(nodes).__name__,
                             error=TypeError)
        n = check.integer(f"n of {name!r}", nodes.n, least=0)
        attributes = {"model_type": "point_neuron"} | dict(nodes.attributes)
        ids = array_of(f"type_ids of {name!r}", 0 if nodes.type_ids is None else nodes.type_ids, n,
                       strings=False)
        if ids.dtype.kind == "f" or ids.size and not 0 <= ids.min() <= ids.max() < 2**32:
            raise check.must(f"type_ids of {name!r}", "be whole numbers in 0 ... 2^32 - 1",
                             f"dtype {ids.dtype}, {ids.min()} ... {ids.max()}")
        for key, unit in nodes.units.items():
            if not isinstance(unit, str):
                raise check.must(f"unit of {key} of {name!r}", "be a string", repr(unit),
                                 error=TypeError)
        found[name] = Nodes(
            n, {key: array_of(f"{key} of {name!r}", value, n) for key, value in attributes.items()},
            {key: array_of(f"{key} of {name!r}", value, n, strings=False)
             for key, value in nodes.dynamics_params.items()}, nodes.units, ids.astype(np.int64))
        for key in (*attributes, *nodes.dynamics_params):
            check_name(f"attributes of {name!r}", key)
            if key in RESERVED:
                raise check.must(f"attributes of {name!r}", f"not be called {key}", "that")
    return found


def check_name(argument: str, name: Any) -> None:
    """Refuse what HDF5 could not have as a name in a group."""
    if not isinstance(name, str) or not name or "/" in name or "\0" in name or name in (".", ".."):
        raise check.must(argument, "have names without slashes, that are not empty or dots",
                         repr(name))


def array_of(argument: str, value: Any, n: int, strings: bool = True) -> np.ndarray:
    """`value`, one for all or one each, as an array (n,) of numbers or of objects, its strings."""
    array = np.asarray(value)
    if array.dtype == bool:
        array = array.astype(np.uint8)  # HDF5 has no bools that all readers know
    if strings and array.dtype.kind in "UO":
        array = array.astype(object)
        for text in array.flat:
            if not isinstance(text, str) or "\0" in text:
                raise check.must(argument, "be numbers or strings", repr(text), error=TypeError)
    else:
        array = check.real_array(argument, array)
    if array.shape not in ((), (n,)):
        raise check.must(argument, f"have shape () or ({n},)", array.shape)
    return np.broadcast_to(array, n)


def fill(file: NewFile, populations: Mapping[str, Nodes]) -> None:
    """Write checked populations to a file."""
    for name, nodes in populations.items():
        n, population = nodes.n, file.root.create_group(f"nodes/{name}")
        for column, values in (
                ("node_type_id", nodes.type_ids.astype(np.uint32)),
                ("node_id", np.arange(n, dtype=np.uint64)),
                ("node_group_id", np.zeros(n, np.uint16)),
                ("node_group_index", np.arange(n, dtype=np.uint64))):
            file.column(population, column, (n,), values.dtype).append(values)
        group = population.create_group("0")
        for key, values in nodes.attributes.items():
            _column(file, group, key, values, nodes.units)
        parameters = group.create_group(PARAMETERS)
        for key, values in nodes.dynamics_params.items():
            _column(file, parameters, key, values, nodes.units)


def _column(file: NewFile, group: h5py.Group, name: str, values: np.ndarray,
            units: Mapping[str, str]) -> None:
    if values.dtype == object:
        strings, values = coded(values)
        file.library(group, name, strings)
    stated = {"units": units[name]} if name in units else {}
    file.column(group, name, values.shape, values.dtype, **stated).append(values)


def coded(values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Strings once each, and which of them each value is."""
    if values.size and values.strides == (0,):  # one for all
        return [values[0]], np.zeros(len(values), np.uint32)
    strings, codes = np.unique(values.astype(str), return_inverse=True)
    return strings.tolist(), codes.astype(np.uint32)


def read_sonata_nodes(path: str | os.PathLike, types: str | os.PathLike | None = None, *,
                      populations: Iterable[str] | None = None) -> dict[str, Nodes]:
    """The nodes of a SONATA file, in the order of their ids.

    Attributes are those of the groups and, where these lack one, of the types. Nothing of the file
    is followed elsewhere, and sizes are checked before memory is taken.

    Parameters
    ----------
    path : path
        HDF5.
    types : path, optional
        CSV file of node types.
    populations : iterable of str, optional
        Which; all by default.

    Returns
    -------
    dict of str to Nodes
        Values are arrays (n,): numbers as the file has them, strings as objects. Where only some
        nodes have an attribute, the others have NaN or None.

    Raises
    ------
    FormatError
        If the file is no SONATA node file, or is damaged.
    """
    table = type_tables.read(types, "node")
    with groups.opened(path, KIND) as file:
        return {name: _read(file, population, table) for name, population
                in groups.populations(file, "node", populations).items()}


def _read(file: Untrusted, population: h5py.Group, table: type_tables.Table) -> Nodes:
    column = file.column(population, "node_type_id", "iu", "whole numbers")
    n = len(column)
    groups.check_count(file, n, 4 + len(type_tables.columns(table)))
    type_ids = column[:].astype(np.int64)
    order: Any = slice(None)
    if "node_id" in population:
        ids = groups.integers(file, population, "node_id", n)
        if (np.diff(ids, prepend=-1) != 1).any():
            order = np.argsort(ids)
            if (ids[order] != np.arange(n)).any():
                raise file.refuse("a file with nodes from 0 on, each once",
                                  f"others in {population.name}/node_id")
    found = groups.parts(file, population, "node", n)
    inner = groups.inner(file, found, PARAMETERS)
    keys = dict.fromkeys([*groups.names(file, found), *type_tables.columns(table)])
    read = {key: groups.values(file, found, key, n, table, type_ids) for key in keys}
    parameters = {key: groups.values(file, inner, key, n, {}, None)
                  for key in groups.names(file, inner)}
    units = {key: stated for part in [*found, *inner] for key in part.group
             if isinstance(part.group[key], h5py.Dataset)
             and (stated := groups.attribute(part.group[key], "units")) is not None}
    return Nodes(n, {key: value[order] for key, value in read.items() if value is not None},
                 {key: value[order] for key, value in parameters.items() if value is not None},
                 units, type_ids[order])
