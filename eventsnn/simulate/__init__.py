"""Simulation of large networks."""

from eventsnn.simulate.connection import Connection, Listing
from eventsnn.simulate.cost import Cost
from eventsnn.simulate.distance_rule import DistanceProbability
from eventsnn.simulate.distributions import (
    ClippedNormal, Distribution, LogNormal, Normal, Uniform, draw,
)
from eventsnn.simulate.network import Network
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.rules import (
    AllToAll, FixedInDegree, FixedOutDegree, FixedProbability, FixedTotalNumber, OneToOne,
)
from eventsnn.simulate.source import Source
from eventsnn.simulate.state import Snapshot
from eventsnn.simulate.traces import Spikes, Trace

__all__ = [
    "AllToAll", "ClippedNormal", "Connection", "Cost", "DistanceProbability", "Distribution",
    "FixedInDegree", "FixedOutDegree", "FixedProbability", "FixedTotalNumber", "Listing",
    "LogNormal", "Network", "Normal", "OneToOne", "Population", "Snapshot", "Source", "Spikes",
    "Trace", "Uniform", "View", "draw",
]
