"""Rules that say which neurons of two populations are connected.

Defaults are those of NEST: a neuron may be connected to itself (`autapses`), and a pair of neurons
several times (`multapses`). Autapses are left out only within one population; two populations know
none. Each pair, or each choice, is equally likely where nothing else is said.
"""

import dataclasses
from typing import Any

import numpy as np

from eventsnn.connect import drawn, in_degree, out_degree, pairs
from eventsnn.connect import rows as rows_
from eventsnn.connect.drawn import Recipe
from eventsnn.connect.rows import Site
from eventsnn.core import check
from eventsnn.simulate.population import View

MOST = 2**31 - 1  # synapses that one neuron can draw
MOST_IN_ALL = 2**53  # whole numbers up to this one are exact in float64


class Rule:
    """What a rule must be able to do."""

    multapses = False  # whether a pair may have several synapses

    def check(self, pre: View, post: View) -> None:
        """Refuse populations that the rule cannot connect."""

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """Count the synapses, or write their targets; see `eventsnn.connect.rows`."""
        raise NotImplementedError

    def place(self, values: np.ndarray, site: Site, block_at: np.ndarray, rows: np.ndarray,
              out: np.ndarray) -> None:
        """Write values that were given one by one to `out`, at the places of their synapses."""
        raise NotImplementedError

    def recipe(self, site: Site, n_blocks: int) -> Recipe | None:
        """How rows are drawn by themselves, if that is how; see `eventsnn.connect.drawn`."""
        return None

    def describe(self) -> dict[str, Any]:
        """The rule as JSON can hold it."""
        return {"rule": type(self).__name__, **dataclasses.asdict(self)}  # type: ignore


class DrawnRule(Rule):
    """A rule whose rows are drawn by themselves: it can be procedural."""

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """See `Rule`."""
        recipe = self.recipe(site, len(rows))
        assert recipe is not None
        drawn.draw_rows(drawn.recipes([(recipe, site)], len(rows)), site, block_at, rows, targets)


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
class FixedProbability(DrawnRule):
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

    def recipe(self, site: Site, n_blocks: int) -> Recipe:
        """See `Rule`."""
        with np.errstate(divide="ignore"):
            log_miss = float(np.log1p(-np.float64(self.p)))
        # A gap without end takes the place of a probability of 0.
        return Recipe(drawn.PROBABILITY, bool(self.autapses), log_miss=log_miss or -1e-300)


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


@dataclasses.dataclass(frozen=True)
class FixedOutDegree(DrawnRule):
    """Each source has `n` targets.

    Attributes
    ----------
    n : int
        Synapses of each source.
    autapses, multapses : bool
        Whether a neuron may be connected to itself, and a pair several times; by default they may,
        as in NEST. Without multapses each set of `n` targets is equally likely.

    Examples
    --------
    >>> FixedOutDegree(100, multapses=False)
    FixedOutDegree(n=100, autapses=True, multapses=False)
    """

    n: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        check.integer("n", self.n, least=0, most=MOST)
        _flags(self)

    def check(self, pre: View, post: View) -> None:
        """See `Rule`."""
        if len(pre):
            _check_degree(self.n, _fewest(post, pre, self.autapses), self.multapses,
                          "targets as a source can have")

    def recipe(self, site: Site, n_blocks: int) -> Recipe:
        """See `Rule`."""
        return Recipe(drawn.LENGTH, bool(self.autapses), bool(self.multapses))

    def _degrees(self, site: Site) -> np.ndarray:
        return np.full(site.n_pre, self.n, np.int64)

    def wire(self, site: Site, block_at: np.ndarray, rows: np.ndarray,
             targets: np.ndarray | None) -> None:
        """See `Rule`."""
        if targets is None:
            out_degree.split_degrees(site, self._degrees(site), bool(self.autapses),
                                     bool(self.multapses), rows)
        else:
            super().wire(site, block_at, rows, targets)


@dataclasses.dataclass(frozen=True)
class FixedTotalNumber(FixedOutDegree):
    """`n` synapses in all, each between any source and any target.

    Attributes
    ----------
    n : int
        Synapses in all.
    autapses, multapses : bool
        Whether a neuron may be connected to itself, and a pair several times; by default they may,
        as in NEST. Without multapses each set of `n` pairs is equally likely.

    Examples
    --------
    >>> FixedTotalNumber(100_000)
    FixedTotalNumber(n=100000, autapses=True, multapses=True)
    """

    def __post_init__(self) -> None:
        check.integer("n", self.n, least=0, most=MOST_IN_ALL)
        _flags(self)

    def check(self, pre: View, post: View) -> None:
        """See `Rule`."""
        same = pre.population is post.population and not self.autapses
        overlap = max(0, min(pre.stop, post.stop) - max(pre.start, post.start)) if same else 0
        _check_degree(self.n, len(pre) * len(post) - overlap, self.multapses,
                      "pairs as there are")

    def _degrees(self, site: Site) -> np.ndarray:
        degrees = np.empty(site.n_pre, np.int64)
        out_degree.split_total(site, self.n, bool(self.autapses), bool(self.multapses), degrees)
        if degrees.max(initial=0) > MOST:
            raise check.must("n", f"give no source more than {MOST} synapses", self.n)
        return degrees
