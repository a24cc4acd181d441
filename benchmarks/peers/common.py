"""What the scripts of the peers share: they need NumPy alone beside their simulator.

Each is called as ``python SCRIPT.py PARAMETERS OUT.npz``: parameters as JSON, by the names of
`bench_networks.py`, in s, mV and Hz. It writes the spikes, ``<population>_times`` (s) and
``<population>_ids``, and prints its times as one line of JSON.
"""

import json
import sys
import time

import numpy as np


def parameters():
    """The parameters and the file to write."""
    return json.loads(sys.argv[1]), sys.argv[2]


def save(out, spikes, **times):
    """Write spikes, by population (times in s, ids), and print the times taken."""
    arrays = {}
    for name, (at, ids) in spikes.items():
        order = np.argsort(at, kind="stable")
        arrays |= {f"{name}_times": np.asarray(at)[order], f"{name}_ids": np.asarray(ids)[order]}
    np.savez(out, **arrays)
    print(json.dumps(times))


class Clock:
    """Seconds since it was made, or since it was last looked at."""

    def __init__(self):
        self._began = time.perf_counter()

    def lap(self):
        now = time.perf_counter()
        took, self._began = now - self._began, now
        return took
