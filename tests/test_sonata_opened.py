"""SONATA networks as libsonata, bluepysnap and bmtk open them: equal content."""

import bluepysnap
import h5py
import libsonata
import numpy as np
from numpy.testing import assert_array_equal

from eventsnn.interop import write_sonata_network
from tests.other_tools import bmtk_file, bmtk_warnings
from tests.sonata_networks import POSITIONS, SIZES, edges_of, with_runs

INDICES = [f"{by}/{name}" for by in ("source_to_target", "target_to_source")
           for name in ("node_id_to_ranges", "node_id_to_range", "range_to_edge_id")]


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
                       POSITIONS[:, 2])
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

        assert nodes["z"].tolist() == POSITIONS[:, 2].tolist()
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
