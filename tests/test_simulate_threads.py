"""The same spikes for any number of threads: published networks, plastic and procedural ones."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, sys
import numba, numpy as np
from eventsnn.connect import blocks
from eventsnn.networks import brunel, microcircuit
from eventsnn.networks.brunel import parameters
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.simulate import FixedInDegree, Network, Uniform, group

group.PARALLEL_WORK, blocks.size = 0, lambda n: 320  # several blocks of a small network, shared

def plastic(seed, threads):
    net = Network(1e-4, seed, threads)
    cells = net.population("cells", 1000, parameters(net.dt), refractory=2e-3)
    net.connect(cells, cells, FixedInDegree(50), weight=Uniform(100.0, 300.0),
                delay=Uniform(1e-3, 4e-3), plasticity=PairSTDP(w_max=400.0),
                short_term=TsodyksMakramParameters(U=0.8))
    net.connect(cells[:200], cells, FixedInDegree(50), weight=-600.0, delay=1.5e-3)
    net.poisson(cells, rate=20_000.0, weight=20.0)
    return net

NETWORKS = {"sparse": lambda seed, t: brunel(1250, seed=seed, threads=t),
            "procedural": lambda seed, t: brunel(1250, connections="procedural", seed=seed,
                                                 threads=t),
            "microcircuit": lambda seed, t: microcircuit(0.02, seed=seed, threads=t),
            "plastic": plastic}

def digest(net):
    spikes = {name: net.record(q, "spikes") for name, q in net.populations.items()}
    net.run(0.3)
    found, total = hashlib.sha256(), 0
    for name in sorted(spikes):
        total += len(spikes[name])
        for values in (spikes[name].times, spikes[name].ids):
            found.update(np.ascontiguousarray(values).tobytes())
    for made in net.connections:
        if made.plasticity is not None:
            found.update(made.weights.tobytes())
    assert total > 200, total
    return found.hexdigest()

make, seeds = NETWORKS[sys.argv[1]], range(int(sys.argv[2]))
for seed in seeds:
    found = {digest(make(seed, threads)) for threads in (1, 2, 4)}
    assert len(found) == 1, (seed, found)
assert len({digest(make(seed, 1)) for seed in (0, 1)}) == 2
assert numba.config.NUMBA_NUM_THREADS == 4
"""


def check(network, seeds):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, network, str(seeds)], capture_output=True, text=True,
        env=os.environ | {"NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("network", ["sparse", "procedural", "microcircuit", "plastic"])
def test_spikes__are_the_same_for_1_2_and_4_threads(network):
    check(network, 2)


@pytest.mark.long
@pytest.mark.parametrize("network", ["sparse", "procedural", "microcircuit", "plastic"])
def test_spikes__are_the_same_for_1_2_and_4_threads_with_20_seeds(network):
    check(network, 20)
