"""Checkpoints: what goes in comes out; damaged and malicious files are refused in one line."""

import errno
import os
import pathlib
import types

import h5py
import numpy as np
import pytest

from eventsnn.core import files
from eventsnn.errors import FormatError, VersionError
from eventsnn.train import checkpoint
from eventsnn.train import SGD, Adam
from tests.failing_disk import Disk, Stop
from tests.recordings import unseal

KINDS = ["float16", "float32", "float64", "int8", "int64", "uint8", "uint64", "bool", ">f4"]


def weights():
    rng = np.random.default_rng(0)
    return {"0.weight": rng.normal(size=(3, 4)).astype(np.float32), "1.tau_mem_inv": np.array(5.0),
            "10.recurrent weights, µ": rng.normal(size=(2, 2, 2)), "empty": np.zeros((0, 3))}


def assert_same(actual, expected):
    """Equal to the bit, with types and nesting."""
    assert type(actual) is type(expected)
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for name in expected:
            assert_same(actual[name], expected[name])
    elif isinstance(expected, np.ndarray):
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        assert actual.tobytes() == expected.tobytes()
    else:
        assert actual == expected


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.h5"


@pytest.fixture
def saved(path):
    checkpoint.save(path, weights(), optimiser_state=Adam().init(weights() | {"empty": np.ones(1)}),
                    attributes={"epoch": 3})
    return path


@pytest.mark.parametrize("optimiser", [None, SGD(0.1), SGD(0.1, 0.9), Adam()], ids=str)
def test_load__gives_what_was_saved(path, optimiser):
    state = None
    if optimiser is not None:
        state = optimiser.init(weights())
        optimiser.update(weights(), weights(), state)
    attributes = {"epoch": 3, "names": ["a", "µ"], "rate": 0.1, "nested": {"none": None}}

    checkpoint.save(path, weights(), optimiser_state=state, attributes=attributes)
    loaded = checkpoint.load(path)

    assert_same(loaded.weights, weights())
    assert_same(loaded.optimiser_state, state)
    assert_same(loaded.attributes, attributes)
    assert all(w.flags.writeable for w in loaded.weights.values())


@pytest.mark.parametrize("dtype", KINDS)
def test_load__keeps_values_to_the_bit(path, dtype):
    raw = np.random.default_rng(1).integers(0, 256, 64, np.uint8)  # with NaNs among the floats
    w = {"w": (raw % 2).astype(bool) if dtype == "bool" else raw.view(dtype)}

    checkpoint.save(path, w)

    assert_same(checkpoint.load(path).weights, w)


def test_save__takes_views_and_long_attributes(path):
    w, text = {"w": np.arange(24.0).reshape(4, 6)[::2, ::-1].T}, "x" * 200_000

    checkpoint.save(path, w, attributes={"text": text})  # HDF5's own attributes end at 64 KiB

    np.testing.assert_array_equal(checkpoint.load(path).weights["w"], w["w"])
    assert checkpoint.load(path).attributes["text"] == text


def test_save__twice_gives_the_same_bytes(tmp_path):
    for name in "ab":
        checkpoint.save(tmp_path / name, weights(), attributes={"b": 1, "a": 2})

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_save__replaces_only_if_asked(saved):
    before = saved.read_bytes()

    with pytest.raises(FileExistsError, match="overwrite"):
        checkpoint.save(saved, {})
    assert saved.read_bytes() == before

    checkpoint.save(saved, {}, overwrite=True)
    assert checkpoint.load(saved) == ({}, None, {})


def full(name, args):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("how", [{"fault": full}, {}, {"torn": True}, {"lost": True}])
def test_save__leaves_the_old_file_or_the_new_at_every_change_of_the_disk(
        saved, monkeypatch, how):
    before, new = saved.read_bytes(), {"w": np.arange(3.0)}
    for k in range(1, 100):
        disk = Disk(k, **how)
        monkeypatch.setattr(files, "os", disk)
        try:
            checkpoint.save(saved, new, overwrite=True)
        except (OSError, Stop):
            pass
        monkeypatch.setattr(files, "os", os)
        disk.restart()
        if how.get("fault"):
            assert list(saved.parent.iterdir()) == [saved]
        if saved.read_bytes() != before:
            assert_same(checkpoint.load(saved).weights, new)
            if disk.n < k:
                break
            saved.write_bytes(before)
    assert k > 5


@pytest.mark.parametrize("arguments, error, words", [
    (({"a/b": np.ones(1)},), ValueError, "names without slashes, got 'a/b'"),
    (({".": np.ones(1)},), ValueError, "names without slashes, got '.'"),
    (({"": np.ones(1)},), ValueError, "names without slashes"),
    (({"w": [1.0]},), TypeError, r"weights\['w'\] must be an array, got list"),
    (({"w": np.array(["a"])},), TypeError, r"weights\['w'\] must be an array of real numbers"),
    (({"w": np.array([None])},), TypeError, "got object"),
    (({}, {"step": 2.5}), TypeError, r"optimiser_state\['step'\] must be .*, got float"),
    (({}, {"step": 2**63}), ValueError, "must fit into 64 bits"),
    (({}, None, {"a": {1, 2}}), TypeError, "attributes must be what JSON can hold"),
    (({}, None, {"a": np.nan}), TypeError, "attributes must be what JSON can hold"),
])
def test_save__refuses_and_writes_nothing(path, arguments, error, words):
    names = ("weights", "optimiser_state", "attributes")

    with pytest.raises(error, match=words):
        checkpoint.save(path, **dict(zip(names, arguments, strict=False)))

    assert not list(path.parent.iterdir())


def test_load__refuses_a_file_cut_anywhere(saved):
    image = saved.read_bytes()

    for length in [*range(0, len(image), 97), len(image) - 1]:
        saved.write_bytes(image[:length])
        with pytest.raises(FormatError, match="^[^\n]*run.h5 must [^\n]*$"):
            checkpoint.load(saved)


def test_load__refuses_every_damaged_byte(saved):
    image, rng = saved.read_bytes(), np.random.default_rng(0)

    for place in [*range(0, len(image), 23), *range(0, 512, 5), len(image) - 1]:
        damaged = bytearray(image)
        damaged[place] ^= rng.integers(1, 256)
        saved.write_bytes(damaged)
        with pytest.raises(FormatError, match="^[^\n]*run.h5 must [^\n]*$"):
            checkpoint.load(saved)


def test_load__of_damaged_bytes_without_checksums_ends_in_a_format_error_or_in_data(saved):
    unseal(saved)
    with h5py.File(saved, "a") as file:
        file.attrs["version"] = np.int64(1)
    image, rng = saved.read_bytes(), np.random.default_rng(0)

    refused = 0
    for _ in range(300):
        damaged = bytearray(image)
        for place in rng.integers(len(image), size=4):
            damaged[place] = rng.choice([0, 255, rng.integers(256)])
        saved.write_bytes(damaged)
        try:
            checkpoint.load(saved)
        except FormatError:
            refused += 1

    assert refused > 50


def test_load__refuses_a_file_that_lost_its_seal(saved):
    unseal(saved)

    with pytest.raises(FormatError, match="one whose seal is broken"):
        checkpoint.load(saved)

    assert_same(checkpoint.load(saved, verify=False).weights, weights())


def test_load__reads_version_1():
    loaded = checkpoint.load(pathlib.Path(__file__).parent / "data/checkpoints/version1.h5")

    rng = np.random.default_rng(22)
    assert_same(loaded.weights, {"0.weight": rng.normal(size=(3, 2)), "1.tau": np.float32([1, 2])})
    assert loaded.optimiser_state["step"] == 7 and loaded.attributes == {"epoch": 3}


def test_load__says_that_there_is_no_file(path):
    with pytest.raises(FileNotFoundError, match="run.h5, which is not there"):
        checkpoint.load(path)


def other_format(file):
    file.attrs["format"] = np.bytes_("another format")


def text_of_variable_length(file):
    file.attrs["format"] = checkpoint.FORMAT  # its heap could be damaged: it is not read


def newer(file):
    file.attrs["version"] = np.int64(checkpoint.VERSION + 1)


def no_version(file):
    del file.attrs["version"]


def no_weights(file):
    del file["weights"]


def no_attributes(file):
    del file["attributes"]


def weights_are_an_array(file):
    del file["weights"]
    file["weights"] = np.ones(3)


def weight_is_a_group(file):
    file.create_group("weights/nested")


def external_link(file):
    file["weights/w"] = h5py.ExternalLink("other.h5", "/secret")


def soft_link(file):
    file["weights/w"] = h5py.SoftLink("/attributes")


def linked_twice(file):
    file["weights/w"] = file["weights/0.weight"]


def group_in_itself(file):
    file["optimiser_state/again"] = file["optimiser_state"]


def external_storage(file):
    secret = pathlib.Path(file.filename).with_name("secret")
    file.create_dataset("weights/w", (8,), "u1", external=[(secret, 0, 8)])


def virtual_dataset(file):
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (8,))
    file.create_virtual_dataset("weights/w", layout)


def a_terabyte(file):
    file.create_dataset("weights/w", (2**40,), "u1", chunks=(2**20,))


def many_large(file):
    for k in range(20):  # each within the limit, not all together
        file.create_dataset(f"weights/w{k}", (2**24,), "u1", chunks=(2**20,))


def objects(file):
    file.create_dataset("weights/w", data=["a"], dtype=h5py.string_dtype())


def number_is_text(file):
    file["optimiser_state"].attrs["step"] = "3"


def number_is_an_array(file):
    file["optimiser_state"].attrs["step"] = np.arange(3)


def json_is_broken(file):
    del file["attributes"]
    file["attributes"] = np.bytes_(b'{"a": ')


def json_is_deep(file):
    del file["attributes"]
    file["attributes"] = np.bytes_(b"[" * 100_000)


def json_is_a_list(file):
    del file["attributes"]
    file["attributes"] = np.bytes_(b"[]")


def json_is_many(file):
    del file["attributes"]
    file["attributes"] = np.array([b"{}", b"{}"])


FAULTS = [other_format, text_of_variable_length, newer, no_version, no_weights, no_attributes,
          weights_are_an_array, weight_is_a_group, external_link, soft_link, linked_twice,
          group_in_itself, external_storage, virtual_dataset, a_terabyte, many_large, objects,
          number_is_text, number_is_an_array, json_is_broken, json_is_deep, json_is_a_list,
          json_is_many]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_load__refuses(saved, fault):
    (saved.parent / "secret").write_bytes(b"password")
    with h5py.File(saved.parent / "other.h5", "w") as other:
        other["secret"] = np.ones(8, np.uint8)
    unseal(saved)
    with h5py.File(saved, "a") as file:
        file.attrs["version"] = np.int64(1)
        fault(file)

    with pytest.raises(FormatError, match="^[^\n]*run.h5 [^\n]*$") as refusal:
        checkpoint.load(saved)

    assert isinstance(refusal.value, VersionError) == (fault is newer)


def test_load__refuses_what_is_no_hdf5(path):
    path.write_text("PK or pickle or text")

    with pytest.raises(FormatError, match="must be a whole HDF5 checkpoint"):
        checkpoint.load(path)


def test_restore__copies_in_place(saved):
    model = types.SimpleNamespace(weights={n: np.zeros_like(w) for n, w in weights().items()})
    live = dict(model.weights)

    checkpoint.restore(model, checkpoint.load(saved).weights)

    for name, w in weights().items():
        np.testing.assert_array_equal(live[name], w)


@pytest.mark.parametrize("change, error, words", [
    ({"1.tau_mem_inv": None}, ValueError, "weights must have 1.tau_mem_inv, got only"),
    ({"new": np.ones(1)}, ValueError, "weights must have no others than .*, got new"),
    ({"empty": np.zeros((3, 0))}, ValueError, r"weights\['empty'\] must have shape \(0, 3\)"),
    ({"0.weight": np.ones(4, np.float32)}, ValueError, "must have shape"),  # would broadcast
    ({"0.weight": np.ones((3, 4))}, TypeError, "must be float32 as in the model, got float64"),
])
def test_restore__refuses_and_changes_nothing(change, error, words):
    model = types.SimpleNamespace(weights={n: np.zeros_like(w) for n, w in weights().items()})
    changed = {n: w for n, w in (weights() | change).items() if w is not None}

    with pytest.raises(error, match=words):
        checkpoint.restore(model, changed)

    assert all(not w.any() for w in model.weights.values())
