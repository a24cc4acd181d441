"""What the GeNN scripts share: PyGeNN 5, float32, on one core.

They are written after its documentation; we had no GeNN to run them with. Their equations, compiled
and run by a stand-in, gave the rates of the other simulators.
"""

import sys

from pygenn import GeNNModel, init_postsynaptic

FED = [("in_exc", "scalar", 0.0), ("in_inh", "scalar", 0.0)]  # what spikes bring, by their senders


def model(p, name):
    """An empty model."""
    if p["threads"] != 1:
        sys.exit(f"threads must be 1 for GeNN, whose CPU backend has no more, got {p['threads']}")
    made = GeNNModel("float", f"{name}_{p['seed']}", backend="single_threaded_cpu",
                     optimize_code=True)
    made.dt, made.seed = 1e3 * p["dt"], p["seed"] + 1
    return made


def connect(made, groups, pre, post, weights, sources, targets):
    """Synapses whose spikes are summed in ``in_<pre>`` of their targets; they come a step later."""
    synapses = made.add_synapse_population(f"{pre}_{post}", "SPARSE", groups[pre], groups[post],
                                           weights, init_postsynaptic("DeltaCurr"))
    synapses.set_sparse_connections(sources, targets)
    synapses.post_target_var = f"in_{pre}"
    return synapses


def steps(p, seconds):
    return round(seconds / p["dt"])


def build_and_run(p, made, groups, clock):
    """Run a model; returns its spikes and the times taken, of which `clock` has shown none yet."""
    n_steps = steps(p, p["seconds"])
    for group in groups.values():
        group.spike_recording_enabled = p["record"]
    wiring = clock.lap()
    made.build()
    compile_s = clock.lap()
    made.load(num_recording_timesteps=n_steps if p["record"] else None)
    build_s = wiring + clock.lap()
    while made.timestep < n_steps:
        made.step_time()
    times = {"compile_s": compile_s, "build_s": build_s, "sim_s": clock.lap()}
    if not p["record"]:
        return {}, times
    made.pull_recording_buffers_from_device()
    found = {name: group.spike_recording_data[0] for name, group in groups.items()}
    return {name: (1e-3 * at, ids) for name, (at, ids) in found.items()}, times
