"""Weights and parameters by norse's names, into layers: all of them, or nothing."""

import copy

import numpy as np
import pytest

from eventsnn import layers, neurons
from eventsnn.interop import load_norse
from eventsnn.layers import (
    LI, LIF, Conv2d, ExpFilter, LConv2d, LIFCell, LIFRecurrent, LIFRecurrentCell, Lift,
    LILinearCell, Linear, LSNNRecurrent, RecurrentSequential, SequentialState,
)


def array(*shape, dtype=np.float64, seed=3):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def recurrent(n_in, n, start=""):
    weights = array(n, n, seed=4)
    np.fill_diagonal(weights, 0)
    return {f"{start}input_weights": array(n, n_in), f"{start}recurrent_weights": weights}


def net():
    return SequentialState(Conv2d(1, 2, 3), LIF(), Lift(layers.Flatten()), Linear(8, 3),
                           SequentialState(LSNNRecurrent(3, 4), Lift(LILinearCell(4, 2))))


def arrays(**changes):
    """What ``state_dict()`` of the same model in norse holds."""
    return {"0.lifted_module.weight": array(2, 1, 3, 3), "0.lifted_module.bias": array(2),
            "3.weight": array(3, 8), "3.bias": array(3), **recurrent(3, 4, "4.0."),
            "4.1.lifted_module.input_weights": array(2, 4)} | changes


def everything(layer):
    """All that loading can change."""
    return {name: (id(w), w.copy()) for name, w in layer.weights.items()}, [
        part.p for part in (layer[1], layer[4][0], layer[4][1].layer.cell)]


def test_chain__has_the_arrays():
    layer, given = net(), arrays()

    load_norse(given, layer)

    expected = {name.replace("lifted_module.", ""): w for name, w in given.items()}
    assert layer.weights.keys() == expected.keys()
    for name, w in layer.weights.items():
        assert w.dtype == np.float64 and np.array_equal(w, expected[name]), name
    out, _ = layer(np.ones((5, 6, 1, 4, 4)))
    assert out.shape == (5, 6, 2) and out.dtype == np.float64


def test_chain__computes_as_one_made_with_the_arrays():
    given = {"0.weight": 3 * array(6, 4), "0.bias": array(6), **recurrent(6, 5, "2."),
             "3.weight": array(2, 5), "3.bias": array(2)}
    loaded = SequentialState(Linear(4, 6), LIF(), LIFRecurrent(6, 5), Linear(5, 2), LI())
    load_norse(given, loaded)
    made = SequentialState(
        Linear(4, 6, given["0.bias"], weight=given["0.weight"]), LIF(),
        LIFRecurrent(6, 5, input_weights=given["2.input_weights"],
                     recurrent_weights=given["2.recurrent_weights"]),
        Linear(5, 2, given["3.bias"], weight=given["3.weight"]), LI())
    x = np.abs(array(30, 3, 4))

    out, expected = loaded(x)[0], made(x)[0]

    assert np.abs(expected).max() > 0.01 and np.array_equal(out, expected)


def test_arrays__are_copied():
    given, layer = recurrent(3, 4), LIFRecurrentCell(3, 4)

    load_norse(given, layer)
    layer.input_weights[0, 0] = 99.0

    assert given["input_weights"][0, 0] != 99.0
    given["recurrent_weights"][0, 1] = 77.0
    assert layer.recurrent_weights[0, 1] != 77.0


@pytest.mark.parametrize("dtype, expected", [
    (np.float32, np.float32), (np.float64, np.float64), (np.float16, np.float32),
    (np.int64, np.float32)])
def test_dtype__is_that_of_the_arrays(dtype, expected):
    layer = Linear(3, 2, dtype=np.float64 if expected == np.float32 else np.float32)

    load_norse({"weight": array(2, 3).astype(dtype), "bias": array(2).astype(dtype)}, layer)

    assert layer.weight.dtype == layer.bias.dtype == expected


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order__stays_that_of_the_layer(order):
    layer = Linear(3, 2, bias=False)  # of Fortran's, as events want it

    load_norse({"weight": array(2, 3).copy(order)}, layer)

    assert layer.weight.flags.f_contiguous and np.array_equal(layer.weight, array(2, 3))


@pytest.mark.parametrize("names, layer", [
    (["input_weights"], LILinearCell(3, 4)),
    (["linear.weight", "linear.bias"], ExpFilter(3, 4)),
    (["module.0.weight", "module.0.bias"], RecurrentSequential(Linear(3, 4), LIFCell())),
    (["lifted_module.weight", "lifted_module.bias"], Lift(Linear(3, 4))),
    (["lifted_module.weight", "lifted_module.bias"], Linear(3, 4)),  # ours need not be lifted
    (["weight", "bias"], Lift(Linear(3, 4))),
    (["lif.input_weights"], LILinearCell(3, 4)),
], ids=lambda value: value[0] if isinstance(value, list) else type(value).__name__)
def test_names__of_what_is_within_layers(names, layer):
    given = {name: array(4) if name.endswith("bias") else array(4, 3) for name in names}

    load_norse(given, layer)

    assert {n.rpartition(".")[2] for n in layer.weights} == {n.rpartition(".")[2] for n in names}
    for w in layer.weights.values():
        assert np.array_equal(w, array(*w.shape))


@pytest.mark.parametrize("name", [
    "LIFMCRecurrentCell", "LIFMCRecurrent", "LIFMCRefracRecurrentCell", "LIFMCRefracRecurrent"])
def test_compartments__have_a_coupling(name):
    layer = getattr(layers, name)(3, 4)

    load_norse(recurrent(3, 4) | {"g_coupling": array(4, 4), "v_th": 0.5}, layer)

    part = getattr(layer, "cell", layer) if name.endswith("Recurrent") else layer
    assert np.array_equal(layer.weights["g_coupling"], array(4, 4))
    assert part.p.v_th == 0.5 and part.p is part.cell.p  # the cell within it runs with them


@pytest.mark.parametrize("layer", [Conv2d(2, 3, 3, bias=False), LConv2d(2, 3, 3)],
                         ids=["Conv2d", "LConv2d"])
@pytest.mark.parametrize("shape", [(3, 2, 3, 3), (3, 2, 3, 3, 1)])
def test_convolutions__have_a_last_axis_or_not(shape, layer):
    own = layer.weight.shape

    load_norse({"weight": array(*shape)}, layer)

    assert layer.weight.shape == own and np.array_equal(layer.weight.ravel(), array(*shape).ravel())
    assert layer(np.ones((2, 5, 5))).dtype == np.float64


def test_parameters__by_norses_names():
    layer = SequentialState(Linear(3, 3), LIF(), layers.LIFRefrac(), layers.LIFAdExRefrac(),
                            LILinearCell(3, 2))
    tau = np.array([50.0, 100.0, 150.0], np.float32)

    load_norse({"0.weight": array(3, 3), "0.bias": array(3), "4.input_weights": array(2, 3),
                "1.tau_mem_inv": tau, "1.v_th": np.float32(0.5), "2.lif.tau_syn_inv": 300,
                "2.rho_reset": np.array(3.0), "3.lif_adex.delta_T": 0.25, "4.p.v_leak": 0.1}, layer)

    assert np.array_equal(layer[1].p.tau_mem_inv, tau)
    assert layer[1].p._replace(tau_mem_inv=100.0) == neurons.LIFParameters(v_th=0.5)
    assert layer[2].p == neurons.LIFRefracParameters(tau_syn_inv=300.0, rho_reset=3.0)
    assert layer[3].p == neurons.LIFAdExRefracParameters(delta_T=0.25)
    assert layer[4].cell.p == neurons.LIParameters(v_leak=0.1)
    tau[:] = 1.0
    assert layer[1].p.tau_mem_inv[0] == 50.0


def test_trainable_parameters__are_weights_that_need_not_be_given():
    layer = LIFRecurrent(3, 4, trainable=("tau_mem_inv", "v_th"))
    given = recurrent(3, 4)

    load_norse(given, layer)
    assert layer.weights["tau_mem_inv"] == 100.0
    load_norse(given | {"tau_mem_inv": np.full(4, 60.0)}, layer)

    assert layer.weights["tau_mem_inv"].tolist() == [60.0] * 4 and layer.weights["v_th"] == 1.0
    assert layer.p.tau_mem_inv is layer.weights["tau_mem_inv"]


def test_prefix__picks_one_of_several():
    given = {f"hidden.{k}": v for k, v in recurrent(3, 4).items()} | {
        "out.weight": array(2, 4), "out.bias": array(2)}
    hidden, out = LIFRecurrentCell(3, 4), Linear(4, 2)

    load_norse(given, hidden, prefix="hidden.")
    load_norse(given, out, prefix="out.")

    assert np.array_equal(hidden.input_weights, array(4, 3))
    assert np.array_equal(out.weight, array(2, 4))


def test_files__of_numpy_are_mappings(tmp_path):
    np.savez(tmp_path / "net.npz", **arrays())
    layer = net()

    with np.load(tmp_path / "net.npz") as file:
        load_norse(file, layer)

    assert np.array_equal(layer.weights["3.weight"], array(3, 8))


def without(name):
    return {k: v for k, v in arrays().items() if k != name}


NAN = np.full((3, 8), np.nan)
REFUSED = [
    (arrays(**{"3.wieght": array(3, 8)}), ValueError,
     "each name in arrays must be one of 3.bias, 3.weight, got '3.wieght'; did you mean "
     "'3.weight'?"),
    (arrays(**{"1.tau_mem": 3.0}), ValueError, "did you mean '1.tau_mem_inv'?"),
    (arrays(**{"9.weight": array(3, 8)}), ValueError, "got '9.weight'; did you mean"),
    (without("3.weight"), ValueError, "arrays must have 3.weight, got only 0.weight, 0.bias, "),
    (without("4.0.recurrent_weights"), ValueError, "arrays must have 4.0.recurrent_weights, got"),
    ({}, ValueError, "4.1.input_weights, got none of them"),
    (arrays(**{"3.weight": array(8, 3)}), ValueError,
     "arrays['3.weight'] must have shape (3, 8) as in the layer, got (8, 3)"),
    (arrays(**{"3.bias": array(3, 1)}), ValueError, "arrays['3.bias'] must have shape (3,)"),
    (arrays(**{"3.bias": 0.0}), ValueError, "arrays['3.bias'] must have shape (3,)"),
    (arrays(**{"0.lifted_module.weight": array(2, 1, 3, 3, 2)}), ValueError,
     "arrays['0.lifted_module.weight'] must have shape (2, 1, 3, 3) as in the layer"),
    (arrays(**{"0.lifted_module.weight": array(2, 9)}), ValueError, "must have shape (2, 1, 3, 3)"),
    (arrays(**{"3.weight": NAN}), ValueError, "arrays['3.weight'] must be finite, got nan in 24"),
    (arrays(**{"3.weight": NAN.astype(str)}), TypeError, "must hold real numbers"),
    (arrays(**{"3.weight": array(3, 8) * 1j}), TypeError, "must hold real numbers"),
    (arrays(**{"4.0.recurrent_weights": array(4, 4)}), ValueError,
     "must have a diagonal of 0, got 4 others; make the layer with autapses=True"),
    (arrays(**{"3.linear.weight": array(3, 8)}), ValueError,
     "arrays must have one array for 3.weight, got '3.weight' and '3.linear.weight'"),
    (arrays(**{"1.method": "super"}), ValueError,
     "arrays must hold no method or alpha, got '1.method'; a layer takes both as its threshold"),
    (arrays(**{"1.alpha": 100.0}), ValueError, "arrays must hold no method or alpha"),
    (arrays(**{"1.tau_mem_inv": -1.0}), ValueError, "tau_mem_inv must be positive"),
    (arrays(**{"1.tau_mem_inv": 1e6}), ValueError, "dt must be at most 2e-06 s"),
    (arrays(**{"1.v_th": np.nan}), ValueError, "v_th must be finite"),
    (arrays(**{"1.v_th": "1"}), TypeError, "v_th must hold real numbers"),
    (arrays(**{"4.0.v_th": np.ones(3)}), ValueError, "v_th must have shape () or (4,), got (3,)"),
    (arrays() | {7: array(2)}, TypeError, "arrays must have names, got 7"),
    ([("0.weight", 1)], TypeError, "arrays must map names to arrays, got list"),
]


@pytest.mark.parametrize("given, error, message", REFUSED, ids=[r[2][:50] for r in REFUSED])
def test_misfit__is_refused_and_changes_nothing(given, error, message):
    layer = net()
    load_norse(arrays(**{"1.v_th": 0.7}), layer)
    weights, parameters = everything(layer)

    with pytest.raises(error) as caught:
        load_norse(given, layer)

    assert message in str(caught.value)
    after, now = everything(layer)
    assert now == parameters and weights.keys() == after.keys()
    for name, (identity, w) in after.items():
        assert identity == weights[name][0] and np.array_equal(w, weights[name][1]), name


def test_layers__without_weights_by_norses_names_are_refused():
    field = layers.SpatialReceptiveField2d(1, 5, [[1.0, 0, 1, 0, 0, 0, 0]])

    with pytest.raises(ValueError, match="layer must hold weights as norse does, got SpatialRec"):
        load_norse({"rf_parameters": array(1, 7)}, SequentialState(field))
    with pytest.raises(TypeError, match="layer must be a layer, got None"):
        load_norse({}, None)


def test_bias__that_the_layer_has_not_is_refused():
    with pytest.raises(ValueError, match="must be one of weight, got 'bias'"):
        load_norse({"weight": array(2, 3), "bias": array(2)}, Linear(3, 2, bias=False))


def test_autapses__are_kept_where_the_layer_has_them():
    layer = layers.CobaLIFRecurrentCell(3, 4, autapses=True)

    load_norse({"input_weights": array(4, 3), "recurrent_weights": array(4, 4)}, layer)

    assert np.array_equal(layer.recurrent_weights, array(4, 4))


def test_class_of_a_layer__is_not_touched():
    one, two = LIF(), LIF()
    start = copy.copy(two.p)

    load_norse({"v_th": 0.3}, one)

    assert (one.p.v_th, two.p) == (0.3, start) and LIF().p == neurons.LIFParameters()
