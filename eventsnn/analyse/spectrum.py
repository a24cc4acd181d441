r"""Power spectrum of spike trains [1]_.

.. math:: S(f) = \lim_{T \to \infty} \frac1T
   \left\langle \left| \int_0^T (x(t) - r) e^{-2 \pi i f t} dt \right|^2 \right\rangle, \qquad
   x(t) = \sum_j \delta(t - t_j),

two-sided, in Hz: that of a Poisson process is its rate r at all frequencies.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 7.4.
.. [2] Welch, "The use of fast Fourier transform for the estimation of power spectra", IEEE Trans.
   Audio Electroacoust. 15, 70 (1967).
"""

import numpy as np
from scipy import signal

from eventsnn.analyse.bins import binned_counts
from eventsnn.analyse.chunks import Spikes
from eventsnn.core import check


def power_spectrum(spikes: Spikes, n_neurons: int, bin_size: float, segment: float, *,
                   t_stop: float, t_start: float = 0.0, ids=None,
                   window: str = "hann") -> tuple[np.ndarray, np.ndarray]:
    """Power spectrum of each neuron's binned train, by Welch's method.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; in any order.
    n_neurons : int
        Neurons, numbered from 0.
    bin_size : float
        Width of a bin, s; frequencies reach to ``1 / (2 bin_size)``.
    segment : float
        Length of the segments averaged over, s, in whole bins; they overlap by half. Frequencies
        are ``1 / segment`` apart.
    t_start, t_stop : float
        Window, s.
    ids : (n,) int array, optional
        Neurons wanted; all by default.
    window : str
        Taper, by its name in `scipy.signal.get_window`.

    Returns
    -------
    power : (n, n_frequencies) float64 array
        Hz. The mean of each segment is taken off.
    frequencies : (n_frequencies,) float64 array
        From 0, Hz.

    Notes
    -----
    `elephant.spectral.welch_psd` is one-sided, and so twice as large between the ends.

    Examples
    --------
    >>> power, frequencies = power_spectrum(([0.5, 1.5], [0, 0]), 1, 1.0, 2.0, t_stop=2.0,
    ...                                     window="boxcar")
    >>> power, frequencies
    (array([[0., 0.]]), array([0. , 0.5]))
    """
    counts = binned_counts(spikes, n_neurons, bin_size, t_start=t_start, t_stop=t_stop, ids=ids)
    size = round(check.number("segment", segment, least=bin_size) / bin_size)
    if not 1 < size <= counts.shape[1]:
        raise check.must("segment", f"be 2 ... {counts.shape[1]} bins", f"{size} bins")
    kept = size // 2 + 1
    power = np.empty((len(counts), kept))
    for row, train in zip(power, counts, strict=True):
        row[:] = signal.welch(train / bin_size, 1 / bin_size, window, size,
                              return_onesided=False)[1][:kept]
    return power, np.arange(kept) / (size * bin_size)
