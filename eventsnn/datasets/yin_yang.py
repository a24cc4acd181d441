"""Yin-Yang: points in a circle, to be told apart as yin, yang or dot.

The circle has radius `r_big` and touches both axes. In it lie two half circles, which make the line
between yin (0) and yang (1) wavy, and two dots (2) of radius `r_small`. A shallow network cannot
learn it well, so training of hidden layers shows.

References
----------
.. [1] Kriener, Goeltz, Petrovici, "The Yin-Yang dataset", NICE 2022, 107-111 (2022),
   doi 10.1145/3517343.3517380.
"""

import math

import numpy as np

from eventsnn.core import check

YIN, YANG, DOT = range(3)
_MOST_SEED = 2**32 - 1  # of NumPy's legacy generator
_MOST_RATIO = 100  # of the radii: the time to find a dot grows with its square


def yin_yang(n: int, seed: int, r_small: float = 0.1, r_big: float = 0.5
             ) -> tuple[np.ndarray, np.ndarray]:
    """Points and their classes, bit for bit as published.

    The published sets are ``yin_yang(5000, 42)`` for training, ``yin_yang(1000, 41)`` for
    validation and ``yin_yang(1000, 40)`` for testing. They were drawn from NumPy's legacy
    generator, so here it is used too, and not that of the rest of eventsnn.

    Parameters
    ----------
    n : int
        Number of points, at least 1.
    seed : int
        From 0 to 2^32 - 1.
    r_small, r_big : float
        Radius of the dots, from a hundredth to half of `r_big`; and of the circle.

    Returns
    -------
    inputs : (n, 4) float64 array
        ``x, y, 1 - x, 1 - y``; x and y from 0 to ``2 r_big``.
    labels : (n,) int64 array
        0 yin, 1 yang, 2 dot; equally likely.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    A class is drawn first and then points until one is in it: about 8 a point, for the default
    radii.

    Examples
    --------
    >>> inputs, labels = yin_yang(3, 42)
    >>> inputs.round(2).tolist()[0], labels.tolist()
    ([0.68, 0.45, 0.32, 0.55], [2, 1, 2])
    """
    n = check.integer("n", n, least=1)
    seed = check.integer("seed", seed, least=0, most=_MOST_SEED)
    r_big = check.number("r_big", r_big, above=0.0)
    r_small = check.number("r_small", r_small, least=r_big / _MOST_RATIO, most=r_big / 2)
    draw = np.random.RandomState(seed)
    inputs, labels = np.empty((n, 4)), np.empty(n, np.int64)
    for k in range(n):
        labels[k] = draw.randint(3)
        while True:
            x, y = (draw.random_sample(2) * 2.0 * r_big).tolist()
            if class_of(x, y, r_small, r_big) == labels[k]:
                break
        inputs[k] = x, y, 1.0 - x, 1.0 - y
    return inputs, labels


def class_of(x: float, y: float, r_small: float, r_big: float) -> int | None:
    """Class of a point; None outside of the circle."""
    if _distance(x, y, r_big, r_big) > r_big:
        return None
    left, right = (_distance(x, y, at * r_big, r_big) for at in (0.5, 1.5))  # to the dots
    if left < r_small or right < r_small:
        return DOT
    in_left_head = r_small < left <= 0.5 * r_big
    in_upper_half = y > r_big and right > 0.5 * r_big
    # The edge of the right dot is yang, that of the left one is what lies there: as published.
    return YANG if right <= r_small or in_left_head or in_upper_half else YIN


def _distance(x: float, y: float, x0: float, y0: float) -> float:
    return math.sqrt((x - x0)**2 + (y - y0)**2)
