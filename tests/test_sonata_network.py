"""Networks to SONATA and back: the same network, and other tools read it with equal content."""

import bluepysnap
import h5py
import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from eventsnn.interop import read_sonata_network, write_sonata_network
from eventsnn.interop.sonata import edge_files
from eventsnn.neurons import IzhikevichParameters, LIFExcInhParameters, LIFParameters
from eventsnn.simulate import Network
from eventsnn.surrogates import Logistic
from tests.networks_under_test import DT
from tests.other_tools import bmtk_file, bmtk_warnings

SIZES = {"exc": 60, "inh é": 20, "last": 5}


INDICES = [f"{by}/{name}" for by in ("source_to_target", "target_to_source")
           for name in ("node_id_to_ranges", "node_id_to_range", "range_to_edge_id")]


def exact(rng, shape, density=0.3):
    """Weights whose sums are exact in float32, in any order."""
    return np.where(rng.random(shape) < density, rng.integers(-16, 17, shape) / 16, 0)


def network(seed=5):
    """Three models, parts of populations, several connections of a pair, delays and channels."""
    net, rng = Network(DT, seed), np.random.default_rng(seed)
    exc = net.population("exc", 60, LIFParameters(v_th=np.linspace(0.8, 1.2, 60)), refractory=2e-3)
    inh = net.population("inh é", 20, LIFExcInhParameters(),
                         initial={"v": rng.random(20), "i_exc": 0.5})
    last = net.population("last", 5, IzhikevichParameters(), initial={"v": -60.0})
    for k, (pre, post, channel) in enumerate([
            (exc, exc[:30], None), (exc, inh, "exc"), (inh, exc, None), (exc[10:], exc, None),
            (inh[5:], inh[:10], "inh"), (exc, last, None), (exc, inh, "inh"), (exc, exc, None)]):
        net.connect(pre, post, matrix=sparse.csr_array(exact(rng, (len(pre), len(post)))),
                    delay=(1 + k % 4) * 5e-4, channel=channel)
    net.connect(exc, inh, probability=0.2, weight=0.125, delay=1e-3, channel="exc")
    return net


def drive(net):
    net.poisson(net.populations["exc"], rate=2000.0, weight=0.5)
    net.constant(net.populations["last"], 10.0)
    return net


def spikes(net):
    found = [net.record(population, "spikes") for population in net.populations.values()]
    net.run(0.1)
    return [(r.times, r.ids) for r in found]


@pytest.fixture
def written(tmp_path):
    net = network()
    return net, write_sonata_network(tmp_path / "net", net, positions={
        "exc": np.random.default_rng(1).random((60, 3))})


def edges_of(net):
    """All synapses by the names of the populations: sorted rows target, source, delay, ..."""
    found = {}
    for c in net.connections:
        sources, targets, weights = c.synapses()
        rows = found.setdefault((c.pre.population.name, c.post.population.name), [])
        rows += zip(targets + c.post.start, sources + c.pre.start, [round(c.delay / DT)] *
                    len(sources), [c.channel or ""] * len(sources), weights, strict=True)
    return {ends: sorted(rows) for ends, rows in found.items()}


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
    assert {c.delay for c in again.connections} == {5e-4, 1e-3, 1.5e-3, 2e-3}
    assert (again.dt, again.seed) == (DT / 2, 9)


def test_network__without_synapses(tmp_path):
    net = Network(DT)
    net.population("alone", 3, LIFParameters())

    folder = write_sonata_network(tmp_path / "net", net)

    assert not (folder / "edges.h5").exists()
    assert repr(read_sonata_network(folder)) == repr(net)
    assert bluepysnap.Circuit(folder / "circuit_config.json").nodes["alone"].size == 3


def test_network__is_read_by_libsonata(written):
    net, folder = written
    edges = edges_of(net)
    storage = libsonata.EdgeStorage(str(folder / "edges.h5"))
    assert len(edges) == len(storage.population_names) == 5

    for (source, target), rows in edges.items():
        population = storage.open_population(f"{source}_to_{target}")
        everything = population.select_all()
        assert (population.source, population.target, population.size) == (source, target,
                                                                           len(rows))
        found = zip(
            population.target_nodes(everything), population.source_nodes(everything),
            np.rint(population.get_attribute("delay", everything) / 0.1),
            population.get_attribute("channel", everything) if target == "inh é"
            else [""] * len(rows), population.get_attribute("syn_weight", everything), strict=True)
        assert sorted(found) == rows
        pairs = np.array([row[:2] for row in rows])
        assert_array_equal(population.target_nodes(everything), pairs[:, 0])  # sorted, too
        for column, n, ask in ((0, SIZES[target], population.afferent_edges),
                               (1, SIZES[source], population.efferent_edges)):
            for nodes in ([0], [n - 1], [1, 3], list(range(n))):
                assert_array_equal(ask(nodes).flatten(),
                                   np.flatnonzero(np.isin(sorted_pairs(population)[column], nodes)))


def sorted_pairs(population):
    everything = population.select_all()
    return population.target_nodes(everything), population.source_nodes(everything)


def test_nodes__are_read_by_libsonata(written):
    storage = libsonata.NodeStorage(str(written[1] / "nodes.h5"))
    exc, inh = storage.open_population("exc"), storage.open_population("inh é")

    assert storage.population_names == set(SIZES)
    everything = exc.select_all()
    assert set(exc.get_attribute("model_type", everything)) == {"point_neuron"}
    assert set(exc.get_attribute("model_template", everything)) == {
        "eventsnn:LIFRefracParameters"}
    assert_array_equal(exc.get_attribute("z", everything),
                       np.random.default_rng(1).random((60, 3))[:, 2])
    assert_array_equal(exc.get_dynamics_attribute("v_th", everything), np.linspace(0.8, 1.2, 60))
    assert_array_equal(exc.get_dynamics_attribute("t_ref", everything), np.full(60, 2.0))
    assert "rho_reset" not in exc.dynamics_attribute_names
    assert {name for name in inh.dynamics_attribute_names if name.endswith("_init")} == {
        "v_init", "i_exc_init"}
    with h5py.File(written[1] / "nodes.h5") as file:
        parameters = file["nodes/exc/0/dynamics_params"]
        assert parameters["tau_mem_inv"].attrs["units"] == b"1/s"
        assert parameters["t_ref"].attrs["units"] == b"ms"


def test_network__is_read_by_bluepysnap(written):
    net, folder = written
    circuit = bluepysnap.Simulation(folder / "simulation_config.json").circuit

    assert sorted(circuit.nodes.population_names) == sorted(SIZES)
    exc = circuit.nodes["exc"].get()
    assert exc["@dynamics:v_th"].tolist() == np.linspace(0.8, 1.2, 60).tolist()
    assert set(exc["model_type"]) == {"point_neuron"} and circuit.nodes["exc"].type == (
        "point_neuron")
    for (source, target), rows in edges_of(net).items():
        population = circuit.edges[f"{source}_to_{target}"]
        assert (population.source.name, population.target.name) == (source, target)
        columns = ["@target_node", "@source_node", "delay", "syn_weight"]
        found = population.get(list(range(population.size)), columns)
        assert sorted(zip(found["@target_node"], found["@source_node"],
                          np.rint(found["delay"] / 0.1), found["syn_weight"], strict=True)) == (
            sorted((*row[:3], row[4]) for row in rows))
        assert sorted(population.afferent_nodes(2)) == sorted(
            {row[1] for row in rows if row[0] == 2})


def test_network__is_read_by_bmtk(written):
    net, folder = written
    file = bmtk_file(folder)
    with bmtk_warnings():
        assert sorted(file.nodes.population_names) == sorted(SIZES)
        nodes = file.nodes["exc"].to_dataframe()
        first = file.nodes["inh é"].get_row(0)
        by_ends = {name: file.edges[name] for name in file.edges.population_names}

        assert nodes["z"].tolist() == np.random.default_rng(1).random((60, 3))[:, 2].tolist()
        assert file.nodes.node_types_table[1]["model_template"] == "eventsnn:LIFExcInhParameters"
        assert (first.node_id, first["population"]) == (0, "inh é")
        for (source, target), rows in edges_of(net).items():
            population = by_ends[f"{source}_to_{target}"]
            assert (population.source_population, population.target_population) == (source, target)
            found = [(e.target_node_id, e.source_node_id, round(e["delay"] / 0.1), e["syn_weight"])
                     for node in range(SIZES[target]) for e in population.get_target(node)]
            expected = sorted((*row[:3], row[4]) for row in rows)
            assert sorted(found) == expected
            assert [row[1] for row in expected if row[1] == 3] == [
                e.source_node_id for e in population.get_source(3)]


def with_runs():
    """A network in whose files many edges of one source follow each other."""
    net = Network(DT)
    one = net.population("one", 1, LIFParameters())
    many = net.population("many", 30, LIFParameters())
    for pre, post in ((one, many), (many, one), (many, many)):
        net.connect(pre, post, probability=0.2 if pre is post else 1.0, delay=DT)
        net.connect(pre[:1], post[:20], probability=1.0, delay=2 * DT)
    return net


@pytest.mark.parametrize("room", [1, 7, 100])
def test_network__written_in_pieces_is_the_same_file(tmp_path, monkeypatch, room):
    whole = write_sonata_network(tmp_path / "whole", with_runs())
    monkeypatch.setattr(edge_files, "ROOM", room)
    monkeypatch.setattr(edge_files, "SHARE", 10**9)

    pieces = write_sonata_network(tmp_path / "pieces", with_runs())

    assert (pieces / "edges.h5").read_bytes() == (whole / "edges.h5").read_bytes()


def test_indices__are_those_of_libsonata(tmp_path, written):
    few = write_sonata_network(tmp_path / "few", with_runs())

    for path, n in ((few / "edges.h5", {"one": 1, "many": 30}), (written[1] / "edges.h5", SIZES)):
        ours = {}
        with h5py.File(path, "r+") as file:
            for name, population in file["edges"].items():
                ours[name] = {key: population["indices"][key][:] for key in INDICES}
                del population["indices"]
        for name in ours:
            source, target = name.split("_to_")
            libsonata.EdgePopulation.write_indices(str(path), name, n[source], n[target])
        with h5py.File(path) as file:
            for name, indices in ours.items():
                for key, values in indices.items():
                    theirs = key + "s" if key.endswith("_range") else key  # they know one spelling
                    assert_array_equal(values, file[f"edges/{name}/indices/{theirs}"])


def flat(group):
    found = []
    group.visititems(lambda name, item: found.append((name, item))
                     if isinstance(item, h5py.Dataset) else None)
    return found


def test_files__follow_the_profile(written):
    for name in ("nodes.h5", "edges.h5"):
        with h5py.File(written[1] / name) as file:
            assert file.attrs["magic"] == 0x0A7A
            assert_array_equal(file.attrs["version"], [0, 1])
            for _, column in flat(file):
                assert column.chunks is None and column.compression is None
                assert column.dtype.kind in "iufS"


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


def test_write__that_fails_leaves_the_old_files(written, monkeypatch):
    net, folder = written
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr(edge_files.index, "write", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        write_sonata_network(folder, network(seed=6), overwrite=True)

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
