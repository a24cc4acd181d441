"""What a killed run leaves becomes a recording, and what is missing is said."""

import json
import os
import shutil

import h5py
import libsonata
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.errors import FormatError, VersionError
from eventsnn.record import Recorder, manifest, parts, repair
from tests.command_line import refused, run
from tests.recordings import DT, SIZES, read, spikes

N = 1000


@pytest.fixture
def killed(tmp_path, small_parts):
    """A run of 1000 spikes that left its parts, and no more."""
    return leave(tmp_path / "run.h5")


def leave(path, end=False, **options):
    steps, ids = spikes(np.random.default_rng(0), N, 80)
    recorder = Recorder(path, SIZES, DT, **options)
    recorder.append("exc", steps, ids)
    recorder.flush()
    if end:
        recorder._folder.end(0.2)
    kept = path.with_name("kept")
    shutil.copytree(parts.folder_of(path), kept)
    recorder.close()
    if not options.get("overwrite"):
        path.unlink()
    if parts.folder_of(path).exists():
        shutil.rmtree(parts.folder_of(path))
    kept.rename(parts.folder_of(path))
    return path


def rewrite(path, change):
    """Change the lines of a manifest, and give each its right CRC."""
    file = parts.folder_of(path) / manifest.NAME
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        del line["crc32"]
    change(lines)
    file.write_bytes(b"".join(manifest.line(line.pop("kind"), line) for line in lines))


def test_repair__makes_the_file_of_what_was_written(killed):
    done = repair(killed)

    steps, ids = spikes(np.random.default_rng(0), N, 80)
    times, ids_read = read(killed)
    assert_array_equal(ids_read, ids)
    assert_array_equal(np.rint(times / DT), steps)
    assert done.counts == {"exc": N, "inh": 0} and (done.lost, done.complete) == (0, False)
    assert done.until == pytest.approx(steps[-1] * DT)
    assert "broke off" in done.losses[0]
    assert_array_equal(libsonata.SpikeReader(str(killed))["exc"].get_dict()["node_ids"], ids)
    assert [p.name for p in killed.parent.iterdir()] == ["run.h5"]


def test_repair__of_a_run_that_came_to_its_end_is_the_same_file(tmp_path, small_parts):
    path = leave(tmp_path / "run.h5", end=True)
    assert repair(path).complete
    repaired = path.read_bytes()
    path.unlink()

    with Recorder(path, SIZES, DT, part_spikes=10**6) as recorder:
        recorder.append("exc", *spikes(np.random.default_rng(0), N, 80))
        recorder.duration = 0.2

    assert path.read_bytes() == repaired


def test_repair__clears_up_behind_a_finished_file(tmp_path, small_parts):
    path = leave(tmp_path / "run.h5", end=True)
    shutil.copytree(parts.folder_of(path), tmp_path / "kept")
    repair(path)
    (tmp_path / "kept").rename(parts.folder_of(path))

    assert repair(path).complete
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


def test_repair__takes_the_folder_too(killed):
    assert repair(parts.folder_of(killed)).path == killed


def test_repair__leaves_a_file_of_others(killed):
    killed.write_bytes(b"other")

    with pytest.raises(FileExistsError, match="made in the meantime; .*move the file away"):
        repair(killed)

    assert killed.read_bytes() == b"other"
    killed.unlink()
    assert repair(killed).counts["exc"] == N


def test_repair__replaces_what_the_recorder_would_have_replaced(tmp_path, small_parts):
    (tmp_path / "run.h5").write_bytes(b"old")

    repair(leave(tmp_path / "run.h5", overwrite=True))

    assert read(tmp_path / "run.h5")[0].size == N


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "link", "grow"])
def test_repair__goes_on_without_a_damaged_part(killed, damage):
    part = parts.folder_of(killed) / "part-r0-000003.h5"
    content = bytearray(part.read_bytes())
    part.unlink()
    if damage == "link":
        (killed.parent / "elsewhere").write_bytes(content)
        part.symlink_to(killed.parent / "elsewhere")
    elif damage != "remove":
        content[2000] ^= 1
        part.write_bytes({"flip": content, "cut": content[:-1], "grow": content + b"0"}[damage])

    done = repair(killed)

    _, ids = spikes(np.random.default_rng(0), N, 80)
    assert_array_equal(read(killed)[1], np.delete(ids, np.arange(3 * 64, 4 * 64)))
    assert (done.lost, done.complete) == (64, False)
    assert "part-r0-000003.h5" in done.losses[1]
    assert parts.folder_of(killed).exists()  # someone may want to look at it


def test_repair__ignores_a_torn_last_line(killed):
    file = parts.folder_of(killed) / manifest.NAME
    text = file.read_bytes()
    last = len(text.splitlines(keepends=True)[-1])
    for n in range(1, last):
        file.write_bytes(text[:-n])
        found = manifest.read(file.parent)
        assert found.counts["exc"] == N // 64 * 64 and found.damaged == 0


def test_repair__tells_of_a_damaged_line(killed):
    file = parts.folder_of(killed) / manifest.NAME
    lines = file.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b"sha", b"shb")
    file.write_bytes(b"".join(lines))

    done = repair(killed)

    assert done.counts["exc"] == N - 64 and not done.complete
    assert "1 lines of the manifest are damaged" in done.losses[-1]


def change_head(name, value):
    return lambda lines: lines[0].__setitem__(name, value)


def change_part(name, value):
    return lambda lines: lines[1].__setitem__(name, value)


@pytest.mark.parametrize("change", [
    change_head("format", "another"), change_head("populations", {"a/b": 1}),
    change_head("populations", {}), change_head("populations", [1]), change_head("dt", 0.0),
    change_head("dt", "x"), change_head("about", "{"), change_head("about", "[]"),
    change_head("overwrite", 3), change_part("name", "../../etc/passwd"),
    change_part("name", "part-r0-000001.h5/../x"), change_part("name", 7),
    change_part("counts", {"exc": -1, "inh": 0}), change_part("counts", {}),
    change_part("counts", 64), change_part("bytes", -1), change_part("bytes", 1.5),
    change_part("first_step", None), change_part("duration", -1.0),
    change_head("version", 3), change_head("version", "2"),
])
def test_repair__refuses_a_manifest_of_others(killed, change):
    rewrite(killed, change)

    with pytest.raises(FormatError, match="run.h5.parts") as caught:
        repair(killed)

    assert "\n" not in str(caught.value) and not killed.exists()


def test_repair__refuses_newer_versions_by_name(killed):
    rewrite(killed, change_head("version", 3))

    with pytest.raises(VersionError, match="update eventsnn"):
        repair(killed)


def test_repair__refuses_parts_that_are_no_spike_file(killed):
    import hashlib

    def change(lines):
        for part in lines[1:]:
            content = b"no HDF5"
            (parts.folder_of(killed) / part["name"]).write_bytes(content)
            part |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    rewrite(killed, change)
    with pytest.raises(FormatError, match="at least one part that is whole"):
        repair(killed)


def test_repair__refuses_when_there_is_nothing(tmp_path, good):
    for path in (good, tmp_path / "missing.h5"):
        with pytest.raises(FileNotFoundError, match="there is nothing to repair"):
            repair(path)


def test_repair__clears_up_what_holds_no_part(tmp_path):
    folder = tmp_path / "run.h5.parts"
    folder.mkdir()
    (folder / "run.h5.abc.partial").write_bytes(b"half")
    (folder / manifest.NAME).write_bytes(b"{torn")

    with pytest.raises(FileNotFoundError, match="there is nothing to repair"):
        repair(tmp_path / "run.h5")

    assert list(tmp_path.iterdir()) == []


def test_recorder__keeps_others_out_while_it_lives(tmp_path):
    with Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", 3, [4])
        for other in (lambda: Recorder(tmp_path / "run.h5", SIZES, DT, overwrite=True),
                      lambda: repair(tmp_path / "run.h5")):
            with pytest.raises(BlockingIOError, match="one recorder at a time"):
                other()

    assert read(tmp_path / "run.h5")[1].size == 1


def test_recorder__refuses_the_parts_of_a_run_that_broke_off(killed):
    with pytest.raises(FileExistsError, match="eventsnn repair"):
        Recorder(killed, SIZES, DT)
    assert repair(killed).counts["exc"] == N


def test_recorder__may_replace_them(killed):
    with Recorder(killed, SIZES, DT, overwrite=True) as recorder:
        recorder.append("exc", 3, [4])

    assert read(killed)[1].size == 1
    assert [p.name for p in killed.parent.iterdir()] == ["run.h5"]


def test_recorder__keeps_both_if_a_file_comes_up_meanwhile(tmp_path):
    with pytest.raises(FileExistsError, match="made in the meantime"), \
            Recorder(tmp_path / "run.h5", SIZES, DT) as recorder:
        recorder.append("exc", 3, [4])
        (tmp_path / "run.h5").write_bytes(b"other")

    (tmp_path / "run.h5").rename(tmp_path / "other.h5")
    assert repair(tmp_path / "run.h5").complete
    assert read(tmp_path / "run.h5")[1].size == 1


def test_recorder__makes_parts_by_the_clock(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT, part_seconds=1e-9)
    recorder.append("exc", 3, [4])
    recorder.append("exc", 4, [5])  # waits for the part before
    assert recorder.written["exc"] >= 1
    recorder.flush()
    assert recorder.written == recorder.counts == {"exc": 2, "inh": 0}
    recorder.close()
    assert recorder.written == {"exc": 2, "inh": 0}


def test_recorder__large_recording_is_a_view_of_its_parts(tmp_path, small_parts, monkeypatch):
    path = tmp_path / "run.h5"
    steps, ids = spikes(np.random.default_rng(0), N, 80)
    with Recorder(path, SIZES, DT, merge_spikes=500) as recorder:
        recorder.append("exc", steps, ids)

    monkeypatch.chdir("/")
    columns = libsonata.SpikeReader(str(path))["exc"].get_dict()
    assert_array_equal(columns["node_ids"], ids)
    assert_array_equal(columns["timestamps"], steps / 10)
    with h5py.File(path) as file:
        assert_array_equal(file["spikes/exc/node_ids"], ids)
    with pytest.raises(FileNotFoundError, match="nothing to repair"):
        repair(path, merge_spikes=500)
    assert len(os.listdir(tmp_path / "run.h5.parts")) == 17
    path.unlink()
    assert repair(path, merge_spikes=500).complete and path.exists()


def test_parts__are_spike_files_themselves(killed):
    _, ids = spikes(np.random.default_rng(0), N, 80)
    for k in (0, 15):
        path = parts.folder_of(killed) / f"part-r0-{k:06d}.h5"
        columns = libsonata.SpikeReader(str(path))["exc"].get_dict()
        assert_array_equal(columns["node_ids"], ids[64 * k:64 * (k + 1)])
        assert_array_equal(read(path)[1], ids[64 * k:64 * (k + 1)])


def test_command__repairs_and_says_what_is_lost(killed, capsys):
    assert run("repair", killed, "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["spikes"], said["lost"], said["complete"]) == (N, 0, False)
    assert "nothing to repair" in refused(capsys, "repair", killed)


def test_command__is_content_with_a_complete_run(tmp_path, small_parts, capsys):
    assert run("repair", leave(tmp_path / "run.h5", end=True)) == 0
    assert "1,000 spikes, nothing is missing" in capsys.readouterr().out
