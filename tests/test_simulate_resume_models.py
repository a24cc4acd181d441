"""Every neuron model goes on from a snapshot bit for bit, with and without plastic synapses."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import numpy as np
import eventsnn.neurons
from eventsnn.core.dispatch import MODELS
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.simulate import AllToAll, Network, Uniform

path, plastic = sys.argv[1], sys.argv[2] == "plastic"
STEPS, N = 60, 6

def make(p, delay):
    if isinstance(p, eventsnn.neurons.LIFAdExNorseParameters):
        p = p._replace(tau_ada_inv=0.5)  # by 1 and above each step enlarges the adaptation
    net = Network(1e-4, seed=5)
    cells = net.population("cells", N, p)
    rng = np.random.default_rng(1)
    steps, ids = rng.integers(0, 2 * STEPS, 60), rng.integers(0, 3, 60)
    source = net.source("source", 3, steps * net.dt, ids)
    own = dict(plasticity=PairSTDP(w_max=5.0, eta_plus=0.1), weight=Uniform(1.0, 4.0),
               short_term=TsodyksMakramParameters()) if plastic else dict(weight=2.0)
    channels = getattr(MODELS[type(p)].inputs, "_fields", (None,))
    for pre in (source, cells) if MODELS[type(p)].spiking else (source,):
        for channel in channels:
            net.connect(pre, cells, AllToAll(), delay=delay, channel=channel, **own)
    return net

def state(net):
    cells, made = net.populations["cells"], net.connections
    return ([np.asarray(x).tobytes() for x in net.state(cells)]
            + [c.weights.tobytes() for c in made if c.plasticity is not None])

known, changed = 0, 0
for parameters in MODELS:
    if not parameters.__module__.startswith("eventsnn."):
        continue
    try:
        make(parameters(), 1e-4)
    except (ValueError, TypeError) as error:  # not one for networks, and says so
        print(parameters.__name__, error)
        continue
    known += 1
    for delay in (1e-4, 25e-4, Uniform(1e-4, 40e-4)):
        whole, first = make(parameters(), delay), make(parameters(), delay)
        whole.run(2 * STEPS * 1e-4)
        first.run(STEPS * 1e-4)
        before = state(first)
        first.save(path, overwrite=True)
        again = Network.load(path)
        assert state(again) == before, parameters
        again.run(STEPS * 1e-4)
        assert state(again) == state(whole), (parameters, delay)
        changed += state(again) != before
print(known, changed)
assert known >= 18 and changed > 2.5 * known, (known, changed)  # some may rest meanwhile
"""


@pytest.mark.parametrize("synapses", ["static", "plastic"])
def test_load__goes_on_bit_for_bit_for_every_model(tmp_path, synapses):
    """In plain Python, where no loop is compiled for each model."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, tmp_path / "net.h5", synapses],
                          capture_output=True, text=True,
                          env=os.environ | {"NUMBA_DISABLE_JIT": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
