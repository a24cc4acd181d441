"""What NIR or a chain cannot honour is one clear error, which names the layer or the node."""

import builtins
import os
import sys

import h5py
import nir
import numpy as np
import pytest
import scipy.sparse

from eventsnn.errors import FormatError
from eventsnn.interop import from_nir, to_nir
from eventsnn.layers import (
    IAF, LI, LIF, LSNN, Conv1d, Conv2d, Delay, Dropout, EventPropLIF, Flatten, LIFBox, LIFRecurrent,
    LIFRefrac, Lift, Linear, MaxPool2d, RecurrentSequential, Scale, SequentialState, SparseLinear,
    SumPool2d, Threshold,
)
from eventsnn.neurons import LIFBoxParameters, LIFParameters
from eventsnn.surrogates import Logistic

NO_NODE = "model must be of layers that NIR has, got "


@pytest.mark.parametrize("model, shape, words", [
    (LSNN(), (3,), NO_NODE + "LSNN; NIR has no node for its equations"),
    (LIFRefrac(), (3,), NO_NODE + "LIFRefrac; NIR has no node for its equations"),
    (MaxPool2d(2), (1, 4, 4), NO_NODE + "MaxPool2d; NIR has sums and means alone"),
    (Dropout(), (3,), NO_NODE + "Dropout; it draws at random"),
    (SparseLinear(scipy.sparse.eye_array(3, format="csr")), (3,), NO_NODE + "SparseLinear; NIR's"),
    (LIFRecurrent(3, 3, recurrent_weights=scipy.sparse.csr_array((3, 3))), (3,),
     NO_NODE + "LIFRecurrent; NIR's weights are dense"),
    (LIFBox(LIFBoxParameters(reset_subtract=1)), (3,), NO_NODE + "LIFBox; NIR resets to a value"),
    (LIF(threshold=Logistic(5.0)), (3,), NO_NODE + "LIF; its threshold Logistic"),
    (Threshold(Logistic(5.0)), (3,), NO_NODE + "Threshold; it draws at random"),
    (EventPropLIF(3, 2), (3,), NO_NODE + "EventPropLIF"),
    (Lift(RecurrentSequential(Linear(3, 3))), (3,), NO_NODE + "RecurrentSequential; recurrent"),
    (Lift(LIF()), (3,), NO_NODE + "LIF; it takes sequences, and is lifted"),
    (Lift(Lift(Linear(3, 3))), (3,), NO_NODE + "Linear; it is lifted twice"),
    (SequentialState(LIF(), return_hidden=True), (3,), NO_NODE + "SequentialState; NIR has no li"),
    (SequentialState(LIF(), LI(dt=2e-3)), (3,), "model must have one dt, got 0.001 s, 0.002 s"),
    (LIF(), None, "input_shape must be given, since LIF takes any, got None"),
    (Linear(3, 2), (4,), "samples before Linear must have shape (3,), got (4,)"),
    (Linear(3, 2), (2, 3), "Linear must follow samples of one axis in NIR, got shape (2, 3)"),
    (Conv2d(1, 1, 3), (2, 5, 5), "samples before Conv2d must have shape (1, H, W), got (2, 5, 5)"),
    (Conv1d(1, 1, 3), (5,), "samples before Conv1d must have shape (1, N), got (5,)"),
    (SumPool2d(2), (5, 5), "samples before SumPool2d must have shape (C, H, W), got (5, 5)"),
    (Conv2d(1, 1, 7), (1, 5, 5), "x must be at least as large as the window"),
    (LIFRecurrent(3, 2), (4,), "samples before LIFRecurrent must have shape (3,), got (4,)"),
    (LIF(LIFParameters(v_th=np.ones(3))), (4,),
     "v_threshold of LIF must have the shape (4,) of the samples, got (3,)"),
    (Scale([1, 2]), (3,), "scale must have the shape (3,) of the samples, got (2,)"),
    (Flatten(1), (3, 2), "start_dim of Flatten must be an axis of the samples of shape (3, 2)"),
    (LIF(), (0,), "input_shape must be at least 1, got 0"),
])
def test_to_nir__refuses_in_one_clear_message(model, shape, words):
    with pytest.raises(ValueError) as caught:
        to_nir(model, shape)

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)


def test_to_nir__refuses_a_step_above_a_time_constant():
    with pytest.warns(UserWarning):
        model = LIF(LIFParameters(tau_syn_inv=1500.0))

    with pytest.raises(ValueError, match="dt must be at most tau_syn = 0.000666667 s, got 0.001 s"):
        to_nir(model, (3,))


@pytest.mark.parametrize("make, words", [
    (lambda: to_nir("LIF"), "model must be a layer, got str"),
    (lambda: to_nir(LIF(), 3), "input_shape must be a tuple of whole numbers, got 3"),
    (lambda: to_nir(LIF(), (3,), dtype=int), "dtype must be float32 or float64, got int64"),
    (lambda: from_nir(3), "graph must be a nir.NIRGraph or a path, got int"),
    (lambda: from_nir(to_nir(LIF(), (3,)), dt="1"), "dt must be a number, got '1'"),
])
def test_arguments__of_wrong_types_are_refused(make, words):
    with pytest.raises(TypeError) as caught:
        make()

    assert str(caught.value) == words


def lif(n=2, **other):
    return nir.LIF(**({"tau": np.full(n, 0.01), "r": np.ones(n), "v_leak": np.zeros(n),
                       "v_threshold": np.ones(n)} | other))


def linear(n=2):
    return nir.Linear(np.ones((n, n)))


def graph(edges, n=2, out=None, **nodes):
    """A graph of nodes by name, with an input `i` and an output `o`; edges as ``"ia ao"``."""
    ends = {"i": nir.Input(np.array([n])), "o": nir.Output(np.array([out or n]))}
    return nir.NIRGraph(ends | nodes, [tuple(edge) for edge in edges.split()], type_check=False)


class Unknown(nir.NIRNode):
    """A node of somebody's own."""

    def __init__(self):
        self.metadata = {}


def conv(**other):
    node = nir.Conv2d(**({"input_shape": None, "weight": np.ones((1, 1, 3, 3)), "stride": 1,
                          "padding": 0, "dilation": 1, "groups": 1, "bias": np.zeros(1)} | other))
    ends = {"i": nir.Input(np.array([1, 5, 5])), "o": nir.Output(None)}
    return nir.NIRGraph(ends | {"a": node}, [("i", "a"), ("a", "o")], type_check=False)


def pool(*sizes):
    ends = {"i": nir.Input(np.array([1, 5, 5])), "o": nir.Output(None)}
    node = nir.AvgPool2d(*map(np.array, sizes))
    return nir.NIRGraph(ends | {"a": node}, [("i", "a"), ("a", "o")], type_check=False)


HIDDEN = graph("ia ab bo", a=linear(), b=lif(v_threshold=np.array([1, np.nan])))


@pytest.mark.parametrize("graph, words", [
    (graph("ia ao", a=Unknown()), "node 'a': type must be one of Affine, AvgPool2d,"),
    # the way through
    (graph("ia", a=lif()), "node 'a' must lead to a node, got no edge from it"),
    (graph("ia ao", a=lif(), b=lif()), "node 'b' must lie on the way from the input to the output"),
    (graph("ia ax", a=lif()), "edges must join nodes of the graph, got x in (a, x)"),
    (graph("ia ia ao", a=lif()), "edges must stand once each, got (i, a) twice"),
    (graph("ia ib ao bo", a=lif(), b=lif()), "node 'i' must lead to one node, got a and b; chains"),
    (graph("ia ab bo ca", a=lif(), b=lif(), c=lif()),
     "node 'a' must take its input from one node, got i and c; chains do not add"),
    (graph("ia ab ba bo", a=lif(), b=lif()), "node 'a' must take its input from one node, got i a"),
    (graph("ia ab bc ca bo", a=lif(), b=linear(), c=lif()), "node 'a' must take its input from on"),
    (graph("ia aa ao", a=lif()), "node 'a' must take its input from one node, got i and a"),
    (graph("ia ab ba ao", a=linear(), b=linear()), "node 'a' must take its input from one node"),
    (graph("ia ab ba ac ca ao", a=lif(), b=linear(), c=linear()),
     "node 'a' must feed itself through one node, got b and c"),
    (graph("ia ao oa", a=lif()), "node 'a' must take its input from one node, got i and o"),
    (graph("ia ao ob", a=lif(), b=lif()), "node 'b' must lie on the way"),
    (graph("ij jo", j=nir.Input(np.array([2]))), "graph must have one Input, got i and j"),
    (nir.NIRGraph({"o": nir.Output(np.array([2]))}, [], type_check=False),
     "graph must have one Input, got none"),
    (graph("ia ao", a=nir.NIRGraph({}, [], type_check=False)),
     "node 'a': graph 'a' must have one Input, got none"),
    # shapes
    (graph("ia ao", n=3, a=lif()), "node 'a': tau must have shape (3,) as its input, got (2,)"),
    (graph("ia ao", n=3, out=2, a=linear(2)), "node 'a': samples before Linear must have shape (2"),
    (graph("ia ao", out=3, a=lif()), "node 'o': shape must have shape (2,) as what arrives, got ("),
    (graph("ia ao", a=nir.Linear(np.ones((2, 2, 2)))), "node 'a': weight must have shape (out, in"),
    (graph("ia ao", a=nir.Affine(np.ones((2, 2)), np.ones(3))), "node 'a': bias must have shape ("),
    (graph("ia ab ba ao", a=lif(), b=linear(3)), "node 'a': weights of the recurrence must have s"),
    (conv(input_shape=(6, 5)), "node 'a': input_shape must have shape (5, 5) as its input, got (6"),
    (conv(weight=np.ones((1, 1, 3))[..., None, None]), "node 'a': weight must have 4 axes, got sh"),
    (conv(groups=2), "node 'a': groups must divide the numbers of channels"),
    (conv(stride=2, padding="same"), "node 'a': stride must be 1 for a padding of 'same'"),
    (conv(stride=(1.5, 1)), "node 'a': stride must be 2 whole numbers, got [1.5, 1.0]"),
    (pool([2, 2], [2, 2], [2, 0]), "node 'a': padding must be at most half of kernel_size"),
    (pool([2, 2, 2], [2, 2], [0, 0]), "node 'a': kernel_size must be 2 whole numbers"),
    (pool([9, 9], [2, 2], [0, 0]), "node 'a': x must be at least as large as the window"),
    (graph("ia ao", a=nir.Flatten(None, 3, -1)), "node 'a': start_dim must be an axis of samples "),
    (graph("ia ao", n=-2, a=lif()), "node 'i': shape must be of positive numbers, got (-2,)"),
    # numbers
    (HIDDEN, "node 'b': v_threshold must be finite, got nan in 1 of 2 places"),
    (graph("iz zo", z=HIDDEN), "node 'z.b': v_threshold must be finite, got nan"),
    (graph("ia ao", a=lif(tau=np.array([0.01, -0.01]))), "node 'a': tau must be positive, got -0."),
    (graph("ia ao", a=lif(tau=np.array([0.01, 0]))), "node 'a': tau must be positive, got 0 s"),
    (graph("ia ao", a=lif(tau=np.array([0.01, 9e-4]))), "dt must be at most tau = 0.0009 s, got 0"),
    (graph("ia ao", a=nir.Delay(np.array([1e-3, 1.5e-3]))), "node 'a': delay must be a multiple o"),
    (graph("ia ao", a=nir.Scale(np.array([1, np.inf]))), "node 'a': scale must be finite, got inf"),
    (graph("ia ao", a=nir.Linear(np.full((2, 2), np.nan))), "node 'a': weight must be finite, got"),
])
def test_from_nir__refuses_in_one_clear_message(graph, words):
    with pytest.raises(ValueError) as caught:
        from_nir(graph, dt=1e-3)

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)


def test_from_nir__needs_a_step_where_there_is_time():
    with pytest.raises(ValueError, match="^dt must be given, since the graph does not tell it"):
        from_nir(graph("ia ao", a=lif()))
    assert len(from_nir(graph("ia ao", a=linear()))) == 1


def test_from_nir__a_step_of_a_time_constant_in_float32_will_do():
    short = np.float32([7e-4, 7e-4])  # a little below 7e-4

    model = from_nir(graph("ia ao", a=lif(tau=short)), dt=7e-4)

    assert float(short[0]) < 7e-4 and model(np.ones((3, 2)))[0].shape == (3, 2)


@pytest.mark.parametrize("about", [
    {"layer": "LIF"}, {"layer": 3, "p": 4}, {"layer": "os", "p": {}}, {"layer": "LIF", "p": {}},
    {"layer": "LSNN", "p": {}}, {"layer": "LIFBox", "p": {
        "tau_mem_inv": 0.0, "v_leak": 0.0, "v_th": 1.0, "v_reset": 0.0, "reset_subtract": 0.0}},
    {"layer": "LIFBox", "surrogate": {"type": "Heaviside", "alpha": 1.0}, "p": {
        "tau_mem_inv": np.ones((7, 7)), "v_leak": 0.0, "v_th": 1.0, "v_reset": 0.0,
        "reset_subtract": 0.0}}, "text", 3])
def test_metadata__that_describe_no_image_of_the_node_do_not_count(about):
    node = lif()
    node.metadata = {"eventsnn": about}

    layer, = from_nir(graph("ia ao", a=node), dt=1e-3)

    assert type(layer).__name__ == "ResistiveLIF" and layer.p.tau_mem_inv == 100


@pytest.fixture
def path(tmp_path):
    nir.write(tmp_path / "a.nir", to_nir(SequentialState(Linear(3, 2, seed=1), LIF())))
    return tmp_path / "a.nir"


def nothing(file):
    del file["node"]


def no_type(file):
    del file["node/nodes/0/type"]


def unknown_type(file):
    del file["node/nodes/0/type"]
    file["node/nodes/0/type"] = "Transformer"


def no_weight(file):
    del file["node/nodes/0/weight"]


def more(file):
    file["node/nodes/0/also"] = 3.0


def elsewhere(file):
    del file["node/nodes/0/weight"]
    file["node/nodes/0/weight"] = h5py.ExternalLink("other.h5", "/weight")


def soft(file):
    file["node/nodes/b"] = h5py.SoftLink("/node/nodes/0")


def huge(file):
    del file["node/nodes/0/weight"]
    file["node/nodes/0"].create_dataset("weight", (10**6, 10**6), "f8", chunks=(1000, 1000))


def deep(file):
    group = file["node/nodes"]
    for _ in range(40):
        group = group.create_group("nodes")


@pytest.mark.parametrize("harm", [nothing, no_type, unknown_type, no_weight, more, elsewhere, soft,
                                  huge, deep])
def test_file__that_was_changed_is_refused(harm, path):
    with h5py.File(path, "a") as file:
        harm(file)

    with pytest.raises(FormatError) as caught:
        from_nir(path)

    assert str(caught.value).startswith(f"{path} must be a") and "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [0, 100, 0.5, 0.9, -1])
def test_file__that_was_cut_is_refused(size, path):
    whole = path.stat().st_size
    os.truncate(path, size if size in (0, 100) else whole - 1 if size == -1 else int(size * whole))

    with pytest.raises(FormatError) as caught:
        from_nir(path)

    assert str(caught.value).startswith(f"{path} must be a") and "\n" not in str(caught.value)


def test_file__of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.nir").write_text("a text")

    with pytest.raises(FormatError, match="must be an HDF5 file that is whole, got another one$"):
        from_nir(tmp_path / "a.nir")
    with pytest.raises(FileNotFoundError):
        from_nir(str(tmp_path / "none.nir"))


def test_package__that_is_missing_is_asked_for(monkeypatch):
    real = builtins.__import__

    def missing(name, *arguments, **options):
        if name == "nir":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.delitem(sys.modules, "nir")
    monkeypatch.setattr(builtins, "__import__", missing)
    for call in (lambda: to_nir(IAF(), (2,)), lambda: from_nir("a.nir")):
        with pytest.raises(ImportError, match=r"NIR graphs need nir; pip install 'eventsnn\[int"):
            call()


def test_delay__that_is_rounded_is_written_as_it_runs():
    assert to_nir(Delay(1.4e-3, nearest=True), (2,)).nodes["0"].delay.tolist() == [1e-3, 1e-3]
