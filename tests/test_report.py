"""Recorded variables: what is written is what is read, by eventsnn and by others."""

import h5py
import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.errors import FormatError
from eventsnn.neurons import LIFParameters
from eventsnn.record import Recorder, Report, Sampling, manifest, parts, repair
from eventsnn.simulate import Network
from tests.recordings import DT, SIZES, unseal

EXC, INH = [0, 5, 6, 79], list(range(20))
SAMPLINGS = [Sampling("v", "exc", 5 * DT, EXC, units="mV"), Sampling("v", "inh", 2 * DT),
             Sampling("i", "exc", 5 * DT, [3])]


def rows(variable, population, n):
    """What the tests record, of samples 0 to n - 1."""
    k = {("v", "exc"): 4, ("v", "inh"): 20, ("i", "exc"): 1}[variable, population]
    rng = np.random.default_rng([ord(variable), ord(population[0])])
    return rng.normal(size=(1000, k)).astype(np.float32)[:n]


def fill(recorder, steps=range(1, 101)):
    """A hundred steps of samples, and a spike each."""
    values = {(s.variable, s.population): rows(s.variable, s.population, 1000) for s in SAMPLINGS}
    for step in steps:
        recorder.append("exc", step, [step % 80])
        for s in SAMPLINGS:
            every = round(s.every / DT)
            if step % every == 0:
                recorder.sample(s.population, s.variable, step,
                                values[s.variable, s.population][step // every - 1])
        recorder.duration = step * DT


def written(path, **options):
    with Recorder(path, SIZES, DT, samplings=SAMPLINGS, **options) as recorder:
        fill(recorder)
    return path


@pytest.fixture(params=["file", "parts of 1", "view", "folder"])
def run(request, tmp_path, no_fsync):
    """The recording in each of its forms: where its variables v and i are read from."""
    path = tmp_path / "run.h5"
    if request.param == "folder":
        recorder = Recorder(path, SIZES, DT, samplings=SAMPLINGS, part_spikes=1)
        fill(recorder)
        recorder.flush()
        yield lambda variable: Report(parts.folder_of(path), variable)
        recorder.close()
        return
    written(path, part_spikes=10**6 if request.param == "file" else 1,
            merge_spikes=0 if request.param == "view" else 10**6)
    yield lambda variable: Report(path.with_name(f"run.{variable}.h5"))


def test_report__holds_what_was_sampled(run):
    with run("v") as report:
        assert (report.populations, report.variable) == (["exc", "inh"], "v")
        assert (report.units("exc"), report.units("inh")) == ("mV", "1")
        assert_array_equal(report.ids("exc"), EXC)
        assert_array_equal(report.ids("inh"), INH)
        for name, every, n in (("exc", 5, 20), ("inh", 2, 50)):
            times, _, values = report.values(name)
            assert report.interval(name) == pytest.approx(every * DT)
            assert_array_equal(np.rint(times / DT), np.arange(1, n + 1) * every)
            assert times == pytest.approx(np.arange(1, n + 1) * every / 1e4, rel=4e-16)
            assert_array_equal(values, rows("v", name, n))
        assert report.verify() and report.provenance["dt"] == DT
    with run("i") as report:
        assert_array_equal(report.values("exc")[2], rows("i", "exc", 20))


@pytest.mark.parametrize("n", [1, 7, None])
@pytest.mark.parametrize("stretch", [(None, None), (0.0012, 0.0051), (0.0, 1e9), (0.003, 0.003)])
@pytest.mark.parametrize("ids", [None, [6, 0, 7], []])
def test_chunks__are_those_of_plain_indexing(tmp_path, no_fsync, n, stretch, ids):
    with Report(written(tmp_path / "run.h5").with_name("run.v.h5")) as report:
        pieces = list(report.chunks("exc", n, *stretch, ids))
        times, found, values = report.values("exc", *stretch, ids)

    every = np.arange(1, 21) * 5e-4
    mine = np.ones(20, bool)
    if stretch != (None, None):
        mine = (every >= stretch[0] - 1e-9) & (every < stretch[1] - 1e-9)
    columns = [k for k, i in enumerate(EXC) if ids is None or i in ids]
    assert_array_equal(values, rows("v", "exc", 20)[mine][:, columns])
    assert_array_equal(found, np.array(EXC)[columns])
    assert_array_equal(times, np.concatenate([np.empty(0), *(t for t, _ in pieces)]))
    assert all(len(t) == len(v) <= (n or 20) for t, v in pieces)


@pytest.mark.parametrize("run", ["file", "parts of 1", "view"], indirect=True)
def test_report__is_read_by_libsonata(run, tmp_path):
    path = tmp_path / "run.v.h5"

    population = libsonata.SomaReportReader(str(path))["exc"]

    assert population.times == (0.5, 10.5, 0.5) and population.time_units == "ms"
    assert population.data_units == "mV" and population.sorted
    frame = population.get()
    assert_array_equal(frame.data, rows("v", "exc", 20))
    assert_array_equal(population.get_node_ids(), EXC)
    elements = libsonata.ElementReportReader(str(path))["inh"].get(node_ids=[3, 19])
    assert_array_equal(elements.data, rows("v", "inh", 50)[:, [3, 19]])


def test_report__of_synapses(tmp_path):
    weights = Sampling("weight", "exc to inh", 0.1, ids=[2, 5, 9], pointers=[0, 2, 2, 5],
                       elements=[40, 7, 1, 2, 3], units="mV")
    with Recorder(tmp_path / "run.h5", SIZES, DT, samplings=[weights]) as recorder:
        recorder.sample("exc to inh", "weight", 0, [1, 2, 3, 4, 5])
        recorder.sample("exc to inh", "weight", 1000, [0, 2, 3, 4, 5])

    with Report(tmp_path / "run.weight.h5") as report:
        assert_array_equal(report.ids("exc to inh"), [2, 2, 9, 9, 9])
        assert_array_equal(report.elements("exc to inh"), [40, 7, 1, 2, 3])
        times, _, values = report.values("exc to inh")
    assert_array_equal(times, [0.0, 0.1])
    assert_array_equal(values, [[1, 2, 3, 4, 5], [0, 2, 3, 4, 5]])
    frame = libsonata.ElementReportReader(str(tmp_path / "run.weight.h5"))["exc to inh"].get()
    assert_array_equal(frame.ids, [[2, 40], [2, 7], [9, 1], [9, 2], [9, 3]])


def test_network__hands_on_what_it_keeps(tmp_path):
    net = Network(seed=3)
    cells = net.population("cells", 30, LIFParameters())
    net.poisson(cells, rate=2000.0, weight=0.5)
    v = net.record(cells[4:9], "v", every=7 * DT)
    with Recorder(tmp_path / "run.h5", {"cells": 30}, DT, samplings=[
            Sampling("v", "cells", 7 * DT, range(4, 9)), Sampling("i", "cells", 10 * DT)]
    ) as recorder:
        net.run(0.013, recorder=recorder, progress=False)
        net.run(0.027, recorder=recorder, progress=False)

    with Report(tmp_path / "run.v.h5") as report, Report(tmp_path / "run.i.h5") as current:
        assert_array_equal(report.values("cells")[2], v.values)
        assert report.times("cells") == pytest.approx(v.times)
        assert current.values("cells")[2].shape == (40, 30)


@pytest.mark.parametrize("samplings, words", [
    ([Sampling("q", "cells", DT)], "variable must be one of i, v"),
    ([Sampling("v", "cells", DT / 4)], "every must be at least dt"),
])
def test_network__refuses_what_it_does_not_have(tmp_path, samplings, words):
    net = Network()
    net.population("cells", 3, LIFParameters())
    (tmp_path / "run.h5").write_bytes(b"old")

    with pytest.raises(ValueError, match=words), Recorder(
            tmp_path / "run.h5", {"cells": 3}, DT, overwrite=True,
            samplings=samplings) as recorder:
        net.run(1.0, recorder=recorder)

    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("samplings, words", [
    (["v"], "samplings must be a list of Sampling"),
    ([Sampling("v", "exe", DT)], "population must be one of exc, inh"),
    ([Sampling("v", "exc", DT), Sampling("v", "exc", DT)], "once, got 'v' of 'exc' twice"),
    ([Sampling("a/b", "exc", DT)], "name of a variable must be a name with no '/'"),
    ([Sampling("..", "exc", DT)], "name of a variable must be a name"),
    ([Sampling("parts", "exc", DT)], "name of a variable must be short"),
    ([Sampling("v", "exc", -1.0)], "every must be above 0"),
    ([Sampling("v", "exc", DT, [3, 3])], "ids must ascend"),
    ([Sampling("v", "exc", DT, [-1])], "ids must ascend from 0 on"),
    ([Sampling("v", "exc", DT, [80])], "ids must lie in 0 ... 79"),
    ([Sampling("v", "exc", DT, [])], "ids must name at least one neuron"),
    ([Sampling("v", "exc", DT, [0.5])], "ids must be whole numbers"),
    ([Sampling("v", "exc", DT, [1], units=3)], "units must be a string"),
    ([Sampling("w", "exc", DT, [1], pointers=[0])], "pointers must have shape"),
    ([Sampling("w", "exc", DT, [1], pointers=[1, 2])], "pointers must rise from 0"),
    ([Sampling("w", "exc", DT, [1], pointers=[0, 2], elements=[1])], "elements must have shape"),
    ([Sampling("w", "exc", DT, [1], elements=[-1])], "elements must lie in 0"),
])
def test_recorder__refuses_samplings_that_cannot_be(tmp_path, samplings, words):
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        Recorder(tmp_path / "run.h5", SIZES, DT, samplings=samplings)

    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_sample__refuses_what_does_not_fit(tmp_path):
    with Recorder(tmp_path / "run.h5", SIZES, DT, samplings=SAMPLINGS) as recorder:
        recorder.sample("exc", "v", 3, [1, 2, 3, 4])
        for bad, words in (
                (("exc", "v", 9, [1, 2, 3, 4]), "step must be 8, 5 after the last, got 9"),
                (("exc", "v", 8, [1, 2, 3]), "values must have shape"),
                (("exc", "v", 8, [1, 2, 3, "x"]), "values must hold real numbers"),
                (("exc", "u", 8, [1]), "must be one of"), (("inh", "i", 8, [1]), "must be one of")):
            with pytest.raises((ValueError, TypeError), match=words):
                recorder.sample(*bad)

    with Report(tmp_path / "run.v.h5") as report:
        assert (report.count("exc"), report.count("inh")) == (1, 0)
    with pytest.raises(ValueError, match="recorder must be open"):
        recorder.sample("exc", "v", 8, [1, 2, 3, 4])


def test_recorder__leaves_no_file_of_others_behind(tmp_path):
    (tmp_path / "run.v.h5").write_bytes(b"old")

    with pytest.raises(FileExistsError, match="run.v.h5 must not exist yet"):
        Recorder(tmp_path / "run.h5", SIZES, DT, samplings=SAMPLINGS)

    assert [p.name for p in tmp_path.iterdir()] == ["run.v.h5"]


def kept_parts(tmp_path):
    """A folder of parts as a kill leaves it."""
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT, samplings=SAMPLINGS, part_spikes=20)
    fill(recorder)
    recorder.flush()
    folder = parts.folder_of(tmp_path / "run.h5")
    files = {p.name: p.read_bytes() for p in folder.iterdir()}
    recorder.close()
    for path in tmp_path.glob("run*.h5"):
        path.unlink()
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_repair__makes_the_files_of_the_variables(tmp_path, no_fsync):
    folder = kept_parts(tmp_path)

    done = repair(tmp_path / "run.h5")

    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5", "run.i.h5", "run.v.h5"]
    assert done.samples == {"v": {"exc": 20, "inh": 50}, "i": {"exc": 20}}
    assert [p.name for p in done.reports] == ["run.v.h5", "run.i.h5"] and not folder.exists()
    with Report(tmp_path / "run.v.h5") as report:
        assert_array_equal(report.values("inh")[2], rows("v", "inh", 50))


def sample_files(folder, variable):
    return [part.name for part in manifest.read(folder).samples[variable]]


@pytest.mark.parametrize("view", [False, True])
def test_repair__marks_lost_samples(tmp_path, no_fsync, view):
    folder = kept_parts(tmp_path)
    victim = sample_files(folder, "v")[2]
    lost = manifest.read(folder).samples["v"][2]
    (folder / victim).write_bytes(b"damaged")

    done = repair(tmp_path / "run.h5", merge_spikes=0 if view else 10**6)

    assert not done.complete and any("samples of v from" in text for text in done.losses)
    assert folder.exists()
    expected = rows("v", "inh", 50)
    first = lost.first_steps["inh"] // 2 - 1
    expected[first:first + lost.rows["inh"]] = np.nan
    with h5py.File(tmp_path / "run.v.h5") as file:
        assert_array_equal(file["report/inh/data"], expected)
    if not view:
        with Report(tmp_path / "run.v.h5") as report:
            assert_array_equal(report.values("inh")[2], expected)


def test_repair__goes_on_without_a_variable(tmp_path, no_fsync):
    folder = kept_parts(tmp_path)
    (folder / manifest.read(folder).mappings["i"].name).unlink()

    done = repair(tmp_path / "run.h5")

    assert done.counts["exc"] == 100 and [p.name for p in done.reports] == ["run.v.h5"]
    assert any(text.startswith("i is lost") for text in done.losses)


def of_another(path, pointer="index_pointers", drop=(), **changes):
    """A report as other tools write it."""
    with h5py.File(path, "w") as file:
        group = file.create_group("report/soma")
        group.create_dataset("data", data=np.arange(12.0).reshape(3, 4), chunks=(2, 2),
                             maxshape=(None, 4), compression="gzip")
        group["data"].attrs["units"] = "mV"
        columns = {"node_ids": np.uint32([7, 9]), pointer: np.uint64([0, 3, 4]),
                   "element_ids": np.uint32([0, 1, 5, 0]), "time": np.array([1.0, 2.5, 0.5])}
        for name, values in (columns | changes).items():
            if name not in drop:
                group[f"mapping/{name}"] = values


@pytest.mark.parametrize("options", [
    {}, {"pointer": "index_pointer"}, {"drop": ["element_ids"]},
    {"index_pointers": np.uint64([0, 3])}], ids=str)
def test_report__of_another_writer(tmp_path, options):
    of_another(tmp_path / "other.h5", **options)

    with Report(tmp_path / "other.h5") as report:
        times, ids, values = report.values("soma", t_start=0.0015)
        assert report.variable is None and not report.verify()
    assert_array_equal(ids, [7, 7, 7, 9])
    assert_array_equal(times, [0.0015, 0.002])
    assert_array_equal(values, np.arange(4.0, 12).reshape(2, 4))


def outside(file):
    del file["report/soma/data"]
    file["report/soma"].create_dataset("data", (3, 4), "f4", external=[("/etc/passwd", 0, 48)])


def huge(file):
    del file["report/soma/data"]
    file["report/soma"].create_dataset("data", (2**40, 4), "f4", chunks=(100, 4))


def linked(file):
    del file["report/soma"]
    file["report/soma"] = h5py.ExternalLink("other.h5", "/report/soma")


def replaced(name, values):
    def change(file):
        del file["report/soma"][name]
        file["report/soma"][name] = values
    return change


@pytest.mark.parametrize("change, words", [
    (outside, "stored in other files"), (huge, "holds what it declares"), (linked, "a link at"),
    (replaced("data", np.zeros(3)), "table of floats"),
    (replaced("data", np.zeros((3, 5))), "a report of 5 values"),
    (replaced("mapping/node_ids", [1.0, 2.0]), "whole numbers"),
    (replaced("mapping/index_pointers", [0, 4, 3]), "a mapping of others"),
    (replaced("mapping/index_pointers", [1, 2, 4]), "a mapping of others"),
    (replaced("mapping/element_ids", [1]), "report of 4 elements"),
    (replaced("mapping/time", [0.0, 1.0, 0.0]), "times in ms or s"),
    (replaced("mapping/time", [1e300, 1e308, 1e-300]), "times in ms or s"),
    (replaced("mapping/time", [np.nan, 1.0, 0.5]), "times in ms or s"),
    (replaced("mapping/time", [0.0]), "can be read"),
    (lambda file: file.clear(), "no /report"),
])
def test_report__refuses_in_one_line(tmp_path, change, words):
    of_another(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        change(file)

    with pytest.raises(FormatError, match=words) as caught, Report(tmp_path / "run.h5"):
        pass

    assert "run.h5" in str(caught.value) and "\n" not in str(caught.value)


def test_report__refuses_unknown_names(tmp_path, no_fsync):
    path = written(tmp_path / "run.h5")
    with Report(path.with_name("run.v.h5")) as report:
        with pytest.raises(ValueError, match="did you mean 'exc'"):
            report.values("exe")
    with pytest.raises(ValueError, match="variable must be one of v"):
        Report(path.with_name("run.v.h5"), "i")
    with pytest.raises(FormatError, match="SONATA report"):
        Report(path)
    unseal(path)
    with pytest.raises(FormatError, match="no /report"):
        Report(path)
