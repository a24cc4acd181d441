"""Spike functions and resets by norse's names, and norse's method strings as surrogates."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.layers import Threshold
from eventsnn.layers.base import rng
from eventsnn.plasticity import arguments
from eventsnn.surrogates import (
    CircDist, HeaviCirc, HeaviErfc, Heaviside, HeaviTanh, Logistic, SuperSpike, Triangle, choose,
    is_stochastic,
)

# norse's name of a method -> the surrogate. norse has the last two, but not by a string.
METHODS: dict[str, Any] = {
    "heaviside": Heaviside, "super": SuperSpike, "heavi_erfc": HeaviErfc, "tanh": HeaviTanh,
    "triangle": Triangle, "circ": HeaviCirc, "logistic": Logistic, "circ_dist": CircDist,
}


def new_seed(seed: int | None) -> int:
    """The seed given, or a different one each time."""
    return int(rng(None).integers(2**63)) if seed is None else seed


def surrogate(method: str = "super", alpha: float = 100.0, threshold: Any = None,
              seed: int | None = None) -> Any:
    """What the step functions make of their keywords `method`, `alpha`, `threshold` and `seed`.

    Parameters
    ----------
    method : str
        norse's name: "heaviside", "super", "heavi_erfc", "tanh", "triangle", "circ", "logistic" or
        "circ_dist".
    alpha : float
        Its width, 100 as in the parameters of norse's neurons; "heaviside" has none.
    threshold : surrogate, optional
        In place of `method` and `alpha`. One that draws at random draws the same in each call.
    seed : int, optional
        Of the random "logistic" and "circ_dist"; without it each call draws anew.

    Examples
    --------
    >>> surrogate("tanh", 50.0)
    HeaviTanh(alpha=50.0)
    """
    if threshold is not None:
        if (method, alpha, seed) != ("super", 100.0, None):
            raise check.must("threshold", "be given alone", f"{threshold!r} and a method, an alpha "
                             "or a seed")
        return threshold
    if method not in METHODS:
        raise check.unknown("method", method, METHODS)
    cls = METHODS[method]
    if not cls._fields:
        return cls()
    return cls(alpha, seed=new_seed(seed)) if is_stochastic(cls) else cls(alpha)


def threshold(x: Any, method: str = "super", alpha: float = 100.0, *,
              seed: int | None = None) -> np.ndarray:
    """Spikes of `x` (...), 0 or 1: where it is above 0, or at random as `method` says.

    Parameters are those of `surrogate`; the layer `Threshold` has the slope too.

    Examples
    --------
    >>> threshold([-1.0, 0.0, 0.5], "super", 100.0)
    array([0., 0., 1.])
    """
    return Threshold(surrogate(method, alpha, seed=seed))(x)


def sign(x: Any, method: str = "super", alpha: float = 100.0, *,
         seed: int | None = None) -> np.ndarray:
    """-1 or 1: twice the `threshold`, less 1; so -1 at 0.

    Examples
    --------
    >>> sign([-1.0, 0.0, 0.5])
    array([-1., -1.,  1.])
    """
    return 2 * threshold(x, method, alpha, seed=seed) - 1


def heaviside(x: Any) -> np.ndarray:
    """1 where `x` (...) is above 0, else 0.

    Examples
    --------
    >>> heaviside([-1.0, 0.0, 0.5])
    array([0., 0., 1.])
    """
    return threshold(x, "heaviside")


def _spike_function(name: str, method: str) -> Callable[..., np.ndarray]:
    cls = METHODS[method]

    def function(x: Any, alpha: float = cls().alpha, *, seed: int | None = None) -> np.ndarray:
        return threshold(x, method, alpha, seed=seed)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Spikes of `x` (...) by `{cls.__name__}`: ``threshold(x, {method!r})``."
    return function


super_fn = _spike_function("super_fn", "super")
heavi_erfc_fn = _spike_function("heavi_erfc_fn", "heavi_erfc")
heavi_tanh_fn = _spike_function("heavi_tanh_fn", "tanh")
heavi_circ_fn = _spike_function("heavi_circ_fn", "circ")
triangle_fn = _spike_function("triangle_fn", "triangle")
logistic_fn = _spike_function("logistic_fn", "logistic")
circ_dist_fn = _spike_function("circ_dist_fn", "circ_dist")


def reset_value(z: Any, v: Any, reset: Any, th: Any = None) -> np.ndarray:
    """Potentials `v` (...) after spikes `z` (...): `reset` at a spike. `th` has no part in it.

    Examples
    --------
    >>> reset_value([0, 1], [0.5, 1.5], -1.0)
    array([ 0.5, -1. ])
    """
    _, (z, v, reset) = arguments.arrays(None, z=z, v=v, reset=reset)
    return choose(z, v, reset)


def reset_subtract(z: Any, v: Any, reset: Any, th: Any) -> np.ndarray:
    """Potentials `v` (...) after spikes `z` (...): `th` less at a spike. `reset` has no part in it.

    Examples
    --------
    >>> reset_subtract([0, 1], [0.5, 1.5], -1.0, 1.0)
    array([0.5, 0.5])
    """
    _, (z, v, th) = arguments.arrays(None, z=z, v=v, th=th)
    return choose(z, v, v - th)
