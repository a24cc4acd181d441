"""Recordings that go on from where a snapshot was taken: as if nothing had happened."""

import json
import shutil

import pytest

from eventsnn.errors import FormatError
from eventsnn.record import Recorder, Sampling, parts
from tests.recordings import DT, SIZES, read

SAMPLINGS = [Sampling("v", "exc", 3 * DT, [1, 2])]


def fill(recorder, first, last):
    """Steps `first` to `last`: spikes of both populations, and samples."""
    for step in range(first, last):
        recorder.append("exc", step, [step % 80, (step + 1) % 80])
        if step % 7 == 0:
            recorder.append("inh", step, [step % 20])
        if step % 3 == 0:
            recorder.sample("exc", "v", step, [step, -step])
        recorder.duration = step * DT


def opened(path, **options):
    return Recorder(path, SIZES, DT, samplings=SAMPLINGS, part_spikes=16, **options)


@pytest.fixture
def whole(tmp_path, no_fsync):
    """What a run that nothing happened to leaves."""
    (tmp_path / "whole").mkdir()
    with opened(tmp_path / "whole" / "run.h5") as recorder:
        fill(recorder, 0, 100)
    return {p.name: p.read_bytes() for p in (tmp_path / "whole").iterdir()}


def killed(path, at, until):
    """The position at step `at` of a run that was killed at `until`."""
    recorder = opened(path)
    fill(recorder, 0, at)
    position = json.loads(json.dumps(recorder.position()))
    fill(recorder, at, until)
    recorder._hand_over()
    recorder._job.finish()
    kept = path.with_name("kept")
    shutil.copytree(parts.folder_of(path), kept)
    recorder.close()
    for file in path.parent.glob("run*.h5"):
        file.unlink()
    kept.rename(parts.folder_of(path))
    return position


@pytest.mark.parametrize("at, until", [(0, 50), (1, 1), (40, 40), (40, 41), (40, 90), (99, 100)])
def test_recorder__goes_on_as_if_nothing_had_happened(tmp_path, no_fsync, whole, at, until):
    (tmp_path / "again").mkdir()
    path = tmp_path / "again" / "run.h5"
    position = killed(path, at, until)

    with opened(path, resume=position) as recorder:
        fill(recorder, at, 100)

    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == whole


def test_recorder__goes_on_twice(tmp_path, no_fsync, whole):
    (tmp_path / "again").mkdir()
    path = tmp_path / "again" / "run.h5"
    position = killed(path, 30, 60)
    recorder = opened(path, resume=position)
    fill(recorder, 30, 70)
    later = recorder.position()
    fill(recorder, 70, 75)
    recorder._folder.release()  # as the end of the process does

    with opened(path, resume=later) as recorder:
        fill(recorder, 70, 100)

    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == whole


def test_recorder__refuses_to_go_on_with_another_recording(tmp_path, no_fsync):
    path = tmp_path / "run.h5"
    position = killed(path, 30, 60)

    with pytest.raises(FormatError, match="the recording that is to go on, got another one"):
        Recorder(path, SIZES, 2 * DT, samplings=SAMPLINGS, resume=position)
    with pytest.raises(FormatError, match="the recording that is to go on, got another one"):
        opened(path, resume=position | {"n_bytes": position["n_bytes"] - 3})
    before = {p.name: p.read_bytes() for p in parts.folder_of(path).iterdir()}
    with opened(path, resume=position) as recorder:
        fill(recorder, 30, 40)
    assert len(before) > 5
    with pytest.raises(FileNotFoundError, match="record to another file"):
        opened(path, overwrite=True, resume=position)


@pytest.mark.parametrize(("change", "error", "message"), [
    (lambda at: [], TypeError, "resume must be a dict, got list; pass what position"),
    (lambda at: {}, ValueError, "resume must hold n_files, .*, got a difference in 'begins', "),
    (lambda at: at | {"more": 1}, ValueError, "and nothing else, got a difference in 'more'; pass"),
    (lambda at: at | {"n_bytes": "1"}, TypeError, "n_bytes in resume must be a whole number"),
    (lambda at: at | {"n_bytes": -1}, ValueError, "n_bytes in resume must be at least 0, got -1"),
    (lambda at: at | {"n_files": 3}, TypeError, "n_files in resume must be a dict, got int"),
    (lambda at: at | {"n_files": {}}, ValueError, "n_files in resume must hold part, mapping, "),
    (lambda at: at | {"counts": {"exc": 1}}, ValueError, "counts in resume .* difference in 'inh'"),
    (lambda at: at | {"counts": {"exc": 1, "inh": None}}, TypeError, "counts in resume must be a"),
    (lambda at: at | {"last_steps": {}}, ValueError, "last_steps in resume must hold exc, inh"),
    (lambda at: at | {"mapped": "v"}, TypeError, "mapped in resume must be a tuple of names"),
    (lambda at: at | {"mapped": ["u"]}, ValueError, "mapped in resume"),
    (lambda at: at | {"rows": {"v": 1}}, TypeError, "rows in resume must be a dict, got int"),
    (lambda at: at | {"rows": {}}, ValueError, "rows in resume must hold v"),
    (lambda at: at | {"begins": {"v/exc": 0.5}}, TypeError, "begins in resume must be a whole"),
])
def test_recorder__refuses_to_go_on_from_no_position(tmp_path, no_fsync, change, error, message):
    path = tmp_path / "run.h5"
    position = killed(path, 30, 60)
    before = {p.name: p.read_bytes() for p in parts.folder_of(path).iterdir()}

    with pytest.raises(error, match=message) as caught:
        opened(path, resume=change(position))

    assert "\n" not in str(caught.value)
    assert {p.name: p.read_bytes() for p in parts.folder_of(path).iterdir()} == before


def test_recorder__says_what_it_holds_when_it_goes_on(tmp_path, no_fsync):
    path = tmp_path / "run.h5"
    position = killed(path, 30, 60)

    with opened(path, resume=position) as recorder:
        assert recorder.counts == recorder.written == {"exc": 60, "inh": 5}
        with pytest.raises(ValueError, match="not below the last call's 29"):
            recorder.append("exc", 28, [1])
        with pytest.raises(ValueError, match="step must be 30"):
            recorder.sample("exc", "v", 33, [0, 0])


@pytest.mark.parametrize("new", [0, 2])
def test_recorder__that_goes_on_without_another_part_keeps_those_before(tmp_path, no_fsync, new):
    path = tmp_path / "run.h5"
    recorder = Recorder(path, SIZES, DT)
    recorder.append("exc", range(5), range(5))
    position = recorder.position()
    recorder._folder.release()  # as the end of the process does

    with Recorder(path, SIZES, DT, resume=position) as recorder:
        recorder.append("exc", [8, 9][:new], [8, 9][:new])

    assert read(path)[1].tolist() == [0, 1, 2, 3, 4, 8, 9][:5 + new]
