"""Writes spikes with `Recorder`; analyses them from the file, in a process of its own, on one core.

    python benchmarks/from_disk.py run.h5

does the second: prints the seconds, without imports and compilation, and the peak memory of all.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

from eventsnn.analyse import interval_statistics
from eventsnn.record import Recorder, Recording

DT = 1e-4  # s
PIECE = 1_000_000  # spikes a call


def write(path, n_neurons, n_spikes, duration):
    """Write spikes at random, sorted by time; seconds it took."""
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    with Recorder(path, {"all": n_neurons}, DT) as recorder:
        for start in range(0, n_spikes, PIECE):
            stop = min(start + PIECE, n_spikes)
            span = int(start / n_spikes * duration / DT) + 1, int(stop / n_spikes * duration / DT)
            recorder.append("all", np.sort(rng.integers(*span, stop - start, endpoint=True)),
                            rng.integers(0, n_neurons, stop - start))
        recorder.duration = duration
    return time.perf_counter() - began


def analyse(path):
    """Figures of a process of its own that analyses the file."""
    out = subprocess.run([sys.executable, __file__, str(path)], text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    return json.loads(out)


def peak_rss():
    """Of this process, MB; `resource.getrusage` would count what the one that started it held."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def main():
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    interval_statistics(([0.1, 0.2], [0, 0]), 1)  # compiles
    with Recording(pathlib.Path(sys.argv[1])) as recording:
        began = time.perf_counter()
        found = interval_statistics(recording.chunks("all"), recording.size("all"))
        found.rates(recording.duration), found.cv(), found.cv2(), found.lv()
        took = time.perf_counter() - began
    print(json.dumps({"seconds": round(took, 3), "peak_rss_mb": round(peak_rss()),
                      "spikes": int(found.counts.sum())}))


if __name__ == "__main__":
    main()
