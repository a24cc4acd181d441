"""eventsnn convert: every source to every format, read back by others' readers."""

import csv
import warnings

import h5py
import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import interop
from eventsnn.interop import tables
from eventsnn.record import Recorder, Recording, ordered
from tests.command_line import refused, run
from tests.recordings import SIZES, spikes

pytestmark = pytest.mark.usefixtures("handlers")
ENDINGS = [".h5", ".nwb", ".csv", ".npz"]
STEPS, IDS = spikes(np.random.default_rng(0), 900, 80)


def recorder(path, **options):
    return Recorder(path, SIZES, 1e-4, attributes={"seed": 3}, **options)


def fill(recorder):
    recorder.append("exc", STEPS, IDS)
    recorder.append("inh", [7], [19])
    recorder.duration = 0.2


def whole(path):
    with recorder(path) as writer:
        fill(writer)
    return path


def parts(path):
    writer = recorder(path, part_spikes=64)
    fill(writer)
    writer.flush()
    writer._folder.release()  # as the end of the process does
    return path.with_name(path.name + ".parts")


def view(path):
    with recorder(path, part_spikes=64, merge_spikes=10) as writer:
        fill(writer)
    return path


def by_id(path):
    order = np.lexsort([STEPS, IDS])
    with h5py.File(path, "w") as file:
        for name, times, ids in (("exc", STEPS[order] / 10, IDS[order]), ("inh", [0.7], [19])):
            group = file.create_group(f"spikes/{name}")
            group["timestamps"], group["node_ids"] = times, np.array(ids, np.uint32)
            group.attrs.create("sorting", 1, dtype=h5py.enum_dtype(
                {"none": 0, "by_id": 1, "by_time": 2}, "u1"))
    return path


def nwb(path):
    return interop.write_nwb(path.with_suffix(".nwb"), {
        "exc": (STEPS * 1e-4, IDS, 80), "inh": ([7e-4], [19], 20)}, t_stop=0.2)


def pairs(times, ids):
    """Spikes as sorted pairs of step and neuron."""
    return sorted(zip(np.rint(np.asarray(times) * 1e4).astype(int).tolist(),
                      np.asarray(ids).astype(int).tolist(), strict=True))


def read_csv(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: pairs([float(r["time_s"]) for r in rows if r["population"] == name],
                        [int(r["neuron"]) for r in rows if r["population"] == name])
            for name in SIZES}


def read_npz(path):
    with np.load(path, allow_pickle=False) as file:
        for name in SIZES:
            assert (np.diff(file[f"{name}/times"]) >= 0).all()
        return {name: pairs(file[f"{name}/times"], file[f"{name}/ids"]) for name in SIZES}


def read_libsonata(path):
    reader = libsonata.SpikeReader(str(path))
    found = {}
    for name in reader.get_population_names():
        ids, times = zip(*reader[name].get(), strict=True)
        found[name] = pairs(np.array(times) / 1e3, ids)
    return found


def read_pynwb(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        import pynwb

        with pynwb.NWBHDF5IO(str(path), "r") as io:
            table = io.read().units.to_dataframe()
    return {name: pairs(np.concatenate(list(mine["spike_times"])),
                        np.repeat(mine["neuron"].to_numpy(), [len(t) for t in mine["spike_times"]]))
            for name, mine in table.groupby("population")}


READERS = {".h5": read_libsonata, ".nwb": read_pynwb, ".csv": read_csv, ".npz": read_npz}


@pytest.mark.parametrize("source", [whole, parts, view, by_id, nwb])
@pytest.mark.parametrize("ending", ENDINGS)
def test_convert__keeps_every_spike(tmp_path, capsys, source, ending):
    file, out = source(tmp_path / "run.h5"), tmp_path / f"out{ending}"
    before = {p.name for p in tmp_path.iterdir()}

    assert run("convert", file, out) == 0

    assert capsys.readouterr() == ("", "")
    assert READERS[ending](out) == {"exc": pairs(STEPS * 1e-4, IDS), "inh": [(7, 19)]}
    assert {p.name for p in tmp_path.iterdir()} == before | {out.name}


@pytest.mark.parametrize("source", [whole, view, nwb])
def test_convert__to_sonata_keeps_what_is_known(tmp_path, source):
    file = source(tmp_path / "run.h5")

    assert run("convert", file, tmp_path / "out.h5") == 0

    with Recording(tmp_path / "out.h5") as recording:
        assert (recording.size("exc"), recording.size("inh")) == (80, 20)
        assert recording.duration == 0.2 and recording.sorting("exc") == "by_time"
        assert recording.dt == (1e-6 if source is nwb else 1e-4)
        assert recording.provenance["converted_from"] == file.name
        assert recording.provenance.get("seed") == (None if source is nwb else 3)


@pytest.mark.parametrize("ending", ENDINGS)
def test_convert__does_not_depend_on_chunks(tmp_path, monkeypatch, ending):
    from eventsnn.cli import convert

    file = by_id(tmp_path / "run.h5")
    monkeypatch.setattr(convert, "CHUNK", 17)
    monkeypatch.setattr(ordered, "SORTED_SPIKES", 100)

    assert run("convert", file, tmp_path / f"out{ending}") == 0

    assert READERS[ending](tmp_path / f"out{ending}")["exc"] == pairs(STEPS * 1e-4, IDS)


def test_convert__says_that_it_rounds(tmp_path, capsys):
    file = nwb(tmp_path / "run.h5")

    assert run("convert", file, tmp_path / "out.h5", "--dt", "1e-3") == 0

    assert "times were rounded to steps of 0.001 s" in capsys.readouterr().err
    with h5py.File(tmp_path / "out.h5") as found:
        assert_array_equal(np.sort(found["spikes/exc/timestamps"]),
                           np.sort(np.rint(STEPS * 1e-4 / 1e-3)))


@pytest.mark.parametrize("ending", ENDINGS)
def test_convert__of_silence(tmp_path, ending):
    with recorder(tmp_path / "run.h5") as writer:
        writer.duration = 0.1

    assert run("convert", tmp_path / "run.h5", tmp_path / f"out{ending}") == 0
    assert (tmp_path / f"out{ending}").stat().st_size > 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_convert__leaves_old_files_to_the_last(tmp_path, capsys, monkeypatch, ending):
    file, out = whole(tmp_path / "run.h5"), tmp_path / f"out{ending}"
    out.write_bytes(b"mine")

    assert "must not exist yet" in refused(capsys, "convert", file, out)
    for module, name in ((Recorder, "append"), (tables, "stream_csv"), (tables, "stream_npz"),
                         (interop, "write_nwb")):
        def fails(*_, **__):
            raise OSError("no more room")
        monkeypatch.setattr(module, name, fails)
    assert "no more room" in refused(capsys, "convert", file, out, "--overwrite")
    assert out.read_bytes() == b"mine"
    assert {p.name for p in tmp_path.iterdir()} == {"run.h5", out.name}
    monkeypatch.undo()
    assert run("convert", file, out, "--overwrite") == 0
    assert out.read_bytes() != b"mine"


@pytest.mark.parametrize("arguments, words", [
    (["run.h5", "a.xyz"], "must end in .h5, .nwb, .csv, .npz, got .xyz"),
    (["run.h5", "a"], "got no ending"),
    (["run.h5", "run.h5"], "must be another file than FILE"),
    (["run.h5", "./run.h5", "--overwrite"], "must be another file than FILE"),
    (["run.h5", "none/a.csv"], "must lie in a folder that exists"),
    (["run.h5", "a.csv", "--dt", "1e-3"], "--dt must go with an OUT that ends in .h5"),
    (["run.h5", "a.h5", "--dt", "0"], "--dt must be above 0"),
    (["missing.h5", "a.csv"], "missing.h5 must exist"),
    (["early.h5", "a.h5"], "early.h5 must have times from 0 on, got -0.001 s in 'c'"),
    (["empty.h5", "a.csv"], "must hold a population, got none"),
])
def test_convert__refuses_in_one_line(tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    whole(tmp_path / "run.h5")
    with h5py.File("early.h5", "w") as file:
        file["spikes/c/timestamps"], file["spikes/c/node_ids"] = [-1.0, 1.0], np.zeros(2, int)
    with h5py.File("empty.h5", "w") as file:
        file.create_group("spikes")
    before = (tmp_path / "run.h5").read_bytes()

    assert words in refused(capsys, "convert", *arguments)

    assert (tmp_path / "run.h5").read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"run.h5", "early.h5", "empty.h5"}
