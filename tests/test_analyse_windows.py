"""Every analysis takes `t_start`, `t_stop` and `ids` in one sense: on spikes picked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import analyse
from tests.analysis_trains import spikes, trains_of

N = 12
IDS = [7, 0, 11, 3, 9, 10]  # with trains of 0, 1 and 2 spikes
EDGES = np.geomspace(1e-4, 1, 20)
WINDOW = {"t_start": 0.25, "t_stop": 1.75}

OF_SPIKES = {
    "spike_counts": analyse.spike_counts,
    "cv": analyse.cv,
    "cv2": analyse.cv2,
    "lv": analyse.lv,
    "lvr": analyse.lvr,
    "interval_histogram": lambda s, n, **o: analyse.interval_histogram(s, n, EDGES, **o),
    "psth": lambda s, n, **o: analyse.psth(s, n, [0.3, 1.0, 1.7], 0.1, 0.2, 0.02, **o)[0],
    "correlograms": lambda s, n, **o: analyse.correlograms(s, n, 0.003, 0.03, **o)[0],
    "correlograms_of_pairs": lambda s, n, **o: analyse.correlograms(
        s, n, 0.003, 0.03, pairs=[(0, 1), (3, 0), (3, 3), (2, 4)], **o)[0],
}
NEED_A_WINDOW = {
    "firing_rates": analyse.firing_rates,
    "binned_counts": lambda s, n, **o: analyse.binned_counts(s, n, 0.1, **o),
    "fano_factor": lambda s, n, **o: analyse.fano_factor(s, n, 0.1, **o),
    "count_correlation": lambda s, n, **o: analyse.count_correlation(s, n, 0.1, **o),
    "count_covariance": lambda s, n, **o: analyse.count_covariance(s, n, 0.1, **o),
    "synchrony": lambda s, n, **o: analyse.synchrony(s, n, 0.1, **o),
    "power_spectrum": lambda s, n, **o: analyse.power_spectrum(s, n, 0.01, 0.3, **o)[0],
    "population_rate": lambda s, n, **o: analyse.population_rate(s, n, bin_size=0.1, **o)[0],
}
OF_TRAINS = {
    "spike_time_tiling": analyse.spike_time_tiling,
    "victor_purpura": lambda t, **o: analyse.victor_purpura_distance(t, 20.0, **o),
    "van_rossum": lambda t, **o: analyse.van_rossum_distance(t, 0.02, **o),
    "isi_distance": analyse.isi_distance,
    "spike_distance": analyse.spike_distance,
    "spike_synchronization": analyse.spike_synchronization,
    "bursts": lambda t, **o: np.column_stack(analyse.bursts(t, begin=0.02, end=0.03, apart=0.05,
                                                            **o)),
}


def at_the_ends(seed):
    """Spikes, some of them at the ends of the window."""
    times, ids = spikes(seed, n=600)
    times[np.searchsorted(times, 0.25):][:3] = 0.25
    times[:np.searchsorted(times, 1.75)][-3:] = 1.75
    return times, ids


def picked(times, ids):
    """Those of `IDS` in the window, both ends included, renumbered."""
    kept = (times >= 0.25) & (times <= 1.75) & np.isin(ids, IDS)
    return times[kept], np.argsort(IDS)[np.searchsorted(np.sort(IDS), ids[kept])]


@pytest.mark.parametrize("name", OF_SPIKES)
@pytest.mark.parametrize("seed", range(3))
def test_analyses__of_a_window_and_ids_are_those_of_spikes_picked_by_hand(name, seed):
    s = at_the_ends(seed)

    found = OF_SPIKES[name](s, N, ids=IDS, **WINDOW)

    assert_array_equal(found, OF_SPIKES[name](picked(*s), len(IDS)))


@pytest.mark.parametrize("name", NEED_A_WINDOW)
@pytest.mark.parametrize("seed", range(3))
def test_analyses__in_bins_of_a_window_and_ids_are_those_of_spikes_picked_by_hand(name, seed):
    s = at_the_ends(seed)

    found = NEED_A_WINDOW[name](s, N, ids=IDS, **WINDOW)

    assert_array_equal(found, NEED_A_WINDOW[name](picked(*s), len(IDS), **WINDOW))


@pytest.mark.parametrize("name", OF_TRAINS)
@pytest.mark.parametrize("seed", range(3))
def test_analyses__of_trains_of_a_window_and_ids_are_those_of_trains_cut_by_hand(name, seed):
    s = at_the_ends(seed)
    expected = OF_TRAINS[name](trains_of(*s, IDS, **WINDOW), **WINDOW)

    from_list = OF_TRAINS[name](trains_of(*s, range(N)), ids=IDS, **WINDOW)
    trains = analyse.spike_trains(s, N, t_stop=2.0)
    from_trains = OF_TRAINS[name](trains, ids=np.array(IDS), **WINDOW)

    assert len(expected)
    assert_array_equal(from_list, expected)
    assert_array_equal(from_trains, expected)


@pytest.mark.parametrize("name", OF_TRAINS)
def test_analyses__of_trains_refuse_ids_and_windows(name):
    trains = [[0.1, 0.5], [0.2]]

    with pytest.raises(ValueError, match="ids must lie in 0 ... 1, got 2"):
        OF_TRAINS[name](trains, ids=[0, 2])
    with pytest.raises(ValueError, match="ids must name each neuron once, got 1 2 times"):
        OF_TRAINS[name](trains, ids=[1, 1])
    with pytest.raises(ValueError, match="t_stop must be at least 1, got 0.5"):
        OF_TRAINS[name](trains, t_start=1.0)
    with pytest.raises(ValueError, match="t_stop must be finite, got nan"):
        OF_TRAINS[name](trains, t_stop=np.nan)


@pytest.mark.parametrize("name", [*OF_SPIKES, *NEED_A_WINDOW])
@pytest.mark.parametrize(("spiking", "got"), [(None, "NoneType"), (3, "int"), ([1.0, 2.0], "float"),
                                              ([np.zeros(2), np.zeros(2, int)], "ndarray")])
def test_analyses__refuse_what_is_no_spikes_in_one_line(name, spiking, got):
    with pytest.raises(TypeError, match=rf"spikes must be pairs \(times, ids\), got {got}$"):
        (OF_SPIKES | NEED_A_WINDOW)[name](spiking, N, **WINDOW)


def test_population_rate__takes_a_duration_or_t_stop():
    s = spikes(0)

    rate, edges = analyse.population_rate(s, N, 1.5, 0.1, t_start=0.25)

    again = analyse.population_rate(s, N, bin_size=0.1, **WINDOW)
    assert_array_equal(again, (rate, edges))
    for options in ({}, {"duration": 1.5, "t_stop": 1.75}):
        with pytest.raises(ValueError, match="duration must be given, or t_stop in its place"):
            analyse.population_rate(s, N, bin_size=0.1, **options)
    with pytest.raises(TypeError, match="bin_size must be a number, got None"):
        analyse.population_rate(s, N, 1.0)
