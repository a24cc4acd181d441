r"""Victor-Purpura distance: the least cost of turning one train into the other [1]_.

Adding or removing a spike costs 1, moving it by :math:`\delta` costs :math:`q |\delta|`. Moving
pays where it costs less than 2, so with the pairs (i, j) of spikes moved, none crossing,

.. math:: D = n + m - \max \sum_{(i, j)} (2 - q |t_i - u_j|).

References
----------
.. [1] Victor, Purpura, "Nature and precision of temporal coding in visual cortex: a metric-space
   analysis", J. Neurophysiol. 76, 1310 (1996).
"""

import numpy as np

from eventsnn.analyse.trains import as_trains, is_infinite, pairwise
from eventsnn.core import check
from eventsnn.core.jit import kernel


def victor_purpura_distance(trains, cost: float, *, t_start: float | None = None,
                            t_stop: float | None = None, ids=None) -> np.ndarray:
    """Victor-Purpura distance of each two trains.

    Parameters
    ----------
    trains : Trains, or list of arrays
        These, the window, `ids` and errors as for `isi_distance`.
    cost : float
        Cost q of moving a spike, 1/s: 0 compares counts, `inf` counts the spikes that do not
        coincide.

    Returns
    -------
    (n, n) float64 array
        Symmetric, 0 on the diagonal.

    Notes
    -----
    Only pairs of spikes less than ``2 / cost`` apart are looked at: O(spikes x spikes within it) a
    pair of trains, at worst O(n m). At infinite cost spikes at one time still coincide; `elephant.
    spike_train_dissimilarity.victor_purpura_distance` then adds up all spikes.

    Examples
    --------
    >>> victor_purpura_distance([[0.1, 0.5], [0.2], []], cost=2.0)
    array([[0. , 1.2, 2. ],
           [1.2, 0. , 1. ],
           [2. , 1. , 0. ]])
    """
    cost = check.number("cost", cost, least=0.0) if not is_infinite(cost) else np.inf
    trains = as_trains(trains, t_start, t_stop, ids)
    longest = int(np.diff(trains.first).max(initial=0))
    return pairwise(trains, _distance, cost, np.empty(longest + 1), diagonal=0.0)


@kernel
def _distance(x, y, cost, saved):
    """Of two trains; ``saved[j]``: most that moves save between `x` so far and the first j of `y`.

    Left of the spikes of `y` near that of `x`, a row is that before; right of them, constant.
    """
    reach = 2.0 / cost if cost > 0.0 else np.inf
    begin, end = 0, 0  # near spikes are y[begin:end]; saved[:end + 1] is known
    saved[0] = 0.0
    for time in x:
        while end < y.size and y[end] - time <= reach:
            end += 1
            saved[end] = saved[end - 1]
        while begin < end and time - y[begin] > reach:
            begin += 1
        diagonal = saved[begin]
        for j in range(begin, end):
            apart = abs(time - y[j])
            gain = 2.0 - (cost * apart if apart > 0.0 else 0.0)  # not inf times 0
            above = saved[j + 1]
            saved[j + 1] = max(above, saved[j], diagonal + gain)
            diagonal = above
    return x.size + y.size - saved[end]
