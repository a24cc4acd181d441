r"""ISI-distance: how much the intervals of two trains differ, averaged over time [1]_.

With :math:`I_x(t)` the interval of x around t,

.. math:: D = \frac1T \int \frac{|I_x(t) - I_y(t)|}{\max(I_x(t), I_y(t))} dt.

References
----------
.. [1] Kreuz, Haas, Morelli, Abarbanel, Politi, "Measuring spike train synchrony", J. Neurosci.
   Methods 165, 151 (2007).
.. [2] Mulansky, Kreuz, "PySpike - a Python library for analyzing spike train synchrony", SoftwareX
   5, 183 (2016). Whose treatment of the ends of the window this is.
"""

import numpy as np

from eventsnn.analyse.trains import as_trains, distinct, filled, interval, pairwise
from eventsnn.core import check
from eventsnn.core.jit import kernel


def isi_distance(trains, *, t_start: float | None = None, t_stop: float | None = None,
                 ids=None) -> np.ndarray:
    """ISI-distance of each two trains.

    Parameters
    ----------
    trains : Trains, or list of arrays
        Of `spike_trains`; or sorted times, s.
    t_start, t_stop : float, optional
        Window, s: spikes outside it do not count, those at its ends do. That of the `Trains` by
        default, or from the first to the last spike of the list.
    ids : (n,) int array, optional
        Trains wanted; all by default.

    Returns
    -------
    (n, n) float64 array
        In 0 ... 1, symmetric, 0 on the diagonal; a row and a column for each of `ids`.

    Raises
    ------
    ValueError
        If the window is empty, or trains are not sorted.

    Notes
    -----
    O(spikes) a pair. A train without spikes is one interval; spikes of a train at one time are one
    spike. `pyspike.isi_distance` of more than two trains is the mean of what is off the diagonal,
    and its `interval` averages over a part of the window in which intervals keep their length.

    Examples
    --------
    >>> isi_distance([[1.0, 2.0, 3.0], [2.0]], t_start=0.0, t_stop=4.0)
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    trains = distinct(as_trains(trains, t_start, t_stop, ids))
    check.number("t_stop", trains.t_stop, above=trains.t_start)
    return pairwise(trains, _distance, trains.t_start, trains.t_stop, diagonal=0.0)


@kernel
def _distance(x, y, t_start, t_stop):
    x, y = filled(x, t_start, t_stop), filled(y, t_start, t_stop)
    i, j, now, total = 0, 0, t_start, 0.0
    while now < t_stop:
        time = min(x[i] if i < x.size else t_stop, y[j] if j < y.size else t_stop)
        if time > now:
            mine, other = interval(x, i, t_start, t_stop), interval(y, j, t_start, t_stop)
            total += (time - now) * abs(mine - other) / max(mine, other)
        i += i < x.size and x[i] == time
        j += j < y.size and y[j] == time
        now = time
    return total / (t_stop - t_start)
