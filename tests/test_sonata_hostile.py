"""Damaged and hostile networks: no crash, no hang, no memory; each in a child with a limit."""

import json
import os
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from eventsnn.errors import FormatError
from eventsnn.interop import (
    Edges, Nodes, from_sonata, read_sonata_edges, read_sonata_network, read_sonata_nodes,
    write_sonata_network,
)
from eventsnn.neurons import LIFExcInhParameters, LIFParameters
from eventsnn.simulate import Network
from tests.networks_under_test import DT
from tests.test_recording_hostile import mutate

MUTATIONS = int(os.environ.get("EVENTSNN_MUTATIONS", 600)) // 2
RSS_MB = 100

CHILD = """
import json, resource, sys, time, warnings
import numpy as np, scipy.sparse
from eventsnn.interop import read_sonata_network
warnings.simplefilter("error")

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.stdin.read().splitlines():
    began = time.perf_counter()
    try:
        said = {"read": repr(read_sonata_network(path))}
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


@pytest.fixture
def good(tmp_path, no_fsync):
    net = Network(DT)
    exc = net.population("exc", 20, LIFParameters(v_th=np.linspace(1, 2, 20)))
    inh = net.population("inh", 5, LIFExcInhParameters())
    net.connect(exc, inh, probability=0.5, delay=DT, channel="exc")
    net.connect(inh, exc, probability=0.5, delay=2 * DT)
    return write_sonata_network(tmp_path / "good", net)


def test_network__mutated_files_are_read_or_refused(tmp_path, good):
    rng, folders = np.random.default_rng(7), []
    names = sorted(file.name for file in good.iterdir())
    for k in range(MUTATIONS):
        folders.append(tmp_path / str(k))
        shutil.copytree(good, folders[-1])
        victim = folders[-1] / names[k % len(names)]
        victim.write_bytes(mutate(rng, victim.read_bytes()))

    said = look(folders, limit=60 + MUTATIONS / 10)

    # A configuration may by chance name a file that is not there, a file neurons that cannot be.
    allowed = {"FormatError", "FileNotFoundError", "ValueError", "TypeError", "StabilityWarning"}
    assert {one["error"] for one in said if "error" in one} <= allowed
    assert [one for one in said if one.get("error") in ("ValueError", "TypeError")
            and " must " not in one["text"]] == []
    assert all("\n" not in one.get("text", "") for one in said)
    assert max(one["s"] for one in said) < 5 and said[-1]["mb"] < RSS_MB
    assert sum("error" in one for one in said) > MUTATIONS / 4


# Each spoils one of the files of a good network, by its name: nodes.h5, edges.h5 or a text.

def replaced(group, name, *arguments, **options):
    attributes = dict(group[name].attrs)
    del group[name]
    group.create_dataset(name, *arguments, **options).attrs.update(attributes)


def nodes_external_storage(file):
    replaced(file["nodes/exc"], "node_id", dtype="u8", shape=(20,),
             external=[("/etc/passwd", 0, 160)])


def nodes_external_link(file):
    del file["nodes/exc"]
    file["nodes/exc"] = h5py.ExternalLink("../good/nodes.h5", "/nodes/exc")


def nodes_soft_link_to_parameters(file):
    del file["nodes/exc/0/dynamics_params"]
    file["nodes/exc/0/dynamics_params"] = h5py.SoftLink("/nodes/inh/0/dynamics_params")


def nodes_external_link_to_an_attribute(file):
    file["nodes/exc/0/secret"] = h5py.ExternalLink("/etc/passwd", "/")


def nodes_virtual(file):
    layout = h5py.VirtualLayout((20,), "f8")
    layout[:] = h5py.VirtualSource("../good/nodes.h5", "nodes/exc/0/dynamics_params/v_th", (20,))
    del file["nodes/exc/0/dynamics_params/v_th"]
    file["nodes/exc/0/dynamics_params"].create_virtual_dataset("v_th", layout)


def nodes_huge(file):
    replaced(file["nodes/exc"], "node_type_id", dtype="u8", shape=(2**40,), chunks=(1000,))


def nodes_with_a_library_bomb(file):
    """30,000 strings that are one and the same of 100 kB: 3 GB."""
    replaced(file["nodes/exc/0/@library"], "model_type", dtype=h5py.string_dtype(),
             data=["x" * 100_000] + [""] * 29_999)
    file.flush()
    with open(file.filename, "r+b") as raw:
        offset = file["nodes/exc/0/@library/model_type"].id.get_offset()
        raw.seek(offset)
        where_it_lies = raw.read(16)
        raw.seek(offset)
        raw.write(where_it_lies * 30_000)


def nodes_of_objects(file):
    replaced(file["nodes/exc/0"], "model_type", dtype=h5py.ref_dtype, shape=(20,))


def nodes_of_lists(file):
    replaced(file["nodes/exc/0/dynamics_params"], "v_th", dtype=h5py.vlen_dtype(float),
             shape=(20,))


def nodes_of_compounds(file):
    replaced(file["nodes/exc/0/dynamics_params"], "v_th", dtype=[("a", "f8")], shape=(20,))


def nodes_with_a_library_of_numbers(file):
    replaced(file["nodes/exc/0/@library"], "model_type", data=[1.0])


def nodes_beyond_the_library(file):
    file["nodes/exc/0/model_type"][3] = 7


def nodes_beyond_the_group(file):
    file["nodes/exc/node_group_index"][3] = 20


def nodes_twice(file):
    file["nodes/exc/node_id"][3] = 2


def nodes_in_a_cycle(file):
    file["nodes/exc/0/dynamics_params/again"] = file["nodes"]
    del file["nodes/exc/node_type_id"]
    file["nodes/exc/node_type_id"] = file["nodes"]


def nodes_that_are_short(file):
    replaced(file["nodes/exc/0/dynamics_params"], "v_th", data=np.ones(19))


def edges_external_storage(file):
    replaced(file["edges/exc_to_inh/0"], "delay", dtype="f8",
             shape=file["edges/exc_to_inh/0/delay"].shape, external=[("/etc/passwd", 0, 800)])


def edges_huge_in_one_piece(file):
    replaced(file["edges/exc_to_inh"], "source_node_id", dtype="u8", shape=(2**31,))


def edges_declared(file):
    """Each column may be in a file of this size, but not all of them."""
    for name, column in list(file["edges/exc_to_inh"].items()):
        if isinstance(column, h5py.Dataset):
            replaced(file["edges/exc_to_inh"], name, dtype="u8", shape=(2**23,), chunks=(2**16,))


def nodes_declared(file):
    for name in list(file["nodes/exc"]):
        if name != "0":
            replaced(file["nodes/exc"], name, dtype="u8", shape=(2**23,), chunks=(2**16,))


def edges_bomb(file):
    for name in ("source_node_id", "target_node_id"):
        replaced(file["edges/exc_to_inh"], name, dtype="u8", shape=(2**27,), chunks=(2**20,),
                 compression="gzip")


def edges_with_a_soft_index(file):
    del file["edges/exc_to_inh/indices"]
    file["edges/exc_to_inh/indices"] = h5py.SoftLink("/edges/inh_to_exc/indices")


def edges_to_nobody(file):
    file["edges/exc_to_inh/target_node_id"][0] = 5


def edges_below_nobody(file):
    ids = file["edges/exc_to_inh/source_node_id"][:].astype(np.int64)
    ids[0] = -1
    replaced(file["edges/exc_to_inh"], "source_node_id", data=ids)


def edges_beyond_int64(file):
    file["edges/exc_to_inh/source_node_id"][0] = 2**64 - 1


def edges_of_nobody(file):
    file["edges/exc_to_inh/source_node_id"].attrs["node_population"] = "nobody"


def edges_of_no_population(file):
    file["edges/exc_to_inh/source_node_id"].attrs["node_population"] = 3


def edges_that_never_come(file):
    file["edges/exc_to_inh/0/delay"][0] = 1e300


def edges_before_they_start(file):
    file["edges/exc_to_inh/0/delay"][0] = -1.0


def edges_without_weight(file):
    file["edges/exc_to_inh/0/syn_weight"][0] = np.nan


def edges_of_another_channel(file):
    replaced(file["edges/exc_to_inh/0/@library"], "channel", data=np.array([b"gap", b"inh"]))


H5 = [value for name, value in list(globals().items()) if name.startswith(("nodes_", "edges_"))]

TEXTS = {
    "parent": ("circuit_config.json", '"$BASE_DIR/nodes.h5"', '"$BASE_DIR/../good/nodes.h5"'),
    "root": ("circuit_config.json", '"$BASE_DIR/edges.h5"', '"/etc/passwd"'),
    "variable": ("circuit_config.json", '"."', '"../good"'),
    "unknown variable": ("circuit_config.json", "$BASE_DIR/nodes", "$HOME/nodes"),
    "endless variable": ("circuit_config.json", '"."', '"$BASE_DIR$BASE_DIR"'),
    "long variable": ("circuit_config.json", '"."', '"' + "./" * 100_000 + '"'),
    "null byte": ("circuit_config.json", "$BASE_DIR/nodes.h5", "a\\u0000b"),
    "network": ("simulation_config.json", "$BASE_DIR/circuit", "$BASE_DIR/../good/circuit"),
    "no network": ("simulation_config.json", '"network"', '"net"'),
    "step": ("simulation_config.json", '"dt": 0.1', '"dt": -0.1'),
    "step of text": ("simulation_config.json", '"dt": 0.1', '"dt": "0.1"'),
    "deep": ("circuit_config.json", '"networks":', '"x": ' + "[" * 100_000 + ', "networks":'),
    "list": ("circuit_config.json", '"networks": {', '"networks": [], "y": {'),
    "population": ("circuit_config.json", '"exc":', '"nobody":'),
    "types": ("node_types.csv", "node_type_id", "nod_type_id"),
    "type": ("node_types.csv", "1 inh", "x inh"),
    "types of one id": ("node_types.csv", "1 inh", "0 inh"),
    "field": ("node_types.csv", "1 inh", "1 " + "x" * 200_000),
    "columns": ("node_types.csv", "model_type", "model_type " + "x " * 2000),
    "many types": ("edge_types.csv", "1 inh", "\n".join(f"{k} x" for k in range(9, 10**5 + 10))),
    "long": ("edge_types.csv", "1 inh", "1 " + " " * (9 << 20)),
}


def test_network__refuses_hostile_files(tmp_path, good):
    folders = []
    for make in H5:
        folders.append(tmp_path / make.__name__)
        shutil.copytree(good, folders[-1])
        with h5py.File(folders[-1] / f"{make.__name__[:5]}.h5", "r+") as file:
            make(file)
    for name, (file, old, new) in TEXTS.items():
        folders.append(tmp_path / name)
        shutil.copytree(good, folders[-1])
        text = (folders[-1] / file).read_text()
        assert old in text, name
        (folders[-1] / file).write_text(text.replace(old, new, 1))
    folders.append(tmp_path / "linked")
    shutil.copytree(good, folders[-1])
    (folders[-1] / "nodes.h5").unlink()
    (folders[-1] / "nodes.h5").symlink_to(good / "nodes.h5")

    said = look([good, *folders], limit=120)

    assert "read" in said[0]
    values = {"edges_to_nobody", "edges_of_nobody", "edges_that_never_come",
              "edges_before_they_start", "edges_without_weight", "edges_of_another_channel"}
    for one, folder in zip(said[1:], folders, strict=True):
        # Files that are whole, but of a network that cannot be, are no FormatError.
        assert one.get("error") == ("ValueError" if folder.name in values else "FormatError"), one
        assert one["s"] < 1 and one["mb"] < RSS_MB and "\n" not in one["text"], one
        assert " must " in one["text"], one


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x80\x04cos\nsystem\n(S'false'\ntR."])
@pytest.mark.parametrize("read", [read_sonata_nodes, read_sonata_edges])
def test_read__refuses_what_is_no_hdf5(tmp_path, content, read):
    (tmp_path / "a.h5").write_bytes(content)

    with pytest.raises(FormatError, match="must be an HDF5 file that is whole"):
        read(tmp_path / "a.h5")


def test_read__says_what_is_missing(tmp_path, good):
    with pytest.raises(FileNotFoundError, match="nothing.h5"):
        read_sonata_nodes(tmp_path / "nothing.h5")
    with pytest.raises(FileNotFoundError, match="circuit_config.json"):
        read_sonata_network(tmp_path)
    with pytest.raises(FormatError, match="must be a SONATA node file, got an HDF5 file with no "
                                          "/nodes"):
        read_sonata_nodes(good / "edges.h5")
    with pytest.raises(FormatError, match="got an HDF5 file with no /edges/x"):
        read_sonata_edges(good / "edges.h5", populations=["x"])


ONE = {"a": Nodes(2)}
LOOP = {"e": Edges("a", "a", (2, 2), np.array([0]), np.array([1]))}


@pytest.mark.parametrize("nodes, edges, options, words", [
    (ONE, {}, {}, "models['a'] must give the parameters of a neuron, or None"),
    (ONE, {}, {"models": {"b": LIFParameters()}}, "models must be one of a, got 'b'"),
    (ONE, LOOP, {"models": {"a": LIFParameters()}, "channels": {"f": "exc"}}, "channels must be"),
    (ONE, LOOP, {"models": {"a": LIFParameters()}}, "weight must be given, since the edges 'e'"),
    (ONE, LOOP, {"models": {"a": LIFParameters()}, "weight": 1.0}, "delay must be given, since"),
    (ONE, LOOP, {"models": {"a": LIFParameters()}, "weight": 1.0, "delay": 1e-5},
     "delays of 'e' must lie in 0.0001 ... "),
    (ONE, LOOP, {"models": {"a": LIFExcInhParameters()}, "weight": 1.0, "delay": 1e-3},
     "channel must be one of exc, inh, got None"),
    (ONE, LOOP, {"models": {"a": LIFParameters()}, "channels": {"e": "exc"}, "weight": 1.0,
                 "delay": 1e-3}, "channel must be None: a has one input, got 'exc'"),
    ({"a": Nodes(2, {"model_template": np.array(["nrn:x", "nrn:x"], object)})}, {}, {},
     "got nrn:x"),
])
def test_from_sonata__refuses(nodes, edges, options, words):
    with pytest.raises(ValueError) as caught:
        from_sonata(nodes, edges, **options)

    assert words in str(caught.value)
