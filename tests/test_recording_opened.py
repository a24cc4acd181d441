"""Recordings as bluepysnap and bmtk open them: equal content."""

import bluepysnap
import numpy as np
import pytest
from bmtk.utils.reports.spike_trains import SpikeTrains
from numpy.testing import assert_array_equal

from eventsnn.interop import write_sonata_network
from eventsnn.neurons import LIFParameters
from eventsnn.record import Recorder
from eventsnn.simulate import Network
from tests.recordings import DT

SEVERAL = {"exc": 80, "inh": 20, "silent": 3}


@pytest.fixture(params=[{"exc": 80}, SEVERAL, {"silent": 3}], ids=["one", "several", "no spikes"])
def recorded(request, tmp_path):
    """Populations, their steps and neurons, and a folder with a network and a recording of it."""
    rng, net = np.random.default_rng(2), Network(DT)
    for name, size in request.param.items():
        net.population(name, size, LIFParameters())
    folder = write_sonata_network(tmp_path / "net", net, duration=0.2)
    spikes = {}
    with Recorder(folder / "spikes.h5", request.param, DT) as recorder:
        for name, size in request.param.items():
            n = 0 if name == "silent" else 500
            steps, ids = np.sort(rng.integers(1, 2000, n)), rng.integers(0, size, n)
            order = np.lexsort((ids, steps))  # as the simulator gives them
            spikes[name] = steps[order], ids[order]
            recorder.append(name, *spikes[name])
        recorder.duration = 0.2
    return spikes, folder


def test_spikes__are_read_by_bluepysnap(recorded):
    spikes, folder = recorded

    report = bluepysnap.Simulation(folder / "simulation_config.json").spikes

    assert sorted(report.population_names) == sorted(spikes)
    assert (report.dt, report.time_stop) == (0.1, 200.0)  # ms
    for name, (steps, ids) in spikes.items():
        found = report[name].get()
        assert_array_equal(found.index, steps / 10)
        assert_array_equal(found.to_numpy(), ids)


def test_spikes__of_some_neurons_and_times_are_read_by_bluepysnap(recorded):
    spikes, folder = recorded

    report = bluepysnap.Simulation(folder / "simulation_config.json").spikes

    for name, (steps, ids) in spikes.items():
        found = report[name].get(group=[0, 2], t_start=50.0, t_stop=150.0)
        mine = np.isin(ids, [0, 2]) & (steps >= 500) & (steps <= 1500)
        assert_array_equal(found.index, steps[mine] / 10)
        assert_array_equal(found.to_numpy(), ids[mine])


def test_spikes__are_read_by_bmtk(recorded):
    spikes, folder = recorded

    trains = SpikeTrains.load(str(folder / "spikes.h5"), file_type="h5")

    assert sorted(trains.populations) == sorted(spikes)
    for name, (steps, ids) in spikes.items():
        assert trains.n_spikes(name) == len(steps)
        for neuron in range(SEVERAL[name]):
            assert_array_equal(trains.get_times(neuron, name), steps[ids == neuron] / 10)
