"""What looks at spikes and states: filter, decoder, penalty, receptive field."""

from typing import Any

import numpy as np

from eventsnn.connect import gaussian
from eventsnn.layers import Accumulator, RegularizationCell, SpikesToTimesDecoder, spike_accumulator
from eventsnn.plasticity import arguments


def exp_filter_step(old_value: Any, new_value: Any, parameter: float) -> np.ndarray:
    """One step of an exponential filter that keeps the share `parameter` of its old value.

    Examples
    --------
    >>> exp_filter_step([1.0, 0.0], [0.0, 1.0], 0.5)
    array([0.5, 1. ])
    """
    _, (old, new, kept) = arguments.arrays(None, old_value=old_value, new_value=new_value,
                                           parameter=parameter)
    return kept * old + new


def spike_time_decode(x: Any, spike_count: int = 1) -> np.ndarray:
    """Step numbers of the first spikes, (T, ...) to (spike_count, ...): norse's `ToSpikeTimes`.

    Examples
    --------
    >>> spike_time_decode([[0, 1], [1, 0], [1, 0]], 2)
    array([[ 1.,  0.],
           [ 2., inf]], dtype=float32)
    """
    return SpikesToTimesDecoder(spike_count, convert_indices_to_times=False)(x)


def regularize_step(z: Any, s: Any, accumulator: Accumulator = spike_accumulator,
                    state: Any = None) -> tuple[np.ndarray, Any]:
    """Spikes `z`, and what `accumulator` adds to `state` for them and the neurons' state `s`.

    Examples
    --------
    >>> z, count = regularize_step(np.array([0.0, 1.0, 1.0]), None, state=5.0)
    >>> float(count)
    7.0
    """
    return RegularizationCell(accumulator)(z, s, state)


def spatial_receptive_field(scale: float, angle: float, ratio: float, x: float, y: float, size: int,
                            dx: int = 0, dy: int = 0, domain: float = 10.0) -> np.ndarray:
    """One kernel (size, size), float64: see `eventsnn.connect.gaussian`.

    Examples
    --------
    >>> spatial_receptive_field(1.0, 0.0, 1.0, 0.0, 0.0, size=3, domain=1.0).sum().round(6)
    np.float64(1.0)
    """
    rows = [[scale, angle, ratio, x, y, dx, dy]]
    return gaussian.spatial_receptive_fields(rows, size, domain)[0]


def spatial_receptive_fields_with_derivatives(combinations: Any, size: int,
                                              domain: float = 1.0) -> np.ndarray:
    """Kernels (n, size, size) of the rows (n, 7) of `spatial_parameters`."""
    return gaussian.spatial_receptive_fields(combinations, size, domain)
