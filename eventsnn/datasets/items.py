"""Numbers of the items of a data set."""

from typing import Any

import numpy as np

from eventsnn.core import check


def index(value: Any, n: int) -> int:
    """`value` as the number of one of `n` items.

    Raises
    ------
    IndexError
        If it is none of them, which ends a loop over a data set, too.
    """
    value = check.integer("item", value)
    if not 0 <= value < n:
        raise check.must("item", f"be from 0 to {n - 1}", value, error=IndexError)
    return value


def indices(values: Any) -> np.ndarray:
    """`values` as the numbers of the items of a batch, (B,)."""
    values = check.whole("items", values)
    if values.ndim != 1:
        raise check.must("items", "have shape (B,)", values.shape)
    return values
