"""From projections to the arrays of their synapses.

All projections onto one group are counted first; then each of their arrays is allocated once, and
filled in place. So a build takes little more memory than what it makes.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect import blocks, rows, values
from eventsnn.connect.cpu import SHARED
from eventsnn.connect.rows import Site
from eventsnn.engine.network import Synapses
from eventsnn.simulate.distributions import Distribution
from eventsnn.simulate.matrices import Listed
from eventsnn.simulate.projections import Projection

NARROW = 2**32  # synapses of a projection in a block, from which on rows need 8 bytes


class Wired(NamedTuple):
    """Synapses from one group to another or the same, and their extreme delays (steps)."""

    synapses: Synapses
    shortest: int | None  # None where there is no projection
    longest: int


def wire(projections: list[Projection], pre_starts: dict[str, int], post_starts: dict[str, int],
         n_post: int, seed: np.uint64) -> Wired:
    """Make the synapses of `projections`, all between the same two groups.

    `pre_starts` and `post_starts` say where in its group a population starts; `n_post` neurons are
    in the targets' group.
    """
    size = blocks.size(n_post)
    sites = [_site(q, pre_starts, post_starts, size, seed) for q in projections]
    wanted = list(zip(projections, sites, strict=True))
    lengths = [-(-n_post // size) * (site.n_pre + 1) for site in sites]
    rows_at = _before(lengths)
    all_rows, totals = _counted(wanted, lengths, n_post, np.uint32)
    if totals.max(initial=0) >= NARROW:
        all_rows, totals = _counted(wanted, lengths, n_post, np.uint64)
    block_at = _before(totals.reshape(-1)).reshape(totals.shape)
    targets = np.empty(int(totals.sum()), np.uint16)
    parts = _parts(all_rows, wanted, n_post)
    for (q, site), part, at in zip(wanted, parts, block_at, strict=True):
        q.rule.wire(site, at, part, targets)

    places = list(zip(wanted, parts, block_at, totals.sum(axis=1).tolist(), strict=True))
    weights, weights_at = _weights(places, targets)
    delays, delays_at, shortest, longest = _delays(places, targets)
    return Wired(Synapses(
        rows=all_rows, targets=targets, weights=weights, delays=delays, rows_at=rows_at,
        block_at=block_at,
        pre_start=np.array([site.pre_start for site in sites], np.int64),
        n_pre=np.array([site.n_pre for site in sites], np.int64),
        channel=np.array([q.channel for q in projections], np.int64),
        weight=np.array([_number(q.weight) for q in projections], np.float32),
        weights_at=weights_at,
        delay=np.array([_number(q.delay) for q in projections], np.int64),
        delays_at=delays_at), shortest, longest)


def _site(q: Projection, pre_starts: dict[str, int], post_starts: dict[str, int], size: int,
          seed: np.uint64) -> Site:
    first = post_starts[q.post.population.name]
    return Site(seed, q.number, pre_starts[q.pre.population.name] + q.pre.start, len(q.pre),
                first + q.post.start, first + q.post.stop,
                q.pre.population is q.post.population, size)


def _counted(wanted: list[tuple[Projection, Site]], lengths: list[int], n_post: int,
             dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where rows start, and how many synapses (Q, n_blocks) there are."""
    all_rows = np.zeros(sum(lengths), dtype)
    parts = _parts(all_rows, wanted, n_post)
    n_blocks = -(-n_post // wanted[0][1].size) if wanted else 1
    totals = np.zeros((len(wanted), n_blocks), np.int64)
    for (q, site), part, total in zip(wanted, parts, totals, strict=True):
        q.rule.wire(site, np.zeros(n_blocks, np.int64), part, None)
        rows.starts(part, total)
    return all_rows, totals


def _parts(all_rows: np.ndarray, wanted: list[tuple[Projection, Site]],
           n_post: int) -> list[np.ndarray]:
    """The rows of each projection, (n_blocks, n_pre + 1)."""
    parts, at = [], 0
    for _, site in wanted:
        length = -(-n_post // site.size) * (site.n_pre + 1)
        parts.append(all_rows[at:at + length].reshape(-1, site.n_pre + 1))
        at += length
    return parts


def _weights(places: list, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the projections whose synapses differ in weight, and where they lie."""
    out, value_at = _room(places, [not _is_number(q.weight) for (q, _), *_ in places], np.float32)
    for ((q, site), part, at, _), extra in zip(places, value_at.tolist(), strict=True):
        if isinstance(q.weight, Distribution):
            values.synapse_values(site, q.weight.law(), False, q.rule.multapses, at, part, targets,
                                  extra, out)
        elif not _is_number(q.weight):
            q.rule.place(q.weight, site, at + extra, part, out)
    return out, value_at


def _delays(places: list, targets: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray, int | None, int]:
    """As `_weights`, in steps, with the shortest and the longest of all."""
    ends = [_extremes(place, targets) for place in places]
    own = [not _is_number(q.delay) for (q, _), *_ in places]
    widest = max((end[1] for end, mine in zip(ends, own, strict=True) if mine), default=0)
    out, value_at = _room(places, own, np.uint8 if widest <= 255 else np.uint16)
    for k, (((q, site), part, at, _), extra) in enumerate(
            zip(places, value_at.tolist(), strict=True)):
        if isinstance(q.rule, Listed) and isinstance(q.delay, np.ndarray):
            q.rule.place(q.delay, site, at + extra, part, out)
        elif not _is_number(q.delay):
            ends[k] = _drawn(places[k], targets, extra, out)
    return (out, value_at, min((least for least, _ in ends), default=None),
            max((most for _, most in ends), default=1))


def _extremes(place: tuple, targets: np.ndarray) -> tuple[int, int]:
    """The shortest and the longest delay of a projection, or bounds of them."""
    (q, _), *_ = place
    if _is_number(q.delay):
        return q.delay, q.delay
    if isinstance(q.delay, np.ndarray):
        return int(q.delay.min()), int(q.delay.max())
    least, most = (max(round(x), 1) for x in q.delay[0].bounds(q.delay[1]))
    # Where what can be drawn needs 2 bytes, what is drawn may not.
    return (least, most) if most <= 255 else _drawn(place, targets, 0, None)


def _drawn(place: tuple, targets: np.ndarray, extra: int, out: Any) -> tuple[int, int]:
    (q, site), part, at, total = place
    distribution, dt = q.delay
    least, most = values.synapse_values(site, distribution.law(dt), True, q.rule.multapses, at,
                                        part, targets, extra, out)
    return (int(least), int(most)) if total else (1, 1)


def _room(places: list, own: list[bool], dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Room for one value a synapse of some projections, and where it lies for each."""
    sizes = [total if mine else 0 for (*_, total), mine in zip(places, own, strict=True)]
    first = [int(at[0]) for _, _, at, _ in places]
    value_at = np.where(own, _before(sizes) - np.array(first, np.int64), SHARED)
    return np.empty(sum(sizes), dtype), value_at


def _before(sizes: Any) -> np.ndarray:
    """What lies before each of several pieces of these sizes."""
    return np.cumsum(np.concatenate([[0], sizes]), dtype=np.int64)[:-1]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _number(value: Any) -> Any:
    return value if _is_number(value) else 0
