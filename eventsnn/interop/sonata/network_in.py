"""A `Network` from SONATA nodes and edges."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.dispatch import MODELS
from eventsnn.interop.sonata import config
from eventsnn.interop.sonata.edge_files import read_sonata_edges
from eventsnn.interop.sonata.edges import Edges, checked_edges
from eventsnn.interop.sonata.network_out import PERIOD, PERIOD_MS, START, template
from eventsnn.interop.sonata.nodes import Nodes, read_sonata_nodes
from eventsnn.record.sonata import step_ms
from eventsnn.simulate import Network, Population
from eventsnn.simulate.connection import sparse_array
from eventsnn.simulate.projections import LONGEST

DT = 1e-4  # s, where nobody says another


def read_sonata_network(path: str | os.PathLike, *, dt: float | None = None,
                        seed: int | None = None, threads: int = 1,
                        **options: Any) -> Network:
    """Make the network that a SONATA configuration describes.

    Files outside the folder of the configuration are refused; read those with `read_sonata_nodes`
    and `read_sonata_edges`, and give them to `from_sonata`.

    Parameters
    ----------
    path : path
        A configuration of a circuit or of a simulation, or a folder that `write_sonata_network`
        wrote.
    dt, seed : optional
        In place of those of the simulation's configuration; without one 0.1 ms and 0.
    threads : int
        As of `Network`.
    **options
        As of `from_sonata`: `models`, `channels`, `weight`, `delay`.

    Returns
    -------
    Network
        Without drives.

    Raises
    ------
    FormatError
        If a file is not what it should be.
    ValueError, TypeError
        If the network cannot be made with these arguments.
    """
    found = config.read(path)
    nodes: dict[str, Nodes] = {}
    edges: dict[str, Edges] = {}
    for part in found.nodes:
        nodes |= read_sonata_nodes(part.path, part.types, populations=part.populations)
    for part in found.edges:
        edges |= read_sonata_edges(part.path, part.types, populations=part.populations,
                                   attributes=("channel",))
    dt = (found.dt or DT) if dt is None else dt
    return from_sonata(nodes, edges, dt=dt, seed=(found.seed or 0) if seed is None else seed,
                       threads=threads, **options)


def from_sonata(nodes: Mapping[str, Nodes], edges: Mapping[str, Edges], *, dt: float = DT,
                seed: int = 0, threads: int = 1, models: Mapping[str, Any] | None = None,
                channels: Mapping[str, str] | None = None, weight: float | None = None,
                delay: float | None = None) -> Network:
    """Make a network of nodes and edges.

    Synapses of one input channel become a connection. Two of one pair and one delay, in whole
    steps, become one of the summed weight, which does the same. Inputs add
    up in another order than in a network that connected the same populations several times, so
    spikes are equal to the last bit where sums are exact, and where each pair of populations was
    connected once.

    Parameters
    ----------
    nodes : dict of str to Nodes
        As `read_sonata_nodes` gives them.
    edges : dict of str to Edges
        As `read_sonata_edges` gives them.
    dt : float
        Step, s.
    seed, threads
        As of `Network`.
    models : dict of str to named tuples, optional
        Parameters of populations that name no model of ours; None leaves a population out, and its
        edges with it.
    channels : dict of str to str, optional
        Input channel of the edges of an edge population, where the target has several and the
        file, in an attribute `channel`, does not say.
    weight, delay : float, optional
        Of edges that have none; delay in s.

    Returns
    -------
    Network
        Without drives.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> nodes = {"a": Nodes(2), "b": Nodes(3)}
    >>> edges = {"a_to_b": Edges("a", "b", (2, 3), np.array([0, 1]), np.array([2, 0]), 0.5, 1e-3)}
    >>> from_sonata(nodes, edges, models={"a": LIFParameters(), "b": LIFParameters()})
    Network(dt=0.0001, seed=0, time=0 s, {a: 2, b: 3})
    """
    net, models, channels = Network(dt, seed, threads), dict(models or {}), dict(channels or {})
    for argument, given, known in (("models", models, nodes), ("channels", channels, edges)):
        for name in given:
            if name not in known:
                raise check.unknown(argument, name, known)
    for name, part in nodes.items():
        if models.get(name, part) is not None:
            _add(net, name, part, models.get(name))
    for name, some in edges.items():
        for end in (some.source, some.target):
            if end not in nodes:
                raise check.must(f"nodes of the edges {name!r}", f"be one of {', '.join(nodes)}",
                                 repr(end))
        if some.source in net.populations and some.target in net.populations:
            _connect(net, name, some, channels.get(name), weight, delay)
    return net


def _add(net: Network, name: str, nodes: Nodes, model: Any) -> Population:
    """Add the population, of the model given or of that which the nodes name."""
    if model is not None:
        return net.population(name, nodes.n, model)
    named = set(nodes.attributes.get("model_template", ()))
    known = {template(cls): cls for cls in MODELS}
    if len(named) != 1 or not named <= set(known):
        got = ", ".join(sorted(map(str, named))[:3]) or "none"
        raise check.must(f"models[{name!r}]", "give the parameters of a neuron, or None to leave "
                         "the population out, where the nodes name no model of ours", got)
    cls: Any = known[named.pop()]
    given = {key: _shared(values) for key, values in nodes.dynamics_params.items()}
    if PERIOD_MS in given and PERIOD in cls._fields:
        given[PERIOD] = _steps(given.pop(PERIOD_MS), net.dt)
    initial = {field: given[field + START] for field in MODELS[cls].state._fields  # type: ignore
               if field + START in given}
    p = cls(**{field: given[field] for field in cls._fields if field in given})
    return net.population(name, nodes.n, p, initial=initial)


def _shared(values: np.ndarray) -> Any:
    """One number where all are equal."""
    return float(values[0]) if len(values) and (values == values[0]).all() else values


def _steps(ms: Any, dt: float) -> Any:
    """A time as a number of steps; whole where it is that but for rounding."""
    steps = np.asarray(ms) / float(step_ms(dt))
    steps = np.where(abs(steps - np.rint(steps)) < 1e-6, np.rint(steps), steps)
    return float(steps) if steps.ndim == 0 else steps


def _connect(net: Network, name: str, edges: Edges, channel: str | None, weight: float | None,
             delay: float | None) -> None:
    """Connect what the edges connect: one connection a channel."""
    pre, post = net.populations[edges.source], net.populations[edges.target]
    for what, values, given in (("weight", edges.weights, weight), ("delay", edges.delays, delay)):
        if values is None and given is None:
            raise check.must(what, f"be given, since the edges {name!r} have none", None)
    named = edges.attributes.get("channel")
    edges = checked_edges(name, edges._replace(
        shape=(len(pre), len(post)), attributes={},
        weights=weight if edges.weights is None else edges.weights,
        delays=delay if edges.delays is None else edges.delays))
    inputs: Any = post.model.inputs
    known: list[Any] = [None] if inputs is None else list(inputs._fields)
    codes = np.full(len(edges.sources), -1)
    if inputs is None or named is None:
        codes[:] = post.channel(channel)
    else:
        for code, one in enumerate(known):
            codes[named == one] = code
        for one in named[codes < 0][:1]:
            raise check.unknown(f"channel of the edges {name!r}", one, known)
    least, most = np.min(edges.delays, initial=np.inf), np.max(edges.delays, initial=0.0)
    if edges.delays.size and not 1 <= round(least / net.dt) <= most / net.dt <= LONGEST + 0.5:
        raise check.must(f"delays of {name!r}", f"lie in {net.dt:g} ... {LONGEST * net.dt:g} s",
                         f"{least:g} ... {most:g} s")
    for code in np.unique(codes):
        which = codes == code
        weights, delays = (sparse_array(edges.sources[which], edges.targets[which], values[which],
                                        (len(pre), len(post)))
                           for values in (edges.weights, edges.delays))
        net.connect(pre, post, matrix=weights, delay=delays, channel=known[code])
