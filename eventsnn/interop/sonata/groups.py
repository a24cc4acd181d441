"""Attributes of nodes and of edges, as SONATA keeps them: in groups, with types as a fall-back.

Each node or edge is a row of one of the groups ``0``, ``1``, ... of its population. What a group
lacks its type may have. Strings are columns of numbers that a ``@library`` spells out.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.interop.sonata import type_tables
from eventsnn.record.untrusted import MOST_EXPANSION, SMALL_BYTES, Untrusted

LIBRARY = "@library"
NUMBERS = "iufb"
LONGEST_ATTRIBUTE = 1 << 16


class Part(NamedTuple):
    """The items of a population that one group holds."""

    group: h5py.Group
    rows: Any  # which items: all, as a slice, or (k,) int64
    index: Any  # their rows in the group's columns: all, as a slice, or (k,) int64


@contextlib.contextmanager
def opened(path: str | os.PathLike, kind: str) -> Iterator[Untrusted]:
    """A file to read; what HDF5 says of a damaged one becomes a `FormatError`."""
    file = Untrusted(path, kind)
    try:
        with file.read("a damaged one"):
            yield file
    finally:
        file.close()


def populations(file: Untrusted, kind: str, wanted: Any) -> dict[str, h5py.Group]:
    """The populations of a file, or those wanted, by name."""
    root = file.child(file.root, f"{kind}s", h5py.Group)
    return {name: file.child(root, name, h5py.Group) for name in (wanted or root)}


def integers(file: Untrusted, group: h5py.Group, name: str, n: int | None = None) -> np.ndarray:
    """A column of whole numbers from 0 on, as int64; of `n`, if that is given."""
    column = file.column(group, name, "iu", "whole numbers")
    if n is not None and len(column) != n:
        raise file.refuse(f"a file with {column.name} of {n} numbers", f"{len(column)}")
    found = column[:]
    # Beyond int64 they become negative. A view where it does: there may be very many.
    found = (found.view(np.int64) if found.dtype == np.uint64
             else found.astype(np.int64, copy=False))
    if found.size and found.min() < 0:
        raise file.refuse(f"a file with {column.name} from 0 on", f"{found.min()}")
    return found


def check_count(file: Untrusted, n: int, columns: int) -> None:
    """Refuse a number of items that the file is too small for, with so many values each.

    Each column may declare somewhat more than there is; many of them together may not.
    """
    declared = 8 * n * columns
    if declared > max(SMALL_BYTES, MOST_EXPANSION * file.root.id.get_filesize()):
        raise file.refuse("a file that holds what it declares",
                          f"{n} items, {declared} bytes in memory")


def parts(file: Untrusted, population: h5py.Group, kind: str, n: int) -> list[Part]:
    """The groups of a population; `kind` is ``"node"`` or ``"edge"``."""
    if f"{kind}_group_id" not in population:  # leaving it out is allowed where there is one group
        return ([Part(file.child(population, "0", h5py.Group), slice(None), slice(None))]
                if "0" in population else [])
    ids = integers(file, population, f"{kind}_group_id", n)
    index: Any = integers(file, population, f"{kind}_group_index", n)
    members: dict[int, tuple[Any, Any]] = {}
    if n == 0:
        members = {int(name): (slice(None), slice(0, 0)) for name in population if name.isdecimal()}
    elif ids.min() == ids.max():
        in_order = index[0] == 0 and (np.diff(index) == 1).all()
        members[int(ids[0])] = slice(None), slice(0, n) if in_order else index
    else:
        for number in np.unique(ids).tolist():
            rows = np.flatnonzero(ids == number)
            members[number] = rows, index[rows]
    # One that is not there has no attributes.
    return [Part(file.child(population, str(number), h5py.Group), *rows_index)
            for number, rows_index in members.items() if str(number) in population]


def inner(file: Untrusted, found: list[Part], name: str) -> list[Part]:
    """The group of a name within each of the parts that has one."""
    return [part._replace(group=file.child(part.group, name, h5py.Group))
            for part in found if name in part.group]


def names(file: Untrusted, found: list[Part]) -> list[str]:
    """Names of the columns that any of the parts has; what is no column is left out."""
    return list(dict.fromkeys(
        name for part in found for name in part.group
        if isinstance(file.child(part.group, name, object), h5py.Dataset)
        and part.group[name].ndim == 1))


def values(file: Untrusted, found: list[Part], name: str, n: int, table: type_tables.Table,
           type_ids: np.ndarray | None) -> np.ndarray | None:
    """An attribute of all `n` items: numbers or objects; None if nobody has it.

    Where only some have it the others have NaN or None.
    """
    pieces = []
    for part in found:
        if name in part.group:
            pieces.append((part.rows, _taken(file, part, name)))
            whole = isinstance(part.rows, slice)
            if whole and len(pieces[-1][1]) != n:
                raise file.refuse(f"a file with {n} values of {part.group.name}/{name}",
                                  f"{len(pieces[-1][1])}")
            if whole:
                return pieces[-1][1]
    column = None if type_ids is None else type_tables.values(table, name, type_ids)
    if column is not None and not pieces:
        return column
    if column is not None:
        pieces.insert(0, (slice(None), column))  # groups come after types
    if not pieces:
        return None
    is_text = any(piece.dtype == object for _, piece in pieces)
    covered = np.zeros(n, bool)
    for rows, _ in pieces:
        covered[rows] = True
    dtype = object if is_text else np.result_type(*(piece.dtype for _, piece in pieces),
                                                  *([] if covered.all() else [np.float32]))
    out = np.full(n, None if is_text else 0, dtype)
    if not is_text and not covered.all():
        out[:] = np.nan
    for rows, piece in pieces:
        out[rows] = piece
    return out


def _taken(file: Untrusted, part: Part, name: str) -> np.ndarray:
    """A column of a group, for the items that the group holds, in their order."""
    strings = file.child(part.group, LIBRARY, h5py.Group) if LIBRARY in part.group else {}
    if name in strings:
        spelled = _strings(file, strings, name)
        codes = integers(file, part.group, name)
        column = spelled[_within(file, part, name, codes, len(spelled))]
    elif file.child(part.group, name, h5py.Dataset).dtype.kind in "OS":
        column = _strings(file, part.group, name)
    else:
        column = check.real_array(
            name, file.column(part.group, name, NUMBERS, "numbers or strings")[:])
    return column[_within(file, part, name, part.index, len(column))]


def _within(file: Untrusted, part: Part, name: str, index: Any, n: int) -> Any:
    """`index`, after checking that `n` values are enough for it."""
    if not isinstance(index, slice) and index.size and index.max() >= n:
        raise file.refuse(f"a file with a value at {index.max()} for each that asks for it",
                          f"{n} values of {name} in {part.group.name}")
    return index


def _strings(file: Untrusted, group: h5py.Group, name: str) -> np.ndarray:
    """A column of strings, as (k,) objects."""
    column = file.column(group, name, "OS", "numbers or strings")
    if h5py.check_string_dtype(column.dtype) is None:
        raise file.refuse(f"a file with {column.name} a list of strings", "a list of objects")
    found: list[str] = []
    size = 0
    # Few at a time: many may be one and the same of the file's length, and all together a bomb.
    few = max(1, SMALL_BYTES // file.root.id.get_filesize())
    for start in range(0, len(column), few):
        values = column[start:start + few].tolist()
        size += sum(map(len, values))
        if size > SMALL_BYTES:
            raise file.refuse(f"a file with {column.name} of at most {SMALL_BYTES} bytes", "more")
        found += [value.decode(errors="replace") for value in values]
    return np.array([*found, None], object)[:-1]  # None, or NumPy would look into them


def attribute(dataset: h5py.Dataset, name: str) -> str | None:
    """An attribute that is a string; None if there is none, or another one."""
    if name not in dataset.attrs:
        return None
    stored = dataset.attrs.get_id(name)
    if (h5py.check_string_dtype(stored.dtype) is None or stored.shape not in ((), (1,))
            or stored.dtype.itemsize > LONGEST_ATTRIBUTE):
        return None
    value = np.asarray(dataset.attrs[name], object).reshape(())[()]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
