"""Spikes to and from NWB, Neo, CSV and NPZ: equal content, by others' readers where there are."""

import csv
import datetime
import errno
import os
import warnings

import h5py
import numpy as np
import pytest

from eventsnn.core import files
from eventsnn.errors import FormatError
from eventsnn.interop import (
    Units, from_neo, of_recording, open_spikes, read_nwb, to_neo, write_csv, write_npz, write_nwb,
)
from eventsnn.interop.units import of_trains, units
from eventsnn.record import Recording, Report
from tests.command_line import refused, run
from tests.failing_disk import Disk
from tests.recordings import record, spikes


def drawn(seed, m, n):
    rng = np.random.default_rng(seed)
    return units((np.sort(rng.uniform(0, 2, m)), rng.integers(0, max(n, 1), m), n))


@pytest.fixture
def populations():
    return {"exc": drawn(1, 500, 22), "inh": drawn(2, 100, 5), "silent": drawn(3, 0, 4)}


def assert_equal(actual, expected):
    assert actual.keys() == expected.keys()
    for name, part in expected.items():
        assert actual[name].n == part.n
        np.testing.assert_array_equal(actual[name].times, part.times)
        np.testing.assert_array_equal(actual[name].ids, part.ids)


def test_nwb__is_read_back(tmp_path, populations):
    path = write_nwb(tmp_path / "a.nwb", populations, t_stop=2.0)

    assert_equal(read_nwb(path), populations)


def test_nwb__is_valid_to_pynwb_which_reads_the_same(tmp_path, populations):
    start = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
    path = write_nwb(tmp_path / "a.nwb", populations, t_start=-0.5, t_stop=2.0, start=start,
                     description="of a test")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        import pynwb

        assert pynwb.validate(path=str(path)) == []
        with pynwb.NWBHDF5IO(str(path), "r") as io:
            file = io.read()
            table = file.units.to_dataframe()

            assert (file.session_start_time, file.session_description) == (start, "of a test")
            assert len(table) == 22 + 5 + 4
            for _, row in table.iterrows():
                part = populations[row["population"]]
                np.testing.assert_array_equal(row["spike_times"],
                                              part.times[part.ids == row["neuron"]])
                np.testing.assert_array_equal(row["obs_intervals"], [[-0.5, 2.0]])


def test_nwb__is_read_by_neo(tmp_path, populations):
    path = write_nwb(tmp_path / "a.nwb", populations, t_stop=2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        import neo

        trains = neo.io.NWBIO(str(path), "r").read_block().segments[0].spiketrains
        found = from_neo(list(trains))

    together = np.concatenate([part.times for part in populations.values()])
    assert found.n == 31
    np.testing.assert_array_equal(found.times, np.sort(together))


def test_nwb__of_pynwb_is_read(tmp_path):
    path, rng = tmp_path / "theirs.nwb", np.random.default_rng(4)
    trains = [np.sort(rng.uniform(0, 1, m)) for m in (3, 0, 7)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        import pynwb

        file = pynwb.NWBFile("a session", "x", datetime.datetime.now(datetime.UTC))
        for train in trains:
            file.add_unit(spike_times=train)
        with pynwb.NWBHDF5IO(str(path), "w") as io:
            io.write(file)

    found = read_nwb(path)

    assert list(found) == ["units"] and found["units"].n == 3
    assert_equal(found, {"units": of_trains(trains)})


def replaced(name, **column):
    """What puts another column in the place of one."""
    def spoil(file):
        del file["units"][name]
        file["units"].create_dataset(name, **column)

    return spoil


def linked(file):
    file.move("units", "other")
    file["units"] = h5py.ExternalLink("other.nwb", "/units")


UNSTORED = {"dtype": "f8", "chunks": (1 << 20,)}


@pytest.mark.parametrize("spoil, words", [
    (lambda f: f.pop("units"), "must be a file in the NWB format with units"),
    (lambda f: f["units/spike_times_index"].write_direct(np.full(27, 9, np.uint64)),
     "with an index that rises"),
    (lambda f: (f["units"].pop("spike_times"), f["units"].__setitem__(
        "spike_times", h5py.ExternalLink("other.h5", "/x"))), "a link at /units/spike_times"),
    (linked, "a link at /units"),
    (replaced("spike_times", shape=(400,), dtype="f8", external=[("/etc/passwd", 0, 3200)]),
     "stored in other files"),
    (replaced("spike_times", shape=(10**12,), **UNSTORED), "must be a file that holds what it"),
    (replaced("spike_times", data=np.zeros(1 << 23), compression="gzip"), "an index that rises"),
    (replaced("spike_times_index", shape=(1 << 28,), dtype="u8", chunks=(1 << 20,)),
     "must be a file that holds what it declares"),
    (replaced("population", data=["a"] * 4), "a population for each of 27 units"),
    (replaced("population", data=np.arange(27)), "got a damaged one"),
])
def test_nwb__damaged_or_hostile_is_refused(tmp_path, populations, spoil, words):
    populations.pop("silent")
    path = write_nwb(tmp_path / "a.nwb", populations, t_stop=2.0)
    with h5py.File(path, "r+") as file:
        spoil(file)

    with pytest.raises(FormatError, match=words) as caught:
        read_nwb(path)

    assert "\n" not in str(caught.value)


def test_nwb__refuses_intervals_that_are_not_there(tmp_path, populations):
    path = write_nwb(tmp_path / "a.nwb", populations, t_stop=2.0)
    with h5py.File(path, "r+") as file:
        replaced("obs_intervals", shape=(1 << 28, 2), dtype="f8", chunks=(1 << 20, 1))(file)

    with pytest.raises(FormatError, match="must be a file that holds what it declares"):
        open_spikes(path)


def test_nwb__meets_a_full_disk_like_any_file(tmp_path, populations, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "os", Disk(2, full))

    with pytest.raises(OSError, match="No space left"):
        write_nwb(tmp_path / "a.nwb", populations, t_stop=2.0)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_open_spikes__does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    for read in (open_spikes, read_nwb, Recording, Report):
        with pytest.raises(OSError, match="must be an ordinary file, got a device or pipe"):
            read(tmp_path / "pipe")


def test_nwb__truncated_is_refused(tmp_path, populations):
    path = write_nwb(tmp_path / "a.nwb", populations, t_stop=2.0)
    path.write_bytes(path.read_bytes()[:4000])

    with pytest.raises(FormatError, match="an HDF5 file that is whole, got a truncated file"):
        read_nwb(path)


def test_neo__and_back(populations):
    part = populations["exc"]

    segment = to_neo(part, t_stop=2.0, name="exc")

    assert len(segment.spiketrains) == 22 and segment.name == "exc"
    assert str(segment.spiketrains[3].units.dimensionality) == "s"
    assert segment.spiketrains[3].annotations == {"neuron": 3}
    assert_equal({"": from_neo(segment)}, {"": part})


def test_neo__of_some_neurons_and_a_part_of_the_time(populations):
    part = populations["exc"]

    segment = to_neo(part, t_start=0.5, t_stop=1.0, ids=[7, 2])

    for train, neuron in zip(segment.spiketrains, (7, 2)):
        expected = part.times[(part.ids == neuron) & (part.times >= 0.5) & (part.times <= 1.0)]
        np.testing.assert_array_equal(train.magnitude, expected)


def test_neo__block_of_segments_in_milliseconds():
    import neo
    import quantities as pq

    block = neo.Block()
    for first in (0.0, 1000.0):
        segment = neo.Segment()
        for k in range(3):
            segment.spiketrains.append(neo.SpikeTrain(
                [first + 10.0 * k], units=pq.ms, t_start=first, t_stop=first + 1000))
        block.segments.append(segment)

    found = from_neo(block)

    np.testing.assert_allclose(found.times, [0, 0.01, 0.02, 1, 1.01, 1.02], atol=1e-12)
    np.testing.assert_array_equal(found.ids, [0, 1, 2, 0, 1, 2])


def test_csv__is_read_back_to_the_last_digit(tmp_path, populations):
    path = write_csv(tmp_path / "a.csv", populations)

    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for name, part in populations.items():
        mine = [row for row in rows if row["population"] == name]
        np.testing.assert_array_equal([float(row["time_s"]) for row in mine], part.times)
        np.testing.assert_array_equal([int(row["neuron"]) for row in mine], part.ids)


def test_npz__is_read_back_without_pickles(tmp_path, populations):
    path = write_npz(tmp_path / "a.npz", populations)

    with np.load(path, allow_pickle=False) as file:
        found = {name: Units(file[f"{name}/times"], file[f"{name}/ids"], int(file[f"{name}/n"]))
                 for name in populations}
    assert_equal(found, populations)


def test_units__sort_spikes_and_keep_ties_in_order():
    part = units(([0.2, 0.1, 0.1], [0, 2, 1], 3))

    np.testing.assert_array_equal(part.times, [0.1, 0.1, 0.2])
    np.testing.assert_array_equal(part.ids, [2, 1, 0])


@pytest.mark.parametrize("write, words", [
    (lambda p: write_nwb(p, {}, t_stop=1.0), "populations must name at least one, got none"),
    (lambda p: write_nwb(p, {"a": ([0.5], [0], 1)}, t_stop=0.2), "times of 'a' must lie in 0 ..."),
    (lambda p: write_nwb(p, {"a": ([0.5], [3], 1)}, t_stop=1.0), "ids of 'a' must lie in 0 ... 0"),
    (lambda p: write_nwb(p, {"a": ([np.nan], [0], 1)}, t_stop=1.0), "times of 'a' must be finite"),
    (lambda p: write_nwb(p, {"a": ([0.5], [0.5], 1)}, t_stop=1.0), "ids of 'a' must be whole"),
    (lambda p: write_nwb(p, {"a": ([0.5], [0, 1], 2)}, t_stop=1.0), "ids of 'a' must have shape"),
    (lambda p: write_nwb(p, {"a": 3}, t_stop=1.0), "'a' must be a triple (times, ids, n), got int"),
    (lambda p: write_nwb(p, {"a": ([], [], 1)}, t_stop=1.0, start=datetime.datetime(2020, 1, 1)),
     "start must have a time zone"),
    (lambda p: write_csv(p, {"a,b": ([], [], 1)}), "populations must have names without commas"),
    (lambda p: to_neo(([], [], 1), t_start=1.0, t_stop=1.0), "t_stop must be above t_start"),
    (lambda p: to_neo(([], [], 1), t_stop=1.0, ids=[1]), "ids must lie in 0 ... 0, got 1 ... 1"),
    (lambda p: from_neo([3]), "trains must be spike trains of Neo, got int"),
])
def test_arguments__are_refused_and_nothing_is_written(tmp_path, write, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        write(tmp_path / "a")

    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "run.h5"
    record(path, *spikes(np.random.default_rng(1), 900, 80))
    return path


@pytest.mark.usefixtures("handlers")
def test_convert__through_nwb_keeps_every_spike(tmp_path, recording, capsys):
    with Recording(recording) as file:
        expected = {name: of_recording(file, name) for name in file.populations}

    assert run("convert", recording, tmp_path / "a.nwb") == 0
    assert run("convert", tmp_path / "a.nwb", tmp_path / "a.npz") == 0
    assert run("convert", recording, tmp_path / "a.csv") == 0

    def ordered(parts):  # in NWB spikes of one time lie in the order of the neurons
        return {name: Units(*np.array(sorted(zip(p.times, p.ids))).reshape(-1, 2).T, p.n)
                for name, p in parts.items()}

    assert_equal(ordered(read_nwb(tmp_path / "a.nwb")), ordered(expected))
    with np.load(tmp_path / "a.npz") as file:
        np.testing.assert_array_equal(file["exc/times"], expected["exc"].times)
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 901
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("arguments, words", [
    (["run.h5", "a.xyz"], "must end in .h5, .nwb, .csv, .npz, got .xyz"),
    (["missing.h5", "a.csv"], "missing.h5"),
    (["missing.nwb", "a.csv"], "missing.nwb"),
    (["run.h5", "run.h5"], "must be another file than FILE, got the same"),
    (["run.h5", "kept.csv"], "kept.csv must not exist yet"),
])
def test_convert__refuses_in_one_line(tmp_path, recording, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept.csv").write_text("mine")

    assert words in refused(capsys, "convert", *arguments)
    assert (tmp_path / "kept.csv").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2
