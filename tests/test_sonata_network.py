"""Networks to SONATA and back: the same network, the same spikes."""

import errno
import tracemalloc

import bluepysnap
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from eventsnn.core import files
from eventsnn.interop import (
    Edges, Nodes, from_sonata, read_sonata_network, write_sonata_network,
)
from eventsnn.interop.sonata import edge_files
from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.simulate import Network, connection
from eventsnn.surrogates import Logistic
from tests.networks_under_test import DT
from tests.sonata_networks import SIZES, edges_of, network, with_runs


def drive(net):
    net.poisson(net.populations["exc"], rate=2000.0, weight=0.5)
    net.constant(net.populations["last"], 10.0)
    return net


def spikes(net):
    found = [net.record(population, "spikes") for population in net.populations.values()]
    net.run(0.1)
    return [(r.times, r.ids) for r in found]


def summed(rows):
    """As rows, where synapses of one pair, delay and channel are one."""
    found = {}
    for *key, weight in rows:
        found[tuple(key)] = found.get(tuple(key), 0) + weight
    return [(*key, weight) for key, weight in sorted(found.items())]


def test_network__read_back_has_the_same_neurons_and_synapses(written):
    net, folder = written

    again = read_sonata_network(folder)

    assert (again.dt, again.seed, list(again.populations)) == (DT, net.seed, list(SIZES))
    for name, population in net.populations.items():
        other = again.populations[name]
        assert type(other.p) is type(population.p) and len(other) == len(population)
        for mine, its in zip([*population.p, *population.state], [*other.p, *other.state],
                             strict=True):
            assert_array_equal(np.asarray(its, np.float64), np.asarray(mine, np.float64))
    assert {ends: summed(rows) for ends, rows in edges_of(net).items()} == edges_of(again)


def test_network__read_back_spikes_bit_identically(tmp_path):
    folder = write_sonata_network(tmp_path / "net", network())

    expected, found = spikes(drive(network())), spikes(drive(read_sonata_network(folder)))

    assert all(len(times) for times, _ in expected)
    for (times, ids), (its_times, its_ids) in zip(expected, found, strict=True):
        assert_array_equal(its_times, times)
        assert_array_equal(its_ids, ids)


def test_network__with_one_connection_a_pair_is_bit_identical_for_any_weights(tmp_path):
    def made():
        net, rng = Network(DT, 4), np.random.default_rng(4)
        exc = net.population("exc", 50, LIFParameters(), refractory=1e-3)
        inh = net.population("inh", 30, LIFExcInhParameters())
        for pre, post, channel in ((exc, exc, None), (exc, inh[3:], "exc"), (inh, exc[:40], None)):
            weights = np.where(rng.random((len(pre), len(post))) < 0.5, rng.normal(0.1, 0.3), 0)
            net.connect(pre, post, delay=1e-3, channel=channel,
                        matrix=sparse.csr_array(weights * rng.random(weights.shape)))
        return net
    folder = write_sonata_network(tmp_path / "net", made())
    nets = made(), read_sonata_network(folder)
    for net in nets:
        net.poisson(net.populations["exc"], rate=3000.0, weight=0.3)
        net.run(0.1)

    for name in ("exc", "inh"):
        mine, its = (net.state(net.populations[name]) for net in nets)
        for one, other in zip(mine, its, strict=True):
            assert_array_equal(one, other)
    assert nets[0].cost.spikes == nets[1].cost.spikes > 100


def test_network__that_ran_is_written_as_it_began(tmp_path):
    fresh, ran = network(), drive(network())
    ran.run(0.05)

    first = write_sonata_network(tmp_path / "fresh", fresh, duration=0.05)
    second = write_sonata_network(tmp_path / "ran", ran)

    for file in first.iterdir():
        assert (second / file.name).read_bytes() == file.read_bytes()


def test_network__of_another_step_keeps_its_times(written):
    again = read_sonata_network(written[1], dt=DT / 2, seed=9)

    assert again.populations["exc"].p.rho_reset == 40
    delays = np.concatenate([c.delays for c in again.connections])
    assert set(delays.round(9)) == {5e-4, 1e-3, 1.5e-3, 2e-3}
    assert (again.dt, again.seed) == (DT / 2, 9)


def test_network__without_synapses(tmp_path):
    net = Network(DT)
    net.population("alone", 3, LIFParameters())

    folder = write_sonata_network(tmp_path / "net", net)

    assert not (folder / "edges.h5").exists()
    assert repr(read_sonata_network(folder)) == repr(net)
    assert bluepysnap.Circuit(folder / "circuit_config.json").nodes["alone"].size == 3


@pytest.mark.parametrize("room", [1, 7, 100])
def test_network__written_in_pieces_is_the_same_file(tmp_path, monkeypatch, room):
    whole = write_sonata_network(tmp_path / "whole", with_runs())
    monkeypatch.setattr(edge_files, "ROOM", room)
    monkeypatch.setattr(edge_files, "SHARE", 10**9)

    pieces = write_sonata_network(tmp_path / "pieces", with_runs())

    assert (pieces / "edges.h5").read_bytes() == (whole / "edges.h5").read_bytes()


@pytest.mark.parametrize("spoil, options, words", [
    (lambda net: None, {"positions": {"exx": []}}, "positions must be one of exc, inh é, last"),
    (lambda net: None, {"positions": {"last": np.zeros((5, 2))}}, "must have shape (5, 3)"),
    (lambda net: None, {"duration": 0.0}, "duration must be above 0, got 0"),
    (lambda net: None, {"spikes": "../a.h5"}, "spikes must have names without slashes"),
    (lambda net: net.population("noisy", 1, LIFParameters(), threshold=Logistic()), {},
     "threshold of 'noisy' must be Heaviside() in a file, got Logistic"),
])
def test_write__refuses_and_writes_nothing(tmp_path, spoil, options, words):
    net = network()
    spoil(net)

    with pytest.raises(ValueError) as caught:
        write_sonata_network(tmp_path / "net", net, **options)

    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_write__refuses_what_is_no_network(tmp_path):
    with pytest.raises(TypeError, match="net must be a Network, got int"):
        write_sonata_network(tmp_path / "net", 3)
    with pytest.raises(ValueError, match="net must have a population, got none"):
        write_sonata_network(tmp_path / "net", Network(DT))


def test_write__refuses_a_folder_with_a_network_unless_told(written):
    net, folder = written
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    with pytest.raises(FileExistsError, match="must not exist yet"):
        write_sonata_network(folder, net)

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    write_sonata_network(folder, network(seed=6), overwrite=True)
    assert read_sonata_network(folder).seed == 6


def test_write__takes_memory_for_a_share_of_the_synapses(tmp_path, monkeypatch):
    monkeypatch.setattr(edge_files, "ROOM", 1000)
    monkeypatch.setattr(edge_files, "SHARE", 40)
    monkeypatch.setattr(connection, "PIECE", 10_000)
    net = Network(DT)
    cells = net.population("cells", 1000, LIFParameters())
    net.connect(cells, cells, probability=0.4, delay=DT)
    net.build()
    tracemalloc.start()

    try:
        folder = write_sonata_network(tmp_path / "net", net)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (folder / "edges.h5").stat().st_size > 20e6
    assert peak < 3e6


@pytest.mark.usefixtures("no_fsync")
def test_write__on_a_full_disk_writes_nothing(tmp_path, monkeypatch):
    net, real, calls = with_runs(), files.write, []
    net.build()

    def full(descriptor, offset, data):
        calls.append(offset)
        if len(calls) > room:
            raise OSError(errno.ENOSPC, "no space left on device")
        real(descriptor, offset, data)

    monkeypatch.setattr(files, "write", full)
    room = 10**9
    write_sonata_network(tmp_path / "net", net)
    n = len(calls)
    for room in range(n):
        calls.clear()
        with pytest.raises(OSError, match="no space left"):
            write_sonata_network(tmp_path / "other", net)
        assert list((tmp_path / "other").iterdir()) == []


def test_write__that_fails_leaves_the_old_files(written, monkeypatch):
    net, folder = written
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr(edge_files.index, "write", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        write_sonata_network(folder, network(seed=6), overwrite=True)

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def naive_of(nodes, edges, p, steps):
    """The network built by hand, synapse by synapse."""
    net = Network(DT)
    cells = net.population("v1", nodes["v1"].n, p)
    for k, delay in enumerate(steps):
        one = sparse.coo_array(([edges.weights[k]], ([edges.sources[k]], [edges.targets[k]])),
                               shape=(len(cells), len(cells)))
        net.connect(cells, cells, matrix=one, delay=delay * DT)
    net.poisson(cells, rate=3000.0, weight=0.5)
    return net


def test_from_sonata__takes_networks_of_others():
    rng = np.random.default_rng(3)
    nodes = {"lgn": Nodes(4, {"model_type": np.array(["virtual"] * 4, object)}),
             "v1": Nodes(12, {}, {"V_th": np.full(12, -50.0)})}
    inner = Edges("v1", "v1", (12, 12), rng.integers(0, 12, 40), rng.integers(0, 12, 40),
                  rng.integers(-8, 16, 40) / 8, rng.uniform(0.6, 3.4, 40) * DT)
    outer = Edges("lgn", "v1", (4, 12), np.array([3]), np.array([0]))

    net = from_sonata(nodes, {"v1_v1": inner, "lgn_v1": outer}, dt=DT,
                      models={"lgn": None, "v1": LIFParameters()})

    assert list(net.populations) == ["v1"]
    steps = [int(delay / DT + 0.5) for delay in inner.delays]
    net.poisson(net.populations["v1"], rate=3000.0, weight=0.5)
    by_hand = naive_of(nodes, inner, LIFParameters(), steps)
    assert_array_equal(spikes(net), spikes(by_hand))
    (made,) = net.connections
    assert set(np.rint(made.delays / DT).astype(int)) == set(steps)


def test_from_sonata__takes_one_weight_delay_and_channel_where_a_file_has_none():
    nodes = {"a": Nodes(2), "b": Nodes(3)}
    edges = {"a_b": Edges("a", "b", (1, 1), np.array([0, 1]), np.array([2, 2]))}

    net = from_sonata(nodes, edges, dt=DT, channels={"a_b": "inh"}, weight=0.25, delay=2e-3,
                      models={"a": LIFParameters(), "b": LIFExcInhParameters()})

    (made,) = net.connections
    assert (made.channel, made.delay) == ("inh", 2e-3)
    assert made.to_scipy().toarray().tolist() == [[0, 0, 0.25], [0, 0, 0.25]]
