"""Files that are views of parts, and parts that are not those any more."""

import h5py
import libsonata
import numpy as np
import pytest

from eventsnn.errors import FormatError
from eventsnn.record import Recorder, Recording, Report, Sampling, parts, repair
from tests.recordings import DT, read


@pytest.fixture
def view(tmp_path, no_fsync):
    v = Sampling("v", "exc", every=DT)
    with Recorder(tmp_path / "run.h5", {"exc": 5}, DT, part_spikes=20, merge_spikes=0,
                  samplings=[v]) as recorder:
        for step in range(20):
            recorder.append("exc", step, np.arange(5))
            recorder.sample("exc", "v", step, np.full(5, step))
    return tmp_path / "run.h5"


def test_view__refuses_a_manifest_without_its_last_lines(view):
    manifest = parts.folder_of(view) / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    named = [b'"kind": "part"', b'"kind": "samples"']

    for k in range(3, len(lines)):
        manifest.write_bytes(b"".join(lines[:k]))
        for kind, open_it, path in zip(named, (Recording, Report),
                                       (view, view.with_name("run.v.h5")), strict=True):
            if any(kind in line for line in lines[k:]):
                with pytest.raises(FormatError, match="must be a view of parts with"):
                    open_it(path)


def test_repair__of_damaged_parts_makes_files_that_need_none(view, tmp_path):
    folder = parts.folder_of(view)
    (folder / "part-r0-000001.h5").write_bytes(b"other")
    view.unlink()
    view.with_name("run.v.h5").unlink()

    done = repair(view, merge_spikes=0)

    assert not done.complete and done.lost
    assert read(view)[1].size == 100 - done.lost
    assert folder.exists()


def test_repair__leaves_no_temporary_file(view):
    folder = parts.folder_of(view)
    (folder / "part-r0-000009.h5.0123abcd.partial").write_bytes(b"half")
    view.unlink()

    repair(view, merge_spikes=0)

    assert not list(folder.glob("*.partial"))
    assert read(view)[1].size == 100


@pytest.mark.parametrize(("size", "n_bytes"), [(256, 1), (257, 2), (70_000, 4), (2**32 + 1, 8)])
def test_parts__hold_neurons_in_few_bytes_that_others_widen(tmp_path, no_fsync, size, n_bytes):
    ids = np.array([0, size - 1, 5])
    with Recorder(tmp_path / "run.h5", {"exc": size}, DT, part_spikes=2, merge_spikes=0
                  ) as recorder:
        recorder.append("exc", [1, 2, 3], ids)

    part = tmp_path / "run.h5.parts" / "part-r0-000000.h5"
    with h5py.File(part) as file:
        assert file["spikes/exc/node_ids"].dtype == f"<u{n_bytes}"
    for path, expected in (part, ids[:2]), (tmp_path / "run.h5", ids):
        columns = libsonata.SpikeReader(str(path))["exc"].get_dict()
        assert columns["node_ids"].tolist() == expected.tolist()
        with h5py.File(path) as file:
            assert file["spikes/exc/node_ids"].astype(np.uint64)[()].tolist() == expected.tolist()
    with Recording(tmp_path / "run.h5") as recording:
        assert recording.spikes("exc")[1].tolist() == ids.tolist()
