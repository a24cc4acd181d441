"""The published networks against NEST, Brian2 and GeNN: rates, CVs of intervals, times.

Each network is written for each peer with the same connection statistics (`benchmarks/peers/`); for
cuba and coba, whose rates differ by 5 % from one draw of connections to the next, with the same
connections. All run in processes of their own, in turn, seed after seed. The peers live in
environments of their own: name their Pythons. NEST is 3.10 from PyPI; Brian2 is 2.9 for Python
3.11, beside NumPy before 2.4 and setuptools, as C++ standalone; GeNN, on its CPU backend, is left
out where it is not installed.

    python benchmarks/bench_networks.py --against nest,brian2,genn --nest-python P
        --brian2-python P --genn-python P [--only brunel] [--seconds S] [--dt 1e-4] [--seeds 3]
        [--threads 1] [--json]

Rates and CVs are those from `SKIP` s on, of the same code for all. coba is not compared with NEST
where it is judged: NEST integrates conductances adaptively, the others by one step a dt.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
from harness import row
from peers.cases import CASES

from eventsnn.analyse import IntervalStatistics
from eventsnn.record import Recording

SKIP = 0.1  # s, not counted
NAMES = ("nest", "brian2", "genn")
PEERS = pathlib.Path(__file__).parent / "peers"


def figures(spikes, sizes, seconds):
    """Mean rate and CV, of all neurons and by population; `spikes` by name (times, ids)."""
    rates, cvs = {}, {}
    for name, (times, ids) in spikes.items():
        late = times > SKIP
        intervals = IntervalStatistics(sizes[name])
        intervals.add(times[late], ids[late])
        rates[name], cvs[name] = intervals.rates(seconds - SKIP), intervals.cv()
    return {"rate_hz": float(np.concatenate(list(rates.values())).mean()),
            "cv_isi": float(np.nanmean(np.concatenate(list(cvs.values())))),
            "rates_hz": {name: float(values.mean()) for name, values in rates.items()}}


def finished(command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{command[1]} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def ours(case, o, seed, folder):
    record = folder / f"ours{seed}.h5"
    times = finished([sys.executable, "-m", "eventsnn", "simulate", *case.command, "--seconds",
                      o.seconds, "--dt", o.dt, "--seed", seed, "--threads", o.threads, "--json",
                      "--quiet", *([] if o.no_spikes else ["--record", record])])
    if o.no_spikes:
        return times
    with Recording(record) as recording:
        spikes = {name: recording.spikes(name) for name in recording.populations}
        sizes = {name: recording.size(name) for name in spikes}
    return times | figures(spikes, sizes, o.seconds)


def wiring(case, seed, folder):
    """The synapses of our network, for peers to have the same: the name of a file."""
    path = folder / f"wiring{seed}.npz"
    if not path.exists():
        net, arrays = case.make(seed), {}
        for c in net.connections:
            found, name = c.synapses(), f"{c.pre.population.name}_{c.post.population.name}"
            arrays |= {f"{name}_sources": found.sources, f"{name}_targets": found.targets}
        np.savez(path, **arrays)
    return str(path)


def theirs(peer, case, o, seed, folder):
    out = folder / f"{peer}{seed}.npz"
    p = case.parameters | {"seconds": o.seconds, "seed": seed, "threads": o.threads, "dt": o.dt,
                           "record": not o.no_spikes}
    if case.make:
        p["wiring"] = wiring(case, seed, folder)
    times = finished([getattr(o, f"{peer}_python"), PEERS / f"{peer}_{case.script}.py",
                      json.dumps(p), out], cwd=folder)
    if o.no_spikes:
        return times
    with np.load(out) as file:
        spikes = {name: (file[f"{name}_times"], file[f"{name}_ids"]) for name in case.sizes}
    return times | figures(spikes, case.sizes, o.seconds)


def asked(parser, o):
    """The peers asked for, but GeNN where it is not installed."""
    names = [name for name in o.against.split(",") if name]
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"--against must name {', '.join(NAMES)}, got {', '.join(unknown)}")
    if "genn" not in names:
        return names
    missing = subprocess.run([o.genn_python, "-c", "import pygenn"], capture_output=True).returncode
    if missing or o.threads > 1:
        why = f"{o.genn_python} has no pygenn" if missing else "its CPU backend has one thread"
        print(f"genn is left out: {why}", file=sys.stderr)
        names.remove("genn")
    return names


def summary(runs):
    """Medians of times; means and spreads over seeds of what the networks did."""
    found = {key: round(statistics.median(r[key] for r in runs), 4)
             for key in ("build_s", "compile_s", "sim_s") if key in runs[0]}
    for key in ("rate_hz", "cv_isi"):
        if key in runs[0]:
            values = [r[key] for r in runs]
            found |= {key: round(statistics.mean(values), 3),
                      f"{key}_sd": round(float(np.std(values, ddof=min(1, len(values) - 1))), 3)}
    if len(runs[0].get("rates_hz", ())) > 2:
        table = np.array([list(r["rates_hz"].values()) for r in runs])
        found["rates_hz"] = dict(zip(runs[0]["rates_hz"], table.mean(0).round(3).tolist()))
        found["rates_hz_range"] = np.array([table.min(0), table.max(0)]).round(3).T.tolist()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", default="", help=f"{', '.join(NAMES)}, with commas")
    for peer in NAMES:
        parser.add_argument(f"--{peer}-python", default="python3", help=f"of {peer}'s environment")
    parser.add_argument("--only", choices=CASES, help="one network; all if not given")
    parser.add_argument("--seconds", type=float, help="model time; each network's own if not given")
    parser.add_argument("--dt", type=float, default=1e-4, help="step of all, s (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-spikes", action="store_true", help="times alone, nothing recorded")
    parser.add_argument("--json", action="store_true", help="lines of JSON, no table")
    o = parser.parse_args()
    if o.seconds is not None and o.seconds <= SKIP:
        parser.error(f"--seconds must be above {SKIP}, which are not counted, got {o.seconds}")
    own, names = o.seconds, asked(parser, o)
    for name in [o.only] if o.only else CASES:
        case = CASES[name]()
        o.seconds = own or case.seconds
        peers = [peer for peer in names if (PEERS / f"{peer}_{case.script}.py").exists()]
        runs = {who: [] for who in ("eventsnn", *peers)}
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            ours(case, argparse.Namespace(**vars(o) | {"seconds": 0.2}), 10**6, folder)  # compiles
            for seed in range(o.seeds):
                runs["eventsnn"].append(ours(case, o, seed, folder))
                for peer in peers:
                    runs[peer].append(theirs(peer, case, o, seed, folder))
        for who, values in runs.items():
            found = {"seconds": o.seconds, "threads": o.threads, "seeds": o.seeds,
                     "dt_s": o.dt, **summary(values)}
            if o.json:
                row(f"{name} {who}", **found)
            else:
                print(f"{name:<13} {who:<9}", "  ".join(f"{k} {v}" for k, v in found.items()),
                      flush=True)


if __name__ == "__main__":
    main()
