"""Neuron models, one a file: equations, parameters, state, one Euler step and its transpose."""

from eventsnn.core.exports import public as _public
from eventsnn.neurons.ada_lif import *
from eventsnn.neurons.behaviors import *
from eventsnn.neurons.coba_lif import *
from eventsnn.neurons.cuba_li import *
from eventsnn.neurons.cuba_lif import *
from eventsnn.neurons.iaf import *
from eventsnn.neurons.integrate_and_fire import *
from eventsnn.neurons.integrator import *
from eventsnn.neurons.izhikevich import *
from eventsnn.neurons.leaky_integrator import *
from eventsnn.neurons.leaky_integrator_box import *
from eventsnn.neurons.lif import *
from eventsnn.neurons.lif_adex import *
from eventsnn.neurons.lif_adex_box import *
from eventsnn.neurons.lif_adex_norse import *
from eventsnn.neurons.lif_box import *
from eventsnn.neurons.lif_ex import *
from eventsnn.neurons.lif_ex_box import *
from eventsnn.neurons.lif_exc_inh import *
from eventsnn.neurons.lif_mc_refrac import *
from eventsnn.neurons.lsnn import *
from eventsnn.neurons.refractory import *
from eventsnn.neurons.resistive_li import *
from eventsnn.neurons.resistive_lif import *
from eventsnn.neurons.adjoint import *

__all__ = _public(globals())
