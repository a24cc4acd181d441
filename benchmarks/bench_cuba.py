"""The cuba network, 4,000 neurons, 10 s of model time, one thread, against Brian2's C++ standalone.

Each runs in processes of its own, in turn; the figure is the time of the run alone, without
building and compiling. Brian2 (2.9 for Python 3.11) lives in an environment of its own: name its
Python.

    python benchmarks/bench_cuba.py [--brian2 /path/to/env/bin/python] [--repeats 5]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from harness import row

BRIAN2 = r'''
import json
from brian2 import *
set_device("cpp_standalone", build_on_run=False)
defaultclock.dt = 0.1 * ms
taum, taue, taui = 20 * ms, 5 * ms, 10 * ms
Vt, Vr, El = -50 * mV, -60 * mV, -49 * mV
P = NeuronGroup(4000, """dv/dt = (ge + gi - (v - El)) / taum : volt (unless refractory)
dge/dt = -ge / taue : volt
dgi/dt = -gi / taui : volt""", threshold="v > Vt", reset="v = Vr", refractory=5 * ms,
    method="exact")
P.v = "Vr + rand() * (Vt - Vr)"
Ce = Synapses(P[:3200], P, on_pre="ge += 1.62 * mV")
Ce.connect(p=0.02)
Ci = Synapses(P[3200:], P, on_pre="gi += -9 * mV")
Ci.connect(p=0.02)
M = SpikeMonitor(P)
run(SECONDS * second)
device.build(compile=True, run=False, debug=False)
for _ in range(REPEATS):
    device.run(device.project_dir, with_output=False, run_args=[])
    print(json.dumps({"sim_s": device._last_run_time, "rate_hz": M.num_spikes / 4000 / SECONDS}))
'''


def ours(seconds, seed):
    command = [sys.executable, "-m", "eventsnn", "simulate", "cuba", "--seconds", str(seconds),
               "--seed", str(seed), "--json", "--quiet"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def theirs(python, seconds, repeats):
    code = BRIAN2.replace("SECONDS", str(seconds)).replace("REPEATS", str(repeats))
    with tempfile.TemporaryDirectory() as folder:  # it leaves a project where it runs
        done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True,
                              cwd=folder)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brian2", type=pathlib.Path, help="Python of an environment with Brian2")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=5)
    o = parser.parse_args()
    ours(0.1, 0)  # compiles
    rows, peers = [], []
    for seed in range(o.repeats):
        rows.append(ours(o.seconds, seed))
        if o.brian2:
            peers += theirs(o.brian2, o.seconds, 1)
    sim = statistics.median(r["sim_s"] for r in rows)
    figures = {"seconds": o.seconds, "sim_s": round(sim, 3),
               "real_time_factor": round(sim / o.seconds, 4),
               "rate_hz": round(statistics.mean(r["rate_hz"] for r in rows), 2),
               "cv_isi": round(statistics.mean(r["cv_isi"] for r in rows), 3)}
    if peers:
        peer = statistics.median(r["sim_s"] for r in peers)
        figures |= {"brian2_sim_s": round(peer, 3), "times_brian2": round(peer / sim, 2),
                    "brian2_rate_hz": round(statistics.mean(r["rate_hz"] for r in peers), 2)}
    row("cuba", **figures)


if __name__ == "__main__":
    main()
