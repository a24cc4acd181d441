"""Connections on a CUDA device; the twins of the modules of `eventsnn.connect`, by their names."""

from eventsnn.connect.cuda import columns, conv, delay, gather, pooling
from eventsnn.connect.cuda.feedback import TwoWayWeights, back_to, gathered

__all__ = ["TwoWayWeights", "back_to", "columns", "conv", "delay", "gather", "gathered", "pooling"]
