"""Published networks, ready to run."""

from eventsnn.networks.cuba import cuba

__all__ = ["cuba"]
