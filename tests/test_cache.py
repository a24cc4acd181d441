"""The disk cache: hit where it may be, never stale, done without where it has no folder."""

import errno
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import eventsnn
from eventsnn.core.jit import kernel
from eventsnn.engine import network

# Prints the potential of a LIF, or of a model of the user's, and what the cache did for it.
RUN = """
import json, sys
import numpy as np
import eventsnn
from eventsnn import layers
from eventsnn.engine import cpu
if len(sys.argv) > 1:
    import importlib
    parameters = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
else:
    parameters = layers.LIF.parameters
class Any(layers.Sequence):
    pass
Any.parameters = parameters
_, state = Any()(np.full((3, 1), 0.5, np.float32))
stats = cpu.forward.stats
print(json.dumps({"v": round(float(state.v[0]), 6), "hits": sum(stats.cache_hits.values()),
                  "misses": sum(stats.cache_misses.values()), "from": eventsnn.__file__}))
"""

MODEL = """
from typing import Any, NamedTuple
from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
class GainParameters(NamedTuple):
    unused: Any = 1.0
class GainState(NamedTuple):
    v: Any
"""
STEP = """
from eventsnn.core.jit import scalar
from {state} import GainState
@scalar
def step(s, x, p, dt, th):
    v = s.v + x + x
    return v, GainState(v)
"""
REGISTER = """
register_neuron(GainParameters, GainState, step, None, rest=lambda p: GainState(v=0.0),
                spiking=False)
"""


@pytest.fixture
def tree(tmp_path):
    return copy_package(tmp_path)


def copy_package(folder):
    shutil.copytree(pathlib.Path(eventsnn.__file__).parent, folder / "eventsnn",
                    ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def environment(tree, **changes):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "PYTHON"))}
    return kept | {"PYTHONPATH": str(tree), "HOME": str(tree / "home")} | changes


def run(tree, *arguments, env=None, prefix=()):
    done = subprocess.run([*prefix, sys.executable, "-W", "error", "-c", RUN, *arguments], cwd=tree,
                          env=env or environment(tree), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert pathlib.Path(result["from"]).parents[1] == tree, "another copy of the package ran"
    return result


def edit(file, old, new):
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))
    return before


def test_cache__sees_an_edit_of_an_equation_and_its_undoing(tree):
    first, again = run(tree), run(tree)

    lif = tree / "eventsnn" / "neurons" / "lif.py"
    before = edit(lif, "p.v_leak + i, p.tau_mem_inv", "p.v_leak + i + i, p.tau_mem_inv")
    edited = run(tree)
    lif.write_text(before)
    undone = run(tree)

    assert (first["hits"], first["misses"]) == (0, 1)
    assert (again["hits"], again["misses"]) == (1, 0)
    assert again["v"] == first["v"]
    assert edited["hits"] == 0 and edited["v"] > 1.5 * first["v"]
    assert undone["hits"] == 1 and undone["v"] == first["v"]


@pytest.mark.parametrize("file", ["surrogates.py", "core/fields.py"])
def test_cache__sees_an_edit_of_any_file(tree, file):
    run(tree)

    path = tree / "eventsnn" / file
    path.write_text(path.read_text() + "\n# A comment\n")

    assert run(tree)["hits"] == 0


def models(tree):
    """Ways for a user to spread a model over files; each with the file of the equation."""
    (tree / "one_file.py").write_text(
        MODEL + STEP.replace("from {state} import GainState", "") + REGISTER)
    (tree / "classes.py").write_text(MODEL)
    (tree / "equation.py").write_text(STEP.format(state="classes"))
    (tree / "two_files.py").write_text(
        "from classes import *\nfrom equation import step\n" + REGISTER)
    (tree / "pausing.py").write_text(
        "from one_file import GainParameters\nfrom eventsnn.neurons import refractory\n"
        "PauseParameters, PauseState = refractory(GainParameters, 'Pause', __name__)\n")
    return {"one_file": ("GainParameters", "one_file.py"),
            "two_files": ("GainParameters", "equation.py"),
            "pausing": ("PauseParameters", "one_file.py")}


@pytest.mark.parametrize("module, expected, expected_edited", [
    ("one_file", 3.0, 4.5), ("two_files", 3.0, 4.5),
    ("pausing", 1.0, 1.5),
])
def test_cache__sees_an_edit_of_a_users_model(tree, module, expected, expected_edited):
    parameters, equation = models(tree)[module]
    first, again = run(tree, module, parameters), run(tree, module, parameters)

    before = edit(tree / equation, "x + x", "x + x + x")
    edited = run(tree, module, parameters)
    (tree / equation).write_text(before)
    undone = run(tree, module, parameters)

    assert first["v"] == again["v"] == undone["v"] == expected
    assert edited["v"] == expected_edited
    assert again["hits"] == undone["hits"] == 1


def test_cache__of_a_users_model_is_not_in_the_way_where_that_is_not(tree):
    parameters, _ = models(tree)["one_file"]
    first = run(tree, "one_file", parameters)
    text = (tree / "one_file.py").read_text()
    (tree / "one_file.py").unlink()

    others = run(tree), run(tree)
    (tree / "one_file.py").write_text(text)
    again = run(tree, "one_file", parameters)

    assert [one["hits"] for one in (first, *others, again)] == [0, 0, 1, 1]
    assert first["v"] == again["v"] != others[0]["v"] == others[1]["v"]


@pytest.mark.parametrize("pattern", ["cpu.forward-*.nbi", "cpu.forward-*.nbc"])
@pytest.mark.parametrize("content", [b"", b"cut off", None], ids=["empty", "other", "cut off"])
def test_cache__that_cannot_be_read_is_written_anew(tree, pattern, content):
    first = run(tree)
    [path] = (tree / "eventsnn").rglob(pattern)
    path.write_bytes(path.read_bytes()[:-1] if content is None else content)

    broken, after = run(tree), run(tree)

    assert (broken["hits"], after["hits"]) == (0, 1)
    assert first["v"] == broken["v"] == after["v"]


def test_cache__that_finds_the_disk_full_is_done_without(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    one_more = kernel(lambda x: x + 1)
    monkeypatch.setattr(one_more._cache._cache_file, "save", full)

    assert one_more(1) == 2


def test_cache__is_done_without_where_no_folder_can_be_made(tree):
    for folder in (tree / "eventsnn").rglob("*/"):
        (folder / "__pycache__").write_text("in the way of a folder")
    nowhere = environment(tree, HOME=os.devnull, XDG_CACHE_HOME=os.devnull)

    first, again = run(tree, env=nowhere), run(tree, env=nowhere)

    assert first["v"] == again["v"]
    assert first["hits"] == again["hits"] == 0


def test_cache__is_done_without_in_a_read_only_tree(tree):
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    nowhere = environment(tree, XDG_CACHE_HOME=str(tree / "cache"))
    nowhere.pop("HOME")
    # permissions do not bind the superuser, but in a namespace of users there is none
    bound = ["unshare", "--user"] if os.geteuid() == 0 else []
    try:
        touch = [*bound, sys.executable, "-c", "open('file', 'w')"]
        if not shutil.which(touch[0]) or b"Permission denied" not in subprocess.run(
                touch, cwd=tree, capture_output=True, timeout=300).stderr:
            pytest.skip("permissions do not bind this user")

        result = run(tree, env=nowhere, prefix=bound)

        assert result["hits"] == 0
        assert not list(tree.rglob("*.nbi"))
    finally:
        for path in (tree, *tree.rglob("*/")):
            path.chmod(0o755)


def test_cache__of_a_writable_home_serves_a_read_only_tree(tree):
    for folder in (tree / "eventsnn").rglob("*/"):
        (folder / "__pycache__").write_text("in the way of a folder")
    home = environment(tree, HOME=str(tree / "home"))
    home.pop("XDG_CACHE_HOME", None)

    first, again = run(tree, env=home), run(tree, env=home)

    assert (first["hits"], again["hits"]) == (0, 1)
    assert first["v"] == again["v"]


def test_cache__tells_the_parallel_form_of_a_kernel_from_the_serial_one():
    def keys(dispatcher):
        return dispatcher._cache._index_key((), dispatcher.targetctx.codegen())

    assert network.advance.py_func is network.advance_parallel.py_func
    assert keys(network.advance) != keys(network.advance_parallel)
