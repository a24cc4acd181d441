"""Simulation of large networks."""

from eventsnn.simulate.connection import Connection
from eventsnn.simulate.network import Cost, Network
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.source import Source
from eventsnn.simulate.traces import Spikes, Trace

__all__ = ["Connection", "Cost", "Network", "Population", "Source", "Spikes", "Trace", "View"]
