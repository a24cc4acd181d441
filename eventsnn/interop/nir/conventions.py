r"""What a node of NIR is in steps of `dt`: the one place that says so.

NIR's neurons are differential equations in continuous time, time constants in s; it has no step.
Here they run by forward Euler with inputs that last one step, and converge to NIR's equations as
``dt`` goes to 0 (of first order; a spike is up to a step late). Potentials start at `v_leak`, those
without leak at `v_reset`, integrals and currents at 0; NIR does not say. Spikes are where
``v > v_threshold``, and the new potential is `v_reset`. Delays are whole steps.

============= =============== ==================================================================
node          layer           is also, where its numbers say so
============= =============== ==================================================================
`CubaLIF`     `CubaLIF`       `LIF`, whose input is a jump: ``r = 1``, ``w_in = tau_syn / dt``
`CubaLI`      `CubaLI`        `LI`, likewise
`LIF`         `ResistiveLIF`  `LIFBox`: ``r = 1``
`LI`          `ResistiveLI`   `LIBox`: ``r = 1``
`IF`          `IF`            `IAF`, which counts its input: ``r = 1 / dt``
`I`           `Integrator`
`Affine`      `Linear`        `Linear` without bias is `Linear`
`Conv1d`      `Conv1d`        without bias: a bias of 0
`Conv2d`      `Conv2d`        `LConv2d`: a bias of 0
`SumPool2d`   `SumPool2d`
`AvgPool2d`   `AvgPool2d`     the zeros of the border count
`Flatten`     `Flatten`       NIR counts the axes of one sample, without time and batch
`Scale`       `Scale`
`Delay`       `Delay`
`Threshold`   `Threshold`
`NIRGraph`    a chain
============= =============== ==================================================================

**Order within a step** of those with a synapse: input, membrane, spike, reset, synaptic decay. So
the membrane sees :math:`i_t = (1 - dt / \tau_\mathrm{syn}) i_{t-1} + (dt / \tau_\mathrm{syn})
w_\mathrm{in} x_t`, which is also what a tool computes that updates the current first and then the
membrane with the new one. A tool whose membrane takes the old current is a step later.

**Recurrence.** A neuron that feeds itself through a `Linear` or an `Affine` is a recurrent layer:
spikes come back one step later. The bias of such an `Affine` is there from the first step. A
`Linear` without bias before it is its input weights. All other cycles are refused.

**What NIR has no place for** is in the metadata of nodes, under ``eventsnn``: which layer it was,
its parameters (inverse time constants do not survive two divisions), its surrogate, what it
trains. It counts as long as the node is its exact image at the `dt` in use, so that who changes
the node is heeded. `dt` is in the metadata of the graph.
"""

from typing import Any

import numpy as np

from eventsnn import neurons
from eventsnn.core import check

KEY = "eventsnn"  # of our metadata

# Which node a neuron is. Those behind are the general ones, which a node of others becomes.
NODES = {
    neurons.LIFParameters: "CubaLIF", neurons.LIParameters: "CubaLI",
    neurons.LIFBoxParameters: "LIF", neurons.LIBoxParameters: "LI", neurons.IAFParameters: "IF",
    neurons.CubaLIFParameters: "CubaLIF", neurons.CubaLIParameters: "CubaLI",
    neurons.ResistiveLIFParameters: "LIF", neurons.ResistiveLIParameters: "LI",
    neurons.IFParameters: "IF", neurons.IntegratorParameters: "I",
}
GENERAL = {node: parameters for parameters, node in NODES.items()}

# The fields of each node, and the parameter that each is.
_SYNAPSE = {"tau_syn": "tau_syn_inv", "tau_mem": "tau_mem_inv", "r": "r", "v_leak": "v_leak"}
_FIRES = {"v_threshold": "v_th", "v_reset": "v_reset"}
FIELDS = {
    "CubaLIF": _SYNAPSE | _FIRES | {"w_in": "w_in"}, "CubaLI": _SYNAPSE | {"w_in": "w_in"},
    "LIF": {"tau": "tau_mem_inv", "r": "r", "v_leak": "v_leak"} | _FIRES,
    "LI": {"tau": "tau_mem_inv", "r": "r", "v_leak": "v_leak"},
    "IF": {"r": "r"} | _FIRES, "I": {"r": "r"},
}

SLACK = 1e-6  # relative; a time constant in float32 may be this much below the step it equals


def package() -> Any:
    """The package `nir`."""
    try:
        import nir
    except ImportError as error:
        raise ImportError("NIR graphs need nir; pip install 'eventsnn[interop]'") from error
    return nir


def image(p: Any, dt: float) -> dict[str, np.ndarray]:
    """The fields of the node that a neuron with the parameters `p` is, in float64."""
    fields = {}
    for field, name in FIELDS[NODES[type(p)]].items():
        value = np.asarray(getattr(p, name) if hasattr(p, name) else _implied(p, name, dt))
        fields[field] = _inverse(value) if field.startswith("tau") else value.astype(np.float64)
    return fields


def _implied(p: Any, name: str, dt: float) -> Any:
    """A constant that a neuron has without having it as a parameter."""
    if name == "w_in":
        return 1 / (dt * np.asarray(p.tau_syn_inv))
    return 1 / dt if isinstance(p, neurons.IAFParameters) else 1.0


def _inverse(rate: np.ndarray) -> np.ndarray:
    """Time constants whose inverses are the rates, if there are such floats."""
    tau = 1 / rate.astype(np.float64)
    for near in (np.nextafter(tau, 0), np.nextafter(tau, np.inf)):
        tau = np.where((1 / tau != rate) & (1 / near == rate), near, tau)
    return tau


def parameters(node: str, fields: dict[str, np.ndarray]) -> Any:
    """The parameters of the general neuron that a node with these fields is."""
    values = {name: 1 / fields[field].astype(np.float64) if field.startswith("tau")
              else fields[field].astype(np.float64) for field, name in FIELDS[node].items()}
    return GENERAL[node](**{name: float(v.flat[0]) if v.size and (v == v.flat[0]).all() else v
                            for name, v in values.items()})


def check_step(dt: float, taus: dict[str, Any]) -> None:
    """Refuse a step above a time constant: Euler would overshoot."""
    for name, tau in taus.items():
        if np.size(tau) and dt > np.min(tau) * (1 + SLACK):
            raise check.must("dt", f"be at most {name} = {np.min(tau):g} s", f"{dt:g} s")
