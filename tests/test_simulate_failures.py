"""Networks that break while they run, and what may no longer be done once they ran."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.errors import NumericalError
from eventsnn.neurons import IzhikevichParameters, LIFParameters
from eventsnn.record import Recorder, Recording, Report, Sampling
from eventsnn.simulate import Network
from tests.networks_under_test import DT, mixed, steps_of


class Collector:
    """A recorder in memory."""

    def __init__(self):
        self.taken = {}

    def append(self, population, steps, ids):
        self.taken.setdefault(population, []).append((steps, ids))

    def all(self, population):
        return tuple(np.concatenate(part) for part in zip(*self.taken[population], strict=True))


@pytest.fixture
def runaway():
    """A neuron that breaks after 0.25 s, in a population of five beside a regular one."""
    net = Network(DT)
    net.constant(net.population("clock", 3, LIFParameters()), 1 / 32)
    bomb = net.population("bomb", 1, LIFParameters(tau_mem_inv=1.0, v_th=0.22))
    wild = net.population("wild", 5, LIFParameters())
    net.constant(bomb, 1 / 50)
    net.connect(bomb, wild[3:4], probability=1.0, weight=3e38, delay=DT)
    net.connect(bomb, wild[3:4], probability=1.0, weight=3e38, delay=DT)
    return net


def test_run__refuses_to_go_on_with_nan(runaway, tmp_path):
    clock = runaway.populations["clock"]
    memory, collected = runaway.record(clock, "spikes"), Collector()
    recorder = Recorder(tmp_path / "run.h5", {"clock": 3, "bomb": 1, "wild": 5}, DT)
    with pytest.raises(NumericalError) as caught, recorder:
        runaway.run(10.0, recorder=recorder)

    message = str(caught.value)
    assert "'wild'" in message and "neuron 3" in message and message.startswith(("v of", "i of"))
    lower, upper = (float(word) for word in message.split("between ")[1].split(";")[0].replace(
        " s", "").split(" and "))
    net = Network(DT)
    net.constant(net.population("clock", 3, LIFParameters()), 1 / 32)
    bomb = net.population("bomb", 1, LIFParameters(tau_mem_inv=1.0, v_th=0.22))
    net.constant(bomb, 1 / 50)
    alone = net.record(bomb, "spikes")
    net.run(lower, recorder=collected)
    steps, ids = collected.all("clock")
    net.run(upper - lower)
    assert 0.1 < lower <= alone.times[0] <= upper
    assert len(steps) > 10
    assert_array_equal(steps_of(memory.times)[:len(steps)], steps)
    with Recording(tmp_path / "run.h5") as recording:
        times, ids_ = next(recording.chunks("clock"))
    assert_array_equal(steps_of(times)[:len(steps)], steps)
    assert_array_equal(ids_[:len(ids)], ids)


def test_run__stopped_by_nan_leaves_the_traces_on_disk(runaway, tmp_path):
    memory = runaway.record(runaway.populations["clock"], "v", every=1e-3)
    wanted = [Sampling("v", "clock", every=1e-3), Sampling("i", "wild", every=2e-3, ids=[1, 3])]
    recorder = Recorder(tmp_path / "run.h5", {"clock": 3, "bomb": 1, "wild": 5}, DT,
                        samplings=wanted)
    with pytest.raises(NumericalError, match="of population 'wild' .* in neuron 3 between"), \
            recorder:
        runaway.run(10.0, recorder=recorder)

    assert 0.2 < runaway.time < 1.0
    with Report(tmp_path / "run.v.h5") as v, Report(tmp_path / "run.i.h5") as i:
        times, _, values = v.values("clock")
        slow, ids, _ = i.values("wild")
    assert_array_equal(values, memory.values)
    assert_array_equal(np.rint(times / 1e-3), np.arange(1, len(times) + 1))
    assert len(times) == int(runaway.time / 1e-3 + 1e-6)
    assert len(slow) == len(times) // 2 and ids.tolist() == [1, 3]


@pytest.mark.parametrize(("drive", "variable"), [
    (lambda net, q: net.spikes(q[3:], np.arange(700) * DT, np.zeros(700, int), weight=1e38), "i"),
    (lambda net, q: net.poisson(q[3:], rate=2e4, weight=3e38), "i"),
    (lambda net, q: net.noise(q[3:], 0.0, 3e38), "i"),
])
def test_run__driven_out_of_range_is_stopped_within_1000_steps(drive, variable):
    net = Network(DT)
    cells = net.population("cells", 5, LIFParameters(tau_syn_inv=1.0, tau_mem_inv=1.0, v_th=3e38))
    drive(net, cells)

    with pytest.raises(NumericalError, match="of population 'cells' .* in neuron [34] between 0 s"):
        net.run(10.0)

    assert net.time == 0.0


def test_run__takes_large_values_in_silence():
    net = Network(DT)
    cells = net.population("cells", 10, LIFParameters(v_th=3e38), initial={"v": 1e19})

    net.run(2 * DT)

    assert (net.state(cells).v > 1e18).all()


def test_run__that_slowly_runs_away_is_stopped_before_it_is_infinite():
    net = Network(DT)
    # A step takes u to -1.01 u.
    p = IzhikevichParameters(a=2.01 / (1000.0 * DT), b=0.0, tau_inv=1000.0)
    cells = net.population("cells", 3, p, initial={"u": 1.0})
    growing = net.record(cells, "u", every=1e-2)

    with pytest.raises(NumericalError, match=r"u of population 'cells' must stay finite and below "
                       r"1.8e\+19, got -?[1-9].* in neuron 0 between .*look for weights that make"):
        net.run(100.0)

    assert 1e15 < abs(growing.values).max() < 1e20


def test_run__after_a_failure_goes_on_as_if_there_was_none_or_is_refused():
    class Failing(Collector):
        def append(self, population, steps, ids):
            super().append(population, steps, ids)
            if len(self.taken[population]) == 2:
                raise OSError("no space left")

    net, reference = mixed(n=90), mixed(n=90)
    with pytest.raises(OSError, match="no space left"):
        net.run(0.3, recorder=Failing())
    try:
        net.run(0.3 - net.time)
    except RuntimeError:
        return
    reference.run(0.3)

    for q in net.populations.values():
        assert_array_equal(net.state(q).v, reference.state(reference.populations[q.name]).v)


@pytest.mark.parametrize("addition", [
    lambda net, q: net.population("more", 1, LIFParameters()),
    lambda net, q: net.connect(q, q, probability=0.1, delay=DT),
    lambda net, q: net.poisson(q, rate=1.0, weight=1.0),
    lambda net, q: net.constant(q, 1.0),
])
def test_network__refuses_additions_after_the_run(addition):
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters())
    net.run(0.0)

    with pytest.raises(RuntimeError, match="complete before it is built or run"):
        addition(net, cells)
