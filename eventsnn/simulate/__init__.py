"""Simulation of large networks."""

from eventsnn.simulate.connection import Connection
from eventsnn.simulate.distributions import ClippedNormal, LogNormal, Normal, Uniform
from eventsnn.simulate.network import Cost, Network
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.source import Source
from eventsnn.simulate.traces import Spikes, Trace

__all__ = ["ClippedNormal", "Connection", "Cost", "LogNormal", "Network", "Normal", "Population",
           "Source", "Spikes", "Trace", "Uniform", "View"]
