"""A `Network` to a folder of SONATA files."""

import contextlib
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.files import Replacement, check_new, make_folder
from eventsnn.interop.sonata import config, edge_files, nodes, type_tables
from eventsnn.interop.sonata.edge_files import Attribute
from eventsnn.interop.sonata.nodes import Nodes
from eventsnn.interop.sonata.writer import NewFile
from eventsnn.record.sonata import times_ms
from eventsnn.simulate import Connection, Network, Population
from eventsnn.surrogates import Heaviside

PERIOD, PERIOD_MS = "rho_reset", "t_ref"  # steps, that depend on dt; and what the file has, ms
START = "_init"  # what the start value of a state variable is called: v_init


def write_sonata_network(folder: str | os.PathLike, net: Network, *,
                         positions: Mapping[str, Any] | None = None, duration: float | None = None,
                         spikes: str = "spikes.h5", overwrite: bool = False) -> pathlib.Path:
    """Write a network as SONATA files that libsonata, bluepysnap and bmtk open.

    Parameters, start values, synapses, step and seed are written, so `read_sonata_network` makes
    the network again. Drives and recordings are not: the format has no place for them. Memory is
    taken for a share of the synapses.

    Parameters
    ----------
    folder : path
        Made if need be. Gets ``nodes.h5``, ``edges.h5`` (with one population of edges a pair of
        populations, ``<pre>_to_<post>``), ``node_types.csv``, ``edge_types.csv``,
        ``circuit_config.json`` and ``simulation_config.json``.
    net : Network
        Is built, if it was not; may have run.
    positions : dict of str to (n, 3) arrays, optional
        By population, written as ``x, y, z``.
    duration : float, optional
        s, of the run that the configuration describes; by default what the network ran, or 1 s.
    spikes : str
        Name of the recording in the folder, for tools that look for it there.
    overwrite : bool
        Whether existing files may be replaced.

    Returns
    -------
    folder : pathlib.Path

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or a population has a threshold that is not `Heaviside`.

    Examples
    --------
    >>> import tempfile
    >>> from eventsnn.interop import read_sonata_network
    >>> from eventsnn.neurons import LIFParameters
    >>> net = Network(dt=1e-4, seed=1)
    >>> cells = net.population("cells", 50, LIFParameters(), refractory=2e-3)
    >>> synapses = net.connect(cells, cells, probability=0.1, weight=0.5, delay=1.5e-3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = read_sonata_network(write_sonata_network(folder, net))
    >>> again, again.n_synapses == net.n_synapses
    (Network(dt=0.0001, seed=1, time=0 s, {cells: 50}), True)
    """
    folder = pathlib.Path(folder)
    if not isinstance(net, Network):
        raise check.must("net", "be a Network", type(net).__name__, error=TypeError)
    seconds = check.number("duration", net.time or 1.0 if duration is None else duration, above=0.0)
    nodes.check_name("spikes", spikes)
    populations = nodes.checked_nodes(_nodes(net, positions or {}))
    pairs = _pairs(net)
    small = {
        config.SIMULATION: config.simulation(net.dt, int(net.seed), seconds, spikes),
        config.CIRCUIT: config.circuit(list(populations), list(pairs)),
        config.NODE_TYPES: type_tables.written("node", {k: {
            "population": name, "model_type": "point_neuron",
            "model_template": template(type(net.populations[name].p))}
            for k, name in enumerate(populations)}),
        config.EDGE_TYPES: type_tables.written("edge", {k: {"population": name}
                                                        for k, name in enumerate(pairs)})}
    if folder.exists() or not folder.parent.exists():
        for name in (*small, config.NODES, config.EDGES):
            check_new(folder / name, overwrite)
    net.build()
    make_folder(folder)
    with contextlib.ExitStack() as files:  # the last one entered gets its name first
        for name, content in small.items():
            files.enter_context(Replacement(folder / name, overwrite)).write(0, content)
        with NewFile(files.enter_context(Replacement(folder / config.NODES, overwrite))) as file:
            nodes.fill(file, populations)
        if pairs:
            new = files.enter_context(Replacement(folder / config.EDGES, overwrite))
            with NewFile(new) as file:
                for k, (name, pair) in enumerate(pairs.items()):
                    edge_files.fill(file, name, pair, k)
    return folder


def template(model: type) -> str:
    """What files call a neuron model: ``eventsnn:LIFParameters``."""
    return f"{model.__module__.partition('.')[0]}:{model.__name__}"


def _nodes(net: Network, positions: Mapping[str, Any]) -> dict[str, Nodes]:
    for name in positions:
        if name not in net.populations:
            raise check.unknown("positions", name, net.populations)
    if not net.populations:
        raise check.must("net", "have a population", "none")
    found = {}
    for k, (name, population) in enumerate(net.populations.items()):
        n = len(population)
        if type(population.threshold) is not Heaviside:
            raise check.must(f"threshold of {name!r}", "be Heaviside() in a file",
                             population.threshold)
        attributes: dict[str, Any] = {"model_type": "point_neuron",
                                      "model_template": template(type(population.p))}
        if name in positions:
            places = check.real_array(f"positions[{name!r}]", positions[name])
            check.shape(f"positions[{name!r}]", places.shape, (n, 3))
            attributes |= dict(zip("xyz", places.T, strict=True))
        parameters = _parameters(population, net.dt)
        units = {field: "1/s" for field in parameters
                 if field.startswith("tau_") and field.endswith("_inv")}
        found[name] = Nodes(n, attributes, parameters, units | {PERIOD_MS: "ms"}, np.full(n, k))
    return found


def _parameters(population: Population, dt: float) -> dict[str, Any]:
    """Parameters of the model, and start values of the state where they are not those at rest."""
    found = {field: np.asarray(value, None if np.ndim(value) else np.float64)
             for field, value in population.p._asdict().items()}
    if PERIOD in found:
        found[PERIOD_MS] = times_ms(np.asarray(found.pop(PERIOD), np.float64), dt)
    rest = population.model.rest(population.p)
    for field, value, at_rest in zip(rest._fields, population.state, rest, strict=True):
        if (value != at_rest).any():
            found[field + START] = value
    return found


def _pairs(net: Network) -> dict[str, "_Pair"]:
    """What connects each pair of populations, by a name, in the order of the first connections."""
    by_ends: dict[tuple[str, str], list[Connection]] = {}
    for made in net.connections:
        by_ends.setdefault((made.pre.population.name, made.post.population.name), []).append(made)
    found: dict[str, _Pair] = {}
    for (source, target), several in by_ends.items():
        name = f"{source}_to_{target}"
        while name in found:  # "a_to_b" to "c", and "a" to "b_to_c"
            name += "_"
        found[name] = _Pair(source, target, several, net)
    return found


class _Pair:
    """All synapses from one population to another, as `edge_files.fill` takes them."""

    def __init__(self, source: str, target: str, several: list[Connection], net: Network) -> None:
        self.source, self.target, self._several, self._dt = source, target, several, net.dt
        post = net.populations[target]
        self.shape = len(net.populations[source]), len(post)
        inputs: Any = post.model.inputs
        self._channels = [] if inputs is None else list(inputs._fields)
        columns = {"syn_weight": Attribute(np.float32), "delay": Attribute(np.float64, "ms")}
        if self._channels:
            columns["channel"] = Attribute(np.uint32, None, self._channels)
        self.columns: Mapping[str, Attribute] = columns

    def in_degree(self) -> np.ndarray:
        """Synapses onto each neuron of the population."""
        degree = np.zeros(self.shape[1], np.int64)
        for made in self._several:
            degree[made.post.start:made.post.stop] += made.in_degree()
        return degree

    def onto(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Those onto some neurons, by target and source; of one pair in the order of connection."""
        found: list[tuple[np.ndarray, ...]] = []
        for made in self._several:
            first = made.post.start
            begin, end = np.clip([start - first, stop - first], 0, len(made.post)).tolist()
            sources, targets, weights, delays = made.synapses(begin, end)
            delay = times_ms(np.rint(delays / self._dt).astype(np.int64), self._dt)
            channel = self._channels.index(made.channel) if made.channel else 0
            found.append((sources + made.pre.start, targets + first, weights,
                          delay, np.full(len(sources), channel, np.uint32)))
        columns = [np.concatenate(part) for part in zip(*found, strict=True)]
        if len(found) > 1:  # each by itself is sorted
            order = np.lexsort((columns[0], columns[1]))
            columns = [column[order] for column in columns]
        return dict(zip(("sources", "targets", "syn_weight", "delay", "channel"), columns,
                        strict=True))
