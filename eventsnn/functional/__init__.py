"""norse's step functions by norse's names and order of arguments, on NumPy arrays.

Thin calls into the layers, encoders and plasticity rules of this package, forward only: the layers
have the gradients. What norse keeps in the parameters, `method` and `alpha`, are keywords here:
``z, state = lif_step(x, state, input_weights, recurrent_weights, p, dt, method="super")``.

Examples
--------
>>> import numpy as np
>>> state = None
>>> for _ in range(8):
...     z, state = lif_feed_forward_step(np.array([0.2, 0.8]), state, LIFParameters(v_th=0.5))
>>> z, state.v.round(2)
(array([0., 1.]), array([0.36, 0.  ]))
"""

from eventsnn.connect.gaussian import (
    spatial_parameters, spatio_temporal_parameters, temporal_scale_distribution,
)
from eventsnn.core.exports import public as _public
from eventsnn.encode import euclidean_distance, gaussian_rbf
from eventsnn.functional.encode import (
    constant_current_lif_encode, lif_adex_current_encoder, lif_current_encoder,
    lif_ex_current_encoder, poisson_encode, poisson_encode_step, population_encode,
    signed_poisson_encode, signed_poisson_encode_step, spike_latency_encode,
    spike_latency_lif_encode,
)
from eventsnn.functional.lift import lift
from eventsnn.functional.logical import (
    logical_and, logical_or, logical_xor, muller_c, posedge_detector,
)
from eventsnn.functional.readout import (
    exp_filter_step, regularize_step, spatial_receptive_field,
    spatial_receptive_fields_with_derivatives, spike_time_decode,
)
from eventsnn.functional.steps import (
    ada_lif_step, coba_lif_feed_forward_step, coba_lif_step, iaf_feed_forward_step, iaf_step,
    izhikevich_feed_forward_step, izhikevich_recurrent_step, li_box_feed_forward_step, li_box_step,
    li_feed_forward_step, li_step, lif_adex_feed_forward_step, lif_adex_refrac_feed_forward_step,
    lif_adex_refrac_step, lif_adex_step, lif_box_feed_forward_step, lif_correlation_step,
    lif_ex_feed_forward_step, lif_ex_step, lif_feed_forward_integral, lif_feed_forward_step,
    lif_feed_forward_step_sparse, lif_mc_feed_forward_step, lif_mc_refrac_feed_forward_step,
    lif_mc_refrac_step, lif_mc_step, lif_refrac_feed_forward_step, lif_refrac_step,
    lif_refrac_step_sparse, lif_step, lif_step_integral, lif_step_sparse, lsnn_feed_forward_step,
    lsnn_step,
)
from eventsnn.functional.thresholds import (
    circ_dist_fn, heavi_circ_fn, heavi_erfc_fn, heavi_tanh_fn, heaviside, logistic_fn,
    reset_subtract, reset_value, sign, super_fn, surrogate, threshold, triangle_fn,
)
from eventsnn.layers import (
    LIFCorrelationParameters, LIFCorrelationState, RecurrentState, spike_accumulator, sum_decode,
    voltage_accumulator,
)
from eventsnn.neurons import *
from eventsnn.plasticity import (
    CorrelationSensorParameters, CorrelationSensorState, STDPParameters, STDPSensorParameters,
    STDPSensorState, STDPState, TsodyksMakramParameters, TsodyksMakramState,
    correlation_based_update, correlation_sensor_step, stdp_sensor_step, stdp_step_conv2d,
    stdp_step_linear, stp_step,
)

__all__ = _public(globals())
