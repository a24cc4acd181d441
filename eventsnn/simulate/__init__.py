"""Simulation of large networks."""

from eventsnn.simulate.connection import Connection, Listing
from eventsnn.simulate.distributions import (
    ClippedNormal, Distribution, LogNormal, Normal, Uniform, draw,
)
from eventsnn.simulate.network import Cost, Network
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.rules import AllToAll, FixedInDegree, FixedProbability, OneToOne
from eventsnn.simulate.traces import Spikes, Trace

__all__ = [
    "AllToAll", "ClippedNormal", "Connection", "Cost", "Distribution", "FixedInDegree",
    "FixedProbability", "Listing", "LogNormal", "Network", "Normal", "OneToOne", "Population",
    "Spikes", "Trace", "Uniform", "View", "draw",
]
