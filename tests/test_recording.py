"""Recordings are read: in chunks, of other writers, and only where they are whole."""

import json

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.errors import FormatError
from eventsnn.record import Recording
from tests.recordings import read


@pytest.mark.parametrize("n", [1, 7, 2999, 3000, 10**9])
def test_chunks__join_to_the_whole(good, n):
    with Recording(good) as recording:
        sizes = [times.size for times, _ in recording.chunks("exc", n)]

    assert max(sizes) <= n
    for whole, pieces in zip(read(good), read(good, n=n), strict=True):
        assert_array_equal(pieces, whole)


def test_recording__of_another_writer(tmp_path):
    # As other tools write them: gzip, narrow types, sorting a string, no size, no step, no units.
    with h5py.File(tmp_path / "other.h5", "w") as file:
        group = file.create_group("spikes/v1")
        group.attrs["sorting"] = "by_time"
        group.create_dataset("timestamps", data=np.float32([0.5, 1.5]), compression="gzip")
        group.create_dataset("node_ids", data=np.uint32([4, 2]), compression="gzip")

    with Recording(tmp_path / "other.h5") as recording:
        assert recording.populations == ["v1"]
        assert (recording.size("v1"), recording.count("v1")) == (5, 2)
        assert (recording.dt, recording.duration) == (None, 0.0015)
        assert recording.provenance == {}
        (times, ids), = recording.chunks("v1")
    assert times.dtype == np.float64 and ids.dtype == np.int64
    assert_array_equal(times, [0.0005, 0.0015])


def test_recording__refuses_unknown_population_and_closed_file(good):
    with Recording(good) as recording:
        with pytest.raises(ValueError, match="did you mean 'exc'"):
            recording.chunks("exe")
        with pytest.raises(ValueError, match="n must be at least 1"):
            recording.chunks("exc", 0)

    with pytest.raises(ValueError, match="recording must be open"):
        recording.size("exc")


def test_recording__missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="run.h5"):
        Recording(tmp_path / "run.h5")
    with pytest.raises(IsADirectoryError):
        Recording(tmp_path)


def drop(name):
    def damage(file):
        del file[name]
    return damage


def column(name, **options):
    def damage(file):
        del file["spikes/exc"][name]
        file["spikes/exc"].create_dataset(name, **options)
    return damage


def external_link(file):
    file["spikes/exc"].move("node_ids", "kept")
    file["spikes/exc/node_ids"] = h5py.ExternalLink("good.h5", "/spikes/exc/kept")


def soft_link(file):
    file["spikes/exc"].move("node_ids", "kept")
    file["spikes/exc/node_ids"] = h5py.SoftLink("/spikes/exc/kept")


def external_group(file):
    del file["spikes/exc"]
    file["spikes/exc"] = h5py.ExternalLink("good.h5", "/spikes/inh")


def virtual(file):
    layout = h5py.VirtualLayout((3000,), "u8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "ids", (3000,))
    del file["spikes/exc/node_ids"]
    file["spikes/exc"].create_virtual_dataset("node_ids", layout)


def attribute(where, name, value):
    def damage(file):
        file[where].attrs[name] = value
    return damage


def value(name, number):
    def damage(file):
        file["spikes/exc"][name][1234] = number
    return damage


@pytest.mark.parametrize(("damage", "message"), [
    (drop("spikes"), "with no /spikes"),
    (drop("spikes/exc/timestamps"), "no /spikes/exc/timestamps"),
    (drop("spikes/inh/node_ids"), "no /spikes/inh/node_ids"),
    (column("node_ids", data=np.zeros(2999, "u8")), "3000 timestamps and 2999 node_ids"),
    (column("node_ids", data=np.zeros((3000, 1), "u8")), r"shape \(3000, 1\)"),
    (column("node_ids", data=np.zeros(3000)), "node_ids a list of whole numbers"),
    (column("node_ids", data=["1"] * 3000), "node_ids a list of whole numbers.*object"),
    (column("timestamps", data=np.zeros(3000, "i8")), "timestamps a list of floats"),
    (column("timestamps", data=np.zeros(3000, [("a", "f8")])), "timestamps a list of floats"),
    (column("timestamps", shape=(), dtype="f8"), r"shape \(\)"),
    (column("timestamps", data=h5py.Empty("f8")), "shape None"),
    (column("timestamps", shape=(3000,), dtype="f8", external=[("/etc/passwd", 0, 24_000)]),
     "stored in other files"),
    (column("timestamps", shape=(2**40,), dtype="f8", chunks=(1000,)), "holds what it declares"),
    (column("timestamps", shape=(3000,), dtype="f8", chunks=(2**28,), maxshape=(None,)),
     "holds what it declares"),
    (external_link, "a link at /spikes/exc/node_ids"),
    (external_group, "a link at /spikes/exc"),
    (soft_link, "a link at /spikes/exc/node_ids"),
    (virtual, "stored in other files"),
    (attribute("spikes/exc/timestamps", "units", "fortnights"), "units 'fortnights'"),
    (attribute("/", "eventsnn", "{no json"), "JSON"),
    (attribute("/", "eventsnn", json.dumps([1])), "JSON"),
    (attribute("spikes/exc", "size", "many"), "size of 'exc'"),
    (attribute("spikes/exc", "size", 5), "recording of 5 neurons"),
    (value("timestamps", np.nan), "finite times.*spike 0"),
    (value("node_ids", 80), "a spike of neuron 80"),
    (value("node_ids", 2**64 - 1), "neurons from 0 on"),
])
def test_recording__refuses_in_one_line(good, damage, message):
    with h5py.File(good, "r+") as file:
        damage(file)

    with pytest.raises(FormatError, match=message) as caught:
        read(good)

    assert str(good) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"spikes", b"\x89HDF\r\n\x1a\n", bytes(10_000)])
def test_recording__refuses_what_is_not_hdf5(tmp_path, content):
    (tmp_path / "run.h5").write_bytes(content)

    with pytest.raises(FormatError, match="must be an HDF5 file that is whole"):
        Recording(tmp_path / "run.h5")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_recording__refuses_a_truncated_file(good, share):
    content = good.read_bytes()
    good.write_bytes(content[:int(share * len(content))])

    with pytest.raises(FormatError, match="truncated"):
        read(good)
