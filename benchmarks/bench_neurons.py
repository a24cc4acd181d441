"""Uncoupled neurons against Brian2: how long a step of a neuron takes, without and with noise.

100,000 LIF, Izhikevich and AdEx neurons, 1,000 steps of 0.1 ms, by forward Euler on both sides;
noise is a normal deviate for each neuron and step. Runs take turns; times are medians, compilation
apart. While Brian2 compiles our process waits, and what it runs after that is slow: it runs all
once before the run that counts. Brian2 lives in an environment of its own, and runs as C++
standalone.

    python benchmarks/bench_neurons.py [--against brian2 --brian2-python P] [--neurons 100000]
        [--steps 1000] [--threads 1] [--repeats 3] [--json]
"""

import argparse
import json
import pathlib
import statistics
import tempfile

import numpy as np
from bench_networks import PEERS, finished
from harness import row
from peers.neurons import MODELS

from eventsnn.neurons import IzhikevichParameters, LIFAdExBoxParameters, LIFBoxParameters
from eventsnn.simulate import Network

DT = 1e-4
OURS = {"lif": LIFBoxParameters, "izhikevich": IzhikevichParameters, "adex": LIFAdExBoxParameters}


def ours(name, noisy, o):
    model, net = MODELS[name], Network(DT, seed=1, threads=o.threads)
    cells = net.population("cells", o.neurons, OURS[name](**model["p"]), initial=model["start"])
    net.constant(cells, model["current"])
    if noisy:
        net.noise(cells, 0.0, model["noise"])
    start = net.store()
    net.run(o.steps * DT)
    net.restore(start)
    before = net.cost
    net.run(o.steps * DT)
    return {"sim_s": net.cost.run - before.run, "n_spikes": net.cost.spikes - before.spikes}


def theirs(name, noisy, o, folder):
    p = {"model": name, "noisy": noisy, "neurons": o.neurons, "seconds": o.steps * DT, "dt": DT,
         "seed": 1, "threads": o.threads}
    return finished([o.brian2_python, PEERS / "brian2_neurons.py", json.dumps(p),
                     pathlib.Path(folder) / "out.npz"], cwd=folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", choices=("brian2",))
    parser.add_argument("--brian2-python", default="python3", help="of its environment")
    for name, default in (("neurons", 100_000), ("steps", 1000), ("threads", 1), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true", help="lines of JSON, no table")
    o = parser.parse_args()
    for name in MODELS:
        for noisy in (False, True):
            runs = {"eventsnn": [], **({"brian2": []} if o.against else {})}
            for _ in range(o.repeats):
                runs["eventsnn"].append(ours(name, noisy, o))
                if o.against:
                    with tempfile.TemporaryDirectory() as folder:
                        runs["brian2"].append(theirs(name, noisy, o, folder))
            for who, values in runs.items():
                seconds = statistics.median(v["sim_s"] for v in values)
                found = {"threads": o.threads, "sim_s": round(seconds, 4),
                         "ns_a_step": round(seconds / o.neurons / o.steps * 1e9, 3),
                         "rate_hz": round(np.mean([v["n_spikes"] for v in values])
                                          / o.neurons / o.steps / DT, 2)}
                case = f"{name}{' with noise' if noisy else ''} {who}"
                if o.json:
                    row(case, **found)
                else:
                    print(f"{case:<30}", "  ".join(f"{k} {v}" for k, v in found.items()),
                          flush=True)


if __name__ == "__main__":
    main()
