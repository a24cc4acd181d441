"""SONATA nodes and edges as arrays: what is written is read, and so are the files of others."""

import os

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from eventsnn.interop import (
    Edges, Nodes, read_sonata_edges, read_sonata_nodes, write_sonata_edges, write_sonata_nodes,
)

EXAMPLES = settings(max_examples=150, deadline=None)
NAMES = st.text(st.characters(exclude_characters="/\0@", exclude_categories=["Cs"]), min_size=1,
                max_size=5).filter(lambda name: name not in (".", "..", "dynamics_params"))
FLOATS = st.floats(-1e6, 1e6, width=32)
STRINGS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)


@pytest.fixture(autouse=True, scope="module")
def no_fsync():
    """The properties are not about what the disk does, and it would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def columns(n, *kinds):
    return st.one_of(*(hnp.arrays(kind, n) for kind in kinds))


@st.composite
def some_nodes(draw):
    n = draw(st.integers(0, 8))
    numbers = columns(n, np.float32, np.float64, np.int16, np.uint32, np.int64)
    strings = st.lists(STRINGS, min_size=n, max_size=n).map(lambda s: np.array(s, object))
    attributes = draw(st.dictionaries(NAMES, st.one_of(numbers, strings), max_size=3))
    return Nodes(n, {"model_type": np.array(["virtual"] * n, object)} | attributes,
                 draw(st.dictionaries(NAMES, numbers, max_size=3)),
                 {}, draw(hnp.arrays(np.uint32, n)))


@st.composite
def some_edges(draw):
    shape, m = (draw(st.integers(1, 6)), draw(st.integers(1, 6))), draw(st.integers(0, 12))
    sources, targets = (draw(hnp.arrays(np.int64, m, elements=st.integers(0, n - 1)))
                        for n in shape)
    weights = draw(st.none() | hnp.arrays(st.sampled_from([np.float32, np.float64]), m,
                                          elements=FLOATS))
    delays = draw(st.none() | hnp.arrays(np.float64, m, elements=st.floats(0, 1)))
    strings = st.lists(STRINGS, min_size=m, max_size=m).map(lambda s: np.array(s, object))
    attributes = draw(st.dictionaries(NAMES, st.one_of(columns(m, np.int32, np.float32), strings),
                                      max_size=2))
    return Edges(draw(NAMES), draw(NAMES), shape, sources, targets, weights, delays, {
        name: values for name, values in attributes.items() if name not in ("delay", "syn_weight")})


def assert_same(actual, expected):
    if expected is None:
        assert actual is None
        return
    assert actual.dtype == expected.dtype
    assert_array_equal(actual, expected)


@EXAMPLES
@given(populations=st.dictionaries(NAMES, some_nodes(), min_size=1, max_size=3))
def test_nodes__are_read_as_they_were_written(tmp_path_factory, populations):
    path = tmp_path_factory.mktemp("nodes") / "nodes.h5"

    found = read_sonata_nodes(write_sonata_nodes(path, populations))

    assert set(found) == set(populations)
    for name, nodes in populations.items():
        assert found[name].n == nodes.n
        assert_array_equal(found[name].type_ids, nodes.type_ids)
        for mine, its in ((nodes.attributes, found[name].attributes),
                          (nodes.dynamics_params, found[name].dynamics_params)):
            assert set(its) == set(mine)
            for key, values in mine.items():
                assert_same(its[key], values)


@EXAMPLES
@given(populations=st.dictionaries(NAMES, some_edges(), min_size=1, max_size=2))
def test_edges__are_read_as_they_were_written_but_for_their_order(tmp_path_factory, populations):
    path = tmp_path_factory.mktemp("edges") / "edges.h5"
    write_sonata_edges(path, populations)

    for name, edges in populations.items():
        found = read_sonata_edges(path, populations=[name], attributes=list(edges.attributes))[name]

        assert found[:3] == edges[:3]
        order = sorted(range(len(edges.sources)),  # a stable sort: duplicates keep their order
                       key=lambda k: (edges.targets[k], edges.sources[k]))
        assert_same(found.sources, edges.sources[order])
        assert_same(found.targets, edges.targets[order])
        assert_same(found.weights, None if edges.weights is None else edges.weights[order])
        if edges.delays is None:
            assert found.delays is None
        else:  # ms in the file
            assert_allclose(found.delays, edges.delays[order], rtol=3e-16, atol=1e-310)
        for key, values in edges.attributes.items():
            assert_same(found.attributes[key], values[order])


@EXAMPLES
@given(edges=some_edges())
def test_edges__are_those_of_their_matrices(edges):
    if edges.weights is None or edges.delays is None:
        return

    weights, delays = edges.to_scipy()
    again = Edges.from_scipy("a", "b", weights, delays)

    expected = np.zeros(edges.shape)
    for source, target, weight in zip(edges.sources, edges.targets, edges.weights):
        expected[source, target] += weight
    assert_allclose(weights.toarray(), expected, rtol=1e-6, atol=1.0)
    rows = sorted(zip(edges.targets, edges.sources, edges.weights, edges.delays))
    assert sorted(zip(again.targets, again.sources, again.weights, again.delays)) == rows


def test_from_scipy__takes_any_form_and_one_delay_for_all():
    dense = np.array([[0, 2, 0], [3, 0, 4]])
    for form in ("csr", "csc", "coo", "lil"):
        edges = Edges.from_scipy("a", "b", sparse.coo_array(dense).asformat(form), 1e-3)

        assert edges.shape == (2, 3) and edges.delays == 1e-3
        assert list(zip(edges.sources, edges.targets, edges.weights)) == [
            (1, 0, 3), (0, 1, 2), (1, 2, 4)]


# Files as other tools write them.

SOURCES = np.array([3, 0, 2, 1, 1, 0, 3])
TARGETS = np.array([0, 0, 1, 1, 1, 4, 4])
GROUP = np.array([0, 1, 1, 0, 2, 0, 1])
INDEX = np.array([1, 0, 2, 0, 0, 2, 1])
TYPES = np.array([100, 101, 101, 100, 102, 100, 100])
WEIGHTS = [0.25, 7.0, 7.0, 0.125, np.nan, 0.5, -3.0]  # of groups 0 and 1's types; group 2 has none
DELAYS = [2.0, 0.5, 1.0, 2.0, 2.5, 2.0, 1.5]  # ms: of the types of groups 0 and 2, of group 1


def others_edges(path, dtype=np.uint64, spelling=None, strings=None, **options):
    """Several groups, attributes in different ones, types, and an index of either spelling."""
    with h5py.File(path, "w") as file:
        edges = file.create_group("edges/lgn_to_v1")
        for name, values, of in (("source_node_id", SOURCES, "lgn"),
                                 ("target_node_id", TARGETS, "v1")):
            edges.create_dataset(name, data=values.astype(dtype), **options)
            edges[name].attrs["node_population"] = of if strings is None else strings(of)
        edges.create_dataset("edge_group_id", data=GROUP.astype(np.int32), **options)
        edges.create_dataset("edge_group_index", data=INDEX.astype(np.uint32), **options)
        edges.create_dataset("edge_type_id", data=TYPES, **options)
        edges["0/syn_weight"] = np.array([0.125, 0.25, 0.5, 99.0], np.float32)
        edges["0/nsyns"] = np.array([3, 1, 2, 99], np.uint16)
        edges["1/delay"] = np.array([0.5, 1.5, 1.0])
        edges["1/where"] = np.array(["soma", "dend", "soma"], object)  # no library
        edges.create_group("2")
        if spelling:
            for by, n in (("source_to_target", 9), ("target_to_source", 6)):
                edges[f"indices/{by}/{spelling}"] = np.zeros((n, 2), np.uint64)


EDGE_TYPES = """edge_type_id target_query syn_weight delay
100 "pop_name == 'a b'" -3.0 2.0
101 NULL 7.0 NULL
102 NULL NULL 2.5
103 NULL 1.0 1.0
"""


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.int64, ">u8"])
@pytest.mark.parametrize("spelling", [None, "node_id_to_range", "node_id_to_ranges"])
@pytest.mark.parametrize("options", [{}, {"compression": "gzip", "shuffle": True}])
def test_edges__of_others_are_read(tmp_path, dtype, spelling, options):
    others_edges(tmp_path / "edges.h5", dtype, spelling, **options)
    (tmp_path / "types.csv").write_text(EDGE_TYPES)

    found = read_sonata_edges(tmp_path / "edges.h5", tmp_path / "types.csv",
                              attributes=["nsyns", "where", "target_query"])["lgn_to_v1"]

    assert found[:3] == ("lgn", "v1", (9, 6) if spelling else (4, 5))
    assert_array_equal(found.sources, SOURCES)
    assert_array_equal(found.targets, TARGETS)
    assert_array_equal(found.weights, WEIGHTS)
    assert_array_equal(found.delays, np.array(DELAYS) / 1e3)
    assert_array_equal(found.attributes["nsyns"], [1, np.nan, np.nan, 3, np.nan, 2, np.nan])
    assert found.attributes["where"].tolist() == [None, "soma", "soma", None, None, None, "dend"]
    assert found.attributes["target_query"].tolist() == [
        "pop_name == 'a b'", None, None, "pop_name == 'a b'", None, "pop_name == 'a b'",
        "pop_name == 'a b'"]


@pytest.mark.parametrize("strings", [np.bytes_, lambda s: np.array([s.encode()])])
def test_edges__of_others_without_types_lack_what_those_have(tmp_path, strings):
    others_edges(tmp_path / "edges.h5", strings=strings)

    found = read_sonata_edges(tmp_path / "edges.h5", attributes=["x"], delay="late")["lgn_to_v1"]

    assert found.delays is None and found.attributes == {"x": None}
    assert_array_equal(found.weights, [0.25, np.nan, np.nan, 0.125, np.nan, 0.5, np.nan])


def test_edges__without_group_ids_are_of_group_0(tmp_path):
    with h5py.File(tmp_path / "edges.h5", "w") as file:
        for end in ("source", "target"):
            file[f"edges/e/{end}_node_id"] = np.arange(3)
            file[f"edges/e/{end}_node_id"].attrs["node_population"] = "a"
        file["edges/e/0/conductance"] = [1.0, 2.0, 3.0]

    found = read_sonata_edges(tmp_path / "edges.h5", weight="conductance")["e"]

    assert_array_equal(found.weights, [1, 2, 3])
    assert found.delays is None


def test_nodes__of_others_are_read(tmp_path):
    with h5py.File(tmp_path / "nodes.h5", "w") as file:
        nodes = file.create_group("nodes/v1")
        nodes["node_id"] = np.array([2, 0, 3, 1], np.uint32)  # in any order
        nodes["node_type_id"] = np.array([7, 7, 8, 8])
        nodes["node_group_id"] = np.array([0, 1, 0, 1], np.int8)
        nodes["node_group_index"] = np.array([1, 0, 0, 1], np.uint32)
        nodes["0/x"] = np.array([30.0, 20.0], np.float32)
        nodes["0/layer"] = np.array([1, 0])
        nodes["0/@library/layer"] = np.array(["L4", "L5"], object)
        nodes["0/positions"] = np.zeros((2, 3))
        nodes["0/dynamics_params/v_th"] = [-50.0, -45.0]
        nodes["0/dynamics_params/v_th"].attrs["units"] = "mV"
        nodes["1/tuning"] = np.array([b"left", b"up"])
    (tmp_path / "types.csv").write_text("node_type_id model_type x ei\n7 point_neuron NULL e\n"
                                        "8 virtual 5 NULL\n9 virtual NULL NULL\n")

    found = read_sonata_nodes(tmp_path / "nodes.h5", tmp_path / "types.csv")["v1"]

    assert found.n == 4 and found.type_ids.tolist() == [7, 8, 7, 8]
    assert_array_equal(found.attributes["x"], [np.nan, 5, 20, 30])
    assert {name: values.tolist() for name, values in found.attributes.items() if name != "x"} == {
        "layer": [None, None, "L4", "L5"], "tuning": ["left", "up", None, None],
        "model_type": ["point_neuron", "virtual", "point_neuron", "virtual"],
        "ei": ["e", None, "e", None]}
    assert_array_equal(found.dynamics_params["v_th"], [np.nan, np.nan, -45, -50])
    assert found.units == {"v_th": "mV"}


@pytest.mark.parametrize("write, words", [
    (lambda p: write_sonata_nodes(p, {}), "populations must name at least one, got {}"),
    (lambda p: write_sonata_nodes(p, {"a": 3}), "populations['a'] must be Nodes, got int"),
    (lambda p: write_sonata_nodes(p, {"a/b": Nodes(3)}), "must have names without slashes"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(-1)}), "n of 'a' must be at least 0, got -1"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(3, {"x": [1, 2]})}), "x of 'a' must have shape"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(1, {"x": [None]})}), "x of 'a' must be numbers"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(1, {"x": 1j})}), "x of 'a' must hold real"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(1, {}, {"v": "x"})}), "v of 'a' must hold real"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(1, {"@library": 1})}), "not be called @library"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(1, {"dynamics_params": 1})}), "not be called dyn"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(2, type_ids=[0, 2**32])}), "got dtype int64, 0"),
    (lambda p: write_sonata_nodes(p, {"a": Nodes(1, units={"x": 1})}), "unit of x of 'a' must"),
    (lambda p: write_sonata_edges(p, {}), "populations must name at least one, got {}"),
    (lambda p: write_sonata_edges(p, {"e": 3}), "populations['e'] must be Edges, got int"),
    (lambda p: write_sonata_edges(p, {"e": Edges("", "b", (1, 1), [], [])}), "without slashes"),
    (lambda p: write_sonata_edges(p, {"e": Edges("a", "b", (1, 1), [0], [1])}),
     "targets of 'e' must lie in 0 ... 0, got 1 ... 1"),
    (lambda p: write_sonata_edges(p, {"e": Edges("a", "b", (1, 1), [0.0], [0])}),
     "sources of 'e' must be a list of whole numbers"),
    (lambda p: write_sonata_edges(p, {"e": Edges("a", "b", (1, 1), [0, 0], [0])}),
     "targets of 'e' must have shape (2,) to match the sources"),
    (lambda p: write_sonata_edges(p, {"e": Edges("a", "b", (1, 1), [0], [0], [np.inf])}),
     "weights of 'e' must be finite"),
    (lambda p: write_sonata_edges(p, {"e": Edges("a", "b", (1, 1), [0], [0], 1.0, -1.0)}),
     "delays of 'e' must be at least 0 s, got -1 s"),
    (lambda p: write_sonata_edges(p, {"e": Edges("a", "b", (1, 1), [0], [0], [1.0, 2.0])}),
     "weights of 'e' must have shape () or (1,), got (2,)"),
    (lambda p: write_sonata_edges(p, {"e": Edges("a", "b", (1, 1), [0], [0], None, None,
                                                 {"delay": 1.0})}), "not be called delay"),
    (lambda p: Edges.from_scipy("a", "b", np.eye(2)), "weights must be a scipy sparse matrix"),
    (lambda p: Edges.from_scipy("a", "b", sparse.eye_array(2), sparse.eye_array(3)),
     "delays must have shape (2, 2) to match the weights, got (3, 3)"),
    (lambda p: Edges.from_scipy("a", "b", sparse.eye_array(2), sparse.csr_array((2, 2))),
     "delays must have entries where weights has them, got others"),
])
def test_arguments__are_refused_and_nothing_is_written(tmp_path, write, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        write(tmp_path / "a.h5")

    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []
