"""Connections: spikes of one population to input of another."""
