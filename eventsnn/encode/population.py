r"""Population codes: a value to the activities of neurons that each prefer another value.

.. math::
    out_j = K\!\left(s \, d(x, c_j)\right), \qquad
    c_j = s \, \frac{j}{n - 1}, \qquad d(x, c) = (x - c)^2, \qquad
    K(d) = e^{-d / 2 \sigma^2}

with :math:`s` the scale. The activities are rates, not spikes: a Poisson encoder makes them that.

References
----------
.. [1] Pouget, Dayan, Zemel, Nature Reviews Neuroscience 1, 125 (2000).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import on_device, to


def gaussian_rbf(distance: Any, sigma: float = 1.0) -> np.ndarray:
    """Gaussian radial basis function of a squared distance: ``exp(-distance / (2 sigma^2))``."""
    return np.exp(-distance / (2 * sigma**2))


def euclidean_distance(x: Any, y: Any) -> np.ndarray:
    """Squared Euclidean distance of numbers, ``(x - y)^2``; named as in norse."""
    return np.square(x - y)


class PopulationEncoder:
    """Values (...) to activities (..., out_features).

    Parameters
    ----------
    out_features : int
        Number of neurons a value.
    scale : float or array, optional
        The neurons' preferred values go from 0 to `scale`; an array broadcasts against the values,
        one scale each. By default, and for 0, the largest value of the call, as in norse.
    kernel : callable
        Distances to activities, both of shape (..., out_features).
    distance_function : callable
        Values and preferred values, both (..., out_features), to distances.

    Examples
    --------
    >>> import numpy as np
    >>> PopulationEncoder(3)(np.array([0.0, 0.5, 1.0])).round(4)
    array([[1.    , 0.8825, 0.6065],
           [0.8825, 1.    , 0.8825],
           [0.6065, 0.8825, 1.    ]])
    """

    def __init__(self, out_features: int, scale: Any = None, kernel: Callable = gaussian_rbf,
                 distance_function: Callable = euclidean_distance) -> None:
        self.out_features = check.integer("out_features", out_features, least=1)
        self.scale = None
        if scale is not None:
            scale = np.array(check.real_array("scale", scale))
            check.finite("scale", scale)
            if scale.ndim and not scale.all():
                raise check.must("scale", "hold no 0", f"{np.sum(scale == 0)} of {scale.size}")
            self.scale = scale if scale.any() else None
        for name, function in (("kernel", kernel), ("distance_function", distance_function)):
            if not callable(function):
                raise check.must(name, "be callable", repr(function), error=TypeError)
        self.kernel, self.distance_function = kernel, distance_function

    def __call__(self, x: Any) -> np.ndarray:
        """Activities of the values `x`, of any shape."""
        x, scale, unit = self._values(x)
        x, centres = np.broadcast_arrays(x[..., None], scale[..., None] * unit)
        return self.kernel(self.distance_function(x, centres) * scale[..., None])

    def _values(self, x: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The values, their scales, and the preferred values at scale 1; in one float type."""
        x = check.real_array("x", x)
        check.finite("x", x)
        if x.size == 0:
            raise check.must("x", "hold at least one value", f"shape {x.shape}")
        scale = check.real_array("x", x.max()) if self.scale is None else self.scale
        if on_device(x):
            scale = to(scale, "cuda")
        dtype = check.float_dtype(x, scale)
        try:
            fits = np.broadcast_shapes(x.shape, scale.shape) == x.shape
        except ValueError:
            fits = False
        if not fits:
            raise check.must("scale", f"broadcast against x of shape {x.shape}", scale.shape)
        unit = np.linspace(0, 1, self.out_features).astype(dtype, copy=False)
        return (x.astype(dtype, copy=False), scale.astype(dtype, copy=False),
                to(unit, "cuda") if on_device(x) else unit)

    def backward(self, x: Any, out_bar: Any) -> np.ndarray:
        """Gradient of the values `x` for that of the activities.

        For the default kernel and distance only. Where the scale is the largest value of `x`, that
        value gets the gradient of the scale too (norse holds the preferred values fixed there).
        """
        if self.kernel is not gaussian_rbf or self.distance_function is not euclidean_distance:
            raise check.must("kernel and distance_function", "be gaussian_rbf and "
                             "euclidean_distance for backward", "others")
        x, s, unit = self._values(x)
        out_bar = check.real_array("out_bar", out_bar).astype(x.dtype, copy=False)
        check.shape("out_bar", out_bar.shape, (*x.shape, self.out_features), "as the activities")
        s = s[..., None]
        off = x[..., None] - s * unit
        exponent_bar = out_bar * np.exp(-s * np.square(off) / 2)
        # out = exp(e),  e = -s off^2 / 2,  off = x - s unit
        x_bar = -(exponent_bar * s * off).sum(axis=-1)
        if self.scale is None:
            s_bar = (exponent_bar * off * (s * unit - off / 2)).sum()
            x_bar[np.unravel_index(x.argmax(), x.shape)] += s_bar
        return x_bar
