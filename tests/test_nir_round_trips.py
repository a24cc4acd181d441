"""Models to NIR and back run the same, bit for bit; graphs to models and back are equal."""

import pathlib
import tempfile

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsnn import layers
from eventsnn.interop import from_nir, to_nir
from eventsnn.layers import (
    LI, LIF, AvgPool2d, Checkpointed, Conv1d, Conv2d, CubaLIFCell, Delay, Flatten, LConv2d, LIFCell,
    Lift, LILinearCell, Linear, Scale, SequentialState, SumPool2d, Threshold,
)
from eventsnn.neurons import CubaLIFParameters, LIFParameters
from eventsnn.surrogates import CircDist, HeaviErfc, SuperSpike, Triangle
from tests.nir_models import NEURONS, neuron, recurrent, same_nodes

RNG = np.random.default_rng(3)
# name -> model, shape of a sample
MODELS = {
    "linear": (SequentialState(Linear(4, 3, seed=1), Linear(3, 2, bias=False, seed=2)), (4,)),
    "float64": (SequentialState(Linear(4, 3, np.ones(3), weight=RNG.normal(size=(3, 4))), LIF()),
                (4,)),
    "conv1d": (SequentialState(Conv1d(2, 4, 3, 2, 1, 2, 2, seed=1), LIF(),
                               Conv1d(4, 3, 2, padding="same", bias=False, seed=1)), (2, 15)),
    "conv2d": (SequentialState(
        Conv2d(2, 4, (3, 2), (2, 1), (1, 0), (1, 2), 2, seed=1), LIF(LIFParameters(v_th=0.1)),
        Conv2d(4, 3, (2, 3), padding="same", seed=1), LConv2d(3, 2, 2, padding="valid", seed=1)),
        (2, 9, 8)),
    "pools": (SequentialState(SumPool2d(2), AvgPool2d((3, 2), (1, 2), (1, 0))), (2, 9, 8)),
    "flatten": (SequentialState(Flatten(2), Linear(24, 3, seed=1)), (2, 3, 4)),
    "flatten some": (SequentialState(Flatten(-2), Scale(RNG.normal(size=(2, 12)))), (2, 3, 4)),
    "elements": (SequentialState(
        Scale(RNG.normal(size=5)), Delay([0, 1e-3, 5e-3, 2e-3, 0]), Delay(2.4e-3, nearest=True),
        Threshold(Triangle(0.5), RNG.normal(size=5)), Scale(2.0)), (5,)),
    "images of neurons": (SequentialState(neuron("CubaLIF", RNG, (2, 3, 3)),
                                          neuron("IAF", RNG, (2, 1, 3))), (2, 3, 3)),
    "nested": (SequentialState(SequentialState(Linear(4, 3, seed=1), LIF()),
                               SequentialState(SequentialState(Linear(3, 2, seed=2)))), (4,)),
    "lifted": (SequentialState(Lift(Linear(4, 3, seed=1)), Lift(LIFCell()), Lift(SequentialState(
        CubaLIFCell(CubaLIFParameters(w_in=6.0)), Linear(3, 2, seed=2), Flatten(1)))), (4,)),
    "checkpointed": (Checkpointed(SequentialState(Linear(4, 3, seed=1), LIF())), (4,)),
    "one layer": (LIF(), (4,)),
    "empty": (SequentialState(), (4,)),
    "recurrent in a row": (SequentialState(
        Linear(4, 5, seed=1), Linear(5, 5, bias=False, seed=2), recurrent("LIF", RNG, 5, 6),
        recurrent("CubaLIF", RNG, 6, 3, autapses=True), recurrent("LI", RNG, 3, 2, "scalar")),
        (4,)),
    "identity before recurrent": (SequentialState(
        Linear(4, 5, bias=False, seed=1), layers.LIFRecurrent(
            5, 5, LIFParameters(v_th=0.1), input_weights=np.eye(5), seed=2)), (4,)),
} | {f"{name} {kind}": (neuron(name, RNG, (5,), kind), (5,))
     for name in NEURONS for kind in ("scalar", "array")
     } | {f"{name} recurrent": (recurrent(name, RNG, 4, 5), (4,)) for name in NEURONS}
each_model = pytest.mark.parametrize("name", MODELS)


def through_a_file(graph):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model.nir")
        nir.write(path, graph)
        return from_nir(path)


def inputs(shape, dtype, n_steps=40):
    return np.random.default_rng(5).normal(0.7, 2, (n_steps, 2, *shape)).astype(dtype)


def out_of(model, x):
    out = model(x)
    return out[0] if isinstance(out, tuple) else out


def assert_runs_the_same(model, back, shape):
    for dtype in (np.float32, np.float64):
        x = inputs(shape, dtype)
        expected, actual = out_of(model, x), out_of(back, x)
        assert actual.dtype == expected.dtype or not len(back)
        np.testing.assert_array_equal(actual, expected)
        assert expected.any()


@pytest.mark.parametrize("dtype", [None, np.float32, np.float64], ids=["exact", "f4", "f8"])
@each_model
def test_model__runs_the_same_after_a_round_trip(name, dtype):
    model, shape = MODELS[name]

    graph = to_nir(model, shape, dtype=dtype)

    assert_runs_the_same(model, from_nir(graph), shape)
    assert_runs_the_same(model, through_a_file(graph), shape)


@each_model
def test_graph__is_the_same_after_a_round_trip(name):
    model, shape = MODELS[name]
    graph = to_nir(model, shape)

    again = to_nir(through_a_file(graph), shape)

    same_nodes(again, graph)
    assert again.metadata == graph.metadata
    if name not in ("lifted", "checkpointed"):  # one node there is called by another name
        assert set(again.edges) == set(graph.edges)


@each_model
def test_graph__has_the_types_that_nir_infers_where_it_is_right(name):
    model, shape = MODELS[name]
    graph = to_nir(model, shape)

    if name in ("conv1d", "conv2d"):  # NIR 1.0.8 takes groups and long kernels for errors
        assert graph.output_type["output"].tolist() == list(out_of(
            model, inputs(shape, np.float32)).shape[2:])
    else:
        graph.infer_types()
        graph.check_types()


def test_layers__keep_their_classes_and_options():
    model = SequentialState(
        LIF(LIFParameters(v_th=0.5), Triangle(0.7), trainable=("v_th", "tau_mem_inv"),
            stop_reset=True, record_states=True),
        layers.LIFBox(threshold=HeaviErfc(3.0)), LIFCell(), LILinearCell(4, 3, seed=1))

    back = through_a_file(to_nir(model, (4,)))

    assert [type(layer).__name__ for layer in back] == ["LIF", "LIFBox", "LIFCell", "Linear",
                                                        "LICell"]
    assert back[0].threshold == Triangle(0.7) and back[1].threshold == HeaviErfc(3.0)
    assert back[0].stop_reset and back[0].record_states and not back[1].stop_reset
    assert back.weights.keys() == {"0.v_th", "0.tau_mem_inv", "3.weight"}
    assert back[0].p == model[0].p


def test_step__of_a_cell_is_the_same():
    model = SequentialState(Linear(4, 3, seed=1), LIFCell(), LILinearCell(3, 2, seed=2))
    back, x = from_nir(to_nir(model)), np.full((2, 4), 3.0)
    state = other = None
    for _ in range(20):
        (out, state), (actual, other) = model(x, state), back(x, other)
        np.testing.assert_array_equal(actual, out)


def test_dtype__of_parameters_is_the_smaller_that_is_exact():
    short = float(np.float32(0.01))  # what a file in float32 says of 10 ms

    assert to_nir(LIF(LIFParameters(1 / short, 1 / short)), (2,)).nodes["0"].tau_mem.dtype == "f4"
    assert to_nir(LIF(), (2,)).nodes["0"].tau_mem.dtype == "f8"
    assert to_nir(LIF(), (2,), dtype=np.float32).nodes["0"].tau_mem.dtype == "f4"


def drawn(rng, name, dtype, n=4):
    """A node of NIR as another tool may write it."""
    def values(low, high):
        return rng.uniform(low, high, n).astype(dtype)
    taus, leaky = values(5e-3, 2e-2), {"r": values(0.5, 2), "v_leak": values(-0.2, 0.2)}
    fires = {"v_threshold": values(0.5, 1), "v_reset": values(-0.3, 0.1)}
    synapse = {"tau_syn": taus, "tau_mem": values(5e-3, 2e-2), "w_in": values(1, 9)}
    image = np.array([2, 6, 5])
    return {
        "Affine": lambda: nir.Affine(rng.normal(size=(3, n)).astype(dtype), values(0, 1)[:3]),
        "Linear": lambda: nir.Linear(rng.normal(size=(3, n)).astype(dtype)),
        "Scale": lambda: nir.Scale(values(-1, 1)),
        "Delay": lambda: nir.Delay(rng.integers(0, 4, n).astype(dtype) * dtype(1e-3)),
        "Threshold": lambda: nir.Threshold(values(-1, 1)),
        "Flatten": lambda: nir.Flatten({"input": image}, 1, -1),
        "SumPool2d": lambda: nir.SumPool2d(np.array([2, 3]), np.array([1, 2]), np.array([0, 1])),
        "AvgPool2d": lambda: nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 1])),
        "Conv1d": lambda: nir.Conv1d(6, rng.normal(size=(3, 2, 3)).astype(dtype), 2, 1, 1, 1,
                                     values(0, 1)[:3]),
        "Conv2d": lambda: nir.Conv2d((6, 5), rng.normal(size=(3, 2, 3, 3)).astype(dtype), (1, 2),
                                     (0, 1), (2, 1), 1, values(0, 1)[:3]),
        "Conv2d same": lambda: nir.Conv2d((6, 5), rng.normal(size=(3, 2, 2, 2)).astype(dtype), 1,
                                          "same", 1, 1, values(0, 1)[:3]),
        "LIF": lambda: nir.LIF(tau=taus, **leaky, **fires), "LI": lambda: nir.LI(tau=taus, **leaky),
        "IF": lambda: nir.IF(r=values(100, 500), **fires), "I": lambda: nir.I(r=values(100, 500)),
        "CubaLIF": lambda: nir.CubaLIF(**synapse, **leaky, **fires),
        "CubaLI": lambda: nir.CubaLI(**synapse, **leaky),
        "NIRGraph": lambda: nir.NIRGraph.from_list(nir.LI(tau=taus, **leaky)),
    }[name]()


DRAWN = ("Affine", "Linear", "Scale", "Delay", "Threshold", "Flatten", "SumPool2d", "AvgPool2d",
         "Conv1d", "Conv2d", "Conv2d same", "LIF", "LI", "IF", "I", "CubaLIF", "CubaLI", "NIRGraph")
SHAPES = {"Conv1d": (2, 6)} | dict.fromkeys(
    ("Flatten", "SumPool2d", "AvgPool2d", "Conv2d", "Conv2d same"), (2, 6, 5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", DRAWN)
def test_node__of_others_is_equal_after_a_round_trip(name, dtype, tmp_path):
    node, shape = drawn(np.random.default_rng(7), name, dtype), SHAPES.get(name, (4,))
    node.input_type = {"input": np.array(shape)}
    graph = nir.NIRGraph({"a": nir.Input({"input": np.array(shape)}), "b": node,
                          "c": nir.Output(None)}, [("a", "b"), ("b", "c")])
    nir.write(tmp_path / "a.nir", graph)

    model = from_nir(tmp_path / "a.nir", dt=1e-3)

    same_nodes(to_nir(model, shape, dtype=None), graph, one_ulp=dtype is np.float64)
    assert out_of(model, inputs(shape, dtype))[0, 0].shape == tuple(graph.output_type["c"])


@st.composite
def chains(draw):
    """A chain of one to eight layers, chains within it, and the shape of its samples."""
    rng = np.random.default_rng(draw(st.integers(0, 2 ** 32)))
    dt = draw(st.sampled_from([1e-3, 5e-4, 1 / 3000]))
    image = draw(st.booleans())
    shape = first = (2, 7, 6) if image else (5,)
    found = []
    for kind in draw(st.lists(st.sampled_from(
            [*NEURONS, "weights", "recurrent", "scale", "delay", "threshold", "pool", "chain"]),
            min_size=1, max_size=8)):
        if kind in NEURONS:
            found.append(neuron(kind, rng, shape, draw(st.sampled_from(["scalar", "array"])), dt))
        elif kind in ("weights", "recurrent") and len(shape) == 3:
            found.append(Conv2d(shape[0], 2, 3, padding=draw(st.sampled_from([1, "same"])),
                                bias=draw(st.booleans()), seed=int(rng.integers(99))))
            if kind == "recurrent":
                found.append(Flatten(-3))
        elif kind == "weights":
            found.append(Linear(shape[0], 4, draw(st.booleans()), seed=int(rng.integers(99))))
        elif kind == "recurrent":
            found.append(recurrent(draw(st.sampled_from(NEURONS)), rng, shape[0], 3, dt=dt))
        elif kind == "scale":
            found.append(Scale(rng.normal(size=shape).astype(np.float32)))
        elif kind == "delay":
            found.append(Delay(rng.integers(0, 4, shape) * dt, dt))
        elif kind == "threshold":
            found.append(Threshold(SuperSpike(2.0), rng.normal(size=shape)))
        elif kind == "pool" and len(shape) == 3 and min(shape[1:]) > 2:
            found.append(draw(st.sampled_from([SumPool2d, AvgPool2d]))(2))
        elif kind == "chain":
            found = [SequentialState(*found)]
        shape = out_of(SequentialState(*found), np.zeros((1, 1, *first))).shape[2:]
    return SequentialState(*found), first


@settings(max_examples=40, deadline=None)
@given(chain=chains())
def test_chain__runs_the_same_after_a_round_trip(chain):
    model, shape = chain
    graph = to_nir(model, shape)
    back = through_a_file(graph)
    x = inputs(shape, np.float32, 12)

    np.testing.assert_array_equal(out_of(back, x), out_of(model, x))
    same_nodes(to_nir(back, shape), graph)


def test_recurrence__of_others_is_a_recurrent_layer():
    rng = np.random.default_rng(1)
    w, b, r, c = (rng.normal(size=size) for size in ((3, 4), 3, (3, 3), 3))
    b, c = np.abs(b), np.abs(c) / 5
    lif = nir.LIF(tau=np.full(3, 0.01), r=np.full(3, 2.0), v_leak=np.zeros(3),
                  v_threshold=np.full(3, 0.7))
    graph = nir.NIRGraph(
        {"in": nir.Input(np.array([4])), "w": nir.Affine(w, b), "lif": lif, "r": nir.Affine(r, c),
         "out": nir.Output(np.array([3]))},
        [("in", "w"), ("w", "lif"), ("lif", "r"), ("r", "lif"), ("lif", "out")])
    x = 3 * rng.normal(size=(60, 4))

    model = from_nir(graph, dt=1e-3)
    out, _ = model(x)

    v, z = np.zeros(3), np.zeros(3)  # the equations, spikes coming back a step later
    for t in range(60):
        v = v + 1e-3 / 0.01 * (2 * (w @ x[t] + b + r @ z + c) - v)
        z = (v > 0.7).astype(float)
        v = np.where(z > 0, 0.0, v)
        np.testing.assert_array_equal(out[t], z)
    assert out.any(axis=0).all()
    np.testing.assert_array_equal(from_nir(to_nir(model))(x)[0], out)


@pytest.mark.parametrize("kind", [nir.Linear, nir.Affine])
def test_recurrence__of_others_in_a_graph_of_its_own(kind):
    rng = np.random.default_rng(1)
    r, w = rng.normal(size=(3, 3)), nir.Linear(9 * rng.normal(size=(3, 4)))
    lif = nir.CubaLIF(tau_syn=np.full(3, 5e-3), tau_mem=np.full(3, 0.01), r=np.full(3, 2.0),
                      v_leak=np.zeros(3), v_threshold=np.full(3, 0.7), w_in=np.full(3, 2.0))
    back = nir.Linear(r) if kind is nir.Linear else nir.Affine(r, np.zeros(3))
    inner = nir.NIRGraph({"input": nir.Input(np.array([3])), "lif": lif, "w_rec": back,
                          "output": nir.Output(np.array([3]))},
                         [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")])
    x = rng.normal(size=(60, 4))

    model = from_nir(nir.NIRGraph.from_list(w, inner), dt=1e-3)

    assert [type(layer).__name__ for layer in model] == ["Linear", "SequentialState"]
    flat = SequentialState(model[0], layers.CubaLIFRecurrent(
        3, 3, CubaLIFParameters(200.0, 100.0, 2.0, w_in=2.0, v_th=0.7), input_weights=np.eye(3),
        recurrent_weights=r, autapses=True))
    out, _ = model(x)
    np.testing.assert_array_equal(out, flat(x)[0])
    assert out.any()
    if kind is nir.Linear:
        same_nodes(to_nir(model), nir.NIRGraph.from_list(w, inner), one_ulp=True)


def test_step__given_is_heeded_and_the_jump_is_then_a_current():
    graph = to_nir(LIF(), (3,))

    back = from_nir(graph, dt=5e-4)

    assert type(back[0]) is layers.CubaLIF and back[0].dt == 5e-4
    assert back[0].p.w_in == 5e-3 / 1e-3 and type(from_nir(graph)[0]) is LIF


def test_node__changed_by_others_is_what_it_says_now():
    graph = to_nir(SequentialState(LIF(), LI()), (3,))
    graph.nodes["0"].v_threshold = np.full(3, 0.25)

    back = from_nir(graph)

    assert back[0].p.v_th == 0.25 and type(back[1]) is LI


def test_threshold__that_the_graph_does_not_tell_is_the_one_given():
    lif = nir.LIF(*np.ones((4, 2)) * 0.1)

    back = from_nir(nir.NIRGraph.from_list(lif), dt=1e-3, threshold=HeaviErfc(2.0))

    assert back[0].threshold == HeaviErfc(2.0)
    assert from_nir(nir.NIRGraph.from_list(lif), 1e-3)[0].threshold == SuperSpike()
    assert from_nir(to_nir(LIF(), (2,)), threshold=CircDist())[0].threshold == SuperSpike()


def test_delays__are_rounded_when_told():
    graph = nir.NIRGraph.from_list(nir.Delay(np.array([1.4e-3, 0.0])))

    assert from_nir(graph, 1e-3, nearest=True)[0].steps.tolist() == [1, 0]


def test_parameters__of_one_number_are_for_all_neurons():
    lif = nir.LIF(*np.float32([[0.01], [2], [0], [0.5]]))
    graph = nir.NIRGraph({"a": nir.Input(np.array([3])), "b": lif, "c": nir.Output(np.array([3]))},
                         [("a", "b"), ("b", "c")], type_check=False)

    model = from_nir(graph, dt=1e-3)

    assert model[0].p.r == 2 and to_nir(model, (3,)).nodes["0"].r.tolist() == [2, 2, 2]
