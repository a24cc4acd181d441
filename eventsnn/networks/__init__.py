"""Published networks, ready to run."""

from eventsnn.networks.brunel import brunel
from eventsnn.networks.coba import coba
from eventsnn.networks.cuba import cuba
from eventsnn.networks.microcircuit import microcircuit

__all__ = ["brunel", "coba", "cuba", "microcircuit"]
