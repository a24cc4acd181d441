"""Rows of a given length: each source draws its targets; and how lengths are drawn.

A source's targets are shared among the blocks first, which leaves the choice within each block
free; see `eventsnn.connect.counts`.
"""

import numpy as np

from eventsnn.connect.counts import share
from eventsnn.connect.words import below, uniform52
from eventsnn.core import random
from eventsnn.core.jit import kernel, scalar

# In place of the block in the counter, in what is drawn for a source as a whole.
_SPLIT, _TOTAL = np.uint64(0xFFFF), np.uint64(0xFFFE)
_STREAM = np.uint64(random.CONNECTIVITY)
_ITEM_BITS, _WORD_BITS = np.uint64(16), np.uint64(6)
_ZERO, _ONE, _PLACE = np.uint64(0), np.uint64(1), np.uint64(63)


@scalar
def drawn_row(ahead, marks, seed, item, source, start, stop, left_out, length, multapses, targets,
              at):
    """Write `length` targets of one source, each place in ``start <= target < stop`` as likely.

    `left_out` is a target to leave out, or -1. Without `multapses` by Floyd's algorithm, with one
    bit of `marks` a target.
    """
    omits = start <= left_out < stop
    first, length = np.uint64(start), np.uint64(length)
    pool = np.uint64(stop) - first
    if omits:
        pool -= _ONE
    if not multapses:
        for m in range((pool + _PLACE) >> _WORD_BITS):
            marks[m] = _ZERO
    draw = _ZERO
    for k in range(length):
        if multapses:
            chosen, draw = below(ahead, seed, source, item, draw, pool)
        else:
            last = pool - length + k
            chosen, draw = below(ahead, seed, source, item, draw, last + _ONE)
            if (marks[chosen >> _WORD_BITS] >> (chosen & _PLACE)) & _ONE:
                chosen = last
            marks[chosen >> _WORD_BITS] |= _ONE << (chosen & _PLACE)
        target = first + chosen
        if omits and target >= np.uint64(left_out):
            target += _ONE
        targets[at + k] = target


@kernel
def split_degrees(site, degrees, autapses, multapses, rows):
    """Share the synapses of each source among the blocks: write ``rows[block, source]``."""
    for i in range(np.uint64(site.n_pre)):
        source = site.pre_start + np.int64(i)
        left = np.float64(degrees[i])
        beyond = np.float64(_pool(site, source, site.post_start, site.post_stop, autapses))
        for block in range(np.uint64(rows.shape[0])):
            first = np.int64(block) * site.size
            good = np.float64(_pool(site, source, max(first, site.post_start),
                                    min(first + site.size, site.post_stop), autapses))
            beyond -= good
            w0, w1, _, _ = random.words(site.seed, _STREAM, np.uint64(source), block,
                                        (np.uint64(site.projection) << _ITEM_BITS) | _SPLIT)
            here = share(uniform52(w0, w1), left, good, beyond, multapses)
            rows[block, i] = np.int64(here)
            left -= here


@kernel
def split_total(site, total, autapses, multapses, degrees):
    """Share a total of synapses among the sources, each pair as likely: write ``degrees[i]``."""
    left, beyond = np.float64(total), 0.0
    for i in range(site.n_pre):
        beyond += _pool(site, site.pre_start + i, site.post_start, site.post_stop, autapses)
    for i in range(np.uint64(site.n_pre)):
        source = site.pre_start + np.int64(i)
        good = np.float64(_pool(site, source, site.post_start, site.post_stop, autapses))
        beyond -= good
        w0, w1, _, _ = random.words(site.seed, _STREAM, np.uint64(source), _ZERO,
                                    (np.uint64(site.projection) << _ITEM_BITS) | _TOTAL)
        degrees[i] = share(uniform52(w0, w1), left, good, beyond, multapses)
        left -= degrees[i]


@scalar
def _pool(site, source, start, stop, autapses):
    """How many targets from `start` to `stop` a source may have."""
    if stop <= start:
        return 0
    return stop - start - (1 if site.same and not autapses and start <= source < stop else 0)
