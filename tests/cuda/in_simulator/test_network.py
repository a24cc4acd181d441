"""Networks on a device, in the simulator, against the CPU: spikes, states and inputs, bit for bit.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import eventsnn.neurons
from eventsnn.cli import main
from eventsnn.connect import blocks
from eventsnn.core.device import to
from eventsnn.core.dispatch import MODELS
from eventsnn.engine.cuda import firing
from eventsnn.engine.cuda import network as device_network
from eventsnn.errors import NumericalError
from eventsnn.neurons import LIFBoxParameters, LIFParameters
from eventsnn.record import Recording
from eventsnn.simulate import AllToAll, Network, state
from eventsnn.simulate.cuda import DeviceGroup
from tests.cuda.networks import (
    DRIVES, DT, assert_same, drawn, driven, in_plain_python, learning, learning_between, lif, mixed,
    outcome, pulses, random_thresholds, several_groups, tiring,
)


@pytest.fixture(autouse=True)
def plain_loops(monkeypatch):
    with in_plain_python(monkeypatch):
        yield


OURS = [p for p in MODELS if p.__module__.startswith("eventsnn.")
        and p.__name__ != "LIFRefracRecurrentParameters"]


@pytest.mark.parametrize("parameters", OURS, ids=lambda p: p.__name__)
def test_model__equals_cpu(parameters):
    p, spiking = parameters(), MODELS[parameters].spiking
    if isinstance(p, eventsnn.neurons.LIFAdExNorseParameters):
        p = p._replace(tau_ada_inv=0.5)
    pulse = 2000.0 if isinstance(p, eventsnn.neurons.IFParameters) else 40.0
    channels = getattr(MODELS[parameters].inputs, "_fields", (None,))

    def make(net):
        cells = net.population("cells", 4, p)
        for k, channel in enumerate(channels):
            pulses(net, cells, pulse if k == 0 else 1.5, 12, channel=channel)
            net.poisson(cells, rate=200.0, weight=0.75, channel=channel)
            if spiking:
                net.connect(cells, cells, AllToAll(), weight=0.3, delay=3 * DT, channel=channel)

    try:
        make(Network(DT, seed=7))
    except (ValueError, TypeError) as refused:
        pytest.fail(f"not for networks: {refused}")
    assert_same(make, 30, least=2 if spiking else 0)


@pytest.mark.parametrize("kind", DRIVES)
@pytest.mark.parametrize("parameters", [LIFParameters, LIFBoxParameters], ids=lambda p: p.__name__)
def test_drive__equals_cpu(kind, parameters):
    def make(net):
        cells = net.population("cells", 12, parameters(v_th=0.3))
        DRIVES[kind](net, cells)
        if parameters is LIFBoxParameters:
            net.current(cells, 0.2)

    assert_same(make, 25, least=3, runs=2)


def test_drive__of_more_than_a_chunk_equals_cpu():
    def make(net):
        cells = net.population("cells", 280, LIFParameters())
        net.poisson(cells[10:], rate=150.0, weight=6.0)
        net.noise(cells[5:], 0.5, 1.0)

    assert_same(make, 3)


def test_all_drives_together__equal_cpu():
    assert_same(driven, 20, least=20, runs=2)


def test_random_thresholds__equal_cpu():
    assert_same(random_thresholds, 30)


@pytest.mark.parametrize("size", [None, 40], ids=["one_block", "blocks"])
def test_projections__equal_cpu(size, monkeypatch):
    if size is not None:  # tiles of 32, and of 8
        monkeypatch.setattr(blocks, "size", lambda n: min(n, size))

    assert_same(mixed, 26, least=40, runs=3)


def test_groups_and_sources__equal_cpu():
    assert_same(several_groups, 18, least=20)


@pytest.mark.parametrize("make", [tiring, drawn, learning, learning_between])
def test_synapses__equal_cpu(make, monkeypatch):
    monkeypatch.setattr(blocks, "size", lambda n: min(n, 16))

    assert_same(make, 12, least=20, runs=3)


def test_order_of_adding__matters_and_is_that_of_cpu(monkeypatch):
    def make(net):
        cells = lif(net, 5)
        pulses(net, cells, 40.0, 4)
        for weight in (3e7, 1.0, -3e7, 0.3):
            net.connect(cells, cells, AllToAll(), weight=weight, delay=4 * DT)

    placed = DeviceGroup._placed

    def reversed_projections(self, wired):
        return placed(self, wired._replace(synapses=type(wired.synapses)(*(
            array[::-1].copy() if name.endswith("_at") or name in (
                "senders", "pre_start", "n_pre", "channel", "weight", "delay") else array
            for name, array in wired.synapses._asdict().items()))))

    assert_same(make, 16, least=3)
    monkeypatch.setattr(DeviceGroup, "_placed", reversed_projections)
    with pytest.raises(AssertionError):
        assert_same(make, 16, least=3)


@pytest.mark.parametrize("make", [mixed, several_groups, tiring])
def test_atomic_delivery__equals_cpu_to_rounding(make):
    n_steps = 12  # before rounding can move a spike
    cpu, cuda = outcome(make, n_steps, "cpu"), outcome(make, n_steps, "cuda", delivery="atomic")

    assert cpu[2] == cuda[2] and cpu[2][1] > 20
    for one, other in zip(cpu[1], cuda[1], strict=True):
        for name in one:
            assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n, window", [(1, 1), (63, 3), (64, 2), (200, 5)])
def test_append_fired__equals_flatnonzero(n, window):
    rng = np.random.default_rng(n)
    fired = rng.random((2, window, n)) < 0.2
    room = device_network.work_space(n, window)

    for turn, one in enumerate(fired):
        bits = (one.astype(np.uint64) << np.arange(window, dtype=np.uint64)[:, None]).sum(axis=0)
        firing.append_fired(to(bits, "cuda"), window, turn * window, room.counts, room.totals,
                            room.ids, room.ends)

    steps, ids = np.nonzero(fired.reshape(-1, n))
    ends = room.ends.to("cpu")[0, :2 * window + 1].astype(int)
    assert_array_equal(np.repeat(np.arange(2 * window), np.diff(ends)), steps)
    assert_array_equal(room.ids.to("cpu")[:ends[-1]], ids)


def test_run__with_little_room_comes_back_between(monkeypatch):
    monkeypatch.setattr(device_network, "ROOM", 1)

    assert_same(mixed, 12)


def test_traces__equal_cpu():
    found = []
    for device in ("cpu", "cuda"):
        net = Network(DT, seed=7, device=device)
        several_groups(net)
        v = net.record(net.populations["a"][2:6], "v", every=2 * DT)
        i = net.record(net.populations["b"], "i_exc")
        net.run(9 * DT, progress=False)
        found.append((v.values, i.values, net.state(net.populations["b"][3:]).v))

    for one, other in zip(*found, strict=True):
        assert isinstance(other, np.ndarray)
        assert_array_equal(one, other)


def test_weights__are_those_of_cpu_whenever_they_are_looked_at():
    found = []
    for device in ("cpu", "cuda"):
        net = Network(DT, seed=7, device=device)
        learning(net)
        trace = net.record(net.connections[0], "weight", every=4 * DT)
        net.run(9 * DT, progress=False)
        halfway = [q.weights for q in net.connections]
        stored = net.store()
        net.run(4 * DT, progress=False)
        later = trace.values, net.connections[0].to_scipy().toarray()
        net.restore(stored)
        found.append([*later, *halfway, *(q.weights for q in net.connections)])

    for one, other in zip(*found, strict=True):
        assert_array_equal(one, other)
    n, looked = len(net.connections), found[1]
    assert np.ptp(looked[0], axis=0).max() > 0
    for before, after in zip(looked[2:2 + n], looked[2 + n:], strict=True):
        assert_array_equal(before, after)


@pytest.mark.parametrize("make", [several_groups, tiring, learning])
@pytest.mark.parametrize("first, second", [("cuda", "cpu"), ("cpu", "cuda")])
def test_snapshot__goes_on_elsewhere(first, second, make, tmp_path):
    whole, net = (Network(DT, seed=7, device=device) for device in ("cpu", first))
    make(whole)
    make(net)
    whole.run(14 * DT, progress=False)
    net.run(8 * DT, progress=False)

    again = Network.load(net.save(tmp_path / "net.h5"), device=second)

    assert (again.device, again.step) == (second, 8)
    for go_on in (again, net):
        stored = go_on.store()
        for _ in range(2 if go_on is net else 1):
            go_on.restore(stored)
            go_on.run(6 * DT, progress=False)
            for one in (whole, go_on):  # which weights are up to date depends on when a run stood
                one._simulation.settle(one.step)
            for mine, its in zip(whole._simulation.groups, go_on._simulation.groups, strict=True):
                for name, array in state.arrays(mine).items():
                    if not name.startswith(state.GROWS):
                        assert_array_equal(array, to(state.arrays(its)[name], "cpu"))


def test_state_that_runs_away__is_told_as_on_cpu():
    told = []
    for device in ("cpu", "cuda"):
        net = Network(DT, seed=7, device=device)
        net.constant(net.population("b", 2, LIFParameters()), 1.0)
        net.constant(net.population("cells", 5, LIFParameters(v_th=1e38))[3:], 1e37)
        with pytest.raises(NumericalError) as caught:
            net.run(20 * DT, progress=False)
        told.append(str(caught.value))

    assert told[0] == told[1] and "neuron 3" in told[0]


@pytest.mark.parametrize("options, message", [
    (dict(device="tpu"), "device must be one of cpu, cuda"),
    (dict(device="cuda", delivery="atomics"), "delivery must be one of .*; did you mean 'atomic'?"),
    (dict(delivery="atomic"), "delivery must be 'ordered' on a CPU"),
], ids=["device", "delivery", "on_cpu"])
def test_network__refuses_places(options, message):
    with pytest.raises(ValueError, match=message):
        Network(DT, **options)


def test_command_line__runs_there(tmp_path):
    found = []
    for device in ("cpu", "cuda"):
        path = tmp_path / f"{device}.h5"
        assert main(["simulate", "cuba", "--neurons", "100", "--seconds", "0.007", "--device",
                     device, "--record", str(path), "--quiet"]) == 0
        found.append(Recording(path).spikes("exc"))

    assert_array_equal(found[0], found[1])
    assert len(found[0][0]) > 2
