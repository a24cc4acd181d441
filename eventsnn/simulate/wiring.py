"""From projections to the arrays of their synapses.

All projections onto one group are counted first; then each of their arrays is allocated once, and
filled in place. So a build takes little more memory than what it makes.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect import blocks, drawn, procedural, rows
from eventsnn.connect.drawn import Recipe, Recipes
from eventsnn.connect.learning import Sources
from eventsnn.connect.procedural import Drawing
from eventsnn.connect.rows import Site
from eventsnn.engine.delivery import Synapses
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.simulate import plastic, synapse_values
from eventsnn.simulate.projections import Projection
from eventsnn.simulate.synapse_values import Piece

NARROW = 2**32  # synapses of a projection in a block, from which on rows need 8 bytes


class Wired(NamedTuple):
    """Synapses from one group to another or the same, as the engine takes them."""

    synapses: Synapses
    recipes: Recipes | None  # of the procedural ones, if there is one
    drawing: Drawing | None
    past: Sources | None  # of the plastic ones
    releases: TsodyksMakramParameters | None
    rules: list[PairSTDP]  # that synapses onto the group learn by
    shortest: int | None  # delay, steps; None where there is no projection
    longest: int

    @property
    def kept(self) -> tuple:
        """What the loops take."""
        return self[:5]


def wire(projections: list[Projection], starts: dict[str, int], senders: dict[str, tuple[int, int]],
         n_post: int, seed: np.uint64, rules: list[PairSTDP] = [], dt: float = 0.0) -> Wired:
    """Make the synapses of `projections`, all onto the same group of `n_post` neurons.

    Of a population, `starts` says where in its group it starts, and `senders` in which of the lists
    of spikes its own are found: from and to.
    """
    size = blocks.size(n_post)
    n_blocks = -(-n_post // size)
    pieces = [_piece(q, starts, size, n_blocks, seed) for q in projections]
    all_rows = _count(pieces, n_blocks, np.uint32)
    if any(piece.totals.max() >= NARROW for piece in pieces):
        all_rows = _count(pieces, n_blocks, np.uint64)
    stored = np.array([piece.totals * piece.stored for piece in pieces], np.int64).reshape(
        -1, n_blocks)
    block_at = synapse_values.before(stored.reshape(-1)).reshape(stored.shape)
    targets = synapse_values.allocate(int(stored.sum()), np.uint16)
    for piece, at in zip(pieces, block_at, strict=True):
        piece.block_at = at
        if piece.stored:
            piece.q.rule.wire(piece.site, at, piece.rows, targets)

    weights, weights_at = synapse_values.weights(pieces, targets)
    delays, delays_at, shortest, longest = synapse_values.delays(pieces, targets)
    synapses = Synapses(
        rows=all_rows, targets=targets, weights=weights, delays=delays,
        rows_at=synapse_values.before([piece.rows.size for piece in pieces]), block_at=block_at,
        senders=np.array([senders[q.pre.population.name] for q in projections],
                         np.int64).reshape(-1, 2),
        pre_start=np.array([piece.site.pre_start for piece in pieces], np.int64),
        n_pre=np.array([piece.site.n_pre for piece in pieces], np.int64),
        channel=np.array([q.channel for q in projections], np.int64),
        weight=np.array([synapse_values.shared(q.weight) for q in projections], np.float32),
        weights_at=weights_at,
        delay=np.array([synapse_values.shared(q.delay) for q in projections], np.int64),
        delays_at=delays_at)
    return Wired(synapses, *_procedural(pieces, n_blocks, size),
                 *plastic.sources(projections, rules, n_blocks, dt), rules, shortest, longest)


def count(q: Projection, starts: dict[str, int], n_post: int, seed: np.uint64) -> int:
    """The number of synapses of a projection, without making them."""
    size = blocks.size(n_post)
    n_blocks = -(-n_post // size)
    piece = _piece(q._replace(procedural=False), starts, size, n_blocks, seed)
    _count([piece], n_blocks, np.uint64)
    return int(piece.totals.sum())


def _piece(q: Projection, starts: dict[str, int], size: int, n_blocks: int,
           seed: np.uint64) -> Piece:
    first = starts[q.post.population.name]
    site = Site(seed, q.number, starts[q.pre.population.name] + q.pre.start, len(q.pre),
                first + q.post.start, first + q.post.stop,
                q.pre.population is q.post.population, size)
    recipe = q.rule.recipe(site, n_blocks) if q.procedural else None
    return Piece(q, site, recipe)


def _count(pieces: list[Piece], n_blocks: int, dtype: Any) -> np.ndarray:
    """Let each projection count its synapses; returns where its rows start, all in one array."""
    def length(piece: Piece) -> int:
        """Procedural rows need none, but where they have a given length."""
        needed = piece.recipe is None or piece.recipe.kind == drawn.LENGTH
        return n_blocks * (piece.site.n_pre + 1) if needed else 0

    all_rows, at = np.zeros(sum(map(length, pieces)), dtype), 0
    for piece in pieces:
        piece.rows = all_rows[at:at + length(piece)].reshape(-1, piece.site.n_pre + 1)
        piece.totals = np.zeros(n_blocks, np.int64)
        at += piece.rows.size
        if piece.rows.size:
            piece.q.rule.wire(piece.site, piece.totals, piece.rows, None)
            rows.starts(piece.rows, piece.totals)
    return all_rows


def _procedural(pieces: list[Piece], n_blocks: int,
                size: int) -> tuple[Recipes | None, Drawing | None]:
    """What draws the rows of procedural projections, if there are any."""
    if all(piece.stored for piece in pieces):
        return None, None
    recipes = [piece.recipe or Recipe(drawn.STORED, True) for piece in pieces]
    lengths = [int(np.diff(piece.rows.astype(np.int64), axis=1).max(initial=0))
               for piece in pieces if not piece.stored]
    laws = [synapse_values.laws(piece.q) for piece in pieces]
    own = [[not synapse_values.is_number(value) and not piece.stored for piece in pieces
            for value in (getattr(piece.q, name),)] for name in ("weight", "delay")]
    return (drawn.recipes([(r, p.site) for r, p in zip(recipes, pieces, strict=True)], n_blocks),
            Drawing(np.array(own[0]), np.array(own[1]), np.array([law[0] for law in laws]),
                    np.array([law[1] for law in laws]),
                    *procedural.room(n_blocks, size, max(size, *lengths, 1))))
