"""Distance-dependent probability; the formulas are in `eventsnn.connect.distance`."""

import dataclasses
import math
from typing import Any

import numpy as np

from eventsnn.connect import distance, drawn
from eventsnn.connect.drawn import Recipe
from eventsnn.connect.rows import Site
from eventsnn.core import check
from eventsnn.simulate.population import View
from eventsnn.simulate.rules import DrawnRule


@dataclasses.dataclass(frozen=True, eq=False)
class DistanceProbability(DrawnRule):
    r"""Each ordered pair is connected with a probability that falls with its distance `d`.

    With `sigma` that is :math:`p_0 e^{-d^2 / 2 \sigma^2}`, with `length` :math:`p_0 e^{-d /
    \lambda}`. Lengths are in the unit of the positions.

    Attributes
    ----------
    pre_positions, post_positions : (n_pre, d) and (n_post, d) arrays
        Of the neurons of the views that are connected; any number of axes `d`.
    p_0 : float
        Probability at distance 0, from 0 to 1.
    sigma, length : float
        Width of the Gaussian, or length of the exponential; one of them is given.
    cutoff : float, optional
        Beyond it there is no connection.
    box : (d,) sequence, optional
        Periods of the axes, 0 or infinity where one has none; distances are the shortest around
        the box, and positions lie in ``0 ... box``.
    autapses : bool
        Whether a neuron may be connected to itself; by default it may, as in NEST.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> from eventsnn.simulate import Network
    >>> net = Network(seed=1)
    >>> ring = net.population("ring", 100, LIFParameters())
    >>> x = np.arange(100.0)[:, None]
    >>> rule = DistanceProbability(x, x, 0.9, sigma=5.0, cutoff=10.0, box=(100.0,))
    >>> made = net.connect(ring, ring, rule, delay=1e-3)
    >>> distance = abs(np.subtract(*made.synapses()[:2]))
    >>> int(np.minimum(distance, 100 - distance).max()) <= 10
    True
    """

    pre_positions: Any
    post_positions: Any
    p_0: float = 1.0
    sigma: float | None = None
    length: float | None = None
    cutoff: float | None = None
    box: Any = None
    autapses: bool = True

    def __post_init__(self) -> None:
        check.number("p_0", self.p_0, least=0.0, most=1.0)
        if (self.sigma is None) == (self.length is None):
            raise check.must("DistanceProbability", "be given sigma or length",
                             "neither" if self.sigma is None else "both", error=TypeError)
        for name in ("sigma", "length", "cutoff"):
            if getattr(self, name) is not None:
                check.number(name, getattr(self, name), above=0.0)
        check.flag("autapses", self.autapses)
        for name in ("pre_positions", "post_positions"):
            object.__setattr__(self, name, self._positions(name))
        axes = self.pre_positions.shape[1]
        check.shape("post_positions", self.post_positions.shape[1:], (axes,),
                    "(axes) as those of pre_positions")
        object.__setattr__(self, "box", self._box(axes))
        for name in ("pre_positions", "post_positions"):
            given = getattr(self, name)
            outside = (self.box > 0) & ((given < 0) | (given > self.box))
            if outside.any():
                raise check.must(name, f"lie in the box, 0 ... {self.box}",
                                 given[outside.any(axis=1)][0])

    def _positions(self, name: str) -> np.ndarray:
        given = check.real_array(name, getattr(self, name))
        if given.ndim != 2 or given.shape[1] == 0:
            raise check.must(name, "have shape (neurons, axes)", given.shape)
        check.finite(name, given)
        return given.astype(np.float64)  # a copy: the user's may change

    def _box(self, axes: int) -> np.ndarray:
        if self.box is None:
            return np.zeros(axes)
        box = check.real_array("box", self.box).astype(np.float64)
        check.shape("box", box.shape, (axes,), "(axes)")
        if not (box >= 0).all():
            raise check.must("box", "hold periods of at least 0", box)
        return np.where(np.isinf(box), 0.0, box)

    def check(self, pre: View, post: View) -> None:
        """See `Rule`."""
        for name, view in (("pre_positions", pre), ("post_positions", post)):
            shape = getattr(self, name).shape
            check.shape(name, shape, (len(view), shape[1]), "(neurons, axes)")

    def recipe(self, site: Site, n_blocks: int) -> Recipe:
        """See `Rule`."""
        if self.sigma is not None:
            kind, scale = distance.GAUSSIAN, 0.5 / self.sigma**2
        else:
            assert self.length is not None
            kind, scale = distance.EXPONENTIAL, 1.0 / self.length
        cutoff = math.inf if self.cutoff is None else self.cutoff
        return Recipe(drawn.DISTANCE, bool(self.autapses),
                      profile=(self.p_0, kind, scale, cutoff**2), period=tuple(self.box),
                      sources=self.pre_positions,
                      places=distance.places(self.post_positions, site.post_start, site.size,
                                             n_blocks))

    def describe(self) -> dict[str, Any]:
        """See `Rule`."""
        return {"rule": type(self).__name__, "p_0": self.p_0, "sigma": self.sigma,
                "length": self.length, "cutoff": self.cutoff, "box": self.box.tolist(),
                "autapses": self.autapses}
