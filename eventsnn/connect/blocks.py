"""Into how many blocks the neurons of a group are cut: what threads share out.

Each block has a row of its own for each source, so blocks cost memory, and rows too short to be
worth their start; but two threads need two. The size depends on the number of neurons alone, and so
do the results.
"""

SINGLE = 8192  # neurons that are not worth a second block
EVEN = 16_384  # neurons a block, about, while there are few blocks
FEW = 16
MOST = 65_536  # numbers within a block are uint16
LINE = 64  # whole cache lines, so that threads do not share one


def size(n: int) -> int:
    """Neurons a block in a group of `n`; the last block may have fewer.

    Examples
    --------
    >>> [size(n) for n in (100, 8192, 12_500, 100_000, 10**6)]
    [100, 8192, 6272, 12544, 62528]
    """
    if n <= SINGLE:
        return max(n, 1)
    count = min(_even(n, EVEN), max(FEW, _even(n, MOST)))
    return -(-n // (count * LINE)) * LINE


def _even(n: int, most: int) -> int:
    """An even number of blocks, none larger than `most`."""
    return 2 * -(-n // (2 * most))
