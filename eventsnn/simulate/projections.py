"""What `Network.connect` is asked for, checked."""

import itertools
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.sparse import is_sparse
from eventsnn.core import check
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters, pair_stdp, tsodyks_makram
from eventsnn.simulate import matrices
from eventsnn.simulate.distributions import Distribution
from eventsnn.simulate.matrices import Listed
from eventsnn.simulate.population import View
from eventsnn.simulate.rules import DrawnRule, FixedProbability, Rule

MOST = 2**31 - 1  # steps, of any delay
LONGEST = 65_535  # steps, of delays that synapses do not share: they are kept in 2 bytes


class Projection(NamedTuple):
    """Synapses from one view to another."""

    pre: View
    post: View
    channel: int
    rule: Rule
    weight: Any  # a number; a distribution; or, of a matrix, an array, one an entry
    delay: Any  # the same, in steps: an int; (a distribution, the length of a step); an array
    number: int  # of the projection in its network: tells its random numbers from others'
    procedural: bool  # whether rows are drawn again for each spike, in place of being kept
    plasticity: PairSTDP | None = None  # how weights change with the spikes of both sides
    short_term: TsodyksMakramParameters | None = None  # how release changes with the source's
    name: str = ""


def make(pre: View, post: View, rule: Any, weight: Any, delay: Any, probability: Any, matrix: Any,
         channel: str | None, autapses: Any, procedural: Any, plasticity: Any, short_term: Any,
         name: Any, dt: float, number: int, taken: Collection[str]) -> Projection:
    """The projection that the arguments of `Network.connect` ask for."""
    given = [name for name, value in (("a rule", rule), ("a probability", probability),
                                      ("a matrix", matrix)) if value is not None]
    if len(given) != 1:
        raise check.must("connect", "be given a rule, a probability or a matrix",
                         " and ".join(given) or "none of them", error=TypeError)
    autapses = check.flag("autapses", autapses)
    if matrix is not None:
        rule, weight, steps = _of_matrix(pre, post, matrix, weight, delay, dt)
    else:
        if probability is not None:
            check.number("probability", probability, least=0.0, most=1.0)
            rule = FixedProbability(probability, autapses)
        elif not isinstance(rule, Rule):
            raise check.must("rule", "be a rule of eventsnn.simulate, such as FixedInDegree(10)",
                             repr(rule), error=TypeError)
        elif autapses:
            raise check.must("autapses", "be left to the rule where one is given", True,
                             f"write {type(rule).__name__}(..., autapses=True)")
        weight, steps = _weight(weight), _delay(delay, dt)
    if check.flag("procedural", procedural) and not isinstance(rule, DrawnRule):
        raise check.must("procedural", "be False but for rules whose rows are drawn by themselves: "
                         "fixed probability, fixed out-degree, fixed total number, distance",
                         f"True for {rule.describe()['rule']}")
    rule.check(pre, post)
    if plasticity is not None:
        plasticity = pair_stdp.checked(plasticity)
        if procedural:
            raise check.must("procedural", "be False where weights change", True)
        _within(plasticity, weight)
    if short_term is not None:
        short_term = tsodyks_makram.checked(short_term)
    return Projection(pre, post, post.population.channel(channel), rule, weight, steps, number,
                      procedural, plasticity, short_term, _name(name, pre, post, taken))


def _within(p: PairSTDP, weight: Any) -> None:
    """Refuse weights that start beyond their bounds."""
    drawn = isinstance(weight, Distribution)
    ends = weight.bounds() if drawn else (np.min(weight, initial=np.inf),
                                          np.max(weight, initial=-np.inf))
    if np.float32(ends[0]) < np.float32(p.w_min) or np.float32(ends[1]) > np.float32(p.w_max):
        raise check.must("weight", f"lie in {p.w_min:g} ... {p.w_max:g}, the bounds of plasticity",
                         f"{ends[0]:g} ... {ends[1]:g}",
                         "bound it with ClippedNormal or Uniform" if drawn else "")


def _name(name: Any, pre: View, post: View, taken: Collection[str]) -> str:
    """That given, or one made of the names of the populations."""
    if name is None:
        plain = name = f"{pre.population.name}_to_{post.population.name}"
        for k in itertools.count(2):
            if name not in taken:
                return name
            name = f"{plain}_{k}"
    return check.new_name("name", name, taken)


def _weight(weight: Any) -> Any:
    """A number or a distribution that float32 can hold."""
    if isinstance(weight, Distribution):
        for bound in weight.bounds():
            check.finite("weight", bound, np.float32)
        return weight
    if not _is_single(weight):
        raise check.must("weight", "be a number or a distribution", _kind(weight),
                         "weights one by one go with a matrix", error=TypeError)
    weight = check.number("weight", weight)
    check.finite("weight", weight, np.float32)
    return weight


def _delay(delay: Any, dt: float) -> Any:
    """Whole steps, or a distribution with the length of a step."""
    if isinstance(delay, Distribution):
        least, most = delay.bounds(dt)
        if not round(most) >= 1:
            raise check.must("delay", f"be at least dt = {dt:g} s", f"{delay} at most")
        if not most <= LONGEST:
            raise check.must("delay", f"be at most {LONGEST} steps = {LONGEST * dt:g} s where "
                             "synapses differ in it", f"up to {most * dt:g} s",
                             "bound it with ClippedNormal or Uniform")
        return delay, dt
    if not _is_single(delay):
        raise check.must("delay", "be a number or a distribution", _kind(delay),
                         "delays one by one go with a matrix", error=TypeError)
    seconds = check.number("delay", delay)
    if not seconds / dt <= MOST:
        raise _too_long(seconds)
    if round(seconds / dt) < 1:
        raise check.must("delay", f"be at least dt = {dt:g} s", f"{seconds:g} s")
    return round(seconds / dt)


def _too_long(seconds: float) -> ValueError:
    return check.must("delay", "be below 2^31 steps", f"{seconds:g} s",
                      "time is in seconds; did you pass milliseconds?")


def _of_matrix(pre: View, post: View, matrix: Any, weight: Any, delay: Any,
               dt: float) -> tuple[Listed, Any, Any]:
    """The synapses of a matrix, with weight and delay of each, or of all where they are equal."""
    matrix = matrices.checked("matrix", matrix, pre, post)
    if isinstance(weight, Distribution):
        raise check.must("weight", "be a number or an array, a factor of the matrix", weight,
                         "give the matrix the weights", error=TypeError)
    own_weights = np.ndim(weight) > 0
    own_delays = is_sparse(delay) or np.ndim(delay) > 0
    if not own_weights:
        weight = _weight(weight)
    if not own_delays:
        steps = _delay(delay, dt)
    if not own_weights and not own_delays:
        listed, weights = matrices.plain(matrix, weight)
        return listed, _shared(weights), steps
    matrix = matrix.tocoo()
    if own_weights:
        weight = _one_an_entry("weight", weight, matrix)
    each = np.zeros(len(matrix.data), np.int64)
    if own_delays:
        if is_sparse(delay):
            delay = matrices.matched(matrix, matrices.checked("delay", delay, pre, post))
        each = _steps(_one_an_entry("delay", delay, matrix), dt)
    listed, weights, each = matrices.with_entries(matrix, weight, each)
    return listed, _shared(weights), _shared(each) if own_delays else steps


def _one_an_entry(name: str, values: Any, matrix: Any) -> np.ndarray:
    values = check.real_array(name, values)
    check.shape(name, values.shape, (len(matrix.data),), "(entries of the matrix)")
    check.finite(name, values)
    return values


def _steps(delays: np.ndarray, dt: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        steps = np.rint(delays / dt)
    if steps.size and not steps.max() <= MOST:
        raise _too_long(delays.max())
    if steps.size and not steps.min() >= 1:
        raise check.must("delay", f"be at least dt = {dt:g} s", f"{delays.min():g} s")
    if steps.size and not steps.max() <= LONGEST and steps.min() < steps.max():
        raise check.must("delay", f"be at most {LONGEST} steps = {LONGEST * dt:g} s where synapses "
                         "differ in it", f"{delays.max():g} s")
    return steps.astype(np.int64)


def _shared(values: np.ndarray) -> Any:
    """One number where all are equal."""
    if len(values) == 0:
        return 1
    return values[0].item() if (values == values[0]).all() else values


def _is_single(value: Any) -> bool:
    """Whether it is one value, be it an array of no axes."""
    return np.isscalar(value) or isinstance(value, np.ndarray) and value.ndim == 0


def _kind(value: Any) -> str:
    shape = np.shape(value) if isinstance(value, (np.ndarray, list, tuple)) else ()
    return f"{type(value).__name__} of shape {shape}" if shape else repr(value)
