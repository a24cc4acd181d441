"""Encoders by norse's names: values to spikes in one call, and currents to spikes step by step.

The random ones take a `seed` where norse takes a generator; without one each call draws anew.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn import encode
from eventsnn.encode import euclidean_distance, gaussian_rbf
from eventsnn.functional.thresholds import new_seed, surrogate
from eventsnn.layers import Cell
from eventsnn.neurons import LIFAdExParameters, LIFExParameters, LIFParameters


def constant_current_lif_encode(x: Any, seq_length: int, p: LIFParameters = LIFParameters(),
                                dt: float = 1e-3) -> np.ndarray:
    """Currents (...) to spikes (seq_length, ...): `ConstantCurrentLIFEncoder`."""
    return encode.ConstantCurrentLIFEncoder(seq_length, p, dt)(x)


def spike_latency_lif_encode(x: Any, seq_length: int, p: LIFParameters = LIFParameters(),
                             dt: float = 1e-3) -> np.ndarray:
    """Currents (...) to first spikes (seq_length, ...): `SpikeLatencyLIFEncoder`."""
    return encode.SpikeLatencyLIFEncoder(seq_length, p, dt)(x)


def spike_latency_encode(x: Any) -> np.ndarray:
    """Spikes (T, ...) to the first of them: `SpikeLatencyEncoder`."""
    return encode.SpikeLatencyEncoder()(x)


def population_encode(x: Any, out_features: int, scale: Any = None,
                      kernel: Callable = gaussian_rbf,
                      distance_function: Callable = euclidean_distance) -> np.ndarray:
    """Values (...) to activities (..., out_features): `PopulationEncoder`."""
    return encode.PopulationEncoder(out_features, scale, kernel, distance_function)(x)


def poisson_encode(x: Any, seq_length: int, f_max: float = 100.0, dt: float = 1e-3, *,
                   seed: int | None = None) -> np.ndarray:
    """Values (...) to random spikes (seq_length, ...): `PoissonEncoder`.

    Examples
    --------
    >>> poisson_encode([0.0, 1.0], 5, f_max=1000.0, seed=1).T
    array([[0., 0., 0., 0., 0.],
           [1., 1., 1., 1., 1.]])
    """
    return encode.PoissonEncoder(seq_length, f_max, dt, seed=new_seed(seed))(x)


def poisson_encode_step(x: Any, f_max: float = 1000.0, dt: float = 1e-3, *,
                        seed: int | None = None) -> np.ndarray:
    """Values (...) to random spikes (...) of one step: `PoissonEncoderStep`."""
    return encode.PoissonEncoderStep(f_max, dt, seed=new_seed(seed))(x)


def signed_poisson_encode(x: Any, seq_length: int, f_max: float = 100.0, dt: float = 1e-3, *,
                          seed: int | None = None) -> np.ndarray:
    """As `poisson_encode`; the spikes of negative values are -1."""
    return encode.SignedPoissonEncoder(seq_length, f_max, dt, seed=new_seed(seed))(x)


def signed_poisson_encode_step(x: Any, f_max: float = 1000.0, dt: float = 1e-3, *,
                               seed: int | None = None) -> np.ndarray:
    """As `poisson_encode_step`; the spikes of negative values are -1."""
    return encode.SignedPoissonEncoderStep(f_max, dt, seed=new_seed(seed))(x)


def lif_current_encoder(x: Any, v: Any, p: LIFParameters = LIFParameters(), dt: float = 1e-3,
                        **spike: Any) -> tuple[np.ndarray, np.ndarray]:
    """One step of LIF neurons without synapses, driven by currents.

    Parameters
    ----------
    x : (...) array
        Currents.
    v : (...) array
        Potentials before the step.
    p : LIFParameters
        `tau_syn_inv` has no part in it.
    dt : float
        Step, s.
    **spike
        `method`, `alpha`, `threshold`, `seed`: see `surrogate`.

    Returns
    -------
    z, v : (...) arrays
        Spikes, and potentials after the step.

    Examples
    --------
    >>> lif_current_encoder([1.0, 20.0], [0.5, 0.5])
    (array([0., 1.]), array([0.55, 0.  ]))
    """
    return _step(encode.ConstantCurrentLIFEncoder(1, p, dt), x, spike, v)


def lif_ex_current_encoder(x: Any, v: Any, p: LIFExParameters = LIFExParameters(),
                           dt: float = 1e-3, **spike: Any) -> tuple[np.ndarray, np.ndarray]:
    """As `lif_current_encoder`, of exponential integrate-and-fire neurons."""
    return _step(encode.ConstantCurrentLIFExEncoder(1, p, dt), x, spike, v)


def lif_adex_current_encoder(x: Any, v: Any, a: Any, p: LIFAdExParameters = LIFAdExParameters(),
                             dt: float = 1e-3, *, norse_adaptation: bool = False,
                             **spike: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `lif_current_encoder`, of adaptive exponential neurons: ``z, v, a = ...``.

    norse's takes no time step for the adaptation `a`, and drops its old value; with
    `norse_adaptation` so does this one.
    """
    encoder = encode.ConstantCurrentLIFAdExEncoder(1, p, dt, norse_adaptation=norse_adaptation)
    return _step(encoder, x, spike, v, a)


def _step(encoder: Any, x: Any, spike: dict[str, Any], *before: Any) -> Any:
    """One step of an encoder's neurons from the variables given: ``-> z, *variables``."""
    cell: Any = type("Membrane", (Cell,), {"parameters": encoder.membrane})
    neurons = cell(encoder.p, surrogate(**spike), encoder.dt)
    z, after = neurons(x, neurons.model.state(*before))
    return (z, *after)
