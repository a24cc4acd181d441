"""Imports go one way, as a table; and files stay short."""

import ast
import pathlib
import statistics

import pytest

import eventsnn

PACKAGE = pathlib.Path(eventsnn.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Each row may import the rows above it, and itself only as far as NEIGHBOURS says.
ROWS = [
    {"errors"},
    {"core"},
    {"surrogates", "spikes"},
    {"neurons", "plasticity", "connect", "engine", "analyse", "record"},
    {"encode", "layers", "simulate"},
    {"train", "functional", "networks", "datasets", "interop"},
    {"plot", "examples", "cli"},
]
NEIGHBOURS = {"engine": {"connect"}, "connect": {"plasticity"}, "layers": {"encode"},
              "examples": {"plot"}, "cli": {"plot", "examples"}}
# Exceptions to the rows: an engine knows no neuron, and what is analysed knows no simulator.
NEVER = {"plot": {"simulate", "engine", "layers", "record", "neurons"}}

# Modules outside the package that only some may import.
RESERVED = {
    "h5py": ("record", "train.checkpoint", "simulate.snapshot", "datasets", "interop"),
    "scipy": ("connect.sparse", "simulate", "analyse", "interop"),
    "mpi4py": ("simulate.mpi", "train.parallel"),
    "matplotlib": ("plot",),
    "torch": (),
    "jax": (),
    "pickle": (),
}
CUDA = "numba.cuda"


def module_of(file):
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source):
    """All modules that a source imports, wherever in it, with the names taken from them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def at_import(source):
    """As `imported`, of what runs when the module is imported."""
    tree = ast.parse(source)
    for node in list(ast.walk(tree)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [ast.Pass()]
    return imported(ast.unparse(tree))


def is_in(name, packages):
    return any(name == p or name.startswith(p + ".") for p in packages)


def row(part):
    return next((i for i, parts in enumerate(ROWS) if part in parts), None)


def part_of(name):
    """The part of this package that an imported name is of; None if it is of another."""
    words = name.split(".")
    if words[0] != "eventsnn":
        return None
    return words[1] if len(words) > 1 and row(words[1]) is not None else ""


def violations(module, source):
    """Why a module's imports are against the table."""
    mine = module.split(".")[0]
    for name in imported(source):
        other = part_of(name)
        for reserved, owners in RESERVED.items():
            if is_in(name, [reserved]) and not is_in(module, owners):
                yield f"{module} imports {name}"
        if is_in(name, [CUDA]) and module != "core.jit" and "cuda" not in module.split("."):
            yield f"{module} imports {name}"
        if other is None or other == mine or mine in ("", "__main__"):
            continue
        if other == "":
            if mine not in ("cli",):
                yield f"{module} imports the package itself"
        elif mine == "cli" and other in NEIGHBOURS["cli"]:
            continue
        elif other in NEVER.get(mine, ()) or (
                row(other) >= row(mine) and other not in NEIGHBOURS.get(mine, ())):
            yield f"{module} imports {name}"
    for name in at_import(source):
        if "cuda" in name.split(".") and "cuda" not in module.split("."):
            yield f"{module} imports {name} before its first use"


@pytest.mark.parametrize("file", FILES, ids=lambda f: module_of(f) or "eventsnn")
def test_imports__go_one_way(file):
    assert list(violations(module_of(file), file.read_text())) == []


@pytest.mark.parametrize("module, source", [
    ("core.check", "from eventsnn.surrogates import spike"),
    ("core.check", "from eventsnn import surrogates"),
    ("core.check", "import eventsnn.neurons.lif"),
    ("core.check", "def f():\n    from eventsnn import neurons"),
    ("engine.cpu", "from eventsnn.neurons.lif import step"),
    ("engine.cpu", "from eventsnn import neurons"),
    ("neurons.lif", "from eventsnn.engine import cpu"),
    ("connect.cpu", "from eventsnn.engine import cpu"),
    ("encode.poisson", "from eventsnn.layers import LIF"),
    ("analyse.rates", "from eventsnn.record import Recording"),
    ("record.recorder", "from eventsnn import simulate"),
    ("plot", "from eventsnn.simulate import Network"),
    ("train.loop", "import h5py"),
    ("train.loop", "def f():\n    import h5py"),
    ("core.check", "from h5py import File"),
    ("layers.linear", "from scipy import sparse"),
    ("layers.linear", "import scipy.sparse"),
    ("engine.run", "def f():\n    from numba import cuda"),
    ("core.jit", "from numba import cuda"),
    ("core.jit", "if True:\n    from numba import cuda"),
    ("engine.run", "from eventsnn.engine import cuda"),
    ("train.loop", "import mpi4py.MPI"),
    ("train.checkpoint", "import pickle"),
    ("layers.base", "from eventsnn import __version__"),
])
def test_violations__finds(module, source):
    assert len(list(violations(module, source))) == 1


@pytest.mark.parametrize("module, source", [
    ("engine.network", "from eventsnn.connect.cpu import BLOCK"),
    ("layers.spiking", "from eventsnn import encode"),
    ("cli.entry", "from eventsnn import plot, __version__\nimport eventsnn"),
    ("plot", "from eventsnn.analyse import population_rate\nfrom eventsnn.core import check"),
    ("core.jit", "def f():\n    from numba import cuda"),
    ("engine.cuda", "import numba.cuda\nfrom eventsnn.connect import cuda"),
    ("engine.run", "def f():\n    from eventsnn.engine import cuda"),
    ("train.checkpoint", "import h5py\nfrom scipy_other import x"),
    ("layers.linear", "import eventsnn.neurons.lif, numpy\nfrom eventsnn.layers.base import Layer"),
])
def test_violations__allows(module, source):
    assert list(violations(module, source)) == []


def test_parts__are_all_in_the_table():
    parts = {module_of(file).split(".")[0] for file in FILES} - {"", "__main__"}

    assert {part for part in parts if row(part) is None} == set()


def test_files__are_short():
    lines = {module_of(file): len(file.read_text().splitlines()) for file in FILES}

    assert {name: n for name, n in lines.items() if n > 400} == {}
    assert statistics.median(lines.values()) < 150


def test_code__is_written_in_one_place_and_nothing_is_unpickled():
    for file in FILES:
        called = {node.func.id for node in ast.walk(ast.parse(file.read_text()))
                  if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not called & {"eval", "exec"} or module_of(file) == "core.fields", file
        assert "allow_pickle=True" not in file.read_text()
