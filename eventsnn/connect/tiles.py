"""Synapses split further, into tiles of a block's targets, in the form of `eventsnn.connect.rows`.
"""

import numpy as np

from eventsnn.connect.cpu import SHARED
from eventsnn.connect.rows import put_back, starts
from eventsnn.core.jit import kernel

_ONE = np.uint64(1)


@kernel
def _count(rows, targets, block_at, tile, tiles, out):
    for block in range(np.uint64(rows.shape[0])):
        base, first = block_at[block], np.uint64(block) * tiles
        for source in range(np.uint64(rows.shape[1]) - _ONE):
            for j in range(base + np.int64(rows[block, source]),
                           base + np.int64(rows[block, source + _ONE])):
                out[first + np.uint64(targets[j]) // tile, source] += _ONE


@kernel
def _place(rows, targets, weights, weights_at, delays, delays_at, block_at, tile, tiles, out,
           out_at, out_targets, out_weights, out_delays):
    for block in range(np.uint64(rows.shape[0])):
        base, first = block_at[block], np.uint64(block) * tiles
        for source in range(np.uint64(rows.shape[1]) - _ONE):
            for j in range(base + np.int64(rows[block, source]),
                           base + np.int64(rows[block, source + _ONE])):
                t = np.uint64(targets[j]) // tile
                at = out_at[first + t] + np.int64(out[first + t, source])
                out[first + t, source] += _ONE
                out_targets[at] = np.uint64(targets[j]) - t * tile
                if weights_at != SHARED:
                    out_weights[at + weights_at] = weights[j + weights_at]
                if delays_at != SHARED:
                    out_delays[at + delays_at] = delays[j + delays_at]


def split(rows, targets, weights, weights_at, delays, delays_at, block_at, tile, tiles, out_rows,
          out_targets, out_weights, out_delays):
    """Split the blocks of one projection into `tiles` of `tile` targets each.

    `rows` (n_blocks, n_pre + 1) and `block_at` (n_blocks,) say where its rows lie among the
    `targets`, `weights` and `delays`; `out_rows` (n_blocks * tiles, n_pre + 1), of zeros, and the
    arrays of the others' shapes are written, and where the tiles start is returned. Each row keeps
    its order.
    """
    totals = np.zeros(len(out_rows), np.int64)
    cut = np.uint64(tile), np.uint64(tiles)
    _count(rows, targets, block_at, *cut, out_rows)
    starts(out_rows, totals)
    of_block = totals.reshape(-1, tiles)
    at = (block_at[:, None] + np.cumsum(of_block, axis=1) - of_block).reshape(-1)
    _place(rows, targets, weights, weights_at, delays, delays_at, block_at, *cut, out_rows, at,
           out_targets, out_weights, out_delays)
    put_back(out_rows)
    return at
