"""Encoders: values to spikes."""

from eventsnn.encode.constant import (
    ConstantCurrentLIFAdExEncoder, ConstantCurrentLIFEncoder, ConstantCurrentLIFExEncoder,
)
from eventsnn.encode.latency import SpikeLatencyEncoder, SpikeLatencyLIFEncoder
from eventsnn.encode.poisson import (
    PoissonEncoder, PoissonEncoderStep, SignedPoissonEncoder, SignedPoissonEncoderStep,
)
from eventsnn.encode.population import PopulationEncoder, euclidean_distance, gaussian_rbf

__all__ = [
    "ConstantCurrentLIFAdExEncoder", "ConstantCurrentLIFEncoder", "ConstantCurrentLIFExEncoder",
    "PoissonEncoder", "PoissonEncoderStep", "PopulationEncoder", "SignedPoissonEncoder",
    "SignedPoissonEncoderStep", "SpikeLatencyEncoder", "SpikeLatencyLIFEncoder",
    "euclidean_distance", "gaussian_rbf",
]
