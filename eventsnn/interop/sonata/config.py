"""The JSON files that say which files make a SONATA network, and how a run of it goes."""

import json
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from eventsnn.core import check
from eventsnn.errors import FormatError
from eventsnn.interop.sonata.type_tables import small_text
from eventsnn.record.sonata import step_ms

CIRCUIT, SIMULATION = "circuit_config.json", "simulation_config.json"
NODES, EDGES = "nodes.h5", "edges.h5"
NODE_TYPES, EDGE_TYPES = "node_types.csv", "edge_types.csv"
DEEPEST, LONGEST = 20, 4096  # variables that stand for variables, and characters of one
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Part(NamedTuple):
    """A file of nodes or of edges."""

    path: pathlib.Path
    types: pathlib.Path | None
    populations: tuple[str, ...] | None  # which of it, or None for all


class Config(NamedTuple):
    """What a configuration says."""

    nodes: list[Part]
    edges: list[Part]
    dt: float | None  # s
    seed: int | None


def circuit(nodes: Sequence[str], edges: Sequence[str]) -> bytes:
    """The configuration of a network with these populations."""
    networks: dict[str, Any] = {"nodes": [{
        "nodes_file": f"$BASE_DIR/{NODES}", "node_types_file": f"$BASE_DIR/{NODE_TYPES}",
        "populations": {name: {"type": "point_neuron"} for name in nodes}}], "edges": []}
    if edges:
        networks["edges"].append({
            "edges_file": f"$BASE_DIR/{EDGES}", "edge_types_file": f"$BASE_DIR/{EDGE_TYPES}",
            "populations": {name: {"type": "chemical"} for name in edges}})
    return _bytes({"networks": networks})


def simulation(dt: float, seed: int, duration: float, spikes: str) -> bytes:
    """The configuration of a run; times in s, `spikes` is the name of the recording."""
    return _bytes({
        "network": f"$BASE_DIR/{CIRCUIT}",
        "run": {"tstop": duration * 1e3, "dt": float(step_ms(dt)), "random_seed": seed},
        "output": {"output_dir": "$BASE_DIR", "spikes_file": spikes}})


def _bytes(content: dict[str, Any]) -> bytes:
    # Names may be of any alphabet, and the file is ASCII all the same.
    return json.dumps({"version": 2.4, "manifest": {"$BASE_DIR": "."}} | content, indent=2).encode()


def read(path: str | os.PathLike) -> Config:
    """What the configuration of a network, or of a run, or a folder with one, says.

    Raises
    ------
    FormatError
        If it is none, or names a file outside its folder.
    """
    name = check.path("path", path)
    if name.is_dir():
        name = next((name / file for file in (SIMULATION, CIRCUIT) if (name / file).exists()),
                    name / CIRCUIT)
    whole = _object(name)
    run = whole.get("run", {})
    try:
        dt, seed = run.get("dt"), run.get("random_seed")
        dt = None if dt is None else check.number("run.dt", dt, above=0.0) / 1e3
        seed = None if seed is None else check.integer("run.random_seed", seed, least=0)
        if isinstance(whole.get("network"), str) and "networks" not in whole:
            name = _inside(name, whole, whole["network"])
            whole = _object(name)
        networks = whole["networks"]
        nodes, edges = [[_part(name, whole, entry, kind) for entry in networks.get(f"{kind}s", [])]
                        for kind in ("node", "edge")]
    except FormatError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _refuse(name, "be a SONATA configuration", f"another file ({error})") from error
    return Config(nodes, edges, dt, seed)


def _object(path: pathlib.Path) -> dict[str, Any]:
    try:
        found = json.loads(small_text(path, "a SONATA configuration"))
    except (RecursionError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise _refuse(path, "be JSON", f"another file ({error})") from error
    if not isinstance(found, dict):
        raise _refuse(path, "be a SONATA configuration", type(found).__name__)
    return found


def _part(config: pathlib.Path, whole: Mapping[str, Any], entry: Mapping[str, Any],
          kind: str) -> Part:
    types = entry.get(f"{kind}_types_file")
    names = entry.get("populations")
    return Part(_inside(config, whole, entry[f"{kind}s_file"]),
                _inside(config, whole, types) if types else None,
                tuple(names.keys()) if names else None)


def _inside(config: pathlib.Path, whole: Mapping[str, Any], value: str) -> pathlib.Path:
    """A path of the configuration, that leads to the folder of the configuration or into it."""
    folder = config.parent.resolve()
    variables = {key.strip("${}"): text for key, text in whole.get("manifest", {}).items()
                 if isinstance(text, str) and len(text) <= LONGEST}
    variables["configdir"] = str(folder)
    text = value
    for _ in range(DEEPEST):
        if "$" not in text or len(text) > LONGEST:
            break
        text = _VARIABLE.sub(lambda m: variables.get(m[1] or m[2], m[0]), text)
    path = (folder / text[:LONGEST]).resolve()
    if "$" in text or len(text) > LONGEST or not path.is_relative_to(folder):
        raise _refuse(config, "name files in its own folder", repr(value))
    return path


def _refuse(path: pathlib.Path, demand: str, got: str) -> FormatError:
    return check.must(str(path), demand, got, error=FormatError)
