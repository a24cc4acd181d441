"""Encoders: values to spikes."""

from eventsnn.encode.constant import (
    ConstantCurrentLIFAdExEncoder, ConstantCurrentLIFEncoder, ConstantCurrentLIFExEncoder,
)
from eventsnn.encode.latency import SpikeLatencyEncoder, SpikeLatencyLIFEncoder
from eventsnn.encode.poisson import (
    PoissonEncoder, PoissonEncoderStep, SignedPoissonEncoder, SignedPoissonEncoderStep,
)

__all__ = [
    "ConstantCurrentLIFAdExEncoder", "ConstantCurrentLIFEncoder", "ConstantCurrentLIFExEncoder",
    "PoissonEncoder", "PoissonEncoderStep", "SignedPoissonEncoder",
    "SignedPoissonEncoderStep", "SpikeLatencyEncoder", "SpikeLatencyLIFEncoder",
]
