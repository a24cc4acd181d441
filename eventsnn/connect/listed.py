"""Synapses that are listed, in a CSR matrix with sorted rows."""

import numpy as np

from eventsnn.core.jit import kernel


@kernel
def listed(site, indptr, indices, block_at, rows, targets):
    """Take the synapses of the matrix; see `eventsnn.connect.rows`."""
    at_entry = indptr[:-1].copy()  # of each source, the first entry of the next block
    for block in range(rows.shape[0]):
        first = block * site.size - site.post_start
        for i in range(site.n_pre):
            j, at = np.int64(at_entry[i]), np.int64(0)
            if targets is not None:
                at = np.int64(block_at[block]) + np.int64(rows[block, i])
            while j < indptr[i + 1] and indices[j] < first + site.size:
                if targets is None:
                    rows[block, i] += 1
                else:
                    targets[at] = indices[j] - first
                    at += 1
                j += 1
            at_entry[i] = j


@kernel
def listed_values(site, indptr, indices, values, block_at, rows, out):
    """Write the value of each entry to `out`, at the place of its synapse."""
    at_entry = indptr[:-1].copy()
    for block in range(rows.shape[0]):
        first = block * site.size - site.post_start
        for i in range(site.n_pre):
            j, at = np.int64(at_entry[i]), np.int64(block_at[block]) + np.int64(rows[block, i])
            while j < indptr[i + 1] and indices[j] < first + site.size:
                out[at] = values[j]
                at += 1
                j += 1
            at_entry[i] = j
