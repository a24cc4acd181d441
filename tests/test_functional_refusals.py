"""What the functions by norse's names refuse, and in which words."""

import numpy as np
import pytest

from eventsnn import functional as f
from eventsnn import neurons
from eventsnn.layers import RecurrentState
from eventsnn.surrogates import SuperSpike

X, W, R = np.ones(3), np.ones((4, 3)), np.zeros((4, 4))
NEURONS = neurons.LIFState(np.zeros(4), np.zeros(4))

REFUSED = [
    # methods
    (lambda: f.threshold(X, "superspike"), ValueError,
     "method must be one of circ, circ_dist, heavi_erfc, heaviside, logistic, super, tanh, "
     "triangle, got 'superspike'; did you mean 'super'?"),
    (lambda: f.lif_step(X, None, W, R, method="adjoint"), ValueError, "method must be one of"),
    (lambda: f.threshold(X, "super", -1.0), ValueError, "alpha must be above 0, got -1"),
    (lambda: f.threshold(X, "logistic", 1.0, seed=-1), ValueError, "seed must be at least 0"),
    (lambda: f.lif_feed_forward_step(X, threshold=SuperSpike(), alpha=3.0), ValueError,
     "threshold must be given alone, got SuperSpike(alpha=100.0) and a method, an alpha or a seed"),
    (lambda: f.lif_feed_forward_step(X, threshold="super"), TypeError,
     "threshold must be one of Heaviside"),
    (lambda: f.lif_feed_forward_step(X, metod="super"), TypeError, "metod"),
    (lambda: f.super_fn(["a"]), TypeError, "x must hold real numbers"),
    # matrices
    (lambda: f.lif_step(X, None, np.ones(3), R), ValueError,
     "input_weights must have shape (receivers, senders), got (3,)"),
    (lambda: f.lif_step(X, None, None, R), TypeError, "input_weights must hold real numbers"),
    (lambda: f.lif_step(X, None, W, None), ValueError,
     "recurrent_weights must have shape (4, 4), got None"),
    (lambda: f.lif_step(X, None, W, W), ValueError, "recurrent_weights must have shape (4, 4)"),
    (lambda: f.lif_step(np.ones(4), None, W, R), ValueError,
     "x must have shape (..., 3) to match the input weights"),
    (lambda: f.lif_step(X, None, np.full((4, 3), np.nan), R), ValueError,
     "input_weights must be finite"),
    (lambda: f.lif_mc_feed_forward_step(X, None, np.ones(3)), ValueError,
     "g_coupling must have shape (receivers, senders), got (3,)"),
    (lambda: f.lif_mc_feed_forward_step(X, None, R), ValueError,
     "x must have shape (..., 4) to match g_coupling, got (3,)"),
    (lambda: f.lif_mc_feed_forward_step(X, None, None), TypeError,
     "g_coupling must hold real numbers"),
    (lambda: f.lif_mc_step(X, None, W, R, None), TypeError, "g_coupling must hold real numbers"),
    (lambda: f.lif_mc_step(X, None, W, R, W), ValueError, "g_coupling must have shape (4, 4)"),
    (lambda: f.li_step(X, None, np.ones((4, 2))), ValueError, "x must have shape (..., 2)"),
    (lambda: f.lif_correlation_step(X, None, W, W), ValueError,
     "recurrent_weights must have shape (4, 4)"),
    # states and parameters
    (lambda: f.lif_step(X, NEURONS, W, R), TypeError, "state must be RecurrentState, got LIFState"),
    (lambda: f.lif_feed_forward_step(X, RecurrentState(X, NEURONS)), TypeError,
     "state must be LIFState, got RecurrentState"),
    (lambda: f.lif_feed_forward_step(X, NEURONS), ValueError, "state.v must have shape (3,)"),
    (lambda: f.ada_lif_step(X, None, W, R, neurons.LSNNParameters()), TypeError,
     "p must be AdaLIFParameters, got LSNNParameters"),
    (lambda: f.lif_feed_forward_step(X, dt=1.0), ValueError, "dt must be at most 0.01 s"),
    (lambda: f.lif_current_encoder(X, np.zeros(2)), ValueError, "state.v must have shape (3,)"),
    (lambda: f.lif_current_encoder(X, np.zeros(3), neurons.LIFExParameters()), TypeError,
     "p must be LIFParameters"),
    # the rest
    (lambda: f.poisson_encode(X, 0), ValueError, "seq_length must be at least 1"),
    (lambda: f.poisson_encode(X, 3, seed=1.5), TypeError, "seed must be a whole number"),
    (lambda: f.lift(None), TypeError, "step must be a function, got None"),
    (lambda: f.lift(f.lif_feed_forward_step)(np.ones((0, 3))), ValueError,
     "x must have at least one step"),
    (lambda: f.lift(f.lif_feed_forward_step)(1.0), ValueError, "x must have shape (T, ...)"),
    (lambda: f.spike_time_decode(np.ones((0, 3))), ValueError, "x must have at least one step"),
    (lambda: f.reset_value([1j], [1.0], 0.0), TypeError, "z must hold real numbers"),
    (lambda: f.regularize_step(X, None, f.voltage_accumulator), ValueError,
     "s must be the state of the neurons, got None"),
    (lambda: f.spatial_receptive_field(-1.0, 0.0, 1.0, 0.0, 0.0, 5), ValueError,
     "scale must be positive"),
]


@pytest.mark.parametrize("call, error, message", REFUSED, ids=[r[2][:60] for r in REFUSED])
def test_call__is_refused(call, error, message):
    with pytest.raises(error) as caught:
        call()

    assert message in str(caught.value)
