"""Recording: spikes a second to the disk in parts of a million, and what it adds to a simulation.

The first figure holds everything that `Recorder.append` does, forced to the disk part by part; the
merge into one file, at the end, is timed apart. Recorded and unrecorded runs of cuba follow, in
turn, and the medians are compared: what is added holds the opening of the file and its closing,
until it is on the disk under its name, which is also given apart. A short run is put into its file
at once; a longer one, of more than a million spikes, is merged from parts. A folder in memory shows
the share of the disk.

    python benchmarks/bench_recording.py [--folder .] [--millions 20] [--neurons 20000]
                                         [--seconds 5 10]
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
    """Seconds until the spikes are on the disk, and to close."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 100_000, PIECE)
    path = pathlib.Path(folder, "bench.h5")
    recorder = Recorder(path, {"exc": 100_000}, 1e-4)
    began = time.perf_counter()
    for k in range(millions * 1_000_000 // PIECE):
        recorder.append("exc", np.full(PIECE, k), ids)
    recorder.flush()
    took = time.perf_counter()
    recorder.close()
    closed = time.perf_counter()
    path.unlink()
    return took - began, closed - took


def simulate(folder, neurons, seconds, recorded):
    """Seconds of a run of cuba, those of closing the file among them, and its spikes."""
    net = cuba(neurons)
    net.compile()
    sizes = {name: len(q) for name, q in net.populations.items()}
    path = pathlib.Path(folder, "bench.h5")
    began = time.perf_counter()
    if recorded:
        with Recorder(path, sizes, net.dt) as recorder:
            net.run(seconds, recorder=recorder, progress=False)
            ran = time.perf_counter()
    else:
        net.run(seconds, progress=False)
        ran = time.perf_counter()
    ended = time.perf_counter()
    path.unlink(missing_ok=True)
    return ended - began, ended - ran, net.cost.spikes


def compare(folder, neurons, seconds, repeats):
    """Print what recording adds to a run of cuba."""
    runs = {True: [], False: []}
    for k in range(repeats + 1):
        for recorded in (True, False) if k % 2 else (False, True):
            found = simulate(folder, neurons, seconds, recorded)
            if k:  # the first pair is to warm up
                runs[recorded].append(found)
    took, closing, spikes = (statistics.median(values) for values in zip(*runs[True], strict=True))
    alone = statistics.median(took for took, _, _ in runs[False])
    row("cuba recorded", neurons=neurons, seconds=seconds, spikes=int(spikes),
        recorded_s=round(took, 3), unrecorded_s=round(alone, 3), closing_s=round(closing, 3),
        added=round(took / alone - 1, 4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--millions", type=int, default=20)
    parser.add_argument("--neurons", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, nargs="+", default=[5.0, 10.0])
    parser.add_argument("--repeats", type=int, default=5)
    o = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=o.folder) as folder:
        write(folder, 2)
        takes, closes = zip(*(write(folder, o.millions) for _ in range(o.repeats)), strict=True)
        row("recorder", spikes=o.millions * 1_000_000,
            spikes_per_s=round(o.millions * 1e6 / statistics.median(takes)),
            merge_s=round(statistics.median(closes), 3))
        for seconds in o.seconds:
            compare(folder, o.neurons, seconds, o.repeats)


if __name__ == "__main__":
    main()
