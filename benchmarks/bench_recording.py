"""Recording: spikes a second to the disk in parts of a million, and what it adds to a simulation.

The first figure holds everything that `Recorder.append` does, forced to the disk part by part; the
merge into one file, at the end, is timed apart. A pair of recorded and unrecorded runs of cuba
follows, in turn; the medians are compared. A folder in memory shows the share of the disk.

    python benchmarks/bench_recording.py [--folder .] [--millions 20] [--neurons 20000]
"""

import argparse
import pathlib
import statistics
import tempfile
import time

import numpy as np
from harness import row

from eventsnn.networks import cuba
from eventsnn.record import Recorder

PIECE = 100_000  # spikes a call


def write(folder, millions):
    """Seconds to take the spikes, and to close."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 100_000, PIECE)
    path = pathlib.Path(folder, "bench.h5")
    recorder = Recorder(path, {"exc": 100_000}, 1e-4)
    began = time.perf_counter()
    for k in range(millions * 1_000_000 // PIECE):
        recorder.append("exc", np.full(PIECE, k), ids)
    took = time.perf_counter()
    recorder.close()
    closed = time.perf_counter()
    path.unlink()
    return took - began, closed - took


def simulate(folder, neurons, seconds, recorded):
    """Seconds of a run of cuba, closing of the file included, and its spikes."""
    net = cuba(neurons)
    net.compile()
    sizes = {name: len(q) for name, q in net.populations.items()}
    path = pathlib.Path(folder, "bench.h5")
    began = time.perf_counter()
    if recorded:
        with Recorder(path, sizes, net.dt) as recorder:
            net.run(seconds, recorder=recorder, progress=False)
        path.unlink()
    else:
        net.run(seconds, progress=False)
    return time.perf_counter() - began, net.cost.spikes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--millions", type=int, default=20)
    parser.add_argument("--neurons", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=5)
    o = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=o.folder) as folder:
        write(folder, 2)
        takes, closes = zip(*(write(folder, o.millions) for _ in range(o.repeats)), strict=True)
        row("recorder", spikes=o.millions * 1_000_000,
            spikes_per_s=round(o.millions * 1e6 / statistics.median(takes)),
            merge_s=round(statistics.median(closes), 3))
        with_, without, spikes = [], [], 0
        for _ in range(o.repeats):
            took, spikes = simulate(folder, o.neurons, o.seconds, recorded=True)
            with_.append(took)
            without.append(simulate(folder, o.neurons, o.seconds, recorded=False)[0])
        a, b = statistics.median(with_), statistics.median(without)
        row("cuba recorded", neurons=o.neurons, seconds=o.seconds, spikes=spikes,
            recorded_s=round(a, 3), unrecorded_s=round(b, 3), added=round(a / b - 1, 4))


if __name__ == "__main__":
    main()
