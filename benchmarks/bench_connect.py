"""Building and delivery of connections, at the size of Brunel's network, one thread.

12,500 neurons and 15.6 million synapses. For each rule: the time to build, compilation apart, and
bytes a synapse, final and at the peak (what a process of its own takes more than before, at most).
For each kind of storage: the time of a synaptic event, in windows of 15 steps at 37 Hz. Times are
those of the processor, so that other work on the machine counts less.

    python benchmarks/bench_connect.py [--repeats 5] [--quick]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
from harness import row

from eventsnn.core.jit import kernel
from eventsnn.engine.delivery import deliver_block
from eventsnn.neurons import LIFParameters
from eventsnn.simulate import (
    AllToAll, ClippedNormal, DistanceProbability, FixedInDegree, FixedOutDegree, FixedProbability,
    FixedTotalNumber, Network, Normal,
)

WEIGHT, DELAY = Normal(0.1, 0.01), ClippedNormal(1.5e-3, 0.5e-3, low=1e-4)
STORAGE = {  # weight, delay
    "shared": (0.1, 1.5e-3), "weights": (WEIGHT, 1.5e-3), "delays": (0.1, DELAY),
    "weights and delays": (WEIGHT, DELAY)}
WINDOW, WINDOWS, RATE, DT = 15, 20, 37.0, 1e-4


def rules(n):
    """Rules of about a tenth of all pairs, by name."""
    degree, xy = n // 10, np.random.default_rng(0).random((n, 2))
    return {
        "fixed in-degree": FixedInDegree(degree),
        "fixed in-degree, no multapses": FixedInDegree(degree, multapses=False),
        "fixed out-degree": FixedOutDegree(degree),
        "fixed out-degree, no multapses": FixedOutDegree(degree, multapses=False),
        "fixed total number": FixedTotalNumber(n * degree),
        "fixed total number, no multapses": FixedTotalNumber(n * degree, multapses=False),
        "fixed probability": FixedProbability(0.1), "all to all": AllToAll(),
        "distance, gaussian": DistanceProbability(xy, xy, 0.8, sigma=0.14, box=(1.0, 1.0))}


def network(n, name, storage="shared", procedural=False):
    net = Network(DT, seed=1)
    cells = net.population("cells", n, LIFParameters())
    weight, delay = STORAGE[storage]
    net.connect(cells, cells, rules(n)[name], weight=weight, delay=delay, procedural=procedural)
    return net


def memory(what):
    """Bytes of this process on Linux: ``"VmRSS"`` now, or ``"VmHWM"``, most since a reset."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {what}")


def build(n, name, storage):
    """Figures of one build, in this process."""
    network(100, name, storage).build()  # compiles
    net = network(n, name, storage)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before, began = memory("VmRSS"), time.process_time()
    net.build()
    seconds, after = time.process_time() - began, memory("VmHWM")
    return {"build_s": seconds, "synapses": net.n_synapses,
            "bytes": net.synapse_bytes / net.n_synapses,
            "peak_bytes": (after - before) / net.n_synapses}


@kernel
def deliver(size, n_windows, ids, ends, synapses, recipes, drawing, ring):
    """Deliver windows of spikes to all blocks."""
    n_events, n_blocks = 0, (ring.shape[2] + size - 1) // size
    for w in range(n_windows):
        for block in range(n_blocks):
            n_events += deliver_block(block, np.uint64(size), np.uint64(w * WINDOW), WINDOW, ids,
                                      ends[:, w * WINDOW:], synapses, recipes, drawing, ring)
    return n_events


def delivery(n, storages, repeats):
    """Nanoseconds a synaptic event of several networks, measured in turn."""
    made = {}
    for name, (rule, storage, procedural) in storages.items():
        net = network(n, rule, storage, procedural)
        net.build()
        made[name] = net._simulation.groups[0]
    rng, n_spikes = np.random.default_rng(0), max(1, round(RATE * DT * n))
    ids = np.concatenate([np.sort(rng.choice(n, n_spikes, replace=False))
                          for _ in range(WINDOW * WINDOWS)]).astype(np.uint32)[None]
    ends = np.arange(WINDOW * WINDOWS + 1)[None] * n_spikes
    times = {name: [] for name in made}
    for k in range(repeats + 1):
        for name, group in made.items():
            ring = np.zeros_like(group.ring)
            began = time.process_time()
            events = deliver(group.block, WINDOWS, ids, ends, group.synapses, group.recipes,
                             group.drawing, ring)
            if k:  # the first compiles
                times[name].append((time.process_time() - began) / events * 1e9)
    return {name: (statistics.median(t), min(t)) for name, t in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the neurons, once")
    parser.add_argument("--build", nargs=3, help=argparse.SUPPRESS)  # in a process of its own
    o = parser.parse_args()
    if o.build:
        print(json.dumps(build(int(o.build[0]), *o.build[1:])))
        return
    n, repeats = (1250, 1) if o.quick else (12_500, o.repeats)
    cases = [(name, "shared") for name in rules(100)] + [
        ("fixed in-degree", "weights and delays")]
    for name, storage in cases:
        command = [sys.executable, __file__, "--build", str(n), name, storage]
        found = [json.loads(subprocess.run(command, check=True, capture_output=True,
                                           text=True).stdout) for _ in range(repeats)]
        row("build", rule=name, storage=storage, neurons=n, synapses=found[0]["synapses"],
            build_s=round(statistics.median(f["build_s"] for f in found), 3),
            best_s=round(min(f["build_s"] for f in found), 3),
            bytes_a_synapse=round(found[0]["bytes"], 3),
            peak_bytes_a_synapse=round(max(f["peak_bytes"] for f in found), 3))
    storages = {f"stored, {s}": ("fixed in-degree", s, False) for s in STORAGE}
    for rule in ("fixed probability", "fixed out-degree", "fixed out-degree, no multapses",
                 "distance, gaussian"):
        storages[f"procedural, {rule}"] = rule, "shared", True
    storages["procedural, fixed out-degree, weights and delays"] = (
        "fixed out-degree", "weights and delays", True)
    for name, (median, best) in delivery(n, storages, repeats).items():
        row("delivery", storage=name, neurons=n, ns_an_event=round(median, 2),
            best_ns=round(best, 2), million_events_a_second=round(1e3 / median, 1))


if __name__ == "__main__":
    main()
