r"""Event-based adjoint gradients: backward without a surrogate, by jumps at the spikes.

With the threshold `EventAdjoint` backward runs the adjoint equations of the model between spikes,
and at a spike lets the multiplier of the potential jump,

.. math::
    \lambda_v \leftarrow \lambda_v \, \frac{\dot v^+}{\dot v^-} + \frac{\bar z}{\dot v^-}

with the slopes of the potential before and after the reset. So only steps with spikes send the
gradient of the output on, and :math:`\bar z` means minus the gradient of the time of the spike.
There is no gradient for the parameters of the neurons.

The rules are norse's where norse's work: LIF, LSNN, and LIFRefrac without recurrent weights. In
LIF and LSNN :math:`\lambda_i` relaxes to :math:`\lambda_v`, which scales it by the ratio of the
time constants. Weights of recurrent layers get the product of :math:`\lambda` as it was after the
step with the inputs and the new spikes. What is broken in norse is derived here: LIFRefrac is one
rule for both forms, the coupling of LIFMC and LIFMCRefrac is transposed exactly and is part of the
slopes, and CobaLIF has its own adjoint equations,

.. math::
    -\dot \lambda_v &= -c_m^{-1} (g_l + g_e + g_i) \lambda_v, \\
    -\dot \lambda_g &= -\lambda_g / \tau + c_m^{-1} (e - v) \lambda_v

References
----------
.. [1] Wunderlich, Pehle, Scientific Reports 11, 12829 (2021), equations 1 to 3.
.. [2] Pehle, "Adjoint equations of spiking neural networks", PhD thesis, Heidelberg (2021).
"""

import numpy as np

from eventsnn.core.dispatch import MODELS, register_rule
from eventsnn.core.jit import scalar
from eventsnn.neurons import coba_lif, lif, lif_mc_refrac, lsnn
from eventsnn.neurons.coba_lif import CobaLIFParameters, CobaLIFState
from eventsnn.neurons.lif import LIFParameters, LIFState
from eventsnn.neurons.lif_exc_inh import ExcInh
from eventsnn.neurons.lif_mc_refrac import Compartment, LIFMCRefracParameters, LIFMCRefracState
from eventsnn.neurons.lsnn import LSNNParameters, LSNNState
from eventsnn.neurons.refractory import LIFRefracParameters, LIFRefracState
from eventsnn.neurons.terms import relax
from eventsnn.surrogates import EventAdjoint, choose, heaviside

__all__: list[str] = []

_ZERO, _ONE = np.float32(0), np.float32(1)
_lif_step, _lsnn_step, _coba_step = lif.step, lsnn.step, coba_lif.step
_coba_current = coba_lif.current
_lif_refrac_step, _lif_mc_refrac_step = MODELS[LIFRefracParameters].step, lif_mc_refrac.step


@scalar
def _over(z, slope):
    """``z / slope``; 0 where the potential does not move, which crosses no threshold."""
    return z / slope if slope != _ZERO else _ZERO * z


@scalar
def _jumped(z, before, after, z_bar, bar):
    """A multiplier before a spike of its value behind it, for the slopes before and after."""
    return choose(z, bar, _ZERO) + _over(z, before) * (after * bar + z_bar)


@scalar
def slope(v, i, p):
    """The slope of the potential, coupling to other compartments left out."""
    return p.tau_mem_inv * (p.v_leak - v + i)


@scalar
def _of_currents(s, end, z, p, dt, z_bar, s_bar):
    """Multipliers of the potential and the current: of LIF, and of LSNN too."""
    v_bar = _jumped(z, slope(s.v, s.i, p), slope(end.v, s.i, p), z_bar,
                    relax(s_bar.v, _ZERO, p.tau_mem_inv, dt))
    return v_bar, relax(s_bar.i, s_bar.v, p.tau_syn_inv, dt)


@scalar
def _lif(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    z, end = _lif_step(s, x, p, dt, th)
    v_bar, i_bar = _of_currents(s, end, z, p, dt, z_bar, s_bar)
    no = _ZERO * z_bar
    return LIFState(v_bar, i_bar), i_bar, LIFParameters(no, no, no, no, no)


@scalar
def _lsnn(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    z, end = _lsnn_step(s, x, p, dt, th)
    v_bar, i_bar = _of_currents(s, end, z, p, dt, z_bar, s_bar)
    b_bar = _jumped(z, p.tau_adapt_inv * (p.v_th - s.b), p.tau_adapt_inv * (p.v_th - end.b), z_bar,
                    relax(s_bar.b, _ZERO, p.tau_adapt_inv, dt))
    no = _ZERO * z_bar
    return LSNNState(v_bar, i_bar, b_bar), i_bar, LSNNParameters(no, no, no, no, no, no, no)


@scalar
def _refractory(s, end, z, coupling, p, dt, z_bar, s_bar):
    """Multipliers of a refractory neuron: of v before the leak and before the step, i, rho.

    While the potential is frozen that of the counter carries the jump, from the last step of the
    period (rho 1, so as in norse only of periods of whole steps) back to the spike.
    """
    free = _ONE - heaviside(end.rho)
    i_bar = relax(s_bar.i, free * s_bar.v, p.tau_syn_inv, dt)
    through = choose(z, s_bar.v, _ZERO)
    jump = _over(z, slope(s.v, s.i, p) + coupling) * (s_bar.rho + z_bar)
    v_bar = relax(through, _ZERO, free * p.tau_mem_inv, dt) + jump
    rho_bar = v_bar * (slope(end.v, s.i, p) + coupling) if s.rho == _ONE else s_bar.rho
    return through + jump, v_bar, i_bar, rho_bar


@scalar
def _lif_refrac(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    z, end = _lif_refrac_step(s, x, p, dt, th)
    _, v_bar, i_bar, rho_bar = _refractory(s, end, z, _ZERO, p, dt, z_bar, s_bar)
    no = _ZERO * z_bar
    return (LIFRefracState(v_bar, i_bar, rho_bar), i_bar,
            LIFRefracParameters(no, no, no, no, no, no))


@scalar
def _lif_mc_refrac(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    z, end = _lif_mc_refrac_step(s, x, p, dt, th)
    c_bar, v_bar, i_bar, rho_bar = _refractory(s, end, z, x.coupling / dt, p, dt, z_bar, s_bar)
    no = _ZERO * z_bar
    return (LIFMCRefracState(v_bar, i_bar, rho_bar), Compartment(i_bar, c_bar),
            LIFMCRefracParameters(no, no, no, no, no, no))


@scalar
def _coba(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    z, end = _coba_step(s, x, p, dt, th)
    v_bar = _jumped(z, p.c_m_inv * _coba_current(s.v, end.g_e, end.g_i, p),
                    p.c_m_inv * _coba_current(end.v, end.g_e, end.g_i, p), z_bar, s_bar.v)
    exc_bar = relax(s_bar.g_e + dt * p.c_m_inv * (p.e_rev_E - s.v) * v_bar, _ZERO,
                    p.tau_syn_exc_inv, dt)
    inh_bar = relax(s_bar.g_i + dt * p.c_m_inv * (p.e_rev_I - s.v) * v_bar, _ZERO,
                    p.tau_syn_inh_inv, dt)
    v_bar = relax(v_bar, _ZERO, p.c_m_inv * (p.g_l + end.g_e + end.g_i), dt)
    no = _ZERO * z_bar
    return (CobaLIFState(v_bar, exc_bar, inh_bar), ExcInh(exc_bar, inh_bar),
            CobaLIFParameters(no, no, no, no, no, no, no, no, no))


register_rule(EventAdjoint, LIFParameters, _lif, receives=("i",))
register_rule(EventAdjoint, LSNNParameters, _lsnn, receives=("i",))
register_rule(EventAdjoint, LIFRefracParameters, _lif_refrac, receives=("i",))
register_rule(EventAdjoint, LIFMCRefracParameters, _lif_mc_refrac, receives=("i",))
register_rule(EventAdjoint, CobaLIFParameters, _coba, receives=("g_e", "g_i"))
