"""What elephant and PySpike compute of the cases; as a program, writes it to a file for the tests.

    python -m tests.analysis_peers tests/data/analysis/peers.npz

needs the extra `bench`, which neither the package nor its tests need.
"""

import logging
import sys
import warnings
from unittest import mock

import numpy as np

from tests.analysis_cases import KINDS, case

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import elephant
    import neo
    import pyspike
    import quantities as pq
    from elephant import conversion, kernels, spectral, statistics
    from elephant import spike_train_correlation as correlation
    from elephant import spike_train_dissimilarity as dissimilarity

SEEDS = range(3)  # of each kind, kept in the file
M = 8  # lags to either side in correlograms
SIGMA = 0.02  # s, standard deviation of kernels


def neos(c):
    return [neo.SpikeTrain(train * pq.s, t_start=c.t_start * pq.s, t_stop=c.t_stop * pq.s)
            for train in c.trains]


def binned(c):
    return conversion.BinnedSpikeTrain(neos(c), bin_size=c.bin_size * pq.s,
                                       t_start=c.t_start * pq.s, t_stop=c.t_stop * pq.s)


def intervals(function, c):
    """Of each train; NaN where there are not two intervals."""
    return np.array([function(np.diff(train)) if train.size > 2 else np.nan for train in c.trains])


def correlograms(c):
    each = [conversion.BinnedSpikeTrain([train], bin_size=c.bin_size * pq.s) for train in neos(c)]
    out = np.zeros((len(each), len(each), 2 * M + 1), int)
    for a, x in enumerate(each):
        for b, y in enumerate(each):
            found, _ = correlation.cross_correlation_histogram(x, y, window=[-M, M])
            out[a, b] = found.magnitude[:, 0]
    return out


def tiling(c):
    """With `dt` alone as tolerance: elephant adds 1e-5 of the spike's time."""
    trains = neos(c)
    with mock.patch("numpy.isclose", lambda a, b, atol: abs(a - b) <= atol * (1 + 1e-12)):
        return np.array([[correlation.spike_time_tiling_coefficient(x, y, dt=0.005 * pq.s)
                          for y in trains] for x in trains])


def smooth(c, kernel):
    """Rate at multiples of 10 ms: elephant's kernel around each spike."""
    times = c.t_start + np.arange(int((c.t_stop - c.t_start) / 0.01 + 1e-9) + 1) * 0.01
    kernel = kernel(sigma=SIGMA * pq.s)
    return np.array([sum((kernel(np.round((times - t) / c.step) * c.step * pq.s).magnitude
                          for t in train), 0 * times) for train in c.trains])


def spectrum(c):
    counts = binned(c).to_array() / c.bin_size
    signal = neo.AnalogSignal(counts.T, units="Hz", sampling_period=c.bin_size * pq.s)
    return spectral.welch_psd(signal, len_segment=10, overlap=0.5)[1].magnitude


def pyspikes(function, c):
    trains = [pyspike.SpikeTrain(train, (c.t_start, c.t_stop)) for train in c.trains]
    return function(trains)


PEERS = {
    "spike_counts": lambda c: [len(train) for train in neos(c)],
    "firing_rates": lambda c: [statistics.mean_firing_rate(train).rescale("Hz").item()
                               for train in neos(c)],
    "cv": lambda c: intervals(statistics.cv, c),
    "cv2": lambda c: intervals(statistics.cv2, c),
    "lv": lambda c: intervals(statistics.lv, c),
    "lvr": lambda c: intervals(lambda i: statistics.lvr(i * pq.s, R=3 * pq.ms), c),
    "interval_histogram": lambda c: [np.histogram(statistics.isi(train), np.geomspace(1e-5, 1, 12))
                                     [0] for train in c.trains],
    "fano_factor_of_counts": lambda c: statistics.fanofactor(neos(c)),
    "binned_counts": lambda c: binned(c).to_array(),
    "fano_factor": lambda c: [row.var() / row.mean() if row.any() else np.nan
                              for row in binned(c).to_array()],
    "population_rate": lambda c: statistics.time_histogram(
        neos(c), c.bin_size * pq.s, output="rate").rescale("Hz").magnitude[:, 0],
    "count_covariance": lambda c: correlation.covariance(binned(c), fast=False),
    "count_correlation": lambda c: correlation.correlation_coefficient(binned(c), fast=False),
    "correlograms": correlograms,
    "spike_time_tiling": tiling,
    "victor_purpura_1": lambda c: dissimilarity.victor_purpura_distance(neos(c), 1 * pq.Hz),
    "victor_purpura_50": lambda c: dissimilarity.victor_purpura_distance(neos(c), 50 * pq.Hz),
    "victor_purpura_2000": lambda c: dissimilarity.victor_purpura_distance(neos(c), 2000 * pq.Hz),
    "van_rossum_2ms": lambda c: dissimilarity.van_rossum_distance(neos(c), 0.002 * pq.s),
    "van_rossum_50ms": lambda c: dissimilarity.van_rossum_distance(neos(c), 0.05 * pq.s),
    "Gaussian": lambda c: smooth(c, kernels.GaussianKernel),
    "Rectangular": lambda c: smooth(c, kernels.RectangularKernel),
    "Triangular": lambda c: smooth(c, kernels.TriangularKernel),
    "Epanechnikov": lambda c: smooth(c, kernels.EpanechnikovLikeKernel),
    "Exponential": lambda c: smooth(c, kernels.ExponentialKernel),
    "Alpha": lambda c: smooth(c, kernels.AlphaKernel),
    "power_spectrum": spectrum,
    "isi_distance": lambda c: pyspikes(pyspike.isi_distance_matrix, c),
    "spike_distance": lambda c: pyspikes(pyspike.spike_distance_matrix, c),
    "spike_synchronization": lambda c: pyspikes(pyspike.spike_sync_matrix, c),
}


def numbers(c):
    """Of all functions, by name."""
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: np.asarray(peer(c)) for name, peer in PEERS.items()}


def main():
    arrays = {"versions": np.array([f"{m.__name__} {m.__version__}"
                                    for m in (elephant, pyspike, neo, np)])}
    for kind in KINDS:
        for seed in SEEDS:
            c = case(kind, seed)
            key = f"{kind}_{seed}"
            arrays[f"{key}/sizes"] = np.array(c[1:])
            for k, train in enumerate(c.trains):
                arrays[f"{key}/trains/{k}"] = train
            arrays |= {f"{key}/{name}": value for name, value in numbers(c).items()}
    np.savez_compressed(sys.argv[1], **arrays)


if __name__ == "__main__":
    main()
