r"""SPIKE-distance: how far each train's spikes are from the other's, averaged over time [1]_.

At time t, train x has a previous and a following spike, whose distances from the nearest spikes of
y are :math:`\Delta_P` and :math:`\Delta_F`; weighted by nearness,

.. math:: S_x = \frac{\Delta_P (t_F - t) + \Delta_F (t - t_P)}{I_x}, \qquad
   D = \frac1T \int \frac{S_x I_y + S_y I_x}{\frac12 (I_x + I_y)^2} dt.

References
----------
.. [1] Kreuz, Chicharro, Houghton, Andrzejak, Mormann, "Monitoring spike train synchrony",
   J. Neurophysiol. 109, 1457 (2013).
.. [2] Mulansky, Kreuz, "PySpike - a Python library for analyzing spike train synchrony", SoftwareX
   5, 183 (2016). Whose treatment of the ends of the window this is.
"""

import numpy as np

from eventsnn.analyse.trains import as_trains, distinct, filled, interval, pairwise
from eventsnn.core import check
from eventsnn.core.jit import kernel, scalar


def spike_distance(trains, *, t_start: float | None = None, t_stop: float | None = None,
                   ids=None) -> np.ndarray:
    """SPIKE-distance of each two trains.

    Parameters, result and errors as for `isi_distance`.

    Notes
    -----
    O(spikes) a pair. A train without spikes, or with one at `t_start`, counts as one with spikes at
    both ends of the window; spikes of a train at one time are one spike. `pyspike.spike_distance`
    of more than two trains is the mean of what is off the diagonal.

    Examples
    --------
    >>> spike_distance([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [2.0]], t_start=0.0, t_stop=4.0).round(4)
    array([[0.    , 0.    , 0.3333],
           [0.    , 0.    , 0.3333],
           [0.3333, 0.3333, 0.    ]])
    """
    trains = distinct(as_trains(trains, t_start, t_stop, ids))
    check.number("t_stop", trains.t_stop, above=trains.t_start)
    return pairwise(trains, _distance, trains.t_start, trains.t_stop, diagonal=0.0)


@kernel
def _distance(x, y, t_start, t_stop):
    """Between spikes, the integrand is a straight line."""
    x, y = filled(x, t_start, t_stop), filled(y, t_start, t_stop)
    from_x, from_y = _nearest(x, y, t_start, t_stop), _nearest(y, x, t_start, t_stop)
    i, j, now, total = 0, 0, t_start, 0.0
    while now < t_stop:
        time = min(x[i] if i < x.size else t_stop, y[j] if j < y.size else t_stop)
        if time > now:
            i_x, i_y = interval(x, i, t_start, t_stop), interval(y, j, t_start, t_stop)
            # half the sum of both ends, times the 1/2 of the square below
            s_x = _weighted(x, from_x, i, now, time, i_x)
            s_y = _weighted(y, from_y, j, now, time, i_y)
            total += ((time - now) * (s_x * i_y * i_y + s_y * i_x * i_x)
                      / (i_x * i_y * (i_x + i_y) ** 2))  # one division: they take the time
        i += i < x.size and x[i] == time
        j += j < y.size and y[j] == time
        now = time
    return total / (t_stop - t_start)


@scalar
def _weighted(train, distance, k, now, time, interval_k):
    """Distances at two times before spike k, by nearness to it and to the one before, times it."""
    if k == 0:
        return 2.0 * distance[0] * interval_k
    if k == train.size:
        return 2.0 * distance[k - 1] * interval_k
    return (distance[k - 1] * (train[k] - now + (train[k] - time))
            + distance[k] * (now - train[k - 1] + (time - train[k - 1])))


@kernel
def _nearest(train, other, t_start, t_stop):
    """Distance of each spike from the other train, the spikes beyond whose ends are guessed."""
    out = np.empty(train.size)
    before = other[0] - interval(other, 0, t_start, t_stop)
    after = other[-1] + interval(other, other.size, t_start, t_stop)
    j = 0
    for k in range(train.size):
        while j < other.size and other[j] < train[k]:
            j += 1
        left = other[j - 1] if j > 0 else before
        right = other[j] if j < other.size else after
        out[k] = min(train[k] - left, right - train[k])
    return out
