"""Analyses of spikes in arrays, on one core, against elephant's on the same spikes.

Rounds alternate; elephant gets its trains ready made and lives in an environment of its own
(1.2.1): name its Python. `extra_mb` is the most memory that our call took beyond its arguments.

    python benchmarks/bench_analysis.py [--against elephant --python /path/to/env/bin/python]
"""

import argparse
import json
import statistics
import subprocess
import time
import tracemalloc

from harness import row

from eventsnn import analyse

SPIKES = r'''
import numpy as np

def spikes(n_neurons, n_spikes, duration, seed=0):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.random(n_spikes) * duration)
    return times, rng.integers(0, n_neurons, n_spikes)

def trains(n_neurons, n_spikes, duration):
    times, ids = spikes(n_neurons, n_spikes, duration)
    order = np.argsort(ids, kind="stable")
    return np.split(times[order], np.cumsum(np.bincount(ids, minlength=n_neurons))[:-1])
'''

ELEPHANT = SPIKES + r'''
import json, sys, time, warnings
warnings.simplefilter("ignore")
import neo, quantities as pq
from elephant import spike_train_correlation as sc, statistics as st
from elephant import spike_train_dissimilarity as sd

def neos(*sizes):
    return [neo.SpikeTrain(t * pq.s, t_stop=sizes[2] * pq.s) for t in trains(*sizes)]

units, few = trains(10_000, 10**6, 100.0), neos(30, 3000, 10.0)
CASES = {
    "cv_10k_units_1m_spikes": lambda: [st.cv(np.diff(t)) for t in units],
    "cv2_10k_units_1m_spikes": lambda: [st.cv2(np.diff(t)) for t in units],
    "lv_10k_units_1m_spikes": lambda: [st.lv(np.diff(t)) for t in units],
    "victor_purpura_30x30_100_spikes": lambda: sd.victor_purpura_distance(few, 10 * pq.Hz),
    "van_rossum_30x30_100_spikes": lambda: sd.van_rossum_distance(few, 0.05 * pq.s),
    "tiling_30x30_100_spikes": lambda: [sc.sttc(a, b) for i, a in enumerate(few) for b in few[:i]],
}
for line in sys.stdin:
    began = time.perf_counter()
    CASES[line.strip()]()
    print(json.dumps(time.perf_counter() - began), flush=True)
'''


def cases():
    """Our calls by name."""
    space: dict = {}
    exec(SPIKES, space)  # one text for both environments
    large = space["spikes"](10**6, 2 * 10**7, 20.0)
    units = space["spikes"](10_000, 10**6, 100.0)
    few = space["trains"](30, 3000, 10.0)

    def everything():
        s = analyse.interval_statistics(large, 10**6)
        return s.rates(20.0), s.cv(), s.cv2(), s.lv()

    return {
        "rate_cv_cv2_lv_1m_neurons_20m_spikes": everything,
        "cv_10k_units_1m_spikes": lambda: analyse.cv(units, 10_000),
        "cv2_10k_units_1m_spikes": lambda: analyse.cv2(units, 10_000),
        "lv_10k_units_1m_spikes": lambda: analyse.lv(units, 10_000),
        "victor_purpura_30x30_100_spikes": lambda: analyse.victor_purpura_distance(few, 10.0),
        "van_rossum_30x30_100_spikes": lambda: analyse.van_rossum_distance(few, 0.05),
        "tiling_30x30_100_spikes": lambda: analyse.spike_time_tiling(
            few, 0.005, t_start=0.0, t_stop=10.0),
    }


def timed(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def extra_memory(function):
    """Most memory taken at once, MB, of what NumPy allocates."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", choices=["elephant"])
    parser.add_argument("--python", help="Python of an environment with elephant")
    parser.add_argument("--repeats", type=int, default=5)
    o = parser.parse_args()
    if o.against and not o.python:
        parser.error("--against needs --python")
    peer = subprocess.Popen([o.python, "-c", ELEPHANT], text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE) if o.against else None
    for name, function in cases().items():
        function()  # compiles
        ours, theirs = [], []
        for _ in range(o.repeats):
            ours.append(timed(function))
            if peer and f'"{name}"' in ELEPHANT:
                peer.stdin.write(name + "\n")
                peer.stdin.flush()
                theirs.append(json.loads(peer.stdout.readline()))
        figures = {"seconds": round(statistics.median(ours), 5),
                   "extra_mb": round(extra_memory(function), 1)}
        if theirs:
            figures |= {"elephant_seconds": round(statistics.median(theirs), 4), "times_elephant":
                        round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)))}
        row(name, **figures)
    if peer:
        peer.stdin.close()
        peer.wait()


if __name__ == "__main__":
    main()
