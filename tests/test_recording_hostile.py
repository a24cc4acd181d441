"""Damaged and hostile recordings: no crash, no hang, no surprise; each in a child with a limit."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

from eventsnn.errors import FormatError
from eventsnn.record import Recorder, manifest
from tests.recordings import DT, SIZES, record, spikes, unseal

MUTATIONS = [400, pytest.param(10_000, marks=pytest.mark.long)]
RSS_MB = 100

CHILD = """
import json, pathlib, resource, sys, time, warnings
import numpy as np
import eventsnn.record.sources, h5py
from eventsnn.record import Recording
warnings.simplefilter("error")

def look(path):
    with Recording(path) as recording:
        n = 0
        for name in recording.populations:
            recording.size(name), recording.dt, recording.duration
            for times, ids in recording.chunks(name):
                n += len(times)
        return n

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.stdin.read().splitlines():
    began = time.perf_counter()
    try:
        said = {"read": look(path)}
    except Exception as error:
        said = {"error": type(error).__name__, "text": str(error)}
    print(json.dumps({"path": path, "s": time.perf_counter() - began, **said,
        "mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}), flush=True)
"""


def look(paths, limit):
    done = subprocess.run([sys.executable, "-c", CHILD], input="\n".join(map(str, paths)),
                          capture_output=True, text=True, timeout=limit)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["path"] for one in said] == [str(path) for path in paths]
    return said


def mutate(rng, content):
    content = bytearray(content)
    where = int(rng.integers(len(content)))
    kind = rng.choice(["flip", "bytes", "cut", "block", "ones", "again"])
    if kind == "flip":
        content[where] ^= 1 << int(rng.integers(8))
    elif kind == "bytes":
        for at in rng.integers(len(content), size=8):
            content[at] = int(rng.integers(256))
    elif kind == "cut":
        del content[where:]
    elif kind == "block":
        content[where:where + 64] = bytes(len(content[where:where + 64]))
    elif kind == "ones":
        content[where:where + 8] = b"\xff" * len(content[where:where + 8])
    else:
        content[where:where] = content[where:where + 32]
    return bytes(content)


def mutants(rng, folder, content, n):
    """Files that differ from `content`."""
    paths = []
    for k in range(n):
        changed = content
        while changed == content:
            changed = mutate(rng, content)
        paths.append(folder / f"{k}.h5")
        paths[-1].write_bytes(changed)
    return paths


@pytest.mark.parametrize("n", MUTATIONS)
def test_recording__mutated_files_are_refused(tmp_path, n):
    rng = np.random.default_rng(7)
    record(tmp_path / "run.h5", *spikes(rng, 100, 80))
    paths = mutants(rng, tmp_path, (tmp_path / "run.h5").read_bytes(), n)

    said = look(paths, limit=60 + n / 20)

    assert {one.get("error") for one in said} == {"FormatError"}
    assert all("\n" not in one["text"] for one in said)
    assert max(one["s"] for one in said) < 5 and said[-1]["mb"] < RSS_MB


@pytest.mark.parametrize("n", MUTATIONS)
def test_recording__mutated_files_of_others_are_read_or_refused(tmp_path, n):
    rng = np.random.default_rng(7)
    record(tmp_path / "run.h5", *spikes(rng, 100, 80))
    unseal(tmp_path / "run.h5")
    paths = mutants(rng, tmp_path, (tmp_path / "run.h5").read_bytes(), n)

    said = look(paths, limit=60 + n / 20)

    assert {one["error"] for one in said if "error" in one} == {"FormatError"}
    assert all("\n" not in one.get("text", "") for one in said)
    assert max(one["s"] for one in said) < 5 and said[-1]["mb"] < RSS_MB
    assert sum("error" in one for one in said) > n / 10


@pytest.mark.parametrize("n", MUTATIONS)
def test_recording__mutated_parts_are_always_refused(tmp_path, small_parts, n):
    rng = np.random.default_rng(8)
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT, part_spikes=200)
    recorder.append("exc", *spikes(rng, 200, 80))
    recorder.flush()
    folder, paths = tmp_path / "run.h5.parts", []
    whole = {p.name: p.read_bytes() for p in folder.iterdir()}
    recorder.close()
    for k in range(n // 2):
        paths.append(tmp_path / f"{k}.h5.parts")
        paths[-1].mkdir()
        victim = "part-r0-000000.h5" if k % 4 else manifest.NAME
        for name, content in whole.items():
            changed = mutate(rng, content) if name == victim else content
            while changed == content and name == victim:
                changed = mutate(rng, content)
            (paths[-1] / name).write_bytes(changed)

    said = look(paths, limit=60 + n / 20)

    # At most, a torn last line: a recording with no spikes, or a tail that nobody wrote as one.
    manifests = {str(path) for path in paths[::4]}
    allowed = {True: (0, 200), False: ()}
    assert [one for one in said if "read" in one
            and one["read"] not in allowed[one["path"] in manifests]] == []
    assert {one["error"] for one in said if "error" in one} <= {"FormatError", "FileNotFoundError"}
    assert max(one["s"] for one in said) < 5 and said[-1]["mb"] < RSS_MB


def columns(file, **options):
    group = file.create_group("spikes/v1")
    for name, dtype in (("timestamps", "f8"), ("node_ids", "u8")):
        group.create_dataset(name, dtype=dtype, **options)
    group["timestamps"].attrs["units"] = "ms"


def external_storage(file):
    columns(file, shape=(10,), external=[("/etc/passwd", 0, 80)])


def external_link(file):
    file.create_group("spikes")
    file["spikes/v1"] = h5py.ExternalLink("good.h5", "/spikes/exc")


def soft_link(file):
    columns(file, data=np.zeros(3))
    file["spikes/other"] = h5py.SoftLink("/spikes/v1")


def virtual(file):
    group = file.create_group("spikes/v1")
    for name in ("timestamps", "node_ids"):
        layout = h5py.VirtualLayout((3,), "f8" if name == "timestamps" else "u8")
        layout[:] = h5py.VirtualSource("../good.h5", f"spikes/exc/{name}", (3,))
        group.create_virtual_dataset(name, layout)


def huge(file):
    columns(file, shape=(2**40,), chunks=(1000,))


def huge_in_one_piece(file):
    columns(file, shape=(2**31,))


def bomb(file):
    columns(file, shape=(2**27,), chunks=(2**20,), compression="gzip")


def huge_chunk(file):
    columns(file, shape=(10,), chunks=(2**28,), maxshape=(None,))


def cycle(file):
    file.create_group("spikes")
    file["spikes/v1"] = file["spikes"]


def objects(file):
    group = file.create_group("spikes/v1")
    for name in ("timestamps", "node_ids"):
        group.create_dataset(name, (3,), h5py.string_dtype())


def vlen(file):
    group = file.create_group("spikes/v1")
    for name in ("timestamps", "node_ids"):
        group.create_dataset(name, (2**20,), h5py.vlen_dtype(np.float64), chunks=(1024,))


def references(file):
    group = file.create_group("spikes/v1")
    for name in ("timestamps", "node_ids"):
        group.create_dataset(name, (3,), h5py.ref_dtype)


def compound(file):
    group = file.create_group("spikes/v1")
    for name in ("timestamps", "node_ids"):
        group.create_dataset(name, (3,), [("a", "f8"), ("b", "u8")])


def named_type(file):
    file.create_group("spikes/v1")["timestamps"] = np.dtype("f8")


def no_numbers(file):
    columns(file, data=np.zeros(3))
    file["spikes/v1/timestamps"][1] = np.nan


def matrix(file):
    columns(file, shape=(3, 3))


def provenance_is_no_json(file):
    columns(file, data=np.zeros(3))
    file["eventsnn"] = np.bytes_("[" * 100_000)


def provenance_is_elsewhere(file):
    columns(file, data=np.zeros(3))
    file["eventsnn"] = h5py.ExternalLink("/etc/passwd", "/")


HOSTILE = [external_storage, external_link, soft_link, virtual, huge, huge_in_one_piece, bomb,
           huge_chunk, cycle, objects, vlen, references, compound, named_type, no_numbers, matrix,
           provenance_is_no_json, provenance_is_elsewhere]


def test_recording__refuses_hostile_files(tmp_path, good):
    paths = []
    for make in HOSTILE:
        paths.append(tmp_path / f"{make.__name__}.h5")
        with h5py.File(paths[-1], "w") as file:
            make(file)
    (tmp_path / "pickle.h5").write_bytes(b"\x80\x04cos\nsystem\n(S'false'\ntR.")
    paths.append(tmp_path / "pickle.h5")
    out = tmp_path / "path.h5.parts"
    out.mkdir()
    head = {"format": manifest.FORMAT, "version": 1, "populations": {"exc": 9}, "dt": 1e-4,
            "overwrite": False, "about": "{}"}
    part = {"name": "../good.h5", "bytes": good.stat().st_size, "sha256": "0", "first_step": 0,
            "counts": {"exc": 3000}, "last_step": 9, "last_steps": {"exc": 9}, "duration": None}
    (out / manifest.NAME).write_bytes(manifest.line("recording", head)
                                      + manifest.line("part", part))
    paths.append(out)
    sparse = tmp_path / "sparse.h5.parts"
    sparse.mkdir()
    with open(sparse / "part-r0-000000.h5", "wb") as file:
        file.truncate(2**40)
    part |= {"name": "part-r0-000000.h5", "bytes": 2**40}
    (sparse / manifest.NAME).write_bytes(manifest.line("recording", head)
                                         + manifest.line("part", part))
    paths.append(sparse)

    for one in look(paths, limit=60):
        assert one.get("error") == "FormatError", one
        assert one["s"] < 1 and one["mb"] < RSS_MB and "\n" not in one["text"], one


@pytest.mark.parametrize("name", [manifest.NAME, "part-r0-000000.h5"])
def test_recording__follows_no_link_in_the_folder(tmp_path, small_parts, name):
    recorder = Recorder(tmp_path / "run.h5", SIZES, DT)
    recorder.append("exc", *spikes(np.random.default_rng(0), 200, 80))
    file = tmp_path / "run.h5.parts" / name
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")

    assert look([file.parent], limit=30)[0]["error"] == "FormatError"
    with pytest.raises(FormatError):
        recorder.close()
