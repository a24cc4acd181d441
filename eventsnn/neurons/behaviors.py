"""Twenty behaviours of Izhikevich's simple model: parameters and a start state, by name.

The sets are norse's, `u` starting at ``b v`` unless noted. ``eventsnn plot behaviours FILE`` draws
them all under the stimuli of the paper's figure, which are in `eventsnn.examples.behaviours`.
Seventeen look like the figure. Three do not show what their name says:

- `accomodation`: in the paper ``du/dt = a b (v + 65)``, without the decay of the common form, in
  which this set does not rest at its start: it fires from the first slow rise of the ramp on.
- `dap`: the depolarising after-potential reaches the threshold, and spikes follow the first at any
  step of 0.1 ms or less; the paper's figure has one.
- `inhibition_induced_bursting`: nothing ends the burst; with `a` and `d` below 0 each spike brings
  the recovery variable further from where it could stop the next.

`spike_latency` needs steps of 0.2 ms, with which the paper's figure was drawn, to fire at its
stimulus; at 0.25 ms a slightly stronger one does it.

References
----------
.. [1] Izhikevich, IEEE Trans. Neural Networks 15, 1063 (2004), figure 1.
"""

from typing import Any, NamedTuple

from eventsnn.neurons.izhikevich import IzhikevichParameters, IzhikevichState

__all__ = ["IzhikevichSpikingBehavior", "create_izhikevich_spiking_behavior"]


class IzhikevichSpikingBehavior(NamedTuple):
    """A parameter set and the state that neurons with it start from."""

    p: IzhikevichParameters
    s: IzhikevichState


def create_izhikevich_spiking_behavior(a: Any, b: Any, c: Any, d: Any, v_rest: Any, u_rest: Any,
                                       tau_inv: Any = 250.0) -> IzhikevichSpikingBehavior:
    """A behaviour of your own.

    Parameters
    ----------
    a, b, c, d, tau_inv
        As in `IzhikevichParameters`.
    v_rest : number or array
        Start potential, mV.
    u_rest : number or array
        The recovery variable starts at ``b * u_rest``, as in norse: pass `v_rest` for a neuron at
        the foot of its recovery.

    Examples
    --------
    >>> create_izhikevich_spiking_behavior(0.02, 0.2, -65.0, 6.0, -70.0, -70.0).s
    IzhikevichState(v=-70.0, u=-14.0)
    """
    return IzhikevichSpikingBehavior(IzhikevichParameters(a, b, c, d, tau_inv=tau_inv),
                                     IzhikevichState(v_rest, b * u_rest))


def _set(a: float, b: float, c: float, d: float, v: float, u: float | None = None,
         **others: float) -> IzhikevichSpikingBehavior:
    return IzhikevichSpikingBehavior(IzhikevichParameters(a, b, c, d, **others),
                                     IzhikevichState(v, b * v if u is None else u))


tonic_spiking = _set(0.02, 0.2, -65.0, 6.0, -70.0)
phasic_spiking = _set(0.02, 0.25, -65.0, 6.0, -64.0)
tonic_bursting = _set(0.02, 0.2, -50.0, 2.0, -70.0)
phasic_bursting = _set(0.02, 0.25, -55.0, 0.05, -64.0, tau_inv=200.0)
mixed_mode = _set(0.02, 0.2, -55.0, 4.0, -70.0)
spike_frequency_adaptation = _set(0.01, 0.2, -65.0, 8.0, -70.0)
class_1_exc = _set(0.02, -0.1, -55.0, 6.0, -60.0, mn=4.1, bias=108.0)
class_2_exc = _set(0.2, 0.26, -65.0, 0.0, -64.0)
spike_latency = _set(0.02, 0.2, -65.0, 6.0, -70.0)
subthreshold_oscillation = _set(0.05, 0.26, -60.0, 0.0, -62.0)
resonator = _set(0.1, 0.26, -60.0, -1.0, -62.0)
integrator = _set(0.02, -0.1, -55.0, 6.0, -60.0, mn=4.1, bias=108.0)
rebound_spike = _set(0.03, 0.25, -60.0, 4.0, -64.0, tau_inv=200.0)
rebound_burst = _set(0.03, 0.25, -52.0, 0.0, -64.0, tau_inv=200.0)
threshold_variability = _set(0.03, 0.25, -60.0, 4.0, -64.0)
bistability = _set(0.1, 0.26, -60.0, 0.0, -61.0)
dap = _set(1.0, 0.2, -60.0, -21.0, -70.0, tau_inv=100.0)
accomodation = _set(0.02, 1.0, -55.0, 4.0, -65.0, u=-16.0, tau_inv=500.0)  # norse's spelling
inhibition_induced_spiking = _set(-0.02, -1.0, -60.0, 8.0, -63.8)
inhibition_induced_bursting = _set(-0.026, -1.0, -45.0, -2.0, -63.8)

BEHAVIORS: dict[str, IzhikevichSpikingBehavior] = {
    name: value for name, value in list(globals().items())
    if isinstance(value, IzhikevichSpikingBehavior)}
