"""Analyses against elephant and PySpike: numbers on file, and fresh ones where both are installed.

See data/README.md. Counts are equal; all else differs by at most 1e-12 of the largest entry, or by
1e-12 where that is below 1.
"""

import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn import analyse
from tests.analysis_cases import KINDS, Case, case

FILE = pathlib.Path(__file__).parent / "data" / "analysis" / "peers.npz"
FRESH = range(100, 105)
M = 8  # lags to either side in correlograms
SIGMA = 0.02  # s, standard deviation of kernels
COUNTS = {"spike_counts", "interval_histogram", "binned_counts", "correlograms"}


def n(c):
    return len(c.trains)


def as_elephant(c):
    """The spikes half a step later: elephant's bins hold their left edges, ours the right ones."""
    times, ids = c.spikes
    return times + c.step / 2, ids


def in_bins(c):
    """The spikes at the centres of elephant's bins, and the last of them, left out, at the end."""
    times, ids = as_elephant(c)
    times, ids = times[times < c.t_stop], ids[times < c.t_stop]
    bins = np.floor((times - c.t_start) / c.bin_size)
    return c.t_start + (bins + 0.5) * c.bin_size, ids


def smoothed(c, kernel):
    return analyse.smooth_rate(c.spikes, n(c), kernel, 0.01, **c.window)[0]


def one_sided(c):
    power, _ = analyse.power_spectrum(as_elephant(c), n(c), c.bin_size, 10 * c.bin_size, **c.window)
    return power * [1, 2, 2, 2, 2, 1]


def fano_of_trains(c):
    return analyse.fano_factor_of_counts(analyse.spike_counts(c.spikes, n(c)))


def covariance(c):
    n_bins = round((c.t_stop - c.t_start) / c.bin_size)
    found = analyse.count_covariance(as_elephant(c), n(c), c.bin_size, **c.window)
    return found * n_bins / (n_bins - 1)


def correlograms(c):
    counts, _ = analyse.correlograms(in_bins(c), n(c), c.bin_size, M * c.bin_size)
    counts[np.arange(n(c)), np.arange(n(c)), M] += np.bincount(in_bins(c)[1], minlength=n(c))
    return counts  # elephant pairs a spike with itself


def squared(name, distance):
    """Elephant's difference of large sums leaves 1e-7 of equal trains, but 1e-14 of its square."""
    return distance**2 if name.startswith("van_rossum") else distance


OURS = {
    "spike_counts": lambda c: analyse.spike_counts(c.spikes, n(c), **c.window),
    "firing_rates": lambda c: analyse.firing_rates(c.spikes, n(c), **c.window),
    "cv": lambda c: analyse.cv(c.spikes, n(c)),
    "cv2": lambda c: analyse.cv2(c.spikes, n(c), **c.window),
    "lv": lambda c: analyse.lv(c.spikes, n(c), **c.window),
    "lvr": lambda c: analyse.lvr(c.spikes, n(c), refractoriness=0.003, **c.window),
    "interval_histogram": lambda c: analyse.interval_histogram(c.spikes, n(c),
                                                               np.geomspace(1e-5, 1, 12)),
    "fano_factor_of_counts": fano_of_trains,
    "binned_counts": lambda c: analyse.binned_counts(as_elephant(c), n(c), c.bin_size, **c.window),
    "fano_factor": lambda c: analyse.fano_factor(as_elephant(c), n(c), c.bin_size, **c.window),
    "population_rate": lambda c: analyse.population_rate(as_elephant(c), n(c), bin_size=c.bin_size,
                                                         **c.window)[0],
    "count_covariance": covariance,
    "count_correlation": lambda c: analyse.count_correlation(as_elephant(c), n(c), c.bin_size,
                                                             **c.window),
    "correlograms": correlograms,
    "spike_time_tiling": lambda c: analyse.spike_time_tiling(c.trains, 0.005, **c.window),
    "victor_purpura_1": lambda c: analyse.victor_purpura_distance(c.trains, 1.0),
    "victor_purpura_50": lambda c: analyse.victor_purpura_distance(c.trains, 50.0),
    "victor_purpura_2000": lambda c: analyse.victor_purpura_distance(c.trains, 2000.0),
    "van_rossum_2ms": lambda c: analyse.van_rossum_distance(c.trains, 0.002),
    "van_rossum_50ms": lambda c: analyse.van_rossum_distance(c.trains, 0.05),
    "Gaussian": lambda c: smoothed(c, analyse.Gaussian(SIGMA)),
    "Rectangular": lambda c: smoothed(c, analyse.Rectangular(SIGMA * 12**0.5)),
    "Triangular": lambda c: smoothed(c, analyse.Triangular(SIGMA * 24**0.5)),
    "Epanechnikov": lambda c: smoothed(c, analyse.Epanechnikov(SIGMA * 20**0.5)),
    "Exponential": lambda c: smoothed(c, analyse.Exponential(SIGMA)),
    "Alpha": lambda c: smoothed(c, analyse.Alpha(SIGMA / 2**0.5)),
    "power_spectrum": one_sided,
    "isi_distance": lambda c: analyse.isi_distance(c.trains, **c.window),
    "spike_distance": lambda c: analyse.spike_distance(c.trains, **c.window),
    "spike_synchronization": lambda c: analyse.spike_synchronization(c.trains, **c.window),
}
OFF_DIAGONAL = {"spike_synchronization"}  # PySpike leaves it 0


def agree(name, c, expected):
    found, expected = squared(name, OURS[name](c)), squared(name, expected)
    if name in COUNTS:
        assert_array_equal(found, expected)
        return
    if name in OFF_DIAGONAL:
        np.fill_diagonal(expected, found.diagonal())
    known = expected[np.isfinite(expected)]
    assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(known).max(initial=1.0))


@pytest.fixture(scope="module")
def stored():
    """Cases and what the peers computed of them, by name."""
    out = {}
    with np.load(FILE, allow_pickle=False) as file:
        for key in [name[:-6] for name in file if name.endswith("/sizes")]:
            trains = [file[name] for name in file if name.startswith(f"{key}/trains/")]
            c = Case(trains, *file[f"{key}/sizes"].tolist())
            out[key] = c, {name: file[f"{key}/{name}"] for name in OURS}
    return out


@pytest.mark.parametrize("name", OURS)
def test_analyses__equal_the_peers_on_file(name, stored):
    assert len(stored) >= 12

    for c, numbers in stored.values():
        agree(name, c, numbers[name])


@pytest.mark.parametrize("kind", KINDS)
def test_analyses__equal_the_peers_installed(kind):
    pytest.importorskip("elephant")
    pytest.importorskip("pyspike")
    from tests import analysis_peers

    for seed in FRESH:
        c = case(kind, seed)
        numbers = analysis_peers.numbers(c)
        assert set(numbers) == set(OURS)
        for name, expected in numbers.items():
            agree(name, c, expected)
