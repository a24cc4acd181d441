r"""Leaky integrate-and-fire neuron with conductance-based synapses, excitatory and inhibitory.

.. math::
    \dot v &= c_m^{-1} (g_l (v_\mathrm{rest} - v) + g_e (e_\mathrm{E} - v)
    + g_i (e_\mathrm{I} - v)), \qquad z = \Theta(v - v_\mathrm{thresh}) \\
    \dot g_e &= -g_e / \tau_\mathrm{exc}, \qquad \dot g_i = -g_i / \tau_\mathrm{inh}

with jumps of the conductances at the two input channels, both positive, and :math:`v \leftarrow
v_\mathrm{reset}` at a spike. Forward Euler; order within a step: inputs, decay of the conductances,
membrane (with the decayed ones), spike, reset. No gradient is stopped unless asked for.

The defaults are norse's numbers, which look like rates in 1/ms beside a `dt` in seconds: the
conductances hardly decay. `bio_default` is a set that is physiological in seconds. As in norse,
neurons start at potential 0, which is above the default threshold: they all spike in the first step
unless given a state.

References
----------
.. [1] Brette et al., J. Comput. Neurosci. 23, 349 (2007), appendix B, benchmark 1.
"""

from typing import Any, NamedTuple

from eventsnn.core.dispatch import register_neuron
from eventsnn.core.jit import scalar
from eventsnn.neurons.lif_exc_inh import ExcInh
from eventsnn.neurons.terms import decay, decay_vjp, fire, fire_vjp

__all__ = ["CobaLIFParameters", "CobaLIFState"]


class CobaLIFParameters(NamedTuple):
    """Parameters; each a number, or an array that broadcasts against the neurons."""

    tau_syn_exc_inv: Any = 0.2  # 1/s, inverse time constant of excitation
    tau_syn_inh_inv: Any = 0.2  # 1/s, inverse time constant of inhibition
    c_m_inv: Any = 5.0  # 1/s for a unit of conductance, inverse membrane capacitance
    g_l: Any = 0.25  # leak conductance
    e_rev_I: Any = -100.0  # mV, reversal potential of inhibition
    e_rev_E: Any = 60.0  # mV, reversal potential of excitation
    v_rest: Any = -20.0  # mV, resting potential
    v_reset: Any = -70.0  # mV, potential after a spike
    v_thresh: Any = -10.0  # mV, threshold

    @classmethod
    def bio_default(cls) -> "CobaLIFParameters":
        """norse's `default_bio_parameters`, in mV and 1/s; stable for a `dt` of up to 0.6 ms."""
        return cls(tau_syn_exc_inv=1 / 0.3e-3, tau_syn_inh_inv=1 / 0.5e-3, c_m_inv=5000.0,
                   e_rev_E=0.0, e_rev_I=-70.0, v_thresh=-50.0, v_reset=-65.0, v_rest=-65.0)


class CobaLIFState(NamedTuple):
    """State; scalars inside a step, arrays outside."""

    v: Any  # membrane potential, mV
    g_e: Any  # excitatory conductance
    g_i: Any  # inhibitory conductance


@scalar
def step(s, x, p, dt, th):
    """One Euler step: ``-> (spike, next state)``."""
    g_e = decay(s.g_e + x.exc, p.tau_syn_exc_inv, dt)
    g_i = decay(s.g_i + x.inh, p.tau_syn_inh_inv, dt)
    v = s.v + dt * p.c_m_inv * current(s.v, g_e, g_i, p)
    z, v = fire(v, p.v_thresh, p.v_reset, th)
    return z, CobaLIFState(v, g_e, g_i)


@scalar
def current(v, g_e, g_i, p):
    """The current through the membrane and the synapses."""
    return p.g_l * (p.v_rest - v) + g_e * (p.e_rev_E - v) + g_i * (p.e_rev_I - v)


@scalar
def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    """Transpose of `step`: ``-> (state_bar before the step, x_bar, p_bar)``."""
    exc, inh = s.g_e + x.exc, s.g_i + x.inh
    g_e = decay(exc, p.tau_syn_exc_inv, dt)
    g_i = decay(inh, p.tau_syn_inh_inv, dt)
    drive = current(s.v, g_e, g_i, p)
    v = s.v + dt * p.c_m_inv * drive

    v_bar, thresh_bar, reset_bar = fire_vjp(v, p.v_thresh, p.v_reset, th, stop_reset, z_bar,
                                            s_bar.v)
    current_bar = dt * p.c_m_inv * v_bar
    exc_bar, tau_exc_bar = decay_vjp(exc, p.tau_syn_exc_inv, dt,
                                     s_bar.g_e + (p.e_rev_E - s.v) * current_bar)
    inh_bar, tau_inh_bar = decay_vjp(inh, p.tau_syn_inh_inv, dt,
                                     s_bar.g_i + (p.e_rev_I - s.v) * current_bar)
    c_m_inv_bar = dt * drive * v_bar
    v_bar = v_bar - (p.g_l + g_e + g_i) * current_bar

    p_bar = CobaLIFParameters(
        tau_syn_exc_inv=tau_exc_bar,
        tau_syn_inh_inv=tau_inh_bar,
        c_m_inv=c_m_inv_bar,
        g_l=(p.v_rest - s.v) * current_bar,
        e_rev_I=g_i * current_bar,
        e_rev_E=g_e * current_bar,
        v_rest=p.g_l * current_bar,
        v_reset=reset_bar,
        v_thresh=thresh_bar,
    )
    return CobaLIFState(v_bar, exc_bar, inh_bar), ExcInh(exc_bar, inh_bar), p_bar


register_neuron(CobaLIFParameters, CobaLIFState, step, step_vjp, inputs=ExcInh, inhibition=1.0,
                rests=False, rest=lambda p: CobaLIFState(v=0.0, g_e=0.0, g_i=0.0))
