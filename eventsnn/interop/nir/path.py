"""The one way through a graph, from its input to its output."""

from collections import defaultdict
from typing import Any

from eventsnn.core import check
from eventsnn.interop.nir.conventions import FIELDS


class Path:
    """The nodes of a graph in the order in which a signal meets them.

    Parameters
    ----------
    graph : nir.NIRGraph
    prefix : str
        Of the names in messages: which graph it is within others.

    Attributes
    ----------
    names : list of str
        From the `Input` to the `Output`.
    loops : dict of str to str
        Neuron -> the `Linear` or `Affine` that leads from it to itself.

    Raises
    ------
    ValueError
        If there is no such way, more than one, or a node beside it.
    """

    def __init__(self, graph: Any, prefix: str = "") -> None:
        self._nodes, self._prefix = graph.nodes, prefix
        self._after: dict[str, list[str]] = defaultdict(list)
        self._before: dict[str, list[str]] = defaultdict(list)
        for edge in graph.edges:
            self._add(edge)
        self.loops = self._find_loops()
        start, end = self._only("Input"), self._only("Output")
        self.names = [start]
        while self.names[-1] != end:
            self.names.append(self._next(self.names[-1]))
        beside = [name for name in self._nodes
                  if name not in self.names and name not in self.loops.values()]
        if beside:
            raise self._refuse(beside[0], "lie on the way from the input to the output",
                               "one that does not")
        if self._after[end]:
            raise self._refuse(end, "lead nowhere, being the output",
                               f"edges to {self._listed(self._after[end])}")

    def _add(self, edge: Any) -> None:
        source, target = edge
        for name in edge:
            if name not in self._nodes:
                raise check.must("edges", "join nodes of the graph",
                                 f"{self._prefix}{name} in ({source}, {target})")
        if target in self._after[source]:
            raise check.must("edges", "stand once each", f"({source}, {target}) twice")
        self._after[source].append(target)
        self._before[target].append(source)

    def _find_loops(self) -> dict[str, str]:
        """The recurrent neurons, and their weights; edges of theirs are taken away."""
        loops: dict[str, str] = {}
        for name, node in self._nodes.items():
            if type(node).__name__ not in ("Linear", "Affine"):
                continue
            if self._before[name] == self._after[name] and len(self._after[name]) == 1:
                neuron = self._after[name][0]
                if type(self._nodes[neuron]).__name__ not in FIELDS:
                    continue
                if neuron in loops:
                    raise self._refuse(neuron, "feed itself through one node",
                                       f"{loops[neuron]} and {name}")
                loops[neuron] = name
                self._after[neuron].remove(name)
                self._before[neuron].remove(name)
        return loops

    def _only(self, kind: str) -> str:
        found = [name for name, node in self._nodes.items() if type(node).__name__ == kind]
        if len(found) != 1:
            where = f"graph {self._prefix[:-1]!r}" if self._prefix else "graph"
            raise check.must(where, f"have one {kind}", self._listed(found) or "none")
        return found[0]

    def _next(self, name: str) -> str:
        """The node behind one, which is the only one, and comes from it alone."""
        following = self._after[name]
        if not following:
            raise self._refuse(name, "lead to a node", "no edge from it")
        if len(following) > 1:
            raise self._refuse(name, "lead to one node", self._listed(following),
                               "chains do not branch")
        after = following[0]
        if after in self.names or after == name:
            raise self._refuse(after, "be in no cycle", f"one that comes back from {name}",
                               "a neuron may feed itself through one Linear or Affine")
        if len(self._before[after]) > 1:
            raise self._refuse(
                after, "take its input from one node", self._listed(self._before[after]),
                "chains do not add; a neuron may feed itself through one Linear or Affine")
        return after

    def _listed(self, names: list[str]) -> str:
        return " and ".join(names)

    def _refuse(self, name: str, demand: str, got: str, remedy: str = "") -> ValueError:
        return check.must(f"node {self._prefix + name!r}", demand, got, remedy)
