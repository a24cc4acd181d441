r"""Van Rossum distance: how far trains differ after an exponential filter.

.. math:: D^2 = \frac{2}{\tau} \int (f(t) - g(t))^2 dt, \qquad
   f(t) = \sum_{t_i \le t} e^{-(t - t_i) / \tau},

with the factor 2 of [2]_, for which one spike more is a distance of 1 ([1]_ has 1 / tau). Between
spikes the difference decays, so the integral is a sum over spikes, O(n + m) as in [2]_; but one of
squares, which loses no digits where the trains are nearly alike.

References
----------
.. [1] van Rossum, "A novel spike distance", Neural Comput. 13, 751 (2001).
.. [2] Houghton, Kreuz, "On the efficient calculation of van Rossum distances", Network 23, 48
   (2012).
"""

import numpy as np

from eventsnn.analyse.trains import as_trains, is_infinite, pairwise
from eventsnn.core import check
from eventsnn.core.jit import kernel


def van_rossum_distance(trains, tau: float, *, t_start: float | None = None,
                        t_stop: float | None = None, ids=None) -> np.ndarray:
    """Van Rossum distance of each two trains.

    Parameters
    ----------
    trains : Trains, or list of arrays
        These, the window, `ids` and errors as for `isi_distance`.
    tau : float
        Time constant, s; `inf` compares counts.

    Returns
    -------
    (n, n) float64 array
        Symmetric, 0 on the diagonal.

    Notes
    -----
    O(spikes) a pair. As `elephant.spike_train_dissimilarity.van_rossum_distance` has it, whose
    difference of large sums leaves some 1e-7 of trains that are equal.

    Examples
    --------
    >>> van_rossum_distance([[0.1], [0.1], [], [100.0]], tau=0.01).round(12)
    array([[0.        , 0.        , 1.        , 1.41421356],
           [0.        , 0.        , 1.        , 1.41421356],
           [1.        , 1.        , 0.        , 1.        ],
           [1.41421356, 1.41421356, 1.        , 0.        ]])
    """
    tau = check.number("tau", tau, above=0.0) if not is_infinite(tau) else np.inf
    return pairwise(as_trains(trains, t_start, t_stop, ids), _distance, tau, diagonal=0.0)


@kernel
def _distance(x, y, tau):
    """Of two trains: decays between their spikes, one up or down at each."""
    i, j = 0, 0
    difference, square, now = 0.0, 0.0, 0.0
    while i < x.size or j < y.size:
        from_x = j == y.size or i < x.size and x[i] <= y[j]
        time = x[i] if from_x else y[j]
        decay = np.expm1((now - time) / tau) if difference != 0.0 else 0.0  # less 1
        square -= difference * difference * decay * (2.0 + decay)
        difference += difference * decay + (1.0 if from_x else -1.0)
        if from_x:
            i += 1
        else:
            j += 1
        now = time
    return np.sqrt(square + difference * difference)
