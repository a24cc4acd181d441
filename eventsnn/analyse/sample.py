"""Some neurons of many."""

import numpy as np


def evenly_spaced(n: int, most: int) -> np.ndarray:
    """All of `n` neurons, or `most` of them in equal distances, none at an end.

    Examples
    --------
    >>> evenly_spaced(3, 10), evenly_spaced(100, 4)
    (array([0, 1, 2]), array([12, 37, 62, 87]))
    """
    k = min(n, most)
    return (2 * np.arange(k) + 1) * n // (2 * max(k, 1))
