r"""SPIKE-synchronization: the share of spikes that coincide [1]_.

Spikes i of x and j of y coincide if they are less than half of the shortest of the intervals before
and after both apart: no window to choose, and a spike coincides with one other at most.

References
----------
.. [1] Kreuz, Mulansky, Bozanic, "SPIKY: a graphical user interface for monitoring spike train
   synchrony", J. Neurophysiol. 113, 3432 (2015).
.. [2] Quian Quiroga, Kreuz, Grassberger, "Event synchronization: a simple and fast method to
   measure synchronicity and time delay patterns", Phys. Rev. E 66, 041904 (2002). The window.
"""

import numpy as np

from eventsnn.analyse.trains import as_trains, distinct, pairwise
from eventsnn.core import check
from eventsnn.core.jit import kernel, scalar


def spike_synchronization(trains, *, t_start: float | None = None, t_stop: float | None = None,
                          ids=None) -> np.ndarray:
    """SPIKE-synchronization of each two trains.

    Parameters and errors as for `isi_distance`.

    Returns
    -------
    (n, n) float64 array
        In 0 ... 1, symmetric; 1 on the diagonal, and of two trains without spikes.

    Notes
    -----
    O(spikes) a pair. Intervals that the ends of the window cut count as long as the window; spikes
    of a train at one time are one spike. `pyspike.spike_sync` of more than two trains is the mean
    of what is off the diagonal, each pair weighted by its spikes.

    Examples
    --------
    >>> spike_synchronization([[1.0, 2.0], [1.1], []], t_start=0.0, t_stop=3.0).round(4)
    array([[1.    , 0.6667, 0.    ],
           [0.6667, 1.    , 0.    ],
           [0.    , 0.    , 1.    ]])
    """
    trains = distinct(as_trains(trains, t_start, t_stop, ids))
    check.number("t_stop", trains.t_stop, above=trains.t_start)
    return pairwise(trains, _share, trains.t_stop - trains.t_start, diagonal=1.0)


@kernel
def _share(x, y, longest):
    """Spikes in order of time, each compared with the last of the other train."""
    if x.size + y.size == 0:
        return 1.0
    i, j, coincident = 0, 0, 0
    while i < x.size or j < y.size:
        step_x = i < x.size and (j == y.size or x[i] <= y[j])
        step_y = j < y.size and (i == x.size or y[j] <= x[i])
        i += step_x
        j += step_y
        if step_x and step_y:
            coincident += 2
        elif i > 0 and j > 0:
            window = 0.5 * min(_shortest(x, i - 1, longest), _shortest(y, j - 1, longest))
            if abs(x[i - 1] - y[j - 1]) < window:
                coincident += 2
    return coincident / (x.size + y.size)


@scalar
def _shortest(train, k, longest):
    """The shorter of the intervals before and after spike k."""
    before = train[k] - train[k - 1] if k > 0 else longest
    after = train[k + 1] - train[k] if k + 1 < train.size else longest
    return min(before, after)
