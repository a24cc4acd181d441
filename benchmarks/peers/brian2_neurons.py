"""Uncoupled neurons in Brian2, by forward Euler, with a normal deviate a step or without."""

import numpy as np
from brian2 import Hz, NeuronGroup, SpikeMonitor, defaultclock, second
from brian2_common import build_and_run, standalone
from common import parameters, save
from neurons import MODELS

p, out = parameters()
standalone(p)
defaultclock.dt = p["dt"] * second
model = MODELS[p["model"]]
drive = "x = current + noise * randn() : 1 (constant over dt)" if p["noisy"] else "x = current : 1"
group = NeuronGroup(p["neurons"], f"{model['equations']}\n{drive}", threshold=model["threshold"],
                    reset=model["reset"], method="euler",
                    namespace=model["p"] | {k: model[k] for k in ("current", "noise")} | {"Hz": Hz})
for name, value in model["start"].items():
    setattr(group, name, value)
monitor = SpikeMonitor(group, record=False)
times = build_and_run(p, group, monitor)
save(out, {}, n_spikes=int(np.sum(monitor.count[:])), **times)
