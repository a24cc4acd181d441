"""Encoders: values to spikes."""

from eventsnn.encode.constant import ConstantCurrentLIFEncoder
from eventsnn.encode.latency import SpikeLatencyEncoder, SpikeLatencyLIFEncoder
from eventsnn.encode.poisson import (
    PoissonEncoder, PoissonEncoderStep, SignedPoissonEncoder, SignedPoissonEncoderStep,
)

__all__ = [
    "ConstantCurrentLIFEncoder", "PoissonEncoder", "PoissonEncoderStep", "SignedPoissonEncoder",
    "SignedPoissonEncoderStep", "SpikeLatencyEncoder", "SpikeLatencyLIFEncoder",
]
