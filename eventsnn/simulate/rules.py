"""Rules that say which neurons of two populations are connected.

Defaults are those of NEST: a neuron may be connected to itself (`autapses`), and a pair of neurons
several times (`multapses`). Autapses are left out only within one population; two populations know
none. Each pair, or each choice, is equally likely where nothing else is said.
"""

import dataclasses
from typing import Any

import numpy as np

from eventsnn.connect import in_degree, pairs, probability
from eventsnn.connect import rows as rows_
from eventsnn.connect.rows import Site
from eventsnn.core import check
from eventsnn.simulate.population import View

MOST = 2**31 - 1  # synapses that one neuron can draw


class Rule:
    """What a rule must be able to do."""

    multapses = False  # whether a pair may have several synapses

    def check(self, pre: View, post: View) -> None:
        """Refuse populations that the rule cannot connect."""

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """Count the synapses, or write their targets; see `eventsnn.connect.rows`."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The rule as JSON can hold it."""
        return {"rule": type(self).__name__, **dataclasses.asdict(self)}  # type: ignore


def _flags(rule: Any) -> None:
    for name in ("autapses", "multapses"):
        if hasattr(rule, name):
            check.flag(name, getattr(rule, name))


def _fewest(drawn_from: View, other: View, autapses: bool) -> int:
    """How many of `drawn_from` a neuron of `other` can choose from, at least."""
    overlap = drawn_from.population is other.population and max(
        drawn_from.start, other.start) < min(drawn_from.stop, other.stop)
    return len(drawn_from) - (overlap and not autapses)


def _check_degree(n: int, most: int, multapses: bool, what: str) -> None:
    """Refuse a number of partners that cannot be drawn from `most`."""
    if n > most and not (multapses and most):
        raise check.must("n", f"be at most {most}, as many {what}", n,
                         "allow multapses" if most else "")


@dataclasses.dataclass(frozen=True)
class OneToOne(Rule):
    """The first source to the first target, the second to the second, and so on.

    Examples
    --------
    >>> OneToOne()
    OneToOne()
    """

    def check(self, pre: View, post: View) -> None:
        """See `Rule`."""
        if len(pre) != len(post):
            raise check.must("post", f"have as many neurons as pre, {len(pre)}, for OneToOne",
                             len(post))

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """See `Rule`."""
        pairs.one_to_one(site, block_at, rows, targets)


@dataclasses.dataclass(frozen=True)
class AllToAll(Rule):
    """Every source to every target.

    Attributes
    ----------
    autapses : bool
        Whether a neuron may be connected to itself; by default it may, as in NEST.

    Examples
    --------
    >>> AllToAll(autapses=False)
    AllToAll(autapses=False)
    """

    autapses: bool = True

    def __post_init__(self) -> None:
        _flags(self)

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """See `Rule`."""
        pairs.all_to_all(site, bool(self.autapses), block_at, rows, targets)


@dataclasses.dataclass(frozen=True)
class FixedProbability(Rule):
    """Each ordered pair of neurons is connected with probability `p`, by itself.

    Time grows with the number of synapses, not of pairs.

    Attributes
    ----------
    p : float
        From 0 to 1.
    autapses : bool
        Whether a neuron may be connected to itself; by default it may, as in NEST.

    Examples
    --------
    >>> FixedProbability(0.1)
    FixedProbability(p=0.1, autapses=True)
    """

    p: float
    autapses: bool = True

    def __post_init__(self) -> None:
        check.number("p", self.p, least=0.0, most=1.0)
        _flags(self)

    @property
    def log_miss(self) -> np.float64:
        """Logarithm of the probability that a pair is not connected."""
        with np.errstate(divide="ignore"):
            return np.log1p(-np.float64(self.p))

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """See `Rule`."""
        if self.p > 0:
            probability.fixed_probability(site, self.log_miss, bool(self.autapses), block_at, rows,
                                          targets)


@dataclasses.dataclass(frozen=True)
class FixedInDegree(Rule):
    """Each target has `n` sources.

    Attributes
    ----------
    n : int
        Synapses onto each target.
    autapses, multapses : bool
        Whether a neuron may be connected to itself, and a pair several times; by default they may,
        as in NEST. Without multapses each set of `n` sources is equally likely.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> from eventsnn.simulate import Network
    >>> net = Network(seed=1)
    >>> cells = net.population("cells", 50, LIFParameters())
    >>> made = net.connect(cells, cells, FixedInDegree(7, multapses=False), delay=1e-3)
    >>> set(made.in_degree().tolist())
    {7}
    """

    n: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        check.integer("n", self.n, least=0, most=MOST)
        _flags(self)

    def check(self, pre: View, post: View) -> None:
        """See `Rule`."""
        if len(post):
            _check_degree(self.n, _fewest(pre, post, self.autapses), self.multapses,
                          "sources as a target can have")

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """See `Rule`."""
        if self.n == 0:
            return
        in_degree.fixed_in_degree(site, int(self.n), bool(self.autapses), bool(self.multapses),
                                  block_at, rows, targets)
        if targets is not None:
            rows_.put_back(rows)
