"""Analyses of spikes on one core, against elephant's and PySpike's of the same spikes.

Rounds alternate; the peers get their trains, and elephant its bins, ready made. They may live in an
environment of their own: name its Python. `extra_mb` is the most memory that our call took beyond
its arguments. Cases from the disk run in a process of their own, whose peak memory counts;
`--billion` adds one of 10^9 spikes, a file of 16 GB in `--folder`, deleted at the end.

    python benchmarks/bench_analysis.py [--against elephant --python /path/to/env/bin/python]
        [--billion] [--folder .]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc

import from_disk
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
import logging
import neo, pyspike, quantities as pq
from elephant import conversion, kernels
from elephant import spike_train_correlation as sc, statistics as st
from elephant import spike_train_dissimilarity as sd

logging.disable(logging.WARNING)

def neos(*sizes):
    return [neo.SpikeTrain(t * pq.s, t_stop=sizes[2] * pq.s) for t in trains(*sizes)]

def binned(trains, bin_size):
    return conversion.BinnedSpikeTrain(trains, bin_size=bin_size * pq.s)

units, few, more = trains(10_000, 10**6, 100.0), neos(30, 3000, 10.0), neos(1000, 10**6, 100.0)
bins, each = binned(more, 0.005), [binned([train], 0.001) for train in more[:100]]
hundred = [pyspike.SpikeTrain(train, (0.0, 10.0)) for train in trains(100, 10_000, 10.0)]
gauss = kernels.GaussianKernel(0.02 * pq.s)
CASES = {
    "cv_10k_units_1m_spikes": lambda: [st.cv(np.diff(t)) for t in units],
    "cv2_10k_units_1m_spikes": lambda: [st.cv2(np.diff(t)) for t in units],
    "lv_10k_units_1m_spikes": lambda: [st.lv(np.diff(t)) for t in units],
    "victor_purpura_30x30_100_spikes": lambda: sd.victor_purpura_distance(few, 10 * pq.Hz),
    "van_rossum_30x30_100_spikes": lambda: sd.van_rossum_distance(few, 0.05 * pq.s),
    "tiling_30x30_100_spikes": lambda: [sc.sttc(a, b) for i, a in enumerate(few) for b in few[:i]],
    "count_correlation_1000x1000_1m_spikes": lambda: sc.correlation_coefficient(bins, fast=False),
    "correlograms_50_pairs_1000_spikes": lambda: [
        sc.cross_correlation_histogram(a, b, window=[-50, 50]) for a, b in zip(each, each[50:])],
    "kernel_rates_20_units_1000_spikes": lambda: st.instantaneous_rate(
        more[:20], 0.01 * pq.s, kernel=gauss, border_correction=False),
    "isi_distance_100x100_100_spikes": lambda: pyspike.isi_distance_matrix(hundred),
    "spike_distance_100x100_100_spikes": lambda: pyspike.spike_distance_matrix(hundred),
    "spike_synchronization_100x100_100_spikes": lambda: pyspike.spike_sync_matrix(hundred),
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
    few, hundred = space["trains"](30, 3000, 10.0), space["trains"](100, 10_000, 10.0)
    more = space["spikes"](1000, 10**6, 100.0)
    some = tuple(part[more[1] < 100] for part in more)
    pairs = [(k, k + 50) for k in range(50)]
    ten = {"t_start": 0.0, "t_stop": 10.0}

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
        "tiling_30x30_100_spikes": lambda: analyse.spike_time_tiling(few, 0.005, **ten),
        "count_correlation_1000x1000_1m_spikes": lambda: analyse.count_correlation(
            more, 1000, 0.005, t_stop=100.0),
        "correlograms_50_pairs_1000_spikes": lambda: analyse.correlograms(
            some, 1000, 0.001, 0.05, pairs=pairs),
        "kernel_rates_20_units_1000_spikes": lambda: analyse.smooth_rate(
            more, 1000, analyse.Gaussian(0.02), 0.01, t_stop=100.0, ids=range(20)),
        "isi_distance_100x100_100_spikes": lambda: analyse.isi_distance(hundred, **ten),
        "spike_distance_100x100_100_spikes": lambda: analyse.spike_distance(hundred, **ten),
        "spike_synchronization_100x100_100_spikes": lambda: analyse.spike_synchronization(
            hundred, **ten),
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


def disk(folder, name, n_neurons, n_spikes, duration, repeats):
    """One row of rate, CV, CV2 and LV, read from a file written for it."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = pathlib.Path(place, "spikes.h5")
        wrote = from_disk.write(path, n_neurons, n_spikes, duration)
        runs = [from_disk.analyse(path) for _ in range(repeats)]
        row(name, seconds=statistics.median(run["seconds"] for run in runs),
            peak_rss_mb=max(run["peak_rss_mb"] for run in runs), write_seconds=round(wrote, 1),
            file_mb=round(path.stat().st_size / 1e6))


def in_memory(peer, repeats):
    """A row of each case; of those that the process `peer` has, too, in turn."""
    for name, function in cases().items():
        function()  # compiles
        ours, theirs = [], []
        for _ in range(repeats):
            ours.append(timed(function))
            if peer and f'"{name}"' in ELEPHANT:
                peer.stdin.write(name + "\n")
                peer.stdin.flush()
                theirs.append(json.loads(peer.stdout.readline()))
        figures = {"seconds": round(statistics.median(ours), 5),
                   "extra_mb": round(extra_memory(function), 1)}
        if theirs:
            package = "pyspike" if "100x100_100" in name else "elephant"
            ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
            figures |= {f"{package}_seconds": round(statistics.median(theirs), 4),
                        f"times_{package}": round(ratio, 1)}
        row(name, **figures)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", choices=["elephant"])
    parser.add_argument("--python", default=sys.executable, help="Python with elephant and PySpike")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--billion", action="store_true", help="also 10^9 spikes from a file")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("."))
    o = parser.parse_args()
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # of the peers
    peer = subprocess.Popen([o.python, "-c", ELEPHANT], text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE) if o.against else None
    in_memory(peer, o.repeats)
    if peer:
        peer.stdin.close()
        peer.wait()
    name = "rate_cv_cv2_lv_from_disk_1m_neurons_"
    disk(o.folder, name + "20m_spikes", 10**6, 2 * 10**7, 20.0, o.repeats)
    if o.billion:
        disk(o.folder, name + "1g_spikes", 10**6, 10**9, 1000.0, 1)


if __name__ == "__main__":
    main()
