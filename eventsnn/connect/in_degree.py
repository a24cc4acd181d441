"""Fixed in-degree: each target draws its sources."""

import numpy as np

from eventsnn.connect.words import AHEAD, below
from eventsnn.core.jit import kernel

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_ITEM_BITS = np.uint64(16)


@kernel
def fixed_in_degree(site, degree, autapses, multapses, block_at, rows, targets):
    """Give each target `degree` sources, each equally likely; see `eventsnn.connect.rows`.

    Without `multapses` they are drawn by Floyd's algorithm [1]_, with the last target that took a
    source as the mark that it is taken: 4 bytes a source for all targets together. Rows have their
    targets in order.

    References
    ----------
    .. [1] Bentley, Floyd, Commun. ACM 30, 754 (1987).
    """
    ahead = np.empty(AHEAD, np.uint64)
    taken = np.zeros(0 if multapses else site.n_pre, np.uint32)  # 1 + target
    size, n_pre, n_drawn = np.uint64(site.size), np.uint64(site.n_pre), np.uint64(degree)
    item = np.uint64(site.projection) << _ITEM_BITS
    for block in range(np.uint64(rows.shape[0])):
        first = block * size
        start, stop = max(first, np.uint64(site.post_start)), min(first + size,
                                                                  np.uint64(site.post_stop))
        base = np.uint64(block_at[block])
        for target in range(start, stop):
            itself = np.int64(target) - site.pre_start  # as a source
            left_out = site.same and not autapses and 0 <= itself < site.n_pre
            pool = n_pre - _ONE if left_out else n_pre
            draw = _ZERO
            for k in range(n_drawn):
                if multapses:
                    source, draw = below(ahead, site.seed, target, item, draw, pool)
                else:
                    last = pool - n_drawn + k
                    source, draw = below(ahead, site.seed, target, item, draw, last + _ONE)
                    if taken[source] == target + _ONE:
                        source = last
                    taken[source] = target + _ONE
                if left_out and source >= np.uint64(itself):
                    source += _ONE
                if targets is not None:
                    targets[base + np.uint64(rows[block, source])] = target - first
                rows[block, source] += 1
