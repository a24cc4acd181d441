"""Recordings are read: in chunks, of other writers, and only where they are whole."""

import json

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.errors import FormatError
from eventsnn.record import Recorder, Recording
from tests.recordings import DT, SIZES, read, spikes, unseal


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
    with pytest.raises(FileNotFoundError, match="must hold parts of a recording, got none"):
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
    unseal(good)
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
@pytest.mark.parametrize("sealed", [True, False])
def test_recording__refuses_a_truncated_file(good, share, sealed):
    if not sealed:
        unseal(good)
    content = good.read_bytes()
    good.write_bytes(content[:int(share * len(content))])

    with pytest.raises(FormatError, match="truncated"):
        read(good)


def written(path, sorting, ids_dtype="u4", magic=False, units="ms"):
    """Four spikes as other tools write them."""
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/v1")
        if magic:
            file.attrs["magic"] = np.uint32(0x0A7A)
        if sorting is not None:
            group.attrs["sorting"] = sorting
        order = [2, 0, 3, 1] if sorting in ("by_id", b"by_id") else [0, 1, 2, 3]
        group["timestamps"] = np.array([1.0, 2.0, 3.0, 4.0])[order] / (1 if units != "s" else 1e3)
        group["node_ids"] = np.array([2, 5, 1, 2], ids_dtype)[order]
        if units:
            group["timestamps"].attrs["units"] = units


@pytest.mark.parametrize("sorting", ["by_id", b"by_id", "by_time", b"by_time", None, "none"])
@pytest.mark.parametrize("options", [{}, {"ids_dtype": "u8"}, {"magic": True}, {"units": None},
                                     {"units": "s"}, {"units": np.bytes_("ms")}], ids=str)
def test_spikes__of_files_of_others(tmp_path, sorting, options):
    written(tmp_path / "other.h5", sorting, **options)

    with Recording(tmp_path / "other.h5") as recording:
        times, ids = recording.spikes("v1", 0.002, 0.004)
        assert_array_equal(np.sort(times), [0.002, 0.003])
        assert_array_equal(np.sort(ids), [1, 5])
        times, ids = recording.spikes("v1", ids=[2], n=1)
        assert_array_equal(np.sort(times), [0.001, 0.004])
        assert_array_equal(ids, [2, 2])


@pytest.mark.parametrize("kind", ["file", "parts", "master"])
def test_spikes__are_those_of_a_plain_loop(tmp_path, small_parts, kind):
    steps, ids = spikes(np.random.default_rng(1), 1000, 80)
    path = tmp_path / "run.h5"
    recorder = Recorder(path, SIZES, DT, merge_spikes=0 if kind == "master" else 10**6)
    recorder.append("exc", steps, ids)
    recorder.flush()
    if kind != "parts":
        recorder.close(duration=0.25)

    with Recording(path if kind != "parts" else tmp_path / "run.h5.parts") as recording:
        assert recording.count("exc") == 1000 and recording.size("inh") == 20
        assert recording.dt == DT and recording.provenance["dt"] == DT
        assert recording.duration == pytest.approx(0.25 if kind != "parts" else steps[-1] * DT)
        for start, stop, some, n in ((None, None, None, 7), (0.02, 0.05, None, 1000),
                                     (0.0337, None, range(9), 64), (None, 0.05, [3, 99], 65),
                                     (0.5, 0.6, None, 10), (0.05, 0.02, None, 10),
                                     (-1.0, 1e9, [], 10)):
            times, found = recording.spikes("exc", start, stop, some, n)
            expected = [(s, i) for s, i in zip(steps.tolist(), ids.tolist(), strict=True)
                        if (start is None or s / 1e4 >= start) and (stop is None or s / 1e4 < stop)
                        and (some is None or i in some)]
            assert list(zip(np.rint(times / DT).astype(int).tolist(), found.tolist(),
                            strict=True)) == expected
        assert recording.spikes("inh")[0].size == 0
        for bad in ({"t_start": np.nan}, {"ids": [0.5]}, {"n": 0}):
            with pytest.raises((ValueError, TypeError), match="must"):
                recording.spikes("exc", **bad)
    recorder.close()


@pytest.mark.parametrize("damage", ["part", "line", "link"])
def test_recording__refuses_damaged_parts(tmp_path, small_parts, damage):
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT)
    recorder.append("exc", *spikes(np.random.default_rng(1), 1000, 80))
    folder = tmp_path / "run.h5.parts"
    victim = folder / ("manifest.jsonl" if damage == "line" else "part-r0-000004.h5")
    content = bytearray(victim.read_bytes())
    if damage == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        victim.unlink()
        victim.symlink_to(tmp_path / "elsewhere")
    else:
        content[1500] ^= 4
        victim.write_bytes(content)

    with pytest.raises(FormatError, match="run.h5.parts") as caught:
        read(folder)

    assert "\n" not in str(caught.value)
    with pytest.raises(FormatError):
        recorder.close()
