"""Rules that draw nothing: one to one, and all to all."""

import numpy as np

from eventsnn.core.jit import kernel

_ONE = np.uint64(1)


@kernel
def one_to_one(site, block_at, rows, targets):
    """Connect the first source to the first target, the second to the second, and so on."""
    size = np.uint64(site.size)
    for i in range(np.uint64(site.n_pre)):
        target = np.uint64(site.post_start) + i
        block = target // size
        if targets is None:
            rows[block, i] = 1
        else:
            targets[np.uint64(block_at[block]) + np.uint64(rows[block, i])] = target % size


@kernel
def all_to_all(site, autapses, block_at, rows, targets):
    """Connect every source to every target, but itself if there are to be no `autapses`."""
    size = np.uint64(site.size)
    for block in range(np.uint64(rows.shape[0])):
        first = block * size
        start, stop = max(first, np.uint64(site.post_start)), min(first + size,
                                                                  np.uint64(site.post_stop))
        for i in range(np.uint64(site.n_pre)):
            itself = np.uint64(site.pre_start) + i
            left_out = site.same and not autapses and start <= itself < stop
            if targets is None:
                if start < stop:
                    rows[block, i] = stop - start - _ONE if left_out else stop - start
                continue
            at = np.uint64(block_at[block]) + np.uint64(rows[block, i])
            for target in range(start, stop):
                if not (left_out and target == itself):
                    targets[at] = target - first
                    at += _ONE
