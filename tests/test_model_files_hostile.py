"""Files of models that are damaged, or made to harm: refused in one line, with nothing executed."""

import copy
import json

import h5py
import numpy as np
import pytest

from eventsnn import train
from eventsnn.errors import FormatError, VersionError
from eventsnn.layers import (
    LIF, Checkpointed, Linear, SequentialState, SparseLinear, SpatialReceptiveField2d,
)
from eventsnn.neurons import LIFParameters
from eventsnn.surrogates import Logistic
from eventsnn.train import checkpoint
from tests.layers_under_test import coupling
from tests.recordings import unseal

ONE_LINE = "^[^\n]*net.h5 [^\n]*$"


def network():
    field = SpatialReceptiveField2d(1, 3, [[1.0, 0, 1, 0, 0, 1, 0]])
    return SequentialState(Linear(4, 4, seed=1),
                           LIF(LIFParameters(v_th=np.ones((2, 2)).T), Logistic()),
                           SparseLinear(coupling()), Checkpointed(LIF()), field)


@pytest.fixture
def saved(tmp_path, no_fsync):
    train.save_model(tmp_path / "net.h5", network())
    return tmp_path / "net.h5"


def test_load_model__refuses_a_file_cut_anywhere(saved):
    image = saved.read_bytes()

    for length in [*range(0, len(image), 211), len(image) - 1]:
        saved.write_bytes(image[:length])
        with pytest.raises(FormatError, match=ONE_LINE):
            train.load_model(saved)


def test_load_model__refuses_every_damaged_byte(saved):
    image, rng = saved.read_bytes(), np.random.default_rng(0)

    for place in [*range(0, len(image), 53), *range(0, 512, 17), len(image) - 1]:
        damaged = bytearray(image)
        damaged[place] ^= rng.integers(1, 256)
        saved.write_bytes(damaged)
        with pytest.raises(FormatError, match=ONE_LINE):
            train.load_model(saved)


def test_load_model__of_damaged_bytes_without_checksums_ends_in_a_format_error_or_a_model(saved):
    unseal(saved)
    image, rng = saved.read_bytes(), np.random.default_rng(0)

    refused = 0
    for _ in range(200):
        damaged = bytearray(image)
        for place in rng.integers(len(image), size=4):
            damaged[place] = rng.choice([0, 255, rng.integers(256)])
        saved.write_bytes(damaged)
        try:
            train.load_model(saved, verify=False)
        except FormatError:
            refused += 1

    assert refused > 30


def test_load_model__refuses_a_checkpoint_and_load_model_files_of_other_formats(tmp_path):
    train.save(tmp_path / "net.h5", {"w": np.ones(3)})

    with pytest.raises(FormatError, match="format 'eventsnn model', got eventsnn checkpoint"):
        train.load_model(tmp_path / "net.h5")
    with pytest.raises(FileNotFoundError):
        train.load_model(tmp_path / "none.h5")


def test_load_model__refuses_a_newer_format(saved):
    unseal(saved)
    with h5py.File(saved, "a") as file:
        file.attrs["version"] = np.int64(checkpoint.MODEL.version + 1)

    with pytest.raises(VersionError, match="reads up to 1; update eventsnn"):
        train.load_model(saved, verify=False)


def layer(s, i):
    return s["model"]["arguments"]["layers"][i]


def linear(s):
    return layer(s, 0)["arguments"]


def parameters(s):
    return layer(s, 1)["arguments"]["p"]["fields"]


def sparse(s):
    return layer(s, 2)["arguments"]["matrix"]["sparse"]


def field(s):
    return layer(s, 4)["arguments"]


def nested(n, s):
    one = {"layer": "LIF", "arguments": layer(s, 3)["arguments"]["layer"]["arguments"]}
    for _ in range(n):
        one = {"layer": "Lift", "arguments": {"layer": one}}
    s["model"] = one


# What is done to the structure, and words of the refusal.
CHANGES = {
    "no model": (lambda s: s.pop("model"), "'model'"),
    "no layer": (lambda s: s.update(model=3), "be of a layer, got int"),
    "a tuple": (lambda s: s.update(model=layer(s, 1)["arguments"]["p"]), "be of a layer"),
    "no positions": (lambda s: s.pop("positions"), "'positions'"),
    "positions of text": (lambda s: s.update(positions=["x"]), "positions must be a whole"),
    "negative position": (lambda s: s.update(positions=[-1]), "positions must be at least 0"),
    "more positions": (lambda s: s.update(positions=[1, 2]), "positions must be 1"),
    "unknown class": (lambda s: s["model"].update(layer="Unknown"), "name classes of"),
    "class of a module": (lambda s: s["model"].update(layer="os.system"), "got 'os.system'"),
    "a tuple as layer": (lambda s: s["model"].update(layer="LIFParameters"), "name classes of"),
    "a layer as tuple": (lambda s: layer(s, 1)["arguments"]["p"].update(tuple="LIF"),
                         "name classes of"),
    "class is a list": (lambda s: s["model"].update(layer=["LIF"]), "name classes of"),
    "abstract class": (lambda s: s.update(model={"layer": "Layer", "arguments": {}}), "abstract"),
    "base without model": (lambda s: layer(s, 3)["arguments"]["layer"].update(layer="Sequence"),
                           "parameters"),
    "iterated nothing": (lambda s: s.update(model={"layer": "Iterated", "arguments": {}}),
                         "cell_class"),
    "argument too many": (lambda s: linear(s).update(seed=1), "arguments of Linear must be in_f"),
    "argument missing": (lambda s: linear(s).pop("weight"), "arguments of Linear must be in_fea"),
    "arguments are a list": (lambda s: s["model"].update(arguments=[]), "list"),
    "unknown kind": (lambda s: linear(s).update(weight={"pickle": "x"}), "known kinds, got"),
    "two kinds": (lambda s: linear(s).update(weight={"weight": "0.weight", "array": "0"}),
                  "known kinds"),
    "wrong type": (lambda s: linear(s).update(in_features="four"), "in_features must be a whole"),
    "wrong size": (lambda s: linear(s).update(in_features=5), "weight must have shape"),
    "drawn weights": (lambda s: linear(s).update(weight=None, in_features=10**9,
                                                 out_features=10**9), "weight of Linear must be g"),
    "a weight that is not there": (lambda s: linear(s)["weight"].update(weight="9"), "'9'"),
    "an array that is not there": (lambda s: parameters(s)["v_th"].update(array="77"), "'77'"),
    "name of an array is a list": (lambda s: parameters(s)["v_th"].update(array=[]), "unhash"),
    "other bias": (lambda s: linear(s).update(bias=False), "have no others than"),
    "threshold is text": (lambda s: layer(s, 1)["arguments"].update(threshold="SuperSpike"),
                          "threshold must be one of"),
    "threshold of parameters": (lambda s: layer(s, 1)["arguments"].update(
        threshold=layer(s, 1)["arguments"]["p"]), "threshold must be one of"),
    "parameter is text": (lambda s: parameters(s).update(v_leak="0"), "v_leak must hold real"),
    "parameter is a layer": (lambda s: parameters(s).update(v_leak={"again": 0}), "v_leak must"),
    "parameter unknown": (lambda s: parameters(s).update(secret=1), "secret"),
    "negative rate": (lambda s: parameters(s).update(tau_mem_inv=-1), "tau_mem_inv must be pos"),
    "a layer to come": (lambda s: layer(s, 3)["arguments"].update(layer={"again": 9}), "index"),
    "a layer that is text": (lambda s: layer(s, 3)["arguments"].update(layer={"again": "x"}),
                             "again must be"),
    "a layer from the end": (lambda s: layer(s, 3)["arguments"].update(layer={"again": -1}),
                             "again must be at least 0"),
    "named otherwise": (lambda s: s.update(model={"named": "load_model"}), "load_model"),
    "rows outside": (lambda s: sparse(s).update(shape=[2, 4]), "matrix must have indices"),
    "columns outside": (lambda s: sparse(s).update(shape=[4, 9]), "index pointer size"),
    "a shape of one": (lambda s: sparse(s).update(shape=[4]), "unpack"),
    "a huge matrix": (lambda s: sparse(s).update(shape=[4, 2**62]), "index pointer size"),
    "values without number": (lambda s: sparse(s).update(values=sparse(s)["rows"]), "weights"),
    "starts that go back": (lambda s: sparse(s).update(starts=[0, 9, 3, 2, 8]), "must"),
    "huge kernels": (lambda s: field(s).update(size=10**6), "of kernels that can be made"),
    "kernels of text": (lambda s: field(s).update(size="9"), "size must be a whole number"),
    "many derivations": (lambda s: field(s).update(orders=[[10**9, 0]]), "must have shape|made"),
    "an index of text": (lambda s: field(s).update(index="x"), "index must have shape"),
    "hundred layers": (lambda s: nested(100, s), "not be so deep"),
}


@pytest.mark.parametrize("change, words", CHANGES.values(), ids=CHANGES)
def test_load_model__refuses(saved, change, words):
    _, contents = checkpoint.read(saved, (checkpoint.MODEL,))
    structure = copy.deepcopy(contents["structure"])
    change(structure)
    assert structure != contents["structure"]
    checkpoint.write(saved, checkpoint.MODEL, contents | {"structure": structure}, overwrite=True)

    with pytest.raises(FormatError, match=ONE_LINE) as refusal:
        train.load_model(saved)

    message = str(refusal.value)
    assert any(word in message for word in words.split("|")), message


def raw(text):
    def change(file):
        del file["structure"]
        file["structure"] = np.bytes_(text)

    return change


@pytest.mark.parametrize("change", [
    raw(b"[]"), raw(b"{"), raw(b'{"model": NaN'), raw(b'{"model": ' + b"[" * 100_000),
    raw(json.dumps({"model": None, "positions": []}).encode()),
    lambda file: file.__delitem__("structure"), lambda file: file.__delitem__("arrays"),
    lambda file: file["weights"].create_dataset("w", (2**40,), "u1", chunks=(2**20,)),
    lambda file: file.__setitem__("arrays/link", h5py.ExternalLink("other.h5", "/secret")),
    lambda file: file["arrays"].create_group("x").attrs.__setitem__("n", "text"),
], ids=range(10))
def test_load_model__refuses_what_is_at_the_root(saved, change):
    unseal(saved)
    with h5py.File(saved, "a") as file:
        change(file)

    with pytest.raises(FormatError, match=ONE_LINE):
        train.load_model(saved, verify=False)
