"""Logic gates on bits: arrays of 0 and 1 of any real dtype, to 0 and 1 in floats.

Inputs broadcast. ``Theta`` is 1 above 0, else 0.
"""

from typing import Any

import numpy as np

from eventsnn.core import check


def logical_and(x: Any, y: Any) -> np.ndarray:
    """``x y``.

    Examples
    --------
    >>> logical_and([0, 0, 1, 1], [0, 1, 0, 1])
    array([0., 0., 0., 1.], dtype=float32)
    """
    x, y = _bits(x=x, y=y)
    return x * y


def logical_or(x: Any, y: Any) -> np.ndarray:
    """``Theta(x + y)``.

    Examples
    --------
    >>> logical_or([0, 0, 1, 1], [0, 1, 0, 1])
    array([0., 1., 1., 1.], dtype=float32)
    """
    x, y = _bits(x=x, y=y)
    return np.heaviside(x + y, 0)


def logical_xor(x: Any, y: Any) -> np.ndarray:
    """``|x - y|``.

    Examples
    --------
    >>> logical_xor([0, 0, 1, 1], [0, 1, 0, 1])
    array([0., 1., 1., 0.], dtype=float32)
    """
    x, y = _bits(x=x, y=y)
    return np.abs(x - y)


def muller_c(y_prev: Any, x_1: Any, x_2: Any) -> np.ndarray:
    """Next output of a Muller C-element: the inputs where they agree, else its output before.

    ``Theta(x_1 x_2 + (x_1 + x_2) y_prev)``

    Examples
    --------
    >>> muller_c([1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1])
    array([0., 1., 0., 1.], dtype=float32)
    """
    y_prev, x_1, x_2 = _bits(y_prev=y_prev, x_1=x_1, x_2=x_2)
    return np.heaviside(x_1 * x_2 + (x_1 + x_2) * y_prev, 0)


def posedge_detector(z: Any, z_prev: Any) -> np.ndarray:
    """``(1 - z_prev) z``: 1 where `z` is 1 and was 0 the step before.

    Examples
    --------
    >>> posedge_detector([0, 0, 1, 1], [0, 1, 0, 1])
    array([0., 0., 1., 0.], dtype=float32)
    """
    z, z_prev = _bits(z=z, z_prev=z_prev)
    return (1 - z_prev) * z


def _bits(**given: Any) -> list[np.ndarray]:
    arrays = [check.real_array(name, value) for name, value in given.items()]
    dtype = check.float_dtype(*arrays)
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        raise check.must(", ".join(given), "broadcast against each other",
                         f"shapes {', '.join(str(a.shape) for a in arrays)}") from None
    return [array.astype(dtype, copy=False) for array in arrays]
