"""Connections on a CUDA device; the twins of the modules of `eventsnn.connect`, by their names."""

from eventsnn.connect.cuda.feedback import TwoWayWeights, back_to, gathered

__all__ = ["TwoWayWeights", "back_to", "gathered"]
