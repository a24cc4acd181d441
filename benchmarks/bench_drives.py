"""What drives of a network cost, in ns a neuron and step, beside LIF neurons that do the rest.

One thread, 12,500 neurons as in Brunel's network; the time of the same network without a drive is
taken off. Medians of the time that the thread ran, each network in turn.

    python benchmarks/bench_drives.py [--neurons 12500] [--steps 1000] [--repeats 15]
"""

import argparse
import statistics
import time

import numpy as np

from harness import row

from eventsnn.neurons import LIFParameters
from eventsnn.simulate import Network

DT = 1e-4
CASES = {
    "none": lambda net, q: None,
    "Poisson, mean 0.02 a step": lambda net, q: net.poisson(q, rate=0.02 / DT, weight=0.1),
    "Poisson, mean 2": lambda net, q: net.poisson(q, rate=2 / DT, weight=0.1),
    "Poisson, mean 15": lambda net, q: net.poisson(q, rate=15 / DT, weight=0.1),
    "Poisson, means 1 to 3 by neuron": lambda net, q: net.poisson(
        q, rate=np.linspace(1, 3, len(q)) / DT, weight=0.1),
    "current": lambda net, q: net.current(q, 0.5),
    "noise, each step": lambda net, q: net.noise(q, 0.0, 1.0),
    "noise, each 10 steps": lambda net, q: net.noise(q, 0.0, 1.0, 10 * DT),
    "noise by neuron": lambda net, q: net.noise(q, np.linspace(0, 1, len(q)), 1.0),
}


def driven(case, neurons):
    net = Network(DT, seed=1)
    CASES[case](net, net.population("cells", neurons, LIFParameters(v_th=1e6)))
    net.compile()
    net.run(0.01)
    return net


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("neurons", 12_500), ("steps", 1000), ("repeats", 15)):
        parser.add_argument(f"--{name}", type=int, default=default)
    o = parser.parse_args()
    nets = {case: driven(case, o.neurons) for case in CASES}
    times = {case: [] for case in CASES}
    for _ in range(o.repeats):
        for case, net in nets.items():
            began = time.thread_time()
            net.run(o.steps * DT)
            times[case].append((time.thread_time() - began) / o.steps / o.neurons * 1e9)
    median = {case: statistics.median(values) for case, values in times.items()}
    row("drives", neurons=o.neurons, lif_ns=round(median["none"], 3),
        drive_ns={case: round(ns - median["none"], 3) for case, ns in median.items()
                  if case != "none"})


if __name__ == "__main__":
    main()
