"""Agreement with the reference data: every case, through the public classes.

``python -m pytest tests/test_golden.py --golden DIR`` runs over another folder of the same layout,
whatever its cases, seeds and shapes.
"""

from fnmatch import fnmatch

import h5py

from tests.golden import containers, neurons, others, rules
from tests.golden.case import Case, SinglePrecision

# What a case is: its family and what its attributes say of it -> how to run it.
RUNNERS = {
    **{(family, kind): run for family in neurons.NAMES for kind, run in (
        ("feed_forward", neurons.feed_forward), ("recurrent", neurons.recurrent),
        ("module_step", neurons.module), ("module_sequence", neurons.module))},
    ("izhikevich", "behavior"): neurons.behavior,
    ("thresholds", "*"): others.threshold,
    ("encoders", "*PoissonEncoder*"): others.poisson,
    ("encoders", "ConstantCurrentLIFEncoder"): others.encoder,
    ("encoders", "SpikeLatency*"): others.encoder,
    ("encoders", "lif*_current_encoder"): others.current_encoder,
    ("sequential", "lift"): others.lift,
    ("sequential", "regularization"): others.regularization,
    ("conv", "*"): containers.lconv2d,
    ("sequential", "*SequentialState(conv2d*"): containers.conv_chain,
    ("sequential", "*SequentialState(LConv2d*"): containers.conv_chain,
    ("sequential", "*SequentialState(LSNN*"): containers.lsnn_refrac_chain,
    ("sequential", "*RecurrentSequential*"): containers.recurrent_sequential,
    ("adjoint", "*"): neurons.adjoint,
    ("encoders", "PopulationEncoder"): rules.population,
    ("plasticity", "stdp_linear*"): rules.stdp,
    ("plasticity", "stdp_conv2d*"): rules.stdp,
    ("plasticity", "stdp_sensor*"): rules.stdp_sensor,
    ("plasticity", "correlation_sensor*"): rules.correlation_sensor,
    ("plasticity", "lif_correlation*"): rules.lif_correlation,
    ("plasticity", "tsodyks_makram*"): rules.tsodyks_makram,
    ("misc", "exp_filter*"): rules.exponential_filter,
    ("misc", "spikes_to_times*"): rules.spikes_to_times,
    ("misc", "logical*"): rules.logic,
    ("misc", "spatial_receptive_field*"): rules.spatial_receptive_field,
    ("misc", "temporal_scales*"): rules.temporal_scales,
    ("training", "*"): others.training,
}


def kind_of(case):
    """What selects the runner within a family."""
    for attribute in ("kind", "encoder", "layers", "function", "optimizer"):
        if attribute in case.attributes:
            return case.attributes[attribute]
    if case.family == "sequential":
        return "regularization" if "spike_count" in case.outputs else (
            "lift" if "lif_given_state" in case.outputs else case.name)
    return case.name


def matches(case, entry):
    return case.family == entry[0] and fnmatch(kind_of(case), entry[1])


def runner_of(case):
    runners = [run for entry, run in RUNNERS.items() if matches(case, entry)]
    assert len(runners) == 1, f"no way to run {case.family} of kind {kind_of(case)!r} is known"
    return runners[0]


def read(golden_case, cls):
    path, name = golden_case
    with h5py.File(path) as file:
        return cls(file.attrs.get("family", path.stem), name, file[name])


def test_case__agrees_with_reference(golden_case):
    case = read(golden_case, Case)

    runner_of(case)(case)

    case.assert_all_compared()


def test_case__spikes_are_the_same_in_float32(golden_spiking_case):
    case = read(golden_spiking_case, SinglePrecision)

    runner_of(case)(case)

    case.assert_all_compared()
