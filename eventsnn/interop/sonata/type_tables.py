"""``node_types`` and ``edge_types``: what nodes or edges of one type have in common, as CSV files.

Columns are separated by spaces, their names stand in the first line, ``NULL`` and ``NONE`` stand
for no value. In memory a table is ``{type id: {column: string}}``.
"""

import csv
import io
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.errors import FormatError

NO_VALUE = "NULL", "NONE", ""
MOST_COLUMNS, MOST_TYPES = 1000, 100_000
LONGEST = 8 << 20  # bytes of a text: as Python objects it takes many times as much

Table = Mapping[int, Mapping[str, str]]


def read(path: str | os.PathLike | None, kind: str) -> Table:
    """The table of a file; an empty one for None.

    Parameters
    ----------
    path : path or None
    kind : "node" or "edge"

    Raises
    ------
    FormatError
        If the file is no such table.
    """
    if path is None:
        return {}
    content = small_text(path, "a table of types")
    key = f"{kind}_type_id"
    table: dict[int, dict[str, str]] = {}
    try:
        lines = csv.reader(io.StringIO(content), delimiter=" ", skipinitialspace=True)
        names = next(lines, [])
        at = names.index(key)
        for line in lines:
            if not line:
                continue
            number = int(line[at])
            if number in table or len(table) == MOST_TYPES or len(names) > MOST_COLUMNS:
                raise ValueError(f"{key} {number} twice" if number in table else "a larger one")
            table[number] = {name: value for name, value in zip(names, line)
                             if name != key and value not in NO_VALUE}
    except (csv.Error, IndexError, ValueError) as error:
        raise check.must(os.fspath(path), f"be a table with another whole number {key} in each "
                         f"line, of at most {MOST_TYPES} lines and {MOST_COLUMNS} columns",
                         f"another file ({error})", error=FormatError) from error
    return table


def small_text(path: str | os.PathLike, what: str) -> str:
    """The text of a file of a size that text has."""
    with open(path, "rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise check.must(os.fspath(path), f"be {what} of at most {LONGEST} bytes", "a longer file",
                         error=FormatError)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise check.must(os.fspath(path), f"be {what} in UTF-8", "another file",
                         error=FormatError) from error


def columns(table: Table) -> list[str]:
    """Names of the columns in which any type has a value."""
    return list(dict.fromkeys(name for values in table.values() for name in values))


def values(table: Table, name: str, type_ids: np.ndarray) -> np.ndarray | None:
    """A column for items of these types: float64, or objects if any value is no number.

    None if no type has a value; NaN or None where a type has none.
    """
    kinds, inverse = np.unique(type_ids, return_inverse=True)
    found: list[Any] = [table.get(int(kind), {}).get(name) for kind in kinds]
    if all(value is None for value in found):
        return None
    try:
        column = np.array([np.nan if v is None else float(v) for v in found])
    except ValueError:
        column = np.array(found, object)
    return column[inverse]


def written(kind: str, table: Table) -> bytes:
    """A table as the bytes of a file."""
    names = columns(table)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=" ", lineterminator="\n")
    writer.writerow([f"{kind}_type_id", *names])
    for number, row in table.items():
        writer.writerow([number, *(row.get(name, "NULL") for name in names)])
    return out.getvalue().encode()
