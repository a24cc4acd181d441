"""Time and memory of cuba against its size and the number of threads, with fitted exponents.

Each size keeps 80 synapses a neuron, so that work grows as the number of neurons; a power law is
fitted to those of at least `LARGE` neurons, where neither caches nor fixed costs rule. Each figure
is the median of several runs, each in a process of its own.

    python benchmarks/bench_scaling.py [--most 1e6] [--threads 1,2] [--repeats 3] [--json]
        [--output benchmarks/results/scaling.md]
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

import numpy as np

SIZES = [10**3, 3 * 10**3, 10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6]
LARGE = 10**4  # neurons from which on a power law is fitted
WORK = 2e8  # neuron-steps of a run, about
FIGURES = {"build_s": "build, s", "run_s": "run a second, s", "peak_mb": "peak memory, MB"}


def one(size, threads):
    """Build and run once, in this process: what `FIGURES` names, and the rate."""
    import resource

    from eventsnn.networks import cuba

    small = cuba(100)  # what is compiled does not depend on the size
    small.run(1e-3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    net = cuba(size, seed=1, threads=threads)
    net.build()
    net.compile()
    net.run(0.02)
    spikes, started = net.cost.spikes, net.cost.run
    steps = min(max(round(WORK / size), 500), 50_000)
    net.run(steps * net.dt)
    seconds = steps * net.dt
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"build_s": net.cost.build, "run_s": (net.cost.run - started) / seconds,
            "peak_mb": peak, "network_mb": peak - before, "synapses": net.n_synapses,
            "rate_hz": (net.cost.spikes - spikes) / size / seconds}


def exponent(rows, figure):
    """Of the power of the size that a figure grows with."""
    large = [r for r in rows if r["neurons"] >= LARGE]
    if len(large) < 2:
        return float("nan")
    x, y = np.log([r["neurons"] for r in large]), np.log([r[figure] for r in large])
    return float(np.polyfit(x, y, 1)[0])


def measured(size, threads, repeats):
    """Medians over processes."""
    command = [sys.executable, __file__, "--one", str(size), "--threads", str(threads)]
    found = [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
             for _ in range(repeats)]
    return {"neurons": size, "threads": threads,
            **{name: statistics.median(f[name] for f in found) for name in found[0]}}


def table(rows):
    """The rows as Markdown."""
    yield "| neurons | synapses | threads | rate, Hz | " + " | ".join(FIGURES.values()) + " |"
    yield "|---" * (4 + len(FIGURES)) + "|"
    for r in rows:
        yield (f"| {r['neurons']:,} | {r['synapses']:,.0f} | {r['threads']} | {r['rate_hz']:.2f} | "
               + " | ".join(f"{r[name]:.3g}" for name in FIGURES) + " |")
    for threads in sorted({r["threads"] for r in rows}):
        mine = [r for r in rows if r["threads"] == threads]
        yield (f"| exponent from {LARGE:,} on | | {threads} | | "
               + " | ".join(f"{exponent(mine, name):.2f}" for name in FIGURES) + " |")


def main():
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=float, default=SIZES[-1])
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    o = parser.parse_args()
    threads = [int(t) for t in o.threads.split(",")]
    if o.one:
        print(json.dumps(one(o.one, threads[0])))
        return
    rows = []
    for size in SIZES:
        for t in threads if size <= o.most else ():
            rows.append(measured(size, t, o.repeats))
            if o.json:
                print(json.dumps(rows[-1]), flush=True)
    lines = list(table(rows))
    if not o.json:
        print("\n".join(lines))
    if o.output:
        o.output.parent.mkdir(exist_ok=True)
        head = f"cuba, 80 synapses a neuron, on {os.cpu_count()} cores ({processor()})."
        o.output.write_text("\n".join([head, "Made by `python benchmarks/bench_scaling.py`.", "",
                                       *lines, ""]))


def processor():
    """The processor's name, as far as the system tells."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines
                    if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
