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
from scipy import fft

from eventsnn.analyse.bins import Bins, whole
from eventsnn.analyse.blocks import count_blocks
from eventsnn.analyse.chunks import Spikes, selected
from eventsnn.core import check


def power_spectrum(spikes: Spikes, n_neurons: int, bin_size: float, segment: float, *,
                   t_stop: float, t_start: float = 0.0, ids=None,
                   window: str = "hann") -> tuple[np.ndarray, np.ndarray]:
    """Power spectrum of each neuron's binned train, by Welch's method.

    Parameters
    ----------
    spikes : iterable of pairs ``(times, ids)``, or one pair
        Times, s, and neurons; each pair in any order, but none before the one that came.
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

    Raises
    ------
    ValueError
        If a segment has less than 2 bins, or more than there are; and as `spike_counts` does.
    TypeError
        If `spikes` are no pairs, or neurons no whole numbers.

    Notes
    -----
    One pass; memory for a few segments, whatever `t_stop`. For all spikes of a population together
    give them one id: ``power_spectrum(((t, 0 * i) for t, i in chunks), 1, ...)``; over the square
    of its size, that is the spectrum of the population rate.

    `elephant.spectral.welch_psd` of the binned train in Hz is one-sided, and so twice as large
    between the ends; its bins hold their left edges, see `binned_counts`.

    Examples
    --------
    >>> power, frequencies = power_spectrum(([0.5, 1.5], [0, 0]), 1, 1.0, 2.0, t_stop=2.0,
    ...                                     window="boxcar")
    >>> power, frequencies
    (array([[0., 0.]]), array([0. , 0.5]))
    """
    bins = whole(t_start, t_stop, bin_size)
    size = round(check.number("segment", segment, least=bins.width) / bins.width)
    if not 1 < size <= bins.n:
        raise check.must("segment", f"be 2 ... {bins.n} bins", f"{size} bins")
    n, chunks = selected(spikes, n_neurons, ids)
    welch = Welch(n, bins, size, window)
    for counts in count_blocks(chunks, n, bins, size, welch.step):
        welch.add(counts)
    return welch.power(), welch.frequencies


class Welch:
    """The mean over segments, from the counts of `n` trains in each."""

    def __init__(self, n: int, bins: Bins, size: int, window: str = "hann") -> None:
        self.step = size - size // 2
        self.frequencies = np.arange(size // 2 + 1) / (size * bins.width)
        self._segments = (bins.n - size) // self.step + 1
        from scipy import signal  # takes a second, of all that import `eventsnn.analyse`

        self._taper, self._width = signal.get_window(window, size)[:, None], bins.width
        self._sum, self._n = np.zeros((size // 2 + 1, n)), 0

    def add(self, counts: np.ndarray) -> None:
        """Take in the next segment (size, n); those that are not whole do not count."""
        if self._n < self._segments:
            wave = fft.rfft((counts - counts.mean(axis=0)) * self._taper, axis=0)
            self._sum += wave.real**2 + wave.imag**2
            self._n += 1

    def power(self) -> np.ndarray:
        """Of all segments, (n, n_frequencies), Hz."""
        power = self._sum / (self._segments * self._width * (self._taper**2).sum())
        return np.ascontiguousarray(power.T)
