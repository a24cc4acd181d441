"""What the length of a step does to the networks: rates and CVs at several steps.

Connections are drawn with the same seeds for every step, so networks are the same ones; what they
do is chaotic, so differences are means over seeds, with their standard errors. coba's membrane is
forward Euler, of first order; brunel and the microcircuit are exact between spikes, which remain on
the grid.

    python benchmarks/bench_steps.py [--only coba] [--seconds 5] [--seeds 12]
"""

import argparse
import importlib

import numpy as np
from harness import row

from eventsnn.analyse import IntervalStatistics

STEPS = (2e-4, 1e-4, 5e-5, 2.5e-5)  # s; the last is what others are compared with
NETWORKS = {"cuba": {}, "coba": {}, "brunel": {"neurons": 2500}, "microcircuit": {"scale": 0.05}}


class Counting:
    """A recorder that keeps what rates and CVs need."""

    def __init__(self, net):
        self._dt = net.dt
        self._of = {name: IntervalStatistics(len(q)) for name, q in net.populations.items()}

    def append(self, population, steps, ids):
        self._of[population].add(steps * self._dt, ids)

    def figures(self, seconds):
        rates = np.concatenate([i.rates(seconds) for i in self._of.values()])
        return rates.mean(), np.nanmean(np.concatenate([i.cv() for i in self._of.values()]))


def figures(name, dt, seed, seconds):
    function = getattr(importlib.import_module(f"eventsnn.networks.{name}"), name)
    net = function(dt=dt, seed=seed, **NETWORKS[name])
    counting = Counting(net)
    net.run(seconds, recorder=counting, progress=False)
    return counting.figures(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=NETWORKS, help="one network; all if not given")
    parser.add_argument("--seconds", type=float, default=5.0, help="model time of each run")
    parser.add_argument("--seeds", type=int, default=12)
    o = parser.parse_args()
    for name in [o.only] if o.only else NETWORKS:
        found = {dt: np.array([figures(name, dt, seed, o.seconds) for seed in range(o.seeds)])
                 for dt in STEPS}
        for dt, values in found.items():
            off = values - found[STEPS[-1]]
            mean, error = off.mean(0), off.std(0, ddof=1) / np.sqrt(o.seeds)
            row(name, dt_s=dt, rate_hz=round(values[:, 0].mean(), 3), rate_off=round(mean[0], 3),
                rate_error=round(error[0], 3), cv_isi=round(values[:, 1].mean(), 4),
                cv_off=round(mean[1], 4), cv_error=round(error[1], 4))


if __name__ == "__main__":
    main()
