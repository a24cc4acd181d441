"""Plasticity, one rule a file: parameters, state, one Euler step of scalars, and of arrays."""

from eventsnn.plasticity.correlation_sensor import (
    CorrelationSensorParameters, CorrelationSensorState, correlation_based_update,
    correlation_sensor_step, correlation_sensor_step_vjp,
)
from eventsnn.plasticity.pair_stdp import PairSTDP
from eventsnn.plasticity.stdp import (
    ALGORITHMS, STDPParameters, STDPState, stdp_step_conv2d, stdp_step_linear,
)
from eventsnn.plasticity.stdp_sensor import (
    STDPSensorParameters, STDPSensorState, stdp_sensor_step,
)
from eventsnn.plasticity.tsodyks_makram import (
    TsodyksMakramParameters, TsodyksMakramState, stp_step,
)

__all__ = [
    "ALGORITHMS", "CorrelationSensorParameters", "CorrelationSensorState", "PairSTDP",
    "STDPParameters", "STDPSensorParameters", "STDPSensorState", "STDPState",
    "TsodyksMakramParameters", "TsodyksMakramState", "correlation_based_update",
    "correlation_sensor_step", "correlation_sensor_step_vjp", "stdp_sensor_step",
    "stdp_step_conv2d", "stdp_step_linear", "stp_step",
]
