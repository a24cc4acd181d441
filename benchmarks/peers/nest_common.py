"""What the NEST scripts share."""

import nest


def kernel(p):
    """A fresh kernel."""
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": 1e3 * p["dt"], "rng_seed": p["seed"] + 1,
                          "local_num_threads": p["threads"]})


def record(populations):
    """A recorder for each population, by name."""
    recorders = {name: nest.Create("spike_recorder") for name in populations}
    for name, cells in populations.items():
        nest.Connect(cells, recorders[name])
    return recorders


def spikes(populations, recorders):
    """What they recorded: times in s, ids within the population."""
    events = {name: recorder.events for name, recorder in recorders.items()}
    return {name: (1e-3 * events[name]["times"], events[name]["senders"] - cells[0].global_id)
            for name, cells in populations.items()}
