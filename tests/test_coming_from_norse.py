"""Nothing of norse is forgotten: each of its public names is here, elsewhere, or named as missing.

And the README's page for those who come from it says what is true.
"""

import importlib
import pathlib
import re

import numpy as np
import pytest

import eventsnn

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
PAGE = re.search(r"## Coming from norse\n(.*?)\n## ", README, flags=re.DOTALL).group(1)
MODULES = [importlib.import_module(name) for name in (
    "eventsnn", "eventsnn.functional", "eventsnn.encode", "eventsnn.layers", "eventsnn.neurons",
    "eventsnn.neurons.behaviors", "eventsnn.plasticity", "eventsnn.surrogates",
    "eventsnn.interop")]

# All public classes, functions and constants of norse.torch, its functional and its module, in
# release 1.1.0, and those that its main branch has since.
NORSE = """
Accumulator CircDist CobaLIFCell CobaLIFFeedForwardState CobaLIFParameters CobaLIFState
ConstantCurrentLIFEncoder ConvNet ConvNet4 CorrelationSensorParameters CorrelationSensorState
ExpFilter HAS_MATPLOTLIB HAS_TENSORBOARD HeaviCirc HeaviErfc HeaviTanh IAF IAFCell
IAFFeedForwardState IAFParameters IAFState Izhikevich IzhikevichCell IzhikevichParameters
IzhikevichRecurrent IzhikevichRecurrentCell IzhikevichRecurrentState IzhikevichSpikingBehavior
IzhikevichState LConv2d LI LIBox LIBoxCell LIBoxParameters LIBoxState LICell LIF LIFAdEx
LIFAdExCell LIFAdExFeedForwardState LIFAdExParameters LIFAdExRecurrent LIFAdExRecurrentCell
LIFAdExRefracCell LIFAdExRefracFeedForwardState LIFAdExRefracParameters LIFAdExRefracRecurrent
LIFAdExRefracRecurrentCell LIFAdExRefracState LIFAdExState LIFAdjointFunction
LIFAdjointRefracFeedForwardFunction LIFAdjointRefracFunction LIFBox LIFBoxCell
LIFBoxFeedForwardState LIFBoxParameters LIFBoxState LIFCell LIFCorrelation
LIFCorrelationParameters LIFCorrelationState LIFEx LIFExCell LIFExFeedForwardState LIFExParameters
LIFExRecurrent LIFExRecurrentCell LIFExState LIFFeedForwardAdjointFunction
LIFFeedForwardSparseAdjointFunction LIFFeedForwardState LIFMCAdjointFunction LIFMCRecurrentCell
LIFMCRefracAdjointFunction LIFMCRefracRecurrentCell LIFParameters LIFRecurrent LIFRecurrentCell
LIFRefracCell LIFRefracFeedForwardState LIFRefracParameters LIFRefracRecurrent
LIFRefracRecurrentCell LIFRefracState LIFSparseAdjointFunction LIFSparseAdjointRefracFunction
LIFState LILinearCell LIParameters LIState LSNN LSNNAdjointFunction LSNNCell
LSNNFeedForwardAdjointFunction LSNNFeedForwardState LSNNParameters LSNNRecurrent
LSNNRecurrentCell LSNNState Lift Logistic MobileNetV2 ParameterizedSpatialReceptiveField2d
PoissonEncoder PoissonEncoderStep PopulationEncoder RecurrentSequential RecurrentSequentialState
RegularizationCell ResetMethod SNN SNNCell SNNRecurrent SNNRecurrentCell STDPParameters
STDPSensorParameters STDPSensorState STDPState SampledSpatialReceptiveField2d SequentialState
SignedPoissonEncoder SignedPoissonEncoderStep SpatialReceptiveField2d SpikeLatencyEncoder
SpikeLatencyLIFEncoder SpikesToTimesDecoder SuperSpike TemporalReceptiveField ToSpikeTimes
Triangle TsodyksMakramParameters TsodyksMakramState VGG accomodation ada_lif_step bistability
calculate_normalization circ_dist_fn class_1_exc class_2_exc coba_lif_feed_forward_step
coba_lif_step compute_refractory_update constant_current_lif_encode correlation_based_update
correlation_sensor_step covariance_matrix create_izhikevich_spiking_behavior dap derive_kernel
derive_spatial_receptive_field derive_spatial_receptive_field_single euclidean_distance
exp_filter_step from_nir gaussian_kernel gaussian_rbf heavi_circ_fn heavi_erfc_fn heavi_tanh_fn
heaviside iaf_feed_forward_step iaf_step inhibition_induced_bursting inhibition_induced_spiking
integrator izhikevich_feed_forward_step izhikevich_recurrent_step li_box_feed_forward_step
li_box_step li_feed_forward_step li_step lif_adex_current_encoder lif_adex_feed_forward_step
lif_adex_refrac_feed_forward_step lif_adex_refrac_step lif_adex_step lif_adjoint_step
lif_adjoint_step_sparse lif_box_feed_forward_step lif_correlation_step lif_current_encoder
lif_ex_current_encoder lif_ex_feed_forward_step lif_ex_step lif_feed_forward_adjoint_step
lif_feed_forward_adjoint_step_sparse lif_feed_forward_integral lif_feed_forward_step
lif_feed_forward_step_sparse lif_mc_adjoint_step lif_mc_feed_forward_step lif_mc_refrac_adjoint
lif_mc_refrac_feed_forward_step lif_mc_refrac_step lif_mc_step lif_refrac_adjoint_step
lif_refrac_adjoint_step_sparse lif_refrac_feed_forward_adjoint_step
lif_refrac_feed_forward_step lif_refrac_step lif_refrac_step_sparse lif_step lif_step_integral
lif_step_sparse lift logical_and logical_or logical_xor logistic_fn lsnn_adjoint_step
lsnn_feed_forward_adjoint_step lsnn_feed_forward_step lsnn_step mixed_mode mobilenet_v2 muller_c
phasic_bursting phasic_spiking poisson_encode poisson_encode_step population_encode
posedge_detector rebound_burst rebound_spike regularize_step reset_subtract reset_value resonator
sign signed_poisson_encode signed_poisson_encode_step spatial_parameters spatial_receptive_field
spatial_receptive_fields_with_derivatives spatio_temporal_parameters spike_accumulator
spike_frequency_adaptation spike_latency spike_latency_encode spike_latency_lif_encode
stdp_sensor_step stdp_step_conv2d stdp_step_linear stp_step subthreshold_oscillation sum_decode
super_fn temporal_scale_distribution threshold threshold_variability to_nir tonic_bursting
tonic_spiking triangle_fn vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn
voltage_accumulator
""".split()

# Another name here; or the same one, which here means something else.
RENAMED = {
    "CobaLIFCell": "CobaLIFRecurrentCell",  # here a CobaLIFCell has no weights
    **{f"{stem}FeedForwardState": f"{stem}State" for stem in (
        "CobaLIF", "IAF", "LIF", "LIFAdEx", "LIFAdExRefrac", "LIFBox", "LIFEx", "LIFRefrac",
        "LSNN")},
    **{f"{stem}State": "RecurrentState" for stem in (  # with z; one class for all neurons
        "CobaLIF", "IAF", "IzhikevichRecurrent", "LIF", "LIFAdEx", "LIFAdExRefrac", "LIFBox",
        "LIFEx", "LIFRefrac", "LSNN")},
    "SNNCell": "Cell", "SNN": "Sequence", "SNNRecurrentCell": "RecurrentCell",
    "SNNRecurrent": "RecurrentSequence",
    "ToSpikeTimes": "spike_time_decode",
    "gaussian_kernel": "spatial_receptive_field",
    "compute_refractory_update": "refractory",  # makes the refractory form of any neuron
    **{name: "EventAdjoint" for name in NORSE if "djoint" in name},
}
# Why a name is nowhere.
MISSING = {
    "HAS_MATPLOTLIB": "matplotlib is imported at the first plot",
    "HAS_TENSORBOARD": "hooks are functions: SequentialState.register_forward_state_hooks",
    "ResetMethod": "a type alias; LIFBoxParameters has the switch reset_subtract",
    **dict.fromkeys(["calculate_normalization", "covariance_matrix", "derive_kernel",
                     "derive_spatial_receptive_field", "derive_spatial_receptive_field_single"],
                    "a part of spatial_receptive_field"),
    **dict.fromkeys(["ConvNet", "ConvNet4", "MobileNetV2", "mobilenet_v2",
                     *(n for n in NORSE if n.lower().startswith("vgg"))],
                    "vision networks are not built"),
}


def found(name):
    return any(hasattr(module, name) for module in MODULES)


@pytest.mark.parametrize("name", NORSE)
def test_name__is_here_or_accounted_for(name):
    if name in MISSING:
        assert name not in RENAMED
        if not MISSING[name].endswith("not built"):  # or it has been, and this table is stale
            assert not found(name)
    else:
        assert found(RENAMED.get(name, name)), name


def test_tables__name_nothing_else():
    assert {*RENAMED, *MISSING} <= {*NORSE}
    assert len(set(NORSE)) == len(NORSE) == 266


def test_page__names_what_exists():
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in PAGE.splitlines() if line.startswith("|") and "---" not in line][1:]
    named = {name for row in rows for name in re.findall(r"`([\w.]+)`", row[1])}

    assert len(rows) > 25 and all(len(row) in (2, 3) for row in rows)
    for name in named - {"stop_reset"}:
        if name.startswith("eventsnn."):
            importlib.import_module(name)
        else:
            assert found(name), name


@pytest.mark.parametrize("option, where", [
    ("lost_input", eventsnn.layers.CobaLIFRecurrentCell),
    ("norse_adaptation", eventsnn.encode.ConstantCurrentLIFAdExEncoder),
    ("one_time_constant", eventsnn.plasticity.stdp_sensor_step),
    ("stop_reset", eventsnn.layers.LIF), ("trainable", eventsnn.layers.LIF),
    ("output_modules", eventsnn.layers.RecurrentSequential),
    ("autapses", eventsnn.layers.LIFRecurrent),
])
def test_options_of_the_page__exist(option, where):
    code = [where.__init__.__code__] if isinstance(where, type) else [where.__code__]
    if isinstance(where, type):
        code += [base.__init__.__code__ for base in where.__mro__[1:-1]
                 if "__init__" in vars(base)]

    assert f"`{option}" in PAGE
    assert any(option in c.co_varnames for c in code)


def test_example_of_the_page__runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)

    exec(compile(example, "README.md", "exec"), {"__name__": "readme"})

    assert capsys.readouterr().out == (
        "(50, 8, 2) ['0.bias', '0.weight', '2.bias', '2.weight']\n")


def test_claims_of_the_page__hold():
    n, f = eventsnn.neurons, eventsnn.functional
    assert n.LSNNParameters().tau_adapt_inv == 1 / 800 and n.LSNNParameters().beta == 1.8
    assert n.LIFExParameters.bio_default().delta_T == 2
    assert n.LIFParameters.bio_default().tau_syn_inv == 500  # 1/s: 1/2 in 1/ms
    assert n.LIFRefracParameters._fields == (*n.LIFParameters._fields, "rho_reset")
    assert eventsnn.PoissonEncoder(1).f_max == 100 and eventsnn.PoissonEncoderStep().f_max == 1000
    z, _ = eventsnn.layers.CobaLIFCell()(np.zeros(3))
    assert z.all()  # neurons start above threshold
    assert f.spike_latency_encode(np.array([1, -1, 1, 1])).tolist() == [1, 0, 0, 0]
    assert f.spike_latency_encode(np.array([-1, -1, 1, 1, 1])).tolist() == [-1, -1, 1, 1, 1]
    fired = np.ones((1, 1))  # input acts at once, or one step later
    assert f.lif_step(fired, None, 20 * fired, 0 * fired)[0] == 1
    assert f.lsnn_step(fired, None, 20 * fired, 0 * fired)[0] == 0
    for surrogate in (eventsnn.SuperSpike(7.0), eventsnn.HeaviTanh(7.0), eventsnn.HeaviErfc(7.0),
                      eventsnn.HeaviCirc(7.0)):
        layer, tape = eventsnn.layers.Threshold(surrogate), eventsnn.Tape()
        layer(np.zeros(1), tape=tape)
        assert 0.9 < layer.backward(np.ones(1), tape).x[0] < 1.2
