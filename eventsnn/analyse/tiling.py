r"""Spike time tiling coefficient: a correlation that does not depend on the rates.

With :math:`T_A` the share of time within :math:`\Delta t` of a spike of A and :math:`P_A` the share
of A's spikes within :math:`\Delta t` of one of B [1]_,

.. math:: \mathrm{STTC} = \frac12 \left( \frac{P_A - T_B}{1 - P_A T_B}
   + \frac{P_B - T_A}{1 - P_B T_A} \right).

References
----------
.. [1] Cutts, Eglen, "Detecting pairwise correlations in spike trains: an objective comparison of
   methods and application to the study of retinal waves", J. Neurosci. 34, 14288 (2014).
"""

import numpy as np

from eventsnn.analyse.bins import ROUNDING
from eventsnn.analyse.trains import as_trains, pairwise
from eventsnn.core import check
from eventsnn.core.jit import kernel


def spike_time_tiling(trains, dt: float = 0.005, *, t_start: float | None = None,
                      t_stop: float | None = None, ids=None) -> np.ndarray:
    """Spike time tiling coefficient of each two trains.

    Parameters
    ----------
    trains : Trains, or list of arrays
        These, the window, `ids` and errors as for `isi_distance`.
    dt : float
        Spikes at most so far apart count as coincident, s; distances within rounding of it, as on
        the grid of a simulation, too.

    Returns
    -------
    (n, n) float64 array
        In -1 ... 1, symmetric; NaN for trains without spikes. A term that is 0 / 0, of trains that
        tile all time, is 1 as in the authors' program.

    Notes
    -----
    O(spikes) a pair. `elephant.spike_train_correlation.spike_time_tiling_coefficient` 1.2 takes
    spikes for coincident that are 1e-5 of their time further apart than `dt`; this one does not.

    Examples
    --------
    >>> spike_time_tiling([[0.1, 0.5], [0.1, 0.5], []], 0.01, t_start=0.0, t_stop=1.0)
    array([[ 1.,  1., nan],
           [ 1.,  1., nan],
           [nan, nan, nan]])
    """
    dt = check.number("dt", dt, above=0.0)
    trains = as_trains(trains, t_start, t_stop, ids)
    check.number("t_stop", trains.t_stop, above=trains.t_start)
    out = pairwise(trains, _coefficient, trains.t_start, trains.t_stop, dt, diagonal=1.0)
    np.fill_diagonal(out, np.where(np.diff(trains.first) > 0, 1.0, np.nan))
    return out


@kernel
def _coefficient(a, b, t_start, t_stop, dt):
    if a.size == 0 or b.size == 0:
        return np.nan
    near_a, near_b = _near(a, b, dt) / a.size, _near(b, a, dt) / b.size
    return (0.5 * _term(near_a, _tiled(b, t_start, t_stop, dt))
            + 0.5 * _term(near_b, _tiled(a, t_start, t_stop, dt)))


@kernel
def _term(p, t):
    return 1.0 if p * t == 1.0 else (p - t) / (1.0 - p * t)


@kernel
def _tiled(train, t_start, t_stop, dt):
    """Share of the window within `dt` of a spike."""
    covered, until = 0.0, t_start
    for time in train:
        begin, end = max(time - dt, until), min(time + dt, t_stop)
        covered += end - begin if end > begin else 0.0
        until = max(until, end)
    return covered / (t_stop - t_start)


@kernel
def _near(train, other, dt):
    """Spikes of `train` at most `dt` from one of `other`."""
    count, j = 0, 0
    for time in train:
        reach = dt + ROUNDING * abs(time)
        while j < other.size and time - other[j] > reach:
            j += 1
        if j < other.size and other[j] - time <= reach:
            count += 1
    return count
