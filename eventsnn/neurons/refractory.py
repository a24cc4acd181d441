r"""Absolute refractoriness as a combinator over any neuron with a membrane potential.

The inner neuron steps as if it were not refractory, giving :math:`z_1, v_1`; then, with the counter
:math:`\rho` of steps still to wait,

.. math::
    m = \Theta(\rho), \quad v' = (1 - m) v_1 + m v, \quad z' = (1 - m) z_1, \quad
    \rho' = (1 - z') \max(\rho - m, 0) + z' \rho_\mathrm{reset}

A spike blocks the next :math:`\lceil\rho_\mathrm{reset}\rceil` steps: the potential is frozen, the
other variables go on. Backward takes the neuron's surrogate slope for :math:`\Theta(\rho)` too, and
slope 0 for the maximum at 0, as norse does; `stop_reset` concerns the inner reset alone.
"""

from collections import namedtuple
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.dispatch import MODELS, register_neuron
from eventsnn.core.fields import define
from eventsnn.core.jit import scalar
from eventsnn.neurons.coba_lif import CobaLIFParameters
from eventsnn.neurons.iaf import IAFParameters
from eventsnn.neurons.lif import LIFParameters
from eventsnn.neurons.lif_adex import LIFAdExParameters
from eventsnn.neurons.lif_box import LIFBoxParameters
from eventsnn.neurons.lif_ex import LIFExParameters
from eventsnn.neurons.lif_exc_inh import LIFExcInhParameters
from eventsnn.neurons.lsnn import LSNNParameters
from eventsnn.neurons.terms import count_down, count_down_vjp
from eventsnn.surrogates import choose, heaviside, spike_slope

__all__ = [
    "CobaLIFRefracParameters", "CobaLIFRefracState", "IAFRefracParameters", "IAFRefracState",
    "LIFAdExRefracParameters", "LIFAdExRefracState", "LIFBoxRefracParameters",
    "LIFBoxRefracState", "LIFExRefracParameters", "LIFExRefracState",
    "LIFExcInhRefracParameters", "LIFExcInhRefracState", "LIFRefracParameters",
    "LIFRefracState", "LSNNRefracParameters", "LSNNRefracState", "refractory",
]

_ZERO = np.float32(0)

REFRACTORY: dict[type, Any] = {}  # parameters of a neuron -> those of its refractory form


def refractory(inner: Any, name: str, module: str) -> tuple[Any, Any]:
    """Make the refractory form of a neuron known, and return its two classes.

    Parameters
    ----------
    inner : type
        Parameters of a registered neuron whose state has a field ``v``.
    name : str
        The new classes are ``<name>Parameters`` and ``<name>State``: the inner fields, then
        ``rho_reset`` (steps; default 5) and ``rho`` (steps).
    module : str
        ``__name__`` of the module that assigns the classes to these names.

    Returns
    -------
    parameters, state : types
        NamedTuples. Flat, since Numba's loops take no nested tuples.

    Raises
    ------
    TypeError
        If `inner` is not a registered neuron, or has no membrane potential ``v``.

    Examples
    --------
    >>> from eventsnn.neurons import LIBoxParameters
    >>> PausingParameters, PausingState = refractory(LIBoxParameters, "Pausing", __name__)
    >>> PausingParameters(rho_reset=3)
    PausingParameters(tau_mem_inv=100.0, v_leak=0.0, rho_reset=3)
    """
    model = MODELS.get(inner)
    inner_state: Any = None if model is None else model.state
    if model is None or "v" not in inner_state._fields:
        raise check.must("inner", "be the parameters of a neuron with a potential v", inner,
                         error=TypeError)
    Parameters: Any = namedtuple(  # type: ignore[misc]
        f"{name}Parameters", (*inner._fields, "rho_reset"),
        defaults=(*inner._field_defaults.values(), 5.0), module=module)
    State: Any = namedtuple(  # type: ignore[misc]
        f"{name}State", (*inner_state._fields, "rho"), module=module)
    Parameters.__doc__ = (f"Parameters of {inner.__name__} and ``rho_reset``, the steps that a "
                          "spike blocks.")
    State.__doc__ = f"State of {inner_state.__name__} and ``rho``, the steps still to wait."

    inner_p, inner_step, inner_step_vjp = _head(inner), model.step, model.step_vjp
    inner_s = _head(inner_state)
    of_s = {f: f"s.{f}" for f in inner_state._fields}
    with_v = _from_fields(inner_state, "s, v", of_s | {"v": "v"})
    outer_s = _from_fields(State, "s, rho", of_s | {"rho": "rho"})
    outer_p = _from_fields(Parameters, "p, rho_reset",
                           {f: f"p.{f}" for f in inner._fields} | {"rho_reset": "rho_reset"})

    @scalar
    def step(s, x, p, dt, th):
        z1, s1 = inner_step(inner_s(s), x, inner_p(p), dt, th)
        m = heaviside(s.rho)
        v = choose(m, s1.v, s.v)
        z = choose(m, z1, _ZERO)
        return z, outer_s(with_v(s1, v), count_down(s.rho, m, z, p.rho_reset))

    @scalar
    def step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
        z1, s1 = inner_step(inner_s(s), x, inner_p(p), dt, th)
        m = heaviside(s.rho)
        z = choose(m, z1, _ZERO)

        # z = (1 - m) z1,  v' = (1 - m) v1 + m v,  m = heaviside(rho)
        rho_bar, m_bar, z_counted_bar, rho_reset_bar = count_down_vjp(
            s.rho, m, z, p.rho_reset, s_bar.rho)
        z_bar = z_bar + z_counted_bar
        m_bar = m_bar + (s.v - s1.v) * s_bar.v - z1 * z_bar
        rho_bar = rho_bar + m_bar * spike_slope(s.rho, th)
        s1_bar = with_v(inner_s(s_bar), choose(m, s_bar.v, _ZERO))
        s_bar_0, x_bar, p_bar = inner_step_vjp(
            inner_s(s), x, inner_p(p), dt, th, stop_reset, choose(m, z_bar, _ZERO), s1_bar)
        s_bar_0 = with_v(s_bar_0, s_bar_0.v + choose(m, _ZERO, s_bar.v))
        return outer_s(s_bar_0, rho_bar), x_bar, outer_p(p_bar, rho_reset_bar)

    def rest(p):
        return State(*model.rest(inner_p(p)), rho=0.0)

    register_neuron(Parameters, State, step, step_vjp, rest=rest, inputs=model.inputs,
                    spiking=model.spiking, recurrent_stops_reset=model.recurrent_stops_reset,
                    inhibition=model.inhibition, rests=model.rests, converges=model.converges,
                    pauses=True)
    REFRACTORY[inner] = Parameters
    return Parameters, State


def _from_fields(cls, arguments, values):
    """The scalar function ``arguments -> cls(...)`` with an expression for each field."""
    fields = ", ".join(values[f] for f in cls._fields)
    return scalar(define(arguments, f"return cls({fields})", cls=cls))


def _head(cls):
    """The scalar function that takes the inner tuple, of class `cls`, out of an outer one."""
    return _from_fields(cls, "t", {f: f"t.{f}" for f in cls._fields})


CobaLIFRefracParameters, CobaLIFRefracState = refractory(
    CobaLIFParameters, "CobaLIFRefrac", __name__)
IAFRefracParameters, IAFRefracState = refractory(IAFParameters, "IAFRefrac", __name__)
LIFAdExRefracParameters, LIFAdExRefracState = refractory(
    LIFAdExParameters, "LIFAdExRefrac", __name__)
LIFBoxRefracParameters, LIFBoxRefracState = refractory(LIFBoxParameters, "LIFBoxRefrac", __name__)
LIFExRefracParameters, LIFExRefracState = refractory(LIFExParameters, "LIFExRefrac", __name__)
LIFRefracParameters, LIFRefracState = refractory(LIFParameters, "LIFRefrac", __name__)
LIFExcInhRefracParameters, LIFExcInhRefracState = refractory(
    LIFExcInhParameters, "LIFExcInhRefrac", __name__)
LSNNRefracParameters, LSNNRefracState = refractory(LSNNParameters, "LSNNRefrac", __name__)
