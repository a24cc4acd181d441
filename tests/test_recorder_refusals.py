"""What recorders refuse, and that files stay as they were."""

import pytest

from eventsnn.record import Recorder
from tests.recordings import DT, SIZES


@pytest.mark.parametrize(("arguments", "error", "message"), [
    (("exz", [1], [1]), ValueError, "did you mean 'exc'"),
    (("exc", [1], [80]), ValueError, "ids must lie in 0 ... 79.*got 80"),
    (("exc", [1], [-1]), ValueError, "ids must lie in 0 ... 79.*got -1"),
    (("exc", [1], [1.0]), TypeError, "ids must be whole numbers"),
    (("exc", [1.5], [1]), TypeError, "steps must be whole numbers"),
    (("exc", [3, 2], [1, 1]), ValueError, "steps must not decrease"),
    (("exc", [-1], [1]), ValueError, "steps must not decrease"),
    (("exc", [2**48], [1]), ValueError, "steps must be below"),
    (("exc", [1, 2], [1]), ValueError, "steps must have shape"),
    (("exc", [[1]], [[1]]), ValueError, "ids must have shape"),
])
def test_append__refuses_and_records_nothing(tmp_path, arguments, error, message):
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        with pytest.raises(error, match=message):
            recorder.append(*arguments)
        assert recorder.counts == {"exc": 0, "inh": 0}


def test_append__refuses_steps_before_those_of_the_last_call(tmp_path):
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", [5], [1])
        recorder.append("inh", [4], [1])
        with pytest.raises(ValueError, match="last call's 5"):
            recorder.append("exc", [4], [1])


def test_append__refuses_a_closed_recorder(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT)
    recorder.close()
    recorder.close()

    with pytest.raises(ValueError, match="recorder must be open"):
        recorder.append("exc", [4], [1])


@pytest.mark.parametrize(("populations", "dt", "attributes", "error"), [
    ({}, DT, None, ValueError),
    ({"a/b": 1}, DT, None, ValueError),
    ({"..": 1}, DT, None, ValueError),
    ({"half \ud800": 1}, DT, None, ValueError),
    ({1: 1}, DT, None, TypeError),
    ({"a": 0}, DT, None, ValueError),
    ({"a": 1.0}, DT, None, TypeError),
    ({"a": 1}, 0.0, None, ValueError),
    ({"a": 1}, float("nan"), None, ValueError),
    ({"a": 1}, DT, {"f": print}, TypeError),
    ({"a": 1}, DT, {1: 2}, TypeError),
    ({"a": 1}, DT, {"numpy_version": "2"}, ValueError),
    ({"a": 1}, DT, {"p": [print]}, TypeError),
])
def test_recorder__refuses_arguments_and_leaves_no_file(tmp_path, populations, dt, attributes,
                                                        error):
    with pytest.raises(error, match="must"):
        Recorder(tmp_path / "run.h5", populations, dt, attributes=attributes)

    assert list(tmp_path.iterdir()) == []


def test_recorder__refuses_an_existing_file_and_leaves_it(good):
    before = good.read_bytes()

    with pytest.raises(FileExistsError, match="overwrite=True"):
        Recorder(good, SIZES, DT)

    assert good.read_bytes() == before


def test_recorder__refuses_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder that exists"):
        Recorder(tmp_path / "missing" / "run.h5", SIZES, DT)
