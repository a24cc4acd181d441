"""The twenty behaviours of Izhikevich's neuron: the stimuli of the paper's figure, and the answers.

The stimuli and steps are those of the figure's published program [1]_, but for two: the second
pulse of `bistability` comes 8 ms earlier, since forward Euler with the old potential in both
equations runs at another phase; and steps are 0.25 ms where the parameter set says so.
`eventsnn.neurons.behaviors` tells what the answers do not share with the figure.

References
----------
.. [1] Izhikevich, IEEE Trans. Neural Networks 15, 1063 (2004), figure 1.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from eventsnn.layers import Izhikevich
from eventsnn.neurons.behaviors import BEHAVIORS

DT = 1e-3  # s; a step is `tau_inv * DT` ms of the model's time, unless its protocol says otherwise

# Behaviours that these parameter sets do not show; why stands in `eventsnn.neurons.behaviors`.
NOT_SHOWN = ("dap", "accomodation", "inhibition_induced_bursting")


class Protocol(NamedTuple):
    """How a behaviour is brought out; times in ms of the model's time."""

    duration: float
    current: Callable[[np.ndarray], np.ndarray]  # of the times
    step: float | None = None


class Answer(NamedTuple):
    """What a neuron did; arrays over the steps."""

    name: str
    t: np.ndarray  # ms of the model's time
    current: np.ndarray
    v: np.ndarray  # mV, drawn to the peak where it spikes
    spikes: np.ndarray  # 0 or 1


def _step(start: float, height: float) -> Callable:
    return lambda t: np.where(t > start, height, 0.0)


def _ramp(start: float, slope: float, foot: float = 0.0) -> Callable:
    return lambda t: foot + np.where(t > start, slope * (t - start), 0.0)


def _pulses(height: float, *spans: tuple[float, float], foot: float = 0.0) -> Callable:
    """`height` within the spans (start, length), else `foot`."""
    def current(t: np.ndarray) -> np.ndarray:
        inside = np.any([(t > start) & (t < start + length) for start, length in spans], axis=0)
        return np.where(inside, height, foot)
    return current


def _threshold_test(t: np.ndarray) -> np.ndarray:
    return _pulses(1.0, (10, 5), (80, 5))(t) + _pulses(-6.0, (70, 5))(t)


def _slow_then_fast_ramp(t: np.ndarray) -> np.ndarray:
    slow = np.where(t < 200, t / 25, 0.0)
    return np.where((t >= 300) & (t < 312.5), (t - 300) / 12.5 * 4, slow)


PROTOCOLS = {
    "tonic_spiking": Protocol(100, _step(10, 14.0)),
    "phasic_spiking": Protocol(200, _step(20, 0.5)),
    "tonic_bursting": Protocol(220, _step(22, 15.0)),
    "phasic_bursting": Protocol(200, _step(20, 0.6)),
    "mixed_mode": Protocol(160, _step(16, 10.0)),
    "spike_frequency_adaptation": Protocol(85, _step(8.5, 30.0)),
    "class_1_exc": Protocol(300, _ramp(30, 0.075)),
    "class_2_exc": Protocol(300, _ramp(30, 0.015, foot=-0.5)),
    "spike_latency": Protocol(100, _pulses(7.04, (10, 3)), step=0.2),
    "subthreshold_oscillation": Protocol(200, _pulses(2.0, (20, 5))),
    "resonator": Protocol(400, _pulses(0.65, (40, 4), (60, 4), (280, 4), (320, 4))),
    "integrator": Protocol(100, _pulses(9.0, (9.09, 2), (14.09, 2), (70, 2), (80, 2))),
    "rebound_spike": Protocol(200, _pulses(-15.0, (20, 5))),
    "rebound_burst": Protocol(200, _pulses(-15.0, (20, 5))),
    "threshold_variability": Protocol(100, _threshold_test),
    "bistability": Protocol(300, _pulses(1.24, (37.5, 5), (208, 5), foot=0.24)),
    "dap": Protocol(50, _pulses(20.0, (9, 2))),
    "accomodation": Protocol(400, _slow_then_fast_ramp),
    "inhibition_induced_spiking": Protocol(350, _pulses(75.0, (50, 200), foot=80.0), step=0.5),
    "inhibition_induced_bursting": Protocol(350, _pulses(75.0, (50, 200), foot=80.0), step=0.5),
}


def answer(name: str) -> Answer:
    """Run one neuron of the behaviour `name` under its stimulus."""
    behavior, protocol = BEHAVIORS[name], PROTOCOLS[name]
    step = protocol.step or behavior.p.tau_inv * DT
    t = step * np.arange(round(protocol.duration / step))
    current = protocol.current(t)
    neuron = Izhikevich(behavior, dt=step / behavior.p.tau_inv, record_states=True)
    spikes, states = neuron(current[:, None])
    fired = spikes[:, 0] > 0
    return Answer(name, t, current, np.where(fired, behavior.p.v_th, states.v[:, 0]), spikes[:, 0])


def answers() -> Iterator[Answer]:
    """The answers of all twenty, in the order of the paper's figure."""
    return map(answer, PROTOCOLS)
